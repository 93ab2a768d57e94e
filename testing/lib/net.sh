# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The network of the laboratory:
#
#   client ---- router ---- internet ---- gateway ---- server
#   10.1.0.2    198.51.100.1             192.0.2.1     10.2.0.2
#               (NAT)                    192.0.2.2     (10.2.1.2 ...)
#   2001:db8:1::2                        2001:db8::1
#                                        2001:db8::2
#
# The client gets 10.3.0.1 from the gateway's pool.

GW1=192.0.2.1 GW2=192.0.2.2 GW3=192.0.2.3
GW1_6=2001:db8::1 GW2_6=2001:db8::2
CLIENT=10.1.0.2 CLIENT_6=2001:db8:1::2
NAT=198.51.100.1
SERVER=10.2.0.2
VIP=10.3.0.1

# wire HOST IF HOST IF: a cable between two hosts
wire() {
	ip link add "$2" netns "${HOST[$1]}" type veth \
		peer name "$4" netns "${HOST[$3]}"
	local name if
	for name in "$1 $2" "$3 $4"; do
		if=${name#* } name=${name% *}
		on "$name" ip link set "$if" up
		# Packets that cross userland ESP need their checksums
		kernel_esp || on "$name" ethtool -K "$if" tx off > /dev/null
	done
}

# address HOST IF ADDRESS...
address() {
	local name=$1 if=$2
	shift 2
	printf "address add %s dev $if\n" "$@" | on "$name" ip -batch -
}

forwards() {
	local name
	for name; do
		on "$name" bash -ec 'echo 1 > /proc/sys/net/ipv4/ip_forward
			echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'
	done
}

# network nat|routed [ipv6]: lays it all out. With IPv6 it is there besides,
# without a NAT.
network() {
	local a
	host client router internet gateway server
	wire client eth0 router in
	wire router out internet west
	wire internet east gateway eth0
	wire gateway lan server eth0

	address client eth0 $CLIENT/24
	address router in 10.1.0.1/24
	address router out $NAT/24
	address internet west 198.51.100.254/24
	address internet east 192.0.2.254/24
	address gateway eth0 $GW1/24 $GW2/24
	# One network per CHILD_SA, not more: charon announces eight addresses
	for ((a = 0; a < CHILDREN; a++)); do
		address gateway lan 10.2.$a.1/24
		address server eth0 10.2.$a.2/24
	done

	forwards router internet gateway
	# Removing one address must not take those after it along
	lab_sysctl gateway net/ipv4/conf/all/promote_secondaries 1
	on client ip route add default via 10.1.0.1
	on router ip route add default via 198.51.100.254
	on gateway ip route add default via 192.0.2.254
	on server ip route add default via 10.2.0.1

	case $1 in
	nat)	nat ;;
	routed)	on internet ip route add 10.1.0.0/24 via $NAT ;;
	esac
	[ "${2:-}" != ipv6 ] || network_ipv6
	[ -z "${RMOBIKE_RTT:-}" ] || rtt "$RMOBIKE_RTT" || true
}

network_ipv6() {
	address client eth0 $CLIENT_6/64
	address router in 2001:db8:1::1/64
	address router out 2001:db8:98::1/64
	address internet west 2001:db8:98::fe/64
	address internet east 2001:db8::fe/64
	address gateway eth0 $GW1_6/64 $GW2_6/64
	on client ip -6 route add default via 2001:db8:1::1
	on router ip -6 route add default via 2001:db8:98::fe
	on internet ip -6 route add 2001:db8:1::/64 via 2001:db8:98::1
	on gateway ip -6 route add default via 2001:db8::fe
}

# nat [ROUTER]: it is a restricted cone, what the client did not ask for stays out.
# Without the drop in "input", a packet of the gateway that comes too early
# leaves an entry that gives the client's own packet a different port later.
nat() {
	on "${1:-router}" nft -f - <<-'END'
	table ip rmobike {
		chain post {
			type nat hook postrouting priority srcnat
			oifname "out" masquerade
		}
		chain input {
			type filter hook input priority filter
			iifname "out" meta l4proto udp ct state new counter drop
		}
		chain forward {
			type filter hook forward priority filter; policy drop
			ct state established,related accept
			iifname "in" accept
		}
	}
	END
}

# blackhole ADDRESS, unblackhole: what is for this address gets lost on the way
blackhole() {
	local family=ip
	[[ $1 != *:* ]] || family=ip6
	on internet nft -f - <<-END
	table inet blackhole {
		chain forward {
			type filter hook forward priority filter
			$family daddr $1 counter drop
		}
	}
	END
}

unblackhole() { on internet nft delete table inet blackhole; }

# rtt MILLISECONDS [PERCENT]: between client and gateway, where so much is lost each
# way. Needs netem, which the test VM
# has; it says so by its status.
rtt() {
	local if
	for if in west east; do
		on internet tc qdisc replace dev $if root netem delay \
			"$(($1 * 500))us" loss "${2:-0}%" limit 100000 2>/dev/null || return 1
	done
}

# new_mapping PORT: for the client's packets from port 4500
new_mapping() {
	on router nft -f - <<-END
	flush chain ip rmobike post
	add rule ip rmobike post oifname "out" udp sport 4500 masquerade to :$1
	add rule ip rmobike post oifname "out" masquerade
	END
	# Mappings go with the address
	on router ip address del "$NAT/24" dev out
	on router ip address add "$NAT/24" dev out
	on router ip route add default via 198.51.100.254
}

# How many packets the NAT kept out
nat_drops() {
	on router nft list chain ip rmobike input |
		sed -n 's/.*counter packets \([0-9]*\).*/\1/p'
}
nat_dropped() { [ "$(nat_drops)" -gt 0 ]; }

# unannounced_address: the gateway's third one, which it does not tell its peers
# about. Needs NETLINK[gateway]='roam_events = no'.
unannounced_address() { address gateway eth0 "$GW3/24"; }
