#!/bin/bash
# A helper of the kind that swatch-action replaces: takes the address from field $1 of a line and
# counts its lines, with a process for every step. When the count is reached it only says so.
PATH=/bin:/usr/bin:/sbin:/usr/sbin
LANG=C
directory=${SWATCH_BENCH_LOGS:-/var/log/swatch}
read -r line
address=$(echo $line | cut -d ' ' -f "$1" | sed -n 's/^[^0-9]*\([0-9]*[.][0-9]*[.][0-9]*[.][0-9]*\).*$/\1/p')
if echo "$address" | grep -q '^[0-9]'; then :; else exit 1; fi
a=$(echo "$address" | cut -d . -f 1)
b=$(echo "$address" | cut -d . -f 2)
c=$(echo "$address" | cut -d . -f 3)
d=$(echo "$address" | cut -d . -f 4)
case $a.$b.$c.$d in 127.*|10.*|192.168.*) exit;; esac
echo $line >> "$directory/$address"
count=$(cat "$directory/$address" | wc -l)
if [ "$count" -ge 3 ]; then word=' lock!'; else word=; fi
echo "$(date) $address $count$word"
