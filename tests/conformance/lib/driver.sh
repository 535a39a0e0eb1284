# Functions for the `driver` scripts of the cases. A driver runs in the case's
# work folder; $BIN is the program under test.

# start ARG...: run the program in the background; its pid is in $PID.
start() {
  "$BIN" "$@" >out.txt 2>err.txt &
  PID=$!
}

# poll COMMAND...: true as soon as COMMAND is true, false after 20 seconds.
poll() {
  tries=400
  until "$@"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.05
  done
}

# until_has FILE TEXT: wait until FILE holds TEXT.
until_has() {
  poll grep -aqF -e "$2" "$1" 2>/dev/null || {
    echo "TIMEOUT waiting for [$2] in $1"
    return 1
  }
}

# isup PID: the process exists and is not a zombie.
isup() {
  case $(ps -o stat= -p "$1") in '' | Z*) return 1 ;; esac
}

gone() { ! isup "$1"; }

until_gone() {
  poll gone "$1" || {
    echo "TIMEOUT waiting for exit"
    return 1
  }
}

# desc PID: all descendants.
desc() {
  for child in $(ps -o pid= --ppid "$1"); do
    echo "$child"
    desc "$child"
  done
}

# countup PID...: how many of them are up.
countup() {
  up=0
  for p in "$@"; do isup "$p" && up=$((up + 1)); done
  echo "$up"
}

# watches PID: the process or a descendant follows files by inotify.
watches() {
  for p in "$1" $(desc "$1"); do
    ls -l "/proc/$p/fd" 2>/dev/null | grep -q inotify && return 0
  done
  return 1
}

# ready SECONDS: wait until the program follows its files. An inotify handle in
# its process tree says so. A program that polls has none (GNU tail, when the
# file is missing or a symbolic link): then only time can tell, SECONDS of it.
ready() {
  left=$(( $1 * 10 ))
  until watches "$PID" || [ "$left" -le 0 ]; do
    left=$((left - 1))
    sleep 0.1
  done
  sleep 0.3
}

# allgone PID...: none of them is up.
allgone() { [ "$(countup "$@")" = 0 ]; }

# hup PID: HUP, then wait until the program has taken it. The original starts its
# processes anew; a program without any reads its configuration again by itself.
hup() {
  before=$(desc "$1")
  kill -HUP "$1"
  if [ -n "$before" ]; then
    poll allgone $before
    ready 5
  else
    sleep 2
  fi
}

# stop PID: TERM, then wait for the end.
stop() {
  kill -TERM "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}

# rcz STATUS: what can be compared of an exit status.
rcz() {
  if [ "$1" = 0 ]; then
    echo "exit zero"
  elif [ "$1" -gt 128 ]; then
    echo "exit killed by a signal"
  else
    echo "exit non-zero"
  fi
}

# body: the program's output without the start-up banner.
body() { sed -z 's/^\n\*\*\* [^\n]* started at [^\n]*\n\n//' out.txt; }

# plain: the same with every banner and empty line removed.
plain() { grep -av '^\*\*\* .* started at \|^$' out.txt; }
