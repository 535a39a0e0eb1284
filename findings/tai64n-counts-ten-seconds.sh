#!/bin/bash
# A TAI64N stamp of daemontools is ahead of Unix time by 10 s, not by TAI's 37 s.
#
# Versions:  daemontools 0.76 (Debian 12: daemontools 1:0.76-*); svlogd and socklog follow it.
# Behaviour: TAI64N labels are defined on TAI, which has been 37 s ahead of UTC since 2017. tai64n
#            adds the constant 10 to the system's Unix time instead, whatever leap seconds came
#            since 1972, and tai64nlocal takes 10 off again. A reader that subtracts the difference
#            of TAI and UTC from `@4000…` is wrong by 27 s.
# Output:    the stamp of tai64n minus 2^62 minus the time of date(1): 10
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
chmod 755 "$work"

version=$(apt-cache madison daemontools | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' | grep -m1 '^1:0\.76' || true)
[ -n "$version" ] || { echo "no daemontools 0.76 is available"; exit 2; }
apt-get -qq download "daemontools=$version" 2>/dev/null
dpkg -x daemontools_*.deb root
tai64n=$(find root -name tai64n -type f)
tai64nlocal=$(find root -name tai64nlocal -type f)

before=$(date +%s)
stamp=$(echo line | "$tai64n")
after=$(date +%s)
# @, 16 hexadecimal digits of seconds, of which the first is the 4 of 2^62, 8 digits of nanoseconds.
seconds=$((16#${stamp:2:15}))
ahead=$((seconds - before))
echo "daemontools $version: $stamp"
echo "seconds of the stamp minus 2^62 minus date(1): $ahead (took $((after - before)) s)"
echo "tai64nlocal: $(echo "$stamp" | TZ=UTC "$tai64nlocal")"
[ "$ahead" -ge 10 ] && [ "$ahead" -le $((10 + after - before)) ] || { echo "changed"; exit 1; }
