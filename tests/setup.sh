#!/bin/bash
# Installs the Debian packages that the tests use, or lists the missing ones.
#
#   tests/setup.sh           as root: install what is missing; otherwise list it
#   tests/setup.sh --check   only list what is missing; status 1 if anything is
#
# The only list of these packages. Each line: the package, a file in it, what it is used to test.
set -u
list='
swatch            /usr/bin/swatchdog         the original beside swatch-rs
perl              /usr/bin/perl              perlcode
iptables          /usr/sbin/iptables         locks by iptables
nftables          /usr/sbin/nft              locks by nftables
ipset             /usr/sbin/ipset            locks by ipset
firewalld         /usr/sbin/firewalld        locks by firewalld
dbus              /usr/bin/dbus-daemon       locks by firewalld
iproute2          /usr/sbin/ip               network namespaces
at                /usr/bin/at                expiry of locks by at(1)
whois             /usr/bin/whois             notices with whois
bsdextrautils     /usr/bin/write             the write action
msmtp-mta         /usr/sbin/sendmail         the mail action
openssh-server    /usr/sbin/sshd             a real sshd log
openssh-client    /usr/bin/ssh               a real sshd log
bind9             /usr/sbin/named            a real named log
bind9-dnsutils    /usr/bin/dig               a real named log
vsftpd            /usr/sbin/vsftpd           a real vsftpd log
lftp              /usr/bin/lftp              a real vsftpd log
logrotate         /usr/sbin/logrotate        rotation
faketime          /usr/bin/faketime          rotation while the clock changes
bzip2             /usr/bin/bzip2             compressed rotations
xz-utils          /usr/bin/xz                compressed rotations
zstd              /usr/bin/zstd              compressed rotations
lz4               /usr/bin/lz4               compressed rotations
sec               /usr/bin/sec               benchmarks
fail2ban          /usr/bin/fail2ban-regex    benchmarks
ripgrep           /usr/bin/rg                benchmarks
tidy              /usr/bin/tidy              the HTML of reports
procps            /usr/bin/ps                process trees
util-linux        /usr/bin/unshare           namespaces
strace            /usr/bin/strace            a kill at each system call of a lock
prometheus        /usr/bin/prometheus        metrics over HTTP
prometheus-node-exporter /usr/bin/prometheus-node-exporter metrics in a file
faketime          /usr/bin/faketime          clocks that are wrong
redis-server      /usr/bin/redis-server      fleets
redis-sentinel    /usr/bin/redis-sentinel    fleets with sentinels
openssl           /usr/bin/openssl           servers with TLS
rsyslog           /usr/sbin/rsyslogd         logs of many hosts on one
groff-base        /usr/bin/groff             manual pages
bash-completion   /usr/share/bash-completion/bash_completion completions
zsh               /usr/bin/zsh               completions
fish              /usr/bin/fish              completions
systemd           /usr/bin/systemd-analyze   units
man-db            /usr/bin/man               manual pages that units name
mmdebstrap        /usr/bin/mmdebstrap        packages, in a root of their own
lintian           /usr/bin/lintian           packages
'

missing=()
while read -r package file purpose; do
  [ -n "$package" ] || continue
  [ -e "$file" ] && continue
  missing+=("$package")
  echo "missing: $package ($file), needed for: $purpose"
done <<< "$list"
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "${1:-}" = --check ]; then
  exit 1
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Not root on a Debian system: the tests that need these packages are skipped."
  exit 0
fi

# Tests start the daemons they need themselves, in namespaces; the packages must not start them.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || echo "apt-get update failed; trying with the package lists that are there"
# One by one after a failure: an unavailable package must not block the others.
apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null ||
  for package in "${missing[@]}"; do
    apt-get install -qq -y --no-install-recommends "$package" >/dev/null ||
      echo "could not install $package: what needs it is skipped"
  done
exit 0
