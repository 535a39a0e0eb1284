#!/bin/bash
# journalctl --after-cursor skips an entry when the cursor's own entry is gone.
#
# Versions:  systemd 252 (Debian 12: systemd, libsystemd-shared, systemd-journal-remote 252.*).
# Behaviour: --after-cursor=C means "continue after the entry C". When C's entry was vacuumed or
#            rotated away, journalctl seeks to the first entry that is left and then, as always,
#            steps over one entry, although that one was never shown. A reader that stores its
#            cursor, stops, and comes back after a vacuum silently loses one entry. --cursor=C
#            does not skip; a reader can use it and drop the first entry only if it carries C.
# Output:    cursor of entry 4; a journal that holds entries 5 to 9:
#              --after-cursor: entry 6 … entry 9      (entry 5 is lost)
#              --cursor:       entry 5 … entry 9
#
# The journals are made from the export format, so no journal daemon is involved.
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

entries() { # FIRST LAST, in the journal's export format
  for i in $(seq "$1" "$2"); do
    printf '__REALTIME_TIMESTAMP=%s\n__MONOTONIC_TIMESTAMP=%s\n' $((1764000000000000 + i * 1000000)) $((i * 1000000))
    printf '_BOOT_ID=8a4f0c6e2e9b4a0f9a5f2b1c3d4e5f60\n_MACHINE_ID=00112233445566778899aabbccddeeff\n'
    printf 'MESSAGE=entry %s\n\n' "$i"
  done
}
entries 1 9 | "$remote" -o all.journal - 2>/dev/null
entries 5 9 | "$remote" -o rest.journal - 2>/dev/null
cursor=$("$journalctl" --file all.journal -o export | grep -a '^__CURSOR=' | sed -n '4s/^__CURSOR=//p')

show() { "$journalctl" --file "$1" "$2=$cursor" -o cat 2>/dev/null | paste -sd, ; }
"$journalctl" --version | head -1
present=$(show all.journal --after-cursor)
after=$(show rest.journal --after-cursor)
at=$(show rest.journal --cursor)
echo "cursor of entry 4, which is there: --after-cursor shows $present"
echo "cursor of entry 4, which is gone:  --after-cursor shows $after"
echo "                                   --cursor shows       $at"
[ "$present" = "entry 5,entry 6,entry 7,entry 8,entry 9" ] &&
  [ "$after" = "entry 6,entry 7,entry 8,entry 9" ] &&
  [ "$at" = "entry 5,entry 6,entry 7,entry 8,entry 9" ] || { echo "changed"; exit 1; }
