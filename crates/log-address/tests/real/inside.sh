#!/bin/sh
# Runs within the namespaces that logs.sh makes: sshd and Dovecot in the chroot, and the attack.
set -eu
root=$1
ip link set lo up
for address in 192.0.2.1 203.0.113.9 198.51.100.7; do
	ip address add "$address/32" dev lo
done
for node in null zero urandom random tty; do
	[ -e "$root/dev/$node" ] || : > "$root/dev/$node"
	mount --bind "/dev/$node" "$root/dev/$node"
done
rm -f "$root"/tmp/*.log
mkdir -p "$root/run/sshd" "$root/run/dovecot"

# OpenSSH
chroot "$root" ssh-keygen -A > /dev/null
chroot "$root" sh -c 'id anna > /dev/null 2>&1 || useradd -m anna; echo anna:secret | chpasswd'
chroot "$root" sh -c 'id denied > /dev/null 2>&1 || useradd -m denied; echo denied:secret | chpasswd'
cat > "$root/tmp/sshd_config" <<'CONFIG'
ListenAddress 192.0.2.1:22
LogLevel VERBOSE
UsePAM no
PasswordAuthentication yes
DenyUsers denied
LoginGraceTime 4
MaxAuthTries 3
PerSourcePenalties crash:2s authfail:2s noauth:1s grace-exceeded:2s max:5s min:4s
Subsystem sftp internal-sftp
CONFIG
chroot "$root" /usr/sbin/sshd -D -E /tmp/sshd.log -f /tmp/sshd_config &

# Dovecot, with its default settings but for the log and a password file.
printf 'anna:{PLAIN}secret\n' > "$root/tmp/passwd"
cat > "$root/tmp/dovecot.conf" <<'CONFIG'
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
protocols = imap pop3
listen = 192.0.2.1
log_path = /tmp/dovecot.log
auth_verbose = yes
auth_allow_cleartext = yes
auth_failure_delay = 0s
ssl = no
base_dir = /run/dovecot
mail_driver = maildir
mail_path = /tmp/mail/%{user}
passdb passwd-file {
  passwd_file_path = /tmp/passwd
}
userdb static {
  fields {
    uid = nobody
    gid = nogroup
    home = /tmp
  }
}
CONFIG
chroot "$root" /usr/sbin/dovecot -F -c /tmp/dovecot.conf &

tries=0
until chroot "$root" python3 /tmp/attack.py ready; do
	tries=$((tries + 1))
	[ "$tries" -lt 100 ] || exit 1
	sleep 0.1
done
chroot "$root" python3 /tmp/attack.py attack
