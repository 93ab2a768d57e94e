# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What may fail in a cluster, and when: faults that end after a while, moments of a
# move or a takeover that are seen on the wire, and what became of the client in the
# end. Sourced after cluster.sh.

# --- the laboratory ----------------------------------------------------------

# faults_network: the way to the client takes 20 ms there and back, that between
# the nodes 10, so that what happens one after the other does not do so at once
faults_network() {
	local node
	cluster_network
	cluster_rtt 20
	for node in "${NODES[@]}"; do
		on "$node" tc qdisc replace dev ha root netem delay 5ms limit 100000
	done
	with_plugin node-a node-b client
	RMOBIKE[client]='max_switches = 0'
	cluster_conf node-a node-b
	cluster_conf_all
	for node in "${NODES[@]}" client; do
		write_strongswan_conf "$node"
		plugin_directory "$node"
	done
}

# faults_start RATE: all is as in the beginning, with daemons that know nothing, and
# so many packets a second go each way
faults_start() {
	local name
	FAULT_A=node-a FAULT_B=node-b MOMENT=''
	for name in "${!DAEMON[@]}"; do
		kill_daemon "$name"
	done
	for name in "${NODES[@]}" nat-client; do
		on "$name" nft flush ruleset
	done
	nat nat-client
	rebound
	for name in "${NODES[@]}"; do
		node_links "$name"
	done
	on server ip neigh flush all
	for name in "${NODES[@]}" client; do
		on "$name" ip xfrm state flush
		on "$name" ip xfrm policy flush
		: > "$lab/$name/charon.log"
		start_again "$name"
	done
	cluster_connect
	look children
	FAULT_CHILDREN=$LOOKED
	flows_start "$1"
}

# --- moments -----------------------------------------------------------------

# An IKE message behind a NAT: no ESP, exchange type, request
request_of() { echo "udp port 4500 and udp[8:4] = 0 and udp[30] = $1 and udp[31] & 0x20 = 0"; }
# One of our channel, see rmobike_channel.h and rmobike_seal.c
mail_of() { echo "udp dst port 4511 and udp[36] = $1"; }

# expect_moment NAME move|takeover: that of A's client to B comes to this moment when
# something passes; moment_comes waits for it
expect_moment() {
	local at=internet dev=client way=in what from=${NODE[$FAULT_A]}
	case $1 in
	released) at=$FAULT_A dev=ha way=out what=$(mail_of 1) ;;
	asked)	way=out what="src host $from and $(request_of 37)" ;;
	updated) what="dst host ${NODE[$FAULT_B]} and $(request_of 37)" ;;
	rekeying) way=out what="src host ${NODE[$FAULT_B]} and $(request_of 36)" ;;
	*)	return 0 ;;
	esac
	# The other node finds out by itself, and asks as soon as it has
	[ "$1 $2" != "asked takeover" ] || at=$FAULT_B dev=eth0
	exec_on "$at" tcpdump --immediate-mode -l -nn -c 1 -Q "$way" -i "$dev" \
		"$what" > "$lab/moment" 2> "$lab/moment.err" &
	MOMENT=$!
	wait_for 60 "tcpdump" grep -q 'listening on' "$lab/moment.err"
}

moment_comes() {
	case $1 in
	before)	;;
	later)	wait_for 60 "other CHILD_SAs" others "$FAULT_CHILDREN"
		! runs "$FAULT_A" || synced client
		;;
	*)	( sleep 60; kill "$MOMENT" ) 2> /dev/null &
		disown $!
		wait "$MOMENT" 2> /dev/null || true
		[ -s "$lab/moment" ] || fail "it never was '$1'"
		;;
	esac
}

# fault_move FROM TO: in the background
fault_move() {
	: > "$lab/moved"
	on "$1" "$rmobike" --switch --all --to "${NODE[$2]}" > "$lab/moved" 2>&1 &
	disown $!
}

# fault_event WHAT: A has the client moved, or it or A rekeys something
fault_event() {
	local node=client what=$1 name
	case $1 in
	move)	fault_move "$FAULT_A" "$FAULT_B"; return ;;
	nothing) return ;;
	node-*)	node=$FAULT_A what=${1#node-} ;;
	esac
	case $node-$what in
	*-child) name=net0 ;;
	client-ike) name=home ;;
	*)	name=rw ;;
	esac
	on "$node" swanctl --rekey "--$what" $name >> "$lab/$node/swanctl.log" 2>&1 || true
}

# --- faults ------------------------------------------------------------------

# fault WHAT: it begins, to A, which has the client, or to B: FAULT_A and FAULT_B
fault() {
	case $1 in
	nothing) ;;
	a-dies)	kill_node "$FAULT_A" ;;
	b-dies)	kill_node "$FAULT_B" ;;
	a-restarts) kill_daemon "$FAULT_A"; start_node "$FAULT_A" ;;
	b-restarts) kill_daemon "$FAULT_B"; start_node "$FAULT_B" ;;
	channel) ha_cut 4511 ;;
	ha)	ha_cut 4510 ;;
	link)	ha_cut ;;
	link-a-dies) ha_cut; kill_node "$FAULT_A" ;;
	sleeps)	client_sleeps ;;
	rebinds) nat_rebinds ;;
	clock)	date -s "+${2:-3600} seconds" > /dev/null ;;
	lost-*)	lose_message "${1#lost-}" ;;
	esac
}

# fault_lasts WHAT: so many seconds
fault_lasts() {
	case $1 in
	channel|ha|link|link-a-dies) echo 5 ;;
	sleeps)	echo 10 ;;
	*)	echo 0 ;;
	esac
}

# fault_ends WHAT
fault_ends() {
	case $1 in
	channel|ha|link|link-a-dies) ha_heal ;;
	sleeps)	client_wakes ;;
	esac
}

# kill_daemon HOST: if it runs. Nothing else knows of it, its kernel goes on.
kill_daemon() {
	local pid=${DAEMON[$1]:-}
	[ -n "$pid" ] || return 0
	disown "$pid"
	kill -KILL "$pid"
	unset "DAEMON[$1]"
	wait_for 60 "end of charon of $1" ended "$pid"
}

# client_sleeps: its daemon does nothing, and nothing gets to it or out of it
client_sleeps() {
	kill -STOP "${DAEMON[client]}"
	on nat-client nft -f - <<-'END'
	table ip asleep {
		chain forward {
			type filter hook forward priority filter - 1; policy drop
		}
	}
	END
}
client_wakes() {
	on nat-client nft delete table ip asleep
	kill -CONT "${DAEMON[client]}"
}

# nat_rebinds: it forgets what it knew, and takes other ports from now on
NAT_PORT=20000
nat_rebinds() {
	NAT_PORT=$((NAT_PORT + 1000))
	on nat-client nft -f - <<-END
	flush chain ip rmobike post
	add rule ip rmobike post oifname "out" meta l4proto udp masquerade to :$NAT_PORT-$((NAT_PORT + 999))
	add rule ip rmobike post oifname "out" masquerade
	END
	rebound
}
# What is masqueraded as the address of an interface that goes down is forgotten
rebound() {
	on nat-client ip -batch - <<-END
	link set out down
	link set out up
	route replace default via 100.64.1.254
	END
}

# nat_forgets_during_a_move: from node-a to node-b, which does not get to the client, so
# that it stays at node-a
nat_forgets_during_a_move() {
	# No IKE message gets to the client until its NAT has forgotten
	on nat-client nft -f - <<-'END'
	table ip deaf {
		chain forward {
			type filter hook forward priority filter - 1
			oifname "in" udp sport 4500 @th,64,32 0 drop
		}
	}
	END
	fault_move node-a node-b
	wait_for 60 "release" released node-a
	nat_rebinds
	on nat-client nft delete table ip deaf
	wait_for 60 "end of the switch" grep -q timeout "$lab/moved"
	wait_for 60 "client at its old node" at_node client node-a
}
released() { [ -n "$(sa "$1" state=PASSIVE)" ]; }

# lose_message TYPE: the next message of ha of this type is lost, to each node
declare -A HA_TYPE=([ike]=2 [request]=3 [response]=4 [child]=6 [deleted]=7)
lose_message() {
	local node
	for node in "${NODES[@]}"; do
		on "$node" nft -f - <<-END
		table inet lost {
			chain input {
				type filter hook input priority filter
				udp dport 4510 @th,72,8 ${HA_TYPE[$1]} limit rate 1/day burst 1 packets counter drop
			}
		}
		END
	done
}

# --- what became of the client -----------------------------------------------

runs() { [ -n "${DAEMON[$1]:-}" ]; }

# look WHAT: asks look.py, in LOOKED
look() {
	[ -n "${LOOK_IN:-}" ] || look_starts
	echo "$1" >&"$LOOK_IN"
	read -r LOOKED <&"$LOOK_OUT"
}
look_starts() {
	local vici=${STRONGSWAN_SOURCE:-$top/strongswan-source} node nodes=()
	for node in "${NODES[@]}"; do
		nodes+=("$node=${NODE[$node]}")
	done
	coproc PYTHONDONTWRITEBYTECODE=1 \
		PYTHONPATH=$vici/src/libcharon/plugins/vici/python \
		exec "${PYTHON3:-python3}" "$testing/lib/look.py" "$lab" client "${nodes[@]}" \
		2>> "$lab/look.err"
	disown $!
	exec {LOOK_OUT}<&"${COPROC[0]}" {LOOK_IN}>&"${COPROC[1]}"
}

# served: one node has the client, whatever else there is; the client agrees, another
# node that runs has a copy, and packets pass
served() {
	copied &&
		on client ping -q -n -c 1 -W 1 -I "${LOOKED#* }" "$SERVER" > /dev/null &&
		on server ping -q -n -c 1 -W 1 "${LOOKED#* }" > /dev/null
}

# What cluster.sh asks for many clients with many processes
all_synced() { eventually 60 copied || fail "no copy at the standby"; }
copied() { look served && [ "$LOOKED" != - ]; }
all_reached() { served || fail "the client is not served"; }

# others SPIS: the client has no CHILD_SA anymore but one that is not among these
others() {
	look children
	[[ $LOOKED =~ ^[0-9a-f]+$ && " $1 " != *" $LOOKED "* ]]
}

# answered: what the client asks for is done
answered() {
	local children
	look children
	children=$LOOKED
	on client swanctl --rekey --child net0 >> "$lab/client/swanctl.log" 2>&1 ||
		return
	# charon keeps what it replaced for five seconds
	sleep 6
	eventually 60 others "$children"
}

# eventually SECONDS COMMAND...
eventually() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return
		sleep 0.5
	done
}

# keep NAME: the logs of what became of it
keep() {
	local name dir=$RMOBIKE_RESULTS/$1
	for name in "${NODES[@]}" client; do
		mkdir -p "$dir/$name"
		cp "$lab/$name"/*.log "$dir/$name"
	done
	cp "$lab"/*.err "$dir"
}

# unserved: what is wrong if it is not served
unserved() {
	local name
	for name in "${NODES[@]}" client; do
		echo "$name: $(sa "$name" |
			grep -oE '[ {](state|local-host|remote-host|spi-in)=[^ }]*' |
			sed 's/.*=//' | xargs)"
	done | paste -sd ';'
}

# verdict: who has the client, and the longest time without a packet in seconds; and
# what must not be, after a comma
verdict() {
	local node gap again
	node=$(node_of client | xargs)
	gap=$GAP_UP
	[ "$GAP_DOWN" -le "$gap" ] || gap=$GAP_DOWN
	# A packet is late if the way becomes a longer one
	[ "$gap" -ge 100 ] || gap=0
	gap=$(((gap + 50) / 100))
	gap=$((gap / 10)).$((gap % 10))
	case $node in
	"$FAULT_A")	echo -n "A $gap" ;;
	"$FAULT_B")	echo -n "B $gap" ;;
	"")		echo -n "-, lost" ;;
	*)		echo -n "-, two owners" ;;
	esac
	[ "$SERVED" = yes ] || echo -n ", not served ($(unserved))"
	again=$(authentications client)
	[ "$again" = 1 ] || echo -n ", authenticated $again times"
	[ "$TWICE" = 0 ] || echo -n ", $TWICE sequence numbers twice"
	echo
}

# faults_go_on RATE: the same nodes, if all became well, which takes less time than
# to start new ones. Who has the client is A.
faults_go_on() {
	local name
	[[ ${BECAME-,} != *,* ]] || { faults_start "$1"; return; }
	for name in "${NODES[@]}"; do
		on "$name" nft flush ruleset
		runs "$name" || start_node "$name"
	done
	eventually 60 served || fail "a node that was started again has no copy"
	# What is new is rekeyed
	sleep 8
	FAULT_A=$(node_of client)
	FAULT_B=$(other "$FAULT_A")
	look children
	FAULT_CHILDREN=$LOOKED
	flows_start "$1"
}

# fault_at FAULT EVENT:MOMENT: that at this moment of a move or a takeover. Sets BECAME
# to the verdict.
fault_at() {
	local fault=$1 event=${2%:*} moment=${2#*:}
	faults_go_on 50
	expect_moment "$moment" "$event"
	[ "$2" != move:before ] || fault "$fault"
	case $event in
	takeover) kill_node "$FAULT_A" ;;
	move)	fault_event move ;;
	esac
	[ "$2" = move:before ] || { moment_comes "$moment"; fault "$fault"; }
	sleep "$(fault_lasts "$fault")"
	fault_ends "$fault"
	fault_becomes
}

# fault_becomes: all faults are over. Sets BECAME.
fault_becomes() {
	SERVED=yes
	eventually 60 served || SERVED=no
	# What it asks for is done, when all has settled
	sleep 8
	[ $SERVED = no ] || { answered && eventually 60 served; } || SERVED=no
	flows_end
	BECAME=$(verdict)
}
