#!/bin/sh
# Real programs of Debian sid, attacked in a network namespace: every line that names a peer must give the attacker,
# 203.0.113.9, whatever the names in it say; none may give 198.51.100.7, whom the attacker names.
#
#     crates/log-address/tests/real/logs.sh [CHROOT]    as root; needs mmdebstrap, makes CHROOT if it is not there (about 1 minute)
#
# This takes too long and needs too much of the network for `make test`; run it after a change to the formats of
# OpenSSH or Dovecot, and when new versions of these reach Debian.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../../.." && pwd)
root=${1:-$(mktemp -d)/sid}

if [ ! -d "$root" ]; then
	mmdebstrap --variant=minbase --aptopt='Acquire::Check-Valid-Until "false"' \
		--include=openssh-server,openssh-client,dovecot-imapd,dovecot-pop3d,iproute2,python3-minimal \
		sid "$root" http://deb.debian.org/debian
fi
cargo build -q --manifest-path "$top/Cargo.toml" -p log-address --example find
find=$top/target/debug/examples/find
logs=$(mktemp -d)

cp "$here/attack.py" "$root/tmp/attack.py"
unshare -n -m -p -f --mount-proc="$root/proc" sh "$here/inside.sh" "$root" > "$logs/out" 2>&1 || {
	cat "$logs/out"
	exit 1
}
status=0
for log in sshd dovecot; do
	"$find" < "$root/tmp/$log.log" > "$logs/$log.found"
	paste -d '|' "$logs/$log.found" "$root/tmp/$log.log" > "$logs/$log.lines"
	echo "$log: $(grep -c '^203\.0\.113\.9 ' "$logs/$log.found" || true) lines name the attacker"
	echo "$log: $(grep -c '^- the peer may be' "$logs/$log.found" || true) lines have two readings"
	# Another address, or a line that holds the attacker's and is not known.
	if grep -v '^203\.0\.113\.9 ' "$logs/$log.lines" | grep -E '^[0-9]|^- [^t].*203\.0\.113\.9'; then
		status=1
	fi
done
exit $status
