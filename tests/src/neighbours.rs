//! Two neighbours in their own network namespaces, for firewall tests.

/// An attacker's and a friend's network beside ours, each behind a veth pair. `reach NETNS FAMILY`
/// tests whether a packet gets through and back: a closed port refuses at once, a dropped packet
/// gets no answer.
pub const NEIGHBOURS: &str = "
mkdir -p /run/netns
for who in attacker friend; do ip netns add $who; done
join() { ip link add $1 type veth peer name eth0 netns $1; ip link set $1 up
  ip addr add $2 dev $1; ip -6 addr add $3 dev $1 nodad; ip -n $1 link set eth0 up
  ip -n $1 addr add $4 dev eth0; ip -n $1 -6 addr add $5 dev eth0 nodad
  ip -n $1 route add default via ${2%/*}; ip -n $1 -6 route add default via ${3%/*}; }
join attacker 203.0.113.1/24 2001:db8:a::1/64 203.0.113.9/24 2001:db8:a::9/64
join friend 198.51.100.1/24 2001:db8:b::1/64 198.51.100.9/24 2001:db8:b::9/64
reach() { case $1$2 in attacker4) to=203.0.113.1;; attacker6) to=2001:db8:a::1;; friend4) to=198.51.100.1;; friend6) to=2001:db8:b::1;; esac
  rc=0; ip netns exec $1 timeout 1 bash -c \"</dev/tcp/$to/9\" 2>/dev/null || rc=$?
  if [ $rc = 124 ]; then echo \"$1 $2 is kept out\"; else echo \"$1 $2 gets in\"; fi; }
all() { reach attacker 4; reach attacker 6; reach friend 4; reach friend 6; }
line() { echo \"Nov 22 20:00:00 box sshd[7]: Invalid user bob from $1 port 4711\"; }
for family in 4 6; do n=0; until reach friend $family | grep -q 'gets in' || [ $n = 20 ]; do n=$((n + 1)); done; done
";
