# enter.sh DIR COMMAND...: run COMMAND with the stand-ins of DIR over the
# machine's sendmail and write. Called inside a mount namespace of its own, so
# the machine's programs stay what they are for everyone else.
set -e
stand_ins=$1
shift
for pair in sendmail:/usr/sbin/sendmail write:/usr/bin/write; do
  target=$(readlink -f "${pair#*:}") || continue
  [ -e "$target" ] || continue
  mount --bind "$stand_ins/${pair%%:*}" "$target"
done
exec "$@"
