# The first process of a machine of its own: enter.sh NAME [ROOT]
#
# It runs as process 1 of new namespaces. With ROOT, a folder that holds etc, var, run, usr/local,
# tmp and dev, those take the place of the machine's own. It tells its process number as seen from
# outside, and goes when its standard input ends; whatever runs beside it goes then, too.
set -eu
read -r pid _ < /proc/self/stat
hostname "$1"
root=${2:-}
if [ -n "$root" ]; then
    for node in null zero full random urandom tty; do
        [ -e "/dev/$node" ] || continue
        : > "$root/dev/$node"
        mount --bind "/dev/$node" "$root/dev/$node"
    done
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount --bind /dev/pts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    # tmp is the last: ROOT may lie in it.
    for folder in dev etc var run usr/local tmp; do
        mount --rbind "$root/$folder" "/$folder"
    done
fi
mount -t proc proc /proc
ip link set lo up
echo "$pid"
# bash, unlike most shells, takes leave of ended orphans while it waits here.
while read -r _; do :; done
