#!/bin/bash
# journalctl --follow after a cursor leaves out every entry of an earlier boot.
#
# Versions:  systemd 252 (Debian 12: systemd, libsystemd-shared, systemd-journal-remote 252.*).
# Behaviour: --follow shows the present boot alone, also with --after-cursor=C or --no-tail. A reader that stores its cursor and is
#            started again after a restart of the machine with `--follow --after-cursor=C` never sees what was logged
#            behind the cursor before the restart, and there is no message. Without --follow the entries are shown; with
#            --follow, --merge lets them in (and those of other machines, so a match on _MACHINE_ID is needed).
# Output:    entries 1 to 4 of one boot, 5 and 6 of the next, and the cursor of entry 2:
#              without --follow:       entry 3 … entry 6
#              --follow:               entry 6     (entry 5, the first of the present boot, is stepped over as well: the entry of
#                                      the cursor is not among those that are shown, and --after-cursor then skips one)
#              --follow --merge:       entry 3 … entry 6
#
# The journal is made from the export format, so no journal daemon is involved.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
chmod 755 "$work"

for package in systemd libsystemd-shared systemd-journal-remote libmicrohttpd12; do
  version=$(apt-cache madison "$package" | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' |
    grep -m1 -E '^(252\.|0\.9\.75)' || true)
  [ -n "$version" ] || { echo "no $package of Debian 12 is available"; exit 2; }
  apt-get -qq download "$package=$version" 2>/dev/null
  dpkg -x "${package}"_*.deb root
done
lib=$(dirname "$(find root -name 'libsystemd-shared-252.so')")
export LD_LIBRARY_PATH="$work/$lib:$work/root/usr/lib/x86_64-linux-gnu"
journalctl=root/bin/journalctl
remote=root/lib/systemd/systemd-journal-remote

for i in 1 2 3 4 5 6; do
  boot=8a4f0c6e2e9b4a0f9a5f2b1c3d4e5f60
  [ "$i" -lt 5 ] || boot=b0a1c2d3e4f5061728394a5b6c7d8e9f
  printf '__REALTIME_TIMESTAMP=%s\n__MONOTONIC_TIMESTAMP=%s\n' $((1764000000000000 + i * 1000000)) $((i * 1000000))
  printf '_BOOT_ID=%s\n_MACHINE_ID=00112233445566778899aabbccddeeff\n' "$boot"
  printf 'MESSAGE=entry %s\n\n' "$i"
done > entries
mkdir journal
"$remote" -o journal/all.journal - < entries 2>/dev/null
cursor=$("$journalctl" --file journal/all.journal -o export | grep -a '^__CURSOR=' | sed -n '2s/^__CURSOR=//p')

# --follow does not end by itself.
show() { timeout 5 "$journalctl" --directory journal "--after-cursor=$cursor" -o cat --no-tail "$@" 2>/dev/null | paste -sd, ; }
"$journalctl" --version | head -1
once=$(show)
follow=$(show --follow)
merged=$(show --follow --merge)
echo "without --follow: $once"
echo "--follow:         $follow"
echo "--follow --merge: $merged"
[ "$once" = "entry 3,entry 4,entry 5,entry 6" ] && [ "$follow" = "entry 6" ] && [ "$merged" = "$once" ] || { echo "changed"; exit 1; }
