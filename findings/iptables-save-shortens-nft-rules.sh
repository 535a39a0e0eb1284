#!/bin/bash
# iptables-save prints an nft rule that it only half understands as a shorter, wider rule.
#
# Versions:  iptables 1.8.9 (nf_tables) and nftables 1.0.6, of Debian 12.
# Behaviour: a rule `ip saddr @blocked drop`, added with nft to the chain INPUT that iptables-nft
#            made, drops packets from the addresses of a set. iptables-save leaves the match out and
#            prints `-A INPUT -j DROP`: restored from that, the machine drops everything. There is
#            no message, and the exit status is 0. A rule with `ct state` instead makes it refuse the
#            whole table with a comment, also with status 0.
# Output:    -A INPUT -j DROP        (for the rule with the set)
#            "# Table `filter' contains incompatible base-chains" or the like for `ct state`
#
# Needs root: the rules are made in a network namespace of their own.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
chmod 755 "$work"

packages="iptables libip4tc2 libip6tc2 libxtables12 libnftnl11 libmnl0 nftables libnftables1 libedit2 libjansson4 libbsd0 libtinfo6"
for package in $packages; do
  case $package in
    iptables | libip*tc2 | libxtables12) wanted='1\.8\.9' ;;
    nftables | libnftables1) wanted='1\.0\.6' ;;
    *) wanted='.' ;;
  esac
  version=$(apt-cache madison "$package" | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' | grep -m1 "^$wanted" || true)
  [ -n "$version" ] || { echo "no $package $wanted of Debian 12 is available"; exit 2; }
  apt-get -qq download "$package=$version" 2>/dev/null
  dpkg -x "${package}"_*.deb root
done
cat > inside <<'EOF'
export LD_LIBRARY_PATH="$1/root/usr/lib/x86_64-linux-gnu:$1/root/lib/x86_64-linux-gnu"
export XTABLES_LIBDIR="$1/root/usr/lib/x86_64-linux-gnu/xtables"
multi=$1/root/usr/sbin/xtables-nft-multi
nft=$1/root/usr/sbin/nft
"$multi" iptables --version
"$nft" --version
"$multi" iptables -A INPUT -s 192.0.2.1 -j ACCEPT
"$nft" add set ip filter blocked '{ type ipv4_addr; }'
"$nft" add rule ip filter INPUT ip saddr @blocked drop
"$multi" iptables-save > with-set
echo "iptables-save: $?"; grep -e "^-A INPUT" with-set
"$nft" add rule ip filter INPUT ct state invalid drop
"$multi" iptables-save > with-state
echo "with ct state: $?"; grep -v -e "^# Generated" -e "^# Completed" with-state
EOF
unshare -n bash inside "$work" | tee seen
grep -qx -e "-A INPUT -j DROP" seen && grep -q "^with ct state: 0" seen && grep -qi incompatible seen || { echo "changed"; exit 1; }
