#!/bin/bash
# Builds the image of the Containerfile and watches a log with it, as root, by Debian's package buildah.
#
#   tests/container.sh [FOLDER]    the programs are in FOLDER (target/release; built if they are missing)
#
# The base is a root that mmdebstrap makes, since a registry may not be in reach. The container gets the network of a namespace,
# which stands for the host; an attack is written to a log of the host, and the host's nftables must have the lock.
# Changes nothing outside a temporary folder and the namespace.
set -eu -o pipefail
cd "$(dirname "$0")/.."
programs=${1:-target/release}

skip() { echo "skipped: container: $*"; exit "${SWATCH_NO_SKIP:-0}"; }
[ "$(id -u)" = 0 ] || skip "not root"
for program in buildah mmdebstrap nft unshare; do
  command -v $program >/dev/null || skip "$program is not installed"
done
[ -x "$programs/swatch-rs" ] && [ -x "$programs/swatch-action" ] || make build
make -s deb DEBFLAGS="--fast --quiet" release="$(realpath "$programs")" >/dev/null

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
cat > "$work/storage.conf" <<EOF
[storage]
driver = "vfs"
runroot = "$work/run"
graphroot = "$work/store"
EOF
export CONTAINERS_STORAGE_CONF=$work/storage.conf

mmdebstrap --quiet --variant=minbase bookworm "$work/base.tar"
base=$(buildah from scratch)
buildah add --quiet "$base" "$work/base.tar" / >/dev/null
buildah commit --quiet "$base" localhost/base >/dev/null
buildah build --quiet --isolation chroot --network host --build-arg BASE=localhost/base --tag localhost/swatch-rs . >/dev/null
echo "ok: built"

host=$work/host
mkdir -p "$host/log" "$host/etc" "$host/run"
: > "$host/log/auth.log"
sed '/^# journal/d; /^# logfile .*secure$/d' examples/rules/sshd.conf > "$host/etc/sshd.conf"
printf 'firewall = "nftables"\nmail = ""\n' > "$host/etc/action.toml"
cat > "$work/attack.sh" <<'EOF'
set -eu
host=$1
ip link set lo up
container=$(buildah from localhost/swatch-rs)
buildah run --isolation chroot --cap-add CAP_NET_ADMIN -v "$host/log:/var/log" -v "$host/etc:/etc/swatch:ro" -v "$host/run:/run" \
  "$container" -- swatch-rs --config-dir /etc/swatch --awk-field-syntax --state-dir /var/lib/swatch-rs > "$host/said" 2>&1 &
watcher=$!
wait_for() {
  tries=0
  until eval "$2"; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] && kill -0 $watcher || { cat "$host/said"; nft list ruleset; echo "FAILED: $1"; exit 1; }
    sleep 0.1
  done
}
wait_for "the watcher does not start" '[ -n "$(find "$host/run/swatch-rs" -type s 2>/dev/null)" ]'
for port in 4001 4002 4003; do
  echo "$(date '+%b %e %H:%M:%S') gate sshd[77]: Invalid user admin from 203.0.113.9 port $port" >> "$host/log/auth.log"
done
wait_for "no lock" 'nft list ruleset | grep -q 203.0.113.9'
kill $watcher
EOF
unshare --net --pid --fork --kill-child --mount-proc bash "$work/attack.sh" "$host"
echo "ok: an attack in a log of the host is locked in the firewall of the host"
echo "2 passed, 0 failed"
