# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Weather over live daemons: a gateway with three uplinks, four clients, and what
# happens to them. Sourced by testing/tools/weather, after lab.sh.
#
#   plain ------------------.                .---- 192.0.2.1 -----.
#   cone ---- NAT ----------- internet ----------- 203.0.113.1 ----- gateway -- server
#   forgets - NAT ----------|                '---- 198.18.0.1 ----'
#   silent -- NAT ----------'

CLIENTS=(plain cone forgets silent)
UPLINKS=(192.0.2.1 203.0.113.1 198.18.0.1)
declare -A NATTED=([cone]=1 [forgets]=2 [silent]=3)

weather_network() {
	local name i router
	host internet gateway server "${CLIENTS[@]}"
	forwards internet gateway
	for i in "${!UPLINKS[@]}"; do
		wire internet "up$i" gateway "eth$i"
		address internet "up$i" "${UPLINKS[i]%.*}.254/24"
		on gateway ip rule add from "${UPLINKS[i]}" table $((100 + i))
	done
	wire gateway lan server eth0
	address gateway lan 10.2.0.1/24
	address server eth0 "$SERVER/24"
	on server ip route add default via 10.2.0.1

	wire plain eth0 internet plain
	address internet plain 100.64.0.254/24
	for name in "${!NATTED[@]}"; do
		router=nat-$name i=${NATTED[$name]}
		host "$router"
		wire "$name" eth0 "$router" in
		wire "$router" out internet "$name"
		forwards "$router"
		address internet "$name" "100.64.$i.254/24"
		address "$router" in "10.1.$i.254/24"
		address "$router" out "100.64.$i.1/24"
		on "$router" ip route add default via "100.64.$i.254"
		nat "$router"
	done
	on internet nft -f - <<-'END'
	table ip filtered {
		set uplinks {
			type ipv4_addr
		}
		chain forward {
			type filter hook forward priority filter
			ip daddr @uplinks drop
			ip saddr @uplinks drop
		}
	}
	END
}

# net_of CLIENT: its network, without the last number
net_of() { [ "$1" = plain ] && echo 100.64.0 || echo "10.1.${NATTED[$1]}"; }

# The weather ends
calm() {
	local i
	for i in "${!UPLINKS[@]}"; do
		uplink_up "$i"
	done
	netem 0
}

# All is as in the beginning
clear_sky() {
	local name
	calm
	for name in "${CLIENTS[@]}"; do
		at_home "$name" 2
	done
	declare -gA AT=([plain]=2 [cone]=2 [forgets]=2 [silent]=2)
}

# at_home CLIENT NUMBER: that is its address from now on, and no other
at_home() {
	local net
	net=$(net_of "$1")
	on "$1" ip -batch - <<-END
	address flush dev eth0 scope global
	address add $net.$2/24 dev eth0
	route replace default via $net.254
	END
}

# --- what may happen ---------------------------------------------------------

# uplink_up NUMBER: it is there, with its address and its routes
uplink_up() {
	local address=${UPLINKS[$1]}
	on internet nft "delete element ip filtered uplinks { $address }" \
		2> /dev/null || true
	on gateway ip -batch - <<-END
	link set eth$1 up
	address replace $address/24 dev eth$1
	route replace default via ${address%.*}.254 dev eth$1 metric $((100 + $1))
	route replace default via ${address%.*}.254 dev eth$1 table $((100 + $1))
	END
}

# uplink_away NUMBER HOW
uplink_away() {
	case $2 in
	address) on gateway ip address del "${UPLINKS[$1]}/24" dev "eth$1" ;;
	link)	on gateway ip link set "eth$1" down ;;
	filter)	on internet nft "add element ip filtered uplinks { ${UPLINKS[$1]} }" ;;
	esac
}

# roam CLIENT: it has another address all of a sudden
roam() {
	AT[$1]=$((AT[$1] + 1))
	at_home "$1" "${AT[$1]}"
}

# forget CLIENT: its NAT knows nobody anymore. If the interface goes down, so does
# what is masqueraded as its address. Ports stay the same, unless the client moved
# before: then its port was taken, and is free from now on.
forget() {
	on "nat-$1" ip -batch - <<-END
	link set out down
	link set out up
	route replace default via 100.64.${NATTED[$1]}.254
	END
}

# netem PERCENT: so much is lost between the clients and the gateway
netem() {
	local i
	for i in "${!UPLINKS[@]}"; do
		echo "qdisc replace dev up$i root netem delay 10ms 2ms loss $1%"
	done | on internet tc -batch -
	for i in "${CLIENTS[@]}"; do
		echo "qdisc replace dev $i root netem delay 10ms 2ms loss $1%"
	done | on internet tc -batch -
}

# command HOST COMMAND...: nobody waits for what it says
command_on() {
	local name=$1
	shift
	on "$name" "$@" >> "$lab/$name/commands" 2>&1 &
	disown $!
}

# rekey HOST ike|child
rekey() {
	local what=net0
	[ "$2" = child ] || what=$([ "$1" = gateway ] && echo rw || echo home)
	command_on "$1" swanctl --rekey "--$2" "$what"
}

# event WHAT ARGUMENT...: a line of the schedule
event() {
	local what=$1
	shift
	case $what in
	up)		uplink_up "$@" ;;
	away)	uplink_away "$@" ;;
	roam|forget|netem|rekey|calm) $what "$@" ;;
	switch)	command_on gateway "$rmobike" --switch --all --to "${UPLINKS[$1]}" ;;
	drain|undrain) command_on gateway "$rmobike" "--$what" "${UPLINKS[$1]}" ;;
	esac
}

# --- the daemons -------------------------------------------------------------

weather_daemons() {
	local name
	# shellcheck disable=SC2034 # for charon.sh
	GATEWAY=${UPLINKS[0]}
	mkdir -p "$lab/gateway/swanctl"
	gateway_conf
	for name in "${CLIENTS[@]}"; do
		mkdir -p "$lab/$name/swanctl"
		RMOBIKE[$name]='max_switches = 0'
		[ "$name" = silent ] || CONNECTION[$name]='dpd_delay = 20s'
		client_conf "$name" "$name"
	done
	for name in gateway "${CLIENTS[@]}"; do
		write_strongswan_conf "$name"
		[ -z "${PLUGIN[$name]:-}" ] || plugin_directory "$name"
	done
}

weather_start() {
	local name
	for name in gateway "${CLIENTS[@]}"; do
		: > "$lab/$name/charon.log"
		rm -f "$lab/$name/run/charon.vici"
		start_daemon "$name"
	done
	for name in gateway "${CLIENTS[@]}"; do
		wait_for 60 "charon of $name" test -S "$lab/$name/run/charon.vici"
		on "$name" swanctl --load-all >> "$lab/$name/swanctl.log" 2>&1 ||
			fail "$name: configuration not loaded, see swanctl.log"
	done
	for name in "${CLIENTS[@]}"; do
		on "$name" swanctl --initiate --child net0 \
			>> "$lab/$name/swanctl.log" 2>&1 || fail "tunnel of $name not up"
	done
}

# --- what has to hold in the end ---------------------------------------------

# sas HOST: once for all that is asked about
sas() { cat "$lab/$1/sas"; }

sas_now() {
	on "$1" swanctl --list-sas --raw | sed -n 's/^list-sa event //p' > "$lab/$1/sas"
}

# died CLIENT: says so if its IKE_SA is not the one it began with
died() {
	local name=$1 times here there
	times=$(log_count gateway "authentication of '$name@rmobike.test' with")
	here=$(sa "$name" state=ESTABLISHED | wc -l)
	there=$(sa gateway "state=ESTABLISHED.*remote-id=$name@" | wc -l)
	[ "$times" = 1 ] || echo "$name was authenticated $times times"
	[ "$here $there" = "1 1" ] ||
		echo "$name has $here IKE_SAs, the gateway $there of them"
}

# disagreement CLIENT: about where the gateway is
disagreement() {
	local here there
	here=$(ike_get "$1" remote-host)
	there=$(ike_get gateway local-host "remote-id=$1@")
	[ "$here" = "$there" ] ||
		echo "$1 has the gateway at '$here', it is at '$there'"
}

# unreachable CLIENT: a packet is enough
unreachable() {
	local vip
	on "$1" ping -q -n -c 1 -w 3 "$SERVER" > /dev/null ||
		echo "$1 does not reach the server"
	vip=$(ike_get "$1" local-vips)
	on server ping -q -n -c 1 -w 3 "${vip//[^0-9.]/}" > /dev/null ||
		echo "the server does not reach $1"
}

# surplus HOST: SAs in its kernel that no CHILD_SA has, or the other way round
surplus() {
	local kernel charon
	kernel=$(on "$1" ip xfrm state |
		sed -n 's/.*proto esp spi 0x\([0-9a-f]*\).*/\1/p' | sort | xargs)
	charon=$(spis "$1" | xargs)
	[ "$kernel" = "$charon" ] ||
		echo "SPIs in the kernel of $1: $kernel, of its CHILD_SAs: $charon"
}

# wrong: everything that is not as it has to be, a line each
wrong() {
	local name
	for name in gateway "${CLIENTS[@]}"; do
		sas_now "$name"
	done
	for name in "${CLIENTS[@]}"; do
		died "$name"
		disagreement "$name"
		unreachable "$name"
	done
	for name in gateway "${CLIENTS[@]}"; do
		surplus "$name"
	done
}

# left_over: all hang up; what they leave behind, a line each
left_over() {
	local name
	for name in "${CLIENTS[@]}"; do
		on "$name" swanctl --terminate --ike home > /dev/null || true
	done
	sleep 1
	for name in gateway "${CLIENTS[@]}"; do
		[ -z "$(on "$name" ip xfrm state)" ] || echo "SAs of $name are left over"
		[ -z "$(on "$name" ip xfrm policy list nosock)" ] ||
			echo "policies of $name are left over"
	done
}
