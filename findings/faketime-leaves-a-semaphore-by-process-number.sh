#!/bin/bash
# A program that was killed under faketime makes a later, unrelated faketime fail.
#
# Versions:  faketime and libfaketime 0.9.10, of Debian 12.
# Behaviour: the wrapper makes a semaphore and shared memory in /dev/shm, named after its process number, and insists that
#            they are new. Killed with SIGKILL it leaves them there, and the next wrapper that gets the same number
#            refuses to start the program. Process numbers come again: at once in a new PID namespace (a container, a
#            test in `unshare --pid`), whose /dev/shm is usually that of the others. A tmpfs on /dev/shm for
#            each namespace avoids it.
# Output:    first: started
#            second: faketime: sem_open: File exists
#            with a /dev/shm of its own: started
#
# Needs root: the namespaces.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for package in faketime libfaketime; do
  version=$(apt-cache madison "$package" | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' | grep -m1 '^0\.9\.10' || true)
  [ -n "$version" ] || { echo "no $package 0.9.10 of Debian 12 is available"; exit 2; }
  apt-get -qq download "$package=$version" 2>/dev/null
  dpkg -x "${package}"_*.deb root
done
cat > inside <<'EOF'
# In a new PID namespace the wrapper has the same number each time.
lib=$(echo "$1"/root/usr/lib/*/faketime)
LD_LIBRARY_PATH=$lib "$1/root/usr/bin/faketime" -f +1d sh -c 'echo started; exec sleep 100' > said 2>&1 &
for try in $(seq 100); do [ -s said ] && break; sleep 0.1; done
head -n 1 said
kill -KILL $! 2>/dev/null || :
wait $! 2>/dev/null || :
EOF
# A common /dev/shm for the first two, apart from that of this machine.
cat > all <<'EOF'
mount -t tmpfs tmpfs /dev/shm
echo "first: $(unshare --pid --fork --kill-child bash inside "$1")"
echo "second: $(unshare --pid --fork --kill-child bash inside "$1")"
mount -t tmpfs tmpfs /dev/shm
echo "with a /dev/shm of its own: $(unshare --pid --fork --kill-child bash inside "$1")"
EOF
unshare --mount bash all "$work" | tee seen
grep -qx "first: started" seen && grep -q "^second: .*sem_open: File exists" seen && grep -qx "with a /dev/shm of its own: started" seen ||
  { echo "changed"; exit 1; }
