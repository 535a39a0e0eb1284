#!/bin/bash
# Runs the static programs in an empty root: no library, no shell, no /etc, no /dev.
#
#   tests/static.sh [FOLDER]    the programs are in FOLDER (default: where `make static` puts them)
#
# Needs root, for chroot. Changes nothing outside a temporary folder.
set -eu -o pipefail
cd "$(dirname "$0")/.."
programs=${1:-${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-musl/release}
passed=0

[ "$(id -u)" = 0 ] || { echo "skipped: static programs: not root"; exit "${SWATCH_NO_SKIP:-0}"; }
fail() { echo "FAILED: $*" >&2; exit 1; }
ok() { passed=$((passed + 1)); echo "ok: $*"; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
for program in swatch-rs swatch-action; do
  [ -x "$programs/$program" ] || fail "$programs/$program does not exist: run \`make static\`"
  # An interpreter would be the dynamic loader.
  ! readelf --program-headers "$programs/$program" | grep -q INTERP || fail "$program is not static"
  cp "$programs/$program" "$root"
done
inside() { chroot "$root" "$@"; }

for program in swatch-rs swatch-action; do
  inside /$program --version | grep -q "^$program " || fail "$program --version"
done
ok "both programs start"

cat > "$root/rules.conf" <<'EOF'
# logfile /log
watchfor /Invalid user (?!anna)\S+ from ([\d.]+) port \d+$/
    echo
    pipe "/swatch-action --config /action.toml auto"
EOF
printf 'mail = ""\nfirewall = "none"\nlog_dir = "/logs"\nstate_dir = "/state"\n' > "$root/action.toml"
for port in 4001 4002 4003; do
  echo "Nov 22 18:00:01 gate sshd[7]: Invalid user admin from 203.0.113.9 port $port"
done > "$root/log"
echo "Nov 22 18:00:02 gate sshd[7]: Invalid user anna from 203.0.113.9 port 4004" >> "$root/log"

inside /swatch-rs --config-file /rules.conf --check || fail "--check"
echo 'watchfor /(/' > "$root/wrong.conf"
if inside /swatch-rs --config-file /wrong.conf --check 2> "$root/said"; then fail "--check accepts a wrong pattern"; fi
grep -q 'wrong.conf:1' "$root/said" || { cat "$root/said"; fail "--check does not name the place"; }
ok "--check"

inside /swatch-rs --config-file /rules.conf --examine /log > "$root/out" || fail "--examine"
[ "$(grep -c 'Invalid user admin' "$root/out")" = 3 ] && ! grep -q anna "$root/out" || { cat "$root/out"; fail "--examine finds other lines"; }
grep -q "203.0.113.9 3" "$root/out" || { cat "$root/out"; fail "the helper does not count"; }
ok "--examine, with a Perl pattern and the helper"

echo "from 203.0.113.9" | inside /swatch-action address 2 | grep -qx 203.0.113.9 || fail "address"
inside /swatch-action --config /action.toml list > "$root/out" 2>&1 && grep -q 203.0.113.9 "$root/out" || { cat "$root/out"; fail "list"; }
ok "swatch-action finds an address, and opens its state"
echo "$passed passed, 0 failed"
