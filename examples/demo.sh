#!/bin/bash
# A demonstration: the three example configurations read the bundled logs; twenty telling lines show what
# is counted, what would be locked and why. Needs no root and locks nothing: the firewall is a
# command that records its arguments, and all state goes to a directory that is removed at the end.
#
#   examples/demo.sh                   uses the programs in PATH (`make demo` sets it) or target/release
#   examples/demo.sh [--all] [DIRECTORY]
# --all shows every line. DIRECTORY has secure.log, messages.log and vsftpd.log to be read instead.
set -eu -o pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
all=
if [ "${1:-}" = --all ]; then all=yes; shift; fi
logs=${1:-$here/demo}
PATH=$PATH:$(dirname "$here")/target/release
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
: > "$box/story"
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
shown=$(printf '%s\n' "$line" | cat -v)
echo "$shown"
echo "    $said"
# If the field and the line's format disagree, swatch-action reports which one it used.
[ -z "$told" ] || echo "    $told"
# The message without its time, host and program.
message=$(sed -E 's/^([^ ]+ +){4}[a-z]+\[[0-9]+\]: //; s/^.* \[pid [0-9]+\] //' <<< "$shown")
verdict=${2:-count}
[ "$what" = private ] && verdict=$verdict/private
[ -z "$told" ] || [ "$what" = error ] || verdict=$verdict/disputed
echo "$DEMO_CONF $address $what ${verdict%%/*}" >> "$box/events"
echo "$DEMO_CONF $address $what $verdict ${count:-0} $message" >> "$box/story"
EOF
chmod 755 "$box/firewall" "$box/act"

watch() {
  sed "s#/usr/local/bin/swatch_action.sh#$box/act#" "$here/$1.conf" > "$box/$1.conf"
  DEMO_CONF=$1 swatch-rs --config-file "$box/$1.conf" --examine "$logs/$1.log" --awk-field-syntax |
    awk 'NR <= 3 && (/^$/ || /^\*\*\*/) { next } { print; fflush() }'
}

# Chooses lines of the story: all locks, what is peculiar, and then the first counts, up to 20.
telling() {
  local colour=
  if { [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; } || [ -n "${CLICOLOR_FORCE:-}" ]; then colour=yes; fi
  awk -v colour="$colour" '
    { line[NR] = $0 }
    function choose(n) { if (!(n in chosen) && total < 20) { chosen[n] = 1; total++ } }
    $3 == "locked" { choose(NR) }
    $4 ~ /disputed/ && disputed++ < 3 { choose(NR) }
    $3 == "private" && !private[$1]++ { choose(NR) }
    $3 == "error" && errors++ < 2 { choose(NR) }
    $3 == "again" && !again++ { choose(NR) }
    function paint(code, text) { return colour ? "\033[" code "m" text "\033[0m" : text }
    END {
      for (n = 1; n <= NR; n++) if (split(line[n], f) && f[3] == "counted" && ++seen[f[1]] <= 4) choose(n)
      for (n = 1; n <= NR; n++) if (split(line[n], f) && f[3] == "counted") choose(n)
      for (n = 1; n <= NR; n++) {
        if (!(n in chosen)) continue
        split(line[n], f)
        message = line[n]
        for (i = 1; i <= 5; i++) sub(/^[^ ]* /, "", message)
        what = f[3]; code = 0
        if (what == "counted") verdict = "counted, " f[5] " of 3"
        else if (what == "again") { verdict = "locked before"; code = 2 }
        else if (what == "private") { verdict = "private, ignored"; code = 2 }
        else if (what == "error") { verdict = "no address"; code = 33 }
        else { verdict = (f[4] ~ /^lock/) ? "LOCKED at once" : "LOCKED, 3 lines"; code = "1;31" }
        if (f[4] ~ /disputed/) { verdict = "forged, see --all"; code = 33 }
        printf "%s %-15s %s\n", paint(code, sprintf("%-17s", verdict)), f[2], substr(message, 1, 45)
      }
    }' "$box/story"
}

for name in secure messages vsftpd; do
  if [ -n "$all" ]; then
    echo
    echo "== $name.conf over $name.log, $(wc -l < "$logs/$name.log") lines"
    echo
    watch $name
  else
    watch $name > /dev/null
  fi
done
if [ -z "$all" ]; then
  echo "== Twenty telling lines of $(cat "$logs"/{secure,messages,vsftpd}.log | wc -l): what would be locked, and why"
  echo
  telling
fi

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

# A path that is short from here, or the name.
name_of() { local path; path=$(command -v "$1"); case $path in "$PWD"/*) echo "${path#"$PWD"/}" ;; *) echo "$1" ;; esac; }
rs=$(name_of swatch-rs) action=$(name_of swatch-action)
echo
echo "== Try next"
echo
echo "  examples/demo.sh --all | less               every line, with its reason"
echo "  $rs --test examples/rules   rules for your services"
echo "  $rs -c examples/rules/sshd.conf -f /var/log/auth.log --dry-run"
echo "  $action address auto < /var/log/auth.log"
