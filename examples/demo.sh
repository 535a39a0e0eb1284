#!/bin/bash
# A demonstration: the three example configurations read the bundled logs, and each line is shown with
# what is counted, what would be locked and why. Needs no root and locks nothing: the firewall is a
# command that records its arguments, and all state goes to a directory that is removed at the end.
#
#   examples/demo.sh             uses swatch-rs and swatch-action from PATH (`make demo` sets it)
#   examples/demo.sh DIRECTORY   reads DIRECTORY/secure.log, messages.log and vsftpd.log
set -eu -o pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
logs=${1:-$here/demo}
for program in swatch-rs swatch-action; do
  command -v $program > /dev/null || { echo "$program is not in PATH: run \`make demo\`" >&2; exit 1; }
done
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT

# swatch-action confined to the directory: no mail, no whois, no at jobs.
cat > "$box/action.toml" << EOF
mail = ""
log_dir = "$box/log"
state_dir = "$box/state"
firewall = "command"
expiry = "expire"
[command]
lock = ["$box/firewall", "{address}", "{seconds}"]
unlock = ["true", "{address}"]
[ignore]
own = false
[whois]
server = ""
EOF
mkdir "$box/log"
: > "$box/events"
printf '#!/bin/sh\n' > "$box/firewall"

# The configurations pipe their lines to this script, which shows the line, passes it on and reports the outcome.
cat > "$box/act" << 'EOF'
#!/bin/bash
# act FIELD [lock]; the line is on standard input.
box=${0%/*}
line=$(cat)
# It prints DATE ADDRESS COUNT [lock!], and nothing for an address that is never counted.
read -r _ _ _ _ _ _ address count verdict <<< "$(
  printf '%s\n' "$line" | swatch-action --config "$box/action.toml" "$@" 2> "$box/told"
)" || true
told=$(sed 's/^swatch-action: //' "$box/told" | cut -c 1-160 | cat -v)
if [ -z "$address" ]; then
  address=-
  if [ -n "$told" ]; then
    what=error said="not counted: $told" told=
  else
    what=private said="not counted: a private address"
  fi
elif [ -z "$verdict" ]; then
  what=counted said="$address: counted, line $count of 3"
elif grep -q " $address locked" "$box/events"; then
  what=again said="$address: counted, line $count; already locked; the lock is renewed"
elif [ "${2:-}" = lock ]; then
  what=locked said="$address: counted, line $count; WOULD BE LOCKED: the rule locks at once"
else
  what=locked said="$address: counted, line $count; WOULD BE LOCKED: 3 lines are enough"
fi
printf '%s\n' "$line" | cat -v
echo "    $said"
# If the field and the line's format disagree, swatch-action reports which one it used.
[ -z "$told" ] || echo "    $told"
echo "$DEMO_CONF $address $what ${2:-}" >> "$box/events"
EOF
chmod 755 "$box/firewall" "$box/act"

for name in secure messages vsftpd; do
  log=$logs/$name.log
  echo
  echo "== $name.conf over $name.log, $(wc -l < "$log") lines"
  echo
  sed "s#/usr/local/bin/swatch_action.sh#$box/act#" "$here/$name.conf" > "$box/$name.conf"
  DEMO_CONF=$name swatch-rs --config-file "$box/$name.conf" --examine "$log" --awk-field-syntax |
    awk 'NR <= 3 && (/^$/ || /^\*\*\*/) { next } { print; fflush() }'
done

echo
echo "== Summary"
echo
awk '
  $3 == "private" { private++; next }
  $3 == "error" { errors++; next }
  { total++; lines[$2]++; by[$2, $1]++ }
  $3 == "locked" { locked++; why[$2] = $1 ($4 == "lock" ? ": at once" : ": third line") }
  END {
    form = "%-16s %6s %7s %9s %7s   %s\n"
    printf form, "address", "lines", "secure", "messages", "vsftpd", "would be locked by"
    for (a in lines) {
      reason = (a in why) ? why[a] : "-"
      row = sprintf(form, a, lines[a], by[a, "secure"] + 0, by[a, "messages"] + 0, by[a, "vsftpd"] + 0, reason)
      print row | "sort -t . -k 1,1n -k 2,2n -k 3,3n -k 4,4n | grep ."
    }
    close("sort -t . -k 1,1n -k 2,2n -k 3,3n -k 4,4n | grep .")
    printf "\n%d events were counted, %d came from private addresses, %d named no address.\n", total, private, errors
    printf "%d addresses would be locked for 24 hours, %d would not.\n", locked, length(lines) - locked
  }' "$box/events"
