#!/bin/bash
# A long run under load: `make soak MINUTES=30`, or tests/soak.sh MINUTES PROGRAM.
#
# 20 logs in one process (--config-dir), each written steadily, with a storm of matching lines and
# a rotation of every log each minute (half by rename and create, half by copy and truncate between
# two writes), and a reload each minute. Prints once a minute
# what was written, seen and acted on, memory and descriptors; fails if a line is lost or processed twice.
set -u
minutes=${1:-30}
program=${2:-target/release/swatch-rs}
logs=20
dir=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
mkdir "$dir/conf" "$dir/state"
for n in $(seq $logs); do
  : > "$dir/$n.log"
  printf '# logfile %s\nwatchfor /storm|event/\n\techo normal\nwatchfor /act (\\d+)/\n\texec true $1\n' "$dir/$n.log" > "$dir/conf/$n.conf"
done
"$program" --config-dir "$dir/conf" --state-dir "$dir/state" --insecure >> "$dir/out" 2>> "$dir/err" &
pid=$!
until [ "$(ls "$dir/state" | grep -c '\.state\.unsynced$')" = $logs ]; do sleep 0.1; done
sleep 1

written=0
printf '| minute | written | echoed | RSS kB | descriptors | threads |\n|---|---|---|---|---|---|\n'
caught_up() {
  local until=$((SECONDS + 30))
  while seen=$(grep -c -e event -e storm "$dir/out"); [ "$seen" -lt "$written" ] && [ $SECONDS -lt $until ]; do sleep 0.2; done
}
row() {
  caught_up
  printf '| %s | %s | %s | %s | %s | %s |\n' "$1" "$written" "$seen" \
    "$(awk '/^VmRSS/{print $2}' "/proc/$pid/status")" "$(ls "/proc/$pid/fd" | wc -l)" "$(awk '/^Threads/{print $2}' "/proc/$pid/status")"
  [ "$seen" = "$written" ]
}

ok=0
row 0 || ok=1
for minute in $(seq "$minutes"); do
  end=$((SECONDS + 55))
  while [ $SECONDS -lt $end ]; do
    for n in $(seq $logs); do
      printf 'Nov 22 18:00:00 host app[%s]: event %s\nNov 22 18:00:00 host app[1]: nothing\n' "$n" "$written" >> "$dir/$n.log"
      written=$((written + 1))
    done
    sleep 0.05
  done
  for n in $(seq $logs); do echo "Nov 22 18:00:00 host app[1]: act $minute" >> "$dir/$n.log"; done
  # The storm: 5,000 lines at once in each of four logs.
  for n in 1 2 3 4; do
    seq 5000 | sed 's/^/Nov 22 18:00:00 host app[1]: storm /' >> "$dir/$n.log"
    written=$((written + 5000))
  done
  # Copying and truncating loses whatever was not read yet; that is inherent, and not tested here.
  caught_up
  for n in $(seq $logs); do
    if [ $((n % 2)) = 0 ]; then
      mv "$dir/$n.log" "$dir/$n.log.1" && : > "$dir/$n.log"
    else
      cp "$dir/$n.log" "$dir/$n.log.1" && : > "$dir/$n.log"
    fi
  done
  kill -HUP "$pid" || ok=1
  row "$minute" || ok=1
  # Lines that have been counted need not be kept.
  : > "$dir/out"
  written=0
done
kill -TERM "$pid"
wait "$pid" || ok=1
grep -v 'reading\|replaced\|truncated' "$dir/err" | sort | uniq -c | sort -rn | head -20
exit $ok
