//! A fleet on one machine: an engine and hosts, each in a network namespace of its own on a common
//! bridge, with its own firewall, logs and state.

use std::process::Output;

use crate::action::{Sandbox, err, no_network, out};
use crate::skip::skipped;

/// Shell functions for scripts of [`run`]. Addresses: the engine 10.77.0.1, host N 10.77.0.1N.
///
/// `engine [OPTION …]` starts the engine and waits for it; `stop_engine` kills it. `host N [SETTING …]`
/// makes a host, with further lines of `[fleet]`; its events wait for the engine for `$timeout`, long
/// enough for a busy machine, unless the script sets it. `on N COMMAND …` runs swatch-action there, `knock N
/// ADDRESS` has it count a line; `follow N` starts `follow`, `leave N` kills it. `until_true COMMAND`
/// waits, `has N ADDRESS` asks the host's nftables.
const PRELUDE: &str = r#"
mkdir -p /run/netns
ip link add lan type bridge forward_delay 0; ip link set lan up; ip addr add 10.77.0.1/24 dev lan
port=6379 server=SERVER
cli() { redis-cli -h 10.77.0.1 -p $port "$@"; }
until_true() { tries=0; until "$@"; do tries=$((tries + 1)); [ $tries -lt 600 ] || { echo "waited in vain: $*" >&2; exit 1; }; sleep 0.05; done; }
answers() { cli ping 2>/dev/null | grep -q PONG; }
engine() {
  "$server" --bind 10.77.0.1 --protected-mode no --port $port --dir BASE --daemonize yes \
    --pidfile BASE/redis.pid --logfile BASE/redis.log --save '' "$@" > /dev/null
  until_true answers
}
gone() { ! kill -0 $1 2>/dev/null; }
stop_engine() { p=$(cat BASE/redis.pid); kill -9 $p; until_true gone $p; }
umask 077; openssl rand -hex 32 > BASE/key; umask 022
host() {
  n=$1; shift; ip netns add h$n
  ip link add v$n type veth peer name eth0 netns h$n; ip link set v$n master lan up
  ip -n h$n link set lo up; ip -n h$n link set eth0 up; ip -n h$n addr add 10.77.0.$((10 + n))/24 dev eth0
  mkdir -p BASE/h$n
  { echo "log_dir = \"BASE/h$n/log\""; echo "state_dir = \"BASE/h$n/state\""
    echo 'firewall = "nftables"'; echo 'mail = ""'; [ -z "$common" ] || echo "$common"
    echo '[whois]'; echo 'server = ""'
    echo '[fleet]'; echo "url = \"$url\""; echo "key_file = \"BASE/key\""; echo "host = \"h$n\""; echo "timeout = \"$timeout\""
    for line; do echo "$line"; done; } > BASE/h$n/action.toml
}
common= url=redis://10.77.0.1 timeout=10s
on() { n=$1; c=$2; shift 2; ip netns exec h$n SWATCH "$c" "$@" --config BASE/h$n/action.toml; }
knock() { echo "x $2" | on $1 2 2>> BASE/h$1/events | sed 's/^.* 203/203/'; }
follow() { ip netns exec h$1 SWATCH follow --config BASE/h$1/action.toml >> BASE/h$1/out 2>> BASE/h$1/err & echo $! > BASE/h$1/pid; }
leave() { p=$(cat BASE/h$1/pid); kill -9 $p; wait $p 2>/dev/null || :; }
has() { ip netns exec h$1 nft list set inet swatch v4_32 2>/dev/null | grep -q "[ ]$2 "; }
lacks() { ! has "$@"; }
said() { grep -q "$2" BASE/h$1/err; }
ready() { grep -q snapshot BASE/h$1/err; }
queued() { on $1 stats --fleet 2>/dev/null | sed -n 's/ *\([0-9]*\)  waiting for delivery/\1/p'; }
none_queued() { [ "$(queued $1)" = 0 ]; }
"#;

/// Ends what the script has started; the namespaces go with it.
const END: &str = "
trap 'kill -9 $(cat BASE/*/pid BASE/*.pid 2>/dev/null) 2>/dev/null || :' EXIT
";

/// Runs a script in a network of its own, with the functions of this module: what it printed, and
/// what went to standard error. `None` if that is not possible here. `SWATCH_FLEET_ENGINE` names
/// another engine than redis-server, such as a newer valkey-server.
///
/// # Panics
/// If the script fails.
#[must_use]
pub fn run(what: &str, script: &str) -> Option<(String, String)> {
    let needed = ["nft", "redis-server", "redis-cli", "openssl"];
    if let Some(why) = no_network(&needed) {
        skipped(what, &why);
        return None;
    }
    let sandbox = Sandbox::real();
    let base = sandbox
        .path("")
        .to_string_lossy()
        .trim_end_matches('/')
        .to_owned();
    let program = crate::program::swatch_action();
    let server = std::env::var("SWATCH_FLEET_ENGINE").unwrap_or_else(|_| "redis-server".into());
    let script = format!("{END}{PRELUDE}{script}")
        .replace("BASE", &base)
        .replace("SERVER", &server)
        .replace("SWATCH", &program.to_string_lossy());
    let output: Output = sandbox.in_network(&script);
    let (said, complained) = (out(&output), err(&output));
    let logs: String = (0..10)
        .map(|host| {
            let text = |name: &str| sandbox.text(&format!("h{host}/{name}"));
            format!("{}{}{}", text("events"), text("out"), text("err"))
        })
        .collect();
    assert!(
        output.status.success(),
        "{what}: {said}\n{complained}\n{logs}"
    );
    Some((said, complained + &logs))
}
