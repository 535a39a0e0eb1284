#!/bin/bash
# Installs the RPM package in a root of its own, upgrades it and erases it.
#
#   tests/rpm.sh [FOLDER]    the programs are in FOLDER (target/release; built if they are missing)
#
# The root is one of Debian, which has a shell and the libraries: what is tried here is the package, by rpm, not a
# distribution. Needs root; changes nothing outside a temporary folder.
set -eu -o pipefail
cd "$(dirname "$0")/.."
programs=${1:-target/release}
passed=0

skip() { echo "skipped: rpm: $*"; exit "${SWATCH_NO_SKIP:-0}"; }
[ "$(id -u)" = 0 ] || skip "not root"
for program in rpm mmdebstrap; do
  command -v $program >/dev/null || skip "$program is not installed"
done
[ -x "$programs/swatch-rs" ] && [ -x "$programs/swatch-action" ] || make build
make -s rpm release="$(realpath "$programs")" >/dev/null
package=$(ls -t target/packages/swatch-rs-*.rpm | head -1)

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }
ok() { passed=$((passed + 1)); echo "ok: $*"; }

rpm -qlp "$package" > "$work/files" 2>/dev/null
for file in usr/bin/swatch-rs usr/bin/swatch-action etc/swatch/action.toml etc/logrotate.d/swatch-rs usr/share/man/man8/swatch-rs.8 \
  usr/lib/systemd/system/swatch-rs.service usr/lib/systemd/system/swatch-rs@.service usr/share/zsh/site-functions/_swatch-rs; do
  grep -qx "/$file" "$work/files" || fail "no /$file"
done
rpm -qcp "$package" 2>/dev/null | grep -qx /etc/swatch/action.toml || fail "action.toml is no configuration file"
rpm -qp --requires "$package" 2>/dev/null | grep -q '^libc.so.6(GLIBC' || fail "the libraries are not required"
ok "the package has its files and requirements"

root=$work/root
mmdebstrap --quiet --variant=minbase bookworm "$root" >/dev/null 2>"$work/log" || { cat "$work/log"; fail "no root"; }
# Its database knows nothing of Debian's packages, hence --nodeps.
in_root() { rpm --root "$root" --nodeps --nosignature "$@" 2>&1; }
in_root -i "$(realpath "$package")" || fail "install"
chroot "$root" swatch-rs --version | grep -q '^swatch-rs ' || fail "the program does not run"
in_root --verify swatch-rs || fail "verify"
ok "installed"

echo '# mine' >> "$root/etc/swatch/action.toml"
in_root -U --replacepkgs "$(realpath "$package")" || fail "upgrade"
tail -1 "$root/etc/swatch/action.toml" | grep -q '^# mine$' || fail "the settings were replaced"
ok "upgraded; settings are kept"

in_root -e swatch-rs > "$work/said" || { cat "$work/said"; fail "erase"; }
grep -q 'kept rules, state and logs' "$work/said" || fail "it does not say what is kept"
left=$(find "$root/etc" "$root/usr" "$root/var/lib" -name '*swatch*' ! -path '*/doc/swatch-rs*')
[ "$left" = "$root/etc/swatch" ] || fail "left: $left"
[ "$(ls "$root/etc/swatch")" = action.toml.rpmsave ] || fail "the changed settings are gone"
ok "erased; only the changed settings are left"
echo "$passed passed, 0 failed"
