#!/bin/bash
# Installs the Debian packages in fresh roots, as a new user would, and follows them to the purge.
#
#   tests/packages.sh [FOLDER]    the programs are in FOLDER (target/release; built if they are missing)
#
# For each of $SWATCH_SUITES (bookworm; a suite after the first is left out if the mirror has no good copy of it):
# mmdebstrap makes a root with an sshd; the package is installed there; `swatch-rs init` writes rules and settings; an
# attack is written to the log; nftables has a lock, in a network namespace. A new namespace stands for a reboot. Then the
# package is installed over itself, removed and purged, and nothing unexpected is left. Needs root; changes nothing outside its
# roots and namespaces.
set -eu -o pipefail
cd "$(dirname "$0")/.."
programs=${1:-target/release}
suites=${SWATCH_SUITES:-bookworm}
passed=0

[ "$(id -u)" = 0 ] || { echo "skipped: packages: not root"; exit "${SWATCH_NO_SKIP:-0}"; }
[ -x "$programs/swatch-rs" ] && [ -x "$programs/swatch-action" ] || make build
make -s deb DEBFLAGS="--fast --quiet" release="$(realpath "$programs")"
deb=$(ls target/packages/swatch-rs_*.deb)
compat=$(ls target/packages/swatch-rs-compat_*.deb)

fail() { echo "FAILED: $*" >&2; exit 1; }
ok() { passed=$((passed + 1)); echo "ok: $*"; }

if command -v lintian >/dev/null; then
  lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$deb" "$compat" || fail "lintian"
  ok "lintian has no warning that packaging/debian/lintian does not argue"
elif [ -n "${SWATCH_NO_SKIP:-}" ]; then
  fail "lintian is not installed (see tests/setup.sh)"
else
  echo "skipped: lintian: not installed"
fi

work=$(mktemp -d)
cleanup() {
  [ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT

# What is in the root, but for what apt and dpkg write themselves.
listing() {
  (cd "$root" && find . -xdev -mindepth 1 \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./tmp -o -path ./var/cache \
    -o -path ./var/lib/apt -o -path ./var/lib/dpkg -o -path ./var/log/apt \) -prune -o -print |
    grep -vE '^\./(var/log/(dpkg|alternatives)\.log|etc/ld\.so\.cache|var/lib/systemd(/.*)?|etc/systemd/system(/.*)?)$' | sort)
}
# Runs a command in the root with a network of its own, where the firewall is empty.
inside() { unshare --net --pid --fork --kill-child --mount --mount-proc="$root/proc" chroot "$root" "$@"; }
on_host() { chroot "$root" env DEBIAN_FRONTEND=noninteractive "$@"; }

# What happens in the first namespace: the watcher as its unit starts it, and an attack.
cat > "$work/attack.sh" <<'EOF'
set -eu
command=$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/swatch-rs.service /lib/systemd/system/swatch-rs.service 2>/dev/null | head -1)
mkdir -p /var/lib/swatch-rs /var/log/swatch
$command > /var/log/swatch/swatch.log 2>&1 &
watcher=$!
tries=0
until swatch-rs status >/dev/null 2>&1; do
  tries=$((tries + 1)); [ $tries -lt 300 ] || { cat /var/log/swatch/swatch.log; echo "the watcher does not answer"; exit 1; }
  kill -0 $watcher || { cat /var/log/swatch/swatch.log; exit 1; }
  sleep 0.1
done
for port in 4001 4002 4003 4004 4005 4006; do
  echo "$(date '+%b %e %H:%M:%S') gate sshd[77]: Failed password for root from 203.0.113.9 port $port ssh2" >> /var/log/auth.log
done
tries=0
until nft list ruleset 2>/dev/null | grep -q 203.0.113.9; do
  tries=$((tries + 1)); [ $tries -lt 600 ] || { cat /var/log/swatch/swatch.log; nft list ruleset; echo "no lock"; exit 1; }
  sleep 0.1
done
swatch-rs stop
wait $watcher || [ $? = 143 ]
EOF

for suite in $suites; do
  root=$work/$suite
  echo "== $suite"
  # The lists of testing and sid expire after days; a mirror that is behind will do here.
  mmdebstrap --quiet --variant=minbase --include=openssh-server --aptopt='Acquire::Check-Valid-Until "false"' "$suite" "$root" >/dev/null 2>"$work/mmdebstrap.log" || {
    cat "$work/mmdebstrap.log"
    [ "$suite" != "${suites%% *}" ] || fail "no root of $suite"
    echo "skipped: packages in $suite: no root of it can be made"
    continue
  }
  [ -e "$root/etc/resolv.conf" ] || cp /etc/resolv.conf "$root/etc/"
  cp "$deb" "$compat" "$work/attack.sh" "$root/tmp/"
  echo "Jan  1 00:00:00 gate sshd[76]: Server listening on 0.0.0.0 port 22." > "$root/var/log/auth.log"
  on_host apt-get -q update >/dev/null
  # The recommended firewall stays when the package goes: it is no difference.
  on_host apt-get -q -y -o APT::Install-Recommends=true install --download-only "/tmp/${deb##*/}" >/dev/null
  start=$(date +%s)
  on_host apt-get -q -y -o APT::Install-Recommends=true install "/tmp/${deb##*/}" >"$work/apt.log" 2>&1 || { cat "$work/apt.log"; fail "apt-get install"; }
  ok "installed"

  for page in swatch-rs.8 swatch-action.8 swatch.conf.5 swatch-action.toml.5 swatch-migrate.7; do
    [ -e "$root/usr/share/man/man${page##*.}/$page.gz" ] || fail "no manual page $page"
  done
  for file in etc/swatch/action.toml etc/logrotate.d/swatch-rs usr/share/bash-completion/completions/swatch-rs \
    usr/share/zsh/vendor-completions/_swatch-action usr/share/fish/vendor_completions.d/swatch-rs.fish; do
    [ -e "$root/$file" ] || fail "no $file"
  done
  for link in swatch-rs.service swatch-action-restore.service; do
    [ -L "$root/etc/systemd/system/multi-user.target.wants/$link" ] || fail "$link is not enabled"
  done
  [ ! -e "$root/etc/systemd/system/multi-user.target.wants/swatch-action-follow.service" ] || fail "the fleet's unit is enabled"
  ok "pages, completions, settings and units are there"

  inside swatch-rs init > "$work/init" || { cat "$work/init"; fail "init"; }
  cat "$work/init"
  grep -q '^firewall = "nftables"$' "$root/etc/swatch/action.toml" || fail "init did not write the firewall"
  grep -q '^none  sudo: its rules send mail, and there is no mailer$' "$work/init" || fail "init takes a mailer for granted"
  ok "init: rules for sshd, the firewall in the package's action.toml"
  inside sh /tmp/attack.sh || { tail -30 "$work/apt.log"; fail "no lock"; }
  end=$(date +%s)
  ok "locked in nftables $((end - start)) seconds ($(awk "BEGIN { printf \"%.1f\", ($end - $start) / 60 }") minutes) after apt-get install began"

  inside sh -ec 'swatch-action restore; nft list ruleset | grep -q 203.0.113.9' || fail "not restored after a reboot"
  ok "restored after a reboot"

  echo '# mine' >> "$root/etc/swatch/action.toml"
  inside env DEBIAN_FRONTEND=noninteractive dpkg -i "/tmp/${deb##*/}" >"$work/apt.log" 2>&1 || { cat "$work/apt.log"; fail "upgrade"; }
  tail -1 "$root/etc/swatch/action.toml" | grep -q '^# mine$' || fail "the settings were replaced"
  inside swatch-action list | grep -q 203.0.113.9 || fail "the upgrade forgot the lock"
  ok "upgraded; settings and locks are kept"

  inside dpkg -i "/tmp/${compat##*/}" >/dev/null
  inside swatchdog --version | grep -q swatch-rs || fail "swatchdog is not swatch-rs"
  inside sh -c 'echo "from 203.0.113.9" | swatch_action.sh address 2' | grep -qx 203.0.113.9 || fail "swatch_action.sh is not swatch-action"
  inside dpkg --purge swatch-rs-compat >/dev/null
  ok "the original's names"

  inside sh -ec 'swatch-action restore >/dev/null; dpkg --remove swatch-rs >/dev/null; ! nft list ruleset | grep 203.0.113.9' || fail "remove"
  [ -e "$root/etc/swatch/action.toml" ] || fail "the settings went with the removal"
  [ -e "$root/var/lib/swatch/state.db" ] || fail "the state went with the removal"
  ok "removed; its locks have ended, settings and state are kept"

  listing > "$work/removed"
  inside dpkg --purge swatch-rs
  listing > "$work/purged"
  echo "left after the purge:"
  grep -E 'swatch' "$work/purged" | tee "$work/left"
  if grep -vE '^\./etc/swatch(/[a-z0-9-]+\.conf)?$' "$work/left"; then fail "the lines above are unexpected"; fi
  grep -rlE 'swatch' "$root/etc/systemd" "$root/var/lib/systemd" 2>/dev/null && fail "units are left"
  find "$root/etc/systemd" "$root/var/lib/systemd" -name '*swatch*' | grep . && fail "links of units are left"
  ok "purged; only rules are left"
done
echo "$passed passed, 0 failed"
