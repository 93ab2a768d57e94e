# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A cluster: two gateways, each with an address of its own, that share their
# IKE_SAs by charon's ha plugin, and clients behind NATs. Sourced after lab.sh.
#
#                                      192.0.2.1         10.2.0.11
#   client --- nat-client -.          .----------- node-a ----------.
#   10.1.1.2   100.64.1.1   |         |              | 10.9.0.2     |
#                           internet -+              | ha           lan -- server
#   dave ----- nat-dave ---'          |              | 10.9.0.1     |     10.2.0.2
#   10.1.2.2   100.64.2.1             '----------- node-b ----------'
#                                      203.0.113.1       10.2.0.12
#
# Clients get 10.3.0.1 and those after it, from ha's pool: charon's own pools would
# lease an address twice. The server has 10.3.0.0/22 on its link and asks by ARP who
# has them. The node with the client answers: farp does that for each CHILD_SA that
# charon says is up. This needs no routing daemon, and unlike updown scripts (180 ms
# for each, one by one) nothing that runs for each client. But farp only answers:
# what the server knew already stays with the old node until somebody announces it,
# the plugin (garp = lan), or stock daemons' operators (lan_follows).
#
# A test does this:
#
#	cluster_network            # or: cluster_network ipv6
#	with_plugin node-a node-b client
#	cluster_up                 # node-a is active, all clients are there
#	flows_start 100
#	kill_node node-a
#	at_node client node-b
#	flows_end

# shellcheck source=testing/lib/numbered.sh
. "$testing/lib/numbered.sh"

NODES=(node-a node-b)
declare -A NODE=([node-a]=192.0.2.1 [node-b]=203.0.113.1)
declare -A NODE_6=([node-a]=2001:db8:a::1 [node-b]=2001:db8:b::1)
declare -A NODE_LAN=([node-a]=10.2.0.11 [node-b]=10.2.0.12)
# If both or none of them are active, ha has the one with the higher address take
# all
declare -A HA=([node-a]=10.9.0.2 [node-b]=10.9.0.1)
# No SPI is ever at both
declare -A NODE_SPIS=([node-a]='spi_min = 0xc1000000
		spi_max = 0xc7ffffff
		spi_label = 0x0a00000000000000'
	[node-b]='spi_min = 0xc8000000
		spi_max = 0xcfffffff
		spi_label = 0x0b00000000000000')

# What a test may set before cluster_network and cluster_up
CLIENTS=(client)         # hosts, each behind a NAT of its own
declare -A HA_OPTIONS=() # node -> options in charon.plugins.ha
declare -A CLUSTER=()    # node -> options in charon.plugins.rmobike.cluster
USERS=1                  # tunnels of the first client, see ids
# client -> how it is different: routed (no NAT) or ipv6, see AUTH, so many CHILD_SAs,
# options of these, the node that it connects to
declare -A PATH_OF=() AUTH_OF=() CHILDREN_OF=() CHILD_OF=() FIRST_NODE=()
SEGMENTS=1               # of ha: with two each node is the active one for one of them
HA_WANTED=1              # empty: nodes that don't know of each other
HIDDEN_LINKS="lan, ha"   # of the nodes, from charon; ha's secret needs IKE there

# other NODE
other() { [ "$1" = node-a ] && echo node-b || echo node-a; }

# --- the network -------------------------------------------------------------

# cluster_network [ipv6]
cluster_network() {
	local i
	CLUSTER_IPV6=${1:-}
	host internet "${NODES[@]}" lan server
	forwards internet "${NODES[@]}"
	on lan ip link add bridge type bridge
	on lan ip link set bridge up
	wire node-a ha node-b ha
	for i in "${NODES[@]}"; do
		wire internet "$i" "$i" eth0
		wire "$i" lan lan "$i"
		on lan ip link set "$i" master bridge
		address internet "$i" "${NODE[$i]%.*}.254/24"
		[ -z "$CLUSTER_IPV6" ] ||
			address internet "$i" "${NODE_6[$i]%1}fe/64"
		node_links "$i"
	done
	wire server eth0 lan server
	on lan ip link set server master bridge
	address server eth0 "$SERVER/24"
	other_networks server eth0 2
	on server ip route add "${VIP%.*}.0/22" dev eth0
	for i in "${!CLIENTS[@]}"; do
		cluster_client "${CLIENTS[i]}" $((i + 1))
	done
	[ -z "${RMOBIKE_RTT:-}" ] || cluster_rtt "$RMOBIKE_RTT"
}

# most_children: of any client
most_children() { printf '%s\n' "$CHILDREN" "${CHILDREN_OF[@]}" | sort -n | tail -n 1; }

# other_networks HOST INTERFACE NUMBER: a network for each CHILD_SA but the first
other_networks() {
	local n
	for ((n = 1; n < $(most_children); n++)); do
		on "$1" ip address replace "10.2.$n.$3/24" dev "$2"
	done
}

# node_links NODE: all of them are up
node_links() {
	local node=$1
	on "$node" ip -batch - <<-END
	link set eth0 up
	link set lan up
	link set ha up
	address replace ${NODE[$node]}/24 dev eth0
	address replace ${NODE_LAN[$node]}/24 dev lan
	address replace ${HA[$node]}/30 dev ha
	route replace default via ${NODE[$node]%.*}.254
	END
	other_networks "$node" lan "${NODE_LAN[$node]##*.}"
	[ -n "$CLUSTER_IPV6" ] || return 0
	on "$node" ip -batch - <<-END
	address replace ${NODE_6[$node]}/64 dev eth0
	route replace default via ${NODE_6[$node]%1}fe
	END
}

# cluster_client HOST NUMBER: behind a restricted cone, with its network
cluster_client() {
	local name=$1 nat=nat-$1 i=$2
	host "$name" "$nat"
	wire "$name" eth0 "$nat" in
	wire "$nat" out internet "$name"
	forwards "$nat"
	address internet "$name" "100.64.$i.254/24"
	address "$nat" in "10.1.$i.254/24"
	address "$nat" out "100.64.$i.1/24"
	on "$nat" ip route add default via "100.64.$i.254"
	if [ "${PATH_OF[$name]:-}" = routed ]; then
		on internet ip route add "10.1.$i.0/24" via "100.64.$i.1"
	else
		nat "$nat"
	fi
	client_at "$name" "10.1.$i.2"
	[ -z "$CLUSTER_IPV6" ] || cluster_client_ipv6 "$@"
}

# IPv6 has no NAT
cluster_client_ipv6() {
	local name=$1 nat=nat-$1 i=$2
	address internet "$name" "2001:db8:98:$i::fe/64"
	address "$nat" out "2001:db8:98:$i::1/64"
	address "$nat" in "2001:db8:1:$i::1/64"
	address "$name" eth0 "2001:db8:1:$i::2/64"
	on "$name" ip -6 route add default via "2001:db8:1:$i::1"
	on "$nat" ip -6 route add default via "2001:db8:98:$i::fe"
	on internet ip -6 route add "2001:db8:1:$i::/64" via "2001:db8:98:$i::1"
}

# client_at HOST ADDRESS: it has that one from now on, and no other. The NAT takes
# another port for it: what was sent to the one before is of no use anymore.
client_at() {
	on "$1" ip -batch - <<-END
	address flush dev eth0 scope global
	address add $2/24 dev eth0
	route replace default via ${2%.*}.254
	END
}

# cluster_rtt MILLISECONDS: between clients and nodes
cluster_rtt() {
	local name
	for name in "${NODES[@]}" "${CLIENTS[@]}"; do
		on internet tc qdisc replace dev "$name" root netem delay \
			"$(($1 * 500))us" limit 100000 2> /dev/null || fail "no netem"
	done
}

# spoofing_blocked: the provider only forwards what a node sends from its own address
spoofing_blocked() {
	on internet nft -f - <<-END
	table ip spoofing {
		chain forward {
			type filter hook forward priority filter
			iifname "node-a" ip saddr != ${NODE[node-a]} counter drop
			iifname "node-b" ip saddr != ${NODE[node-b]} counter drop
		}
	}
	END
}

# ha_cut [PORT]: nothing gets from a node to the other anymore, or nothing to this
# port: 4510 is ha's, 4511 our channel's. No node sees an error. ha_heal: it does
# again.
ha_cut() {
	local node what=
	[ $# = 0 ] || what="meta l4proto { tcp, udp } th dport $1"
	for node in "${NODES[@]}"; do
		on "$node" nft -f - <<-END
		table inet cut {
			chain input {
				type filter hook input priority filter
				iifname "ha" $what drop
			}
		}
		END
	done
}

ha_heal() {
	local node
	for node in "${NODES[@]}"; do
		on "$node" nft delete table inet cut
	done
}

# --- the daemons -------------------------------------------------------------

# ids: of all clients: the first one is that of the first host, with USERS they have
# user1 and so on besides, the others have their host's name
ids() {
	local i
	echo "${CLIENTS[0]}"
	for ((i = 1; i < USERS; i++)); do
		echo "user$i"
	done
	for ((i = 1; i < ${#CLIENTS[@]}; i++)); do
		echo "${CLIENTS[i]}"
	done
}

# home_of ID: its host
home_of() { [ -n "${HOST[$1]:-}" ] && echo "$1" || echo "${CLIENTS[0]}"; }

# addresses_of NODE: where clients reach it
addresses_of() {
	echo "${NODE[$1]}"
	[ -z "$CLUSTER_IPV6" ] || echo "${NODE_6[$1]}"
}

# cluster_conf NODE...: with the plugin's own part of a cluster. For RMOBIKE.
cluster_conf() {
	local node
	for node; do
		RMOBIKE[$node]+="
				cluster {
					peers = $(addresses_of "$(other "$node")" | paste -sd ,)
					local = ${HA[$node]}
					remote = ${HA[$(other "$node")]}
					port = 4511
					secret = only-for-the-laboratory
					heartbeat = 0.1
					timeout = 0.35
					takeover = yes
					garp = lan
					rekey_delay = 5
					${CLUSTER[$node]:-}
				}"
	done
}

# ha finds connections by their names, those of both nodes have to be the same
node_conf() {
	local node=$1 name
	EXTRA_PLUGINS[$node]+="${HA_WANTED:+ ha} farp"
	# charon has nothing to do with the links inside: no IKE, and no MOBIKE
	# address for the clients
	CHARON[$node]+="
		interfaces_ignore = $HIDDEN_LINKS
		spi_mask = 0xff00000000000000
		${NODE_SPIS[$node]}
		block_threshold = 0
		cookie_threshold = 0
		plugins {
			ha {
				local = ${HA[$node]}
				remote = ${HA[$(other "$node")]}
				segment_count = $SEGMENTS
				pools {
					pool = ${VIP%.*}.0/22
				}
				${HA_OPTIONS[$node]:-}
			}
		}"
	mkdir -p "$lab/$node/swanctl"
	{
		echo "connections {"
		node_connection "$node" rw %any
		for name in "${!AUTH_OF[@]}"; do
			AUTH=${AUTH_OF[$name]} \
				node_connection "$node" "$name" "$name@rmobike.test"
		done
		echo "}"
		[ -n "$HA_WANTED" ] || printf '%s\n' "pools {" "	pool {" \
			"		addrs = ${VIP%.*}.0/22" "	}" "}"
		secrets_conf
	} > "$lab/$node/swanctl/swanctl.conf"
}

# node_connection NODE NAME REMOTE-ID: by AUTH
node_connection() {
	local CHILDREN=$CHILDREN most
	most=$(most_children)
	CHILDREN=$most
	echo "	$2 {"
	echo "		pools = pool"
	echo "		local {"
	auth_conf gateway
	echo "		}"
	echo "		remote {"
	echo "			auth = $(auth_method client)"
	echo "			id = $3"
	echo "		}"
	echo "		${CONNECTION[$1]:-}"
	children_conf local_ts ''
	echo "	}"
}

# clients_conf: each has a tunnel to a node
clients_conf() {
	local name
	mapfile -t IDS < <(ids)
	[ ${#AUTH_OF[@]} = 0 ] || authority
	[ ${#AUTH_OF[@]} = 0 ] || certificate gateway "${NODES[@]}"
	for name in "${CLIENTS[@]}"; do
		mkdir -p "$lab/$name/swanctl"
		[ -z "${AUTH_OF[$name]:-}" ] || certificate "$name" "$name"
		cluster_client_conf "$name"
	done
}

cluster_client_conf() {
	local name=$1 id=("$1") node=${FIRST_NODE[$1]:-node-a} AUTH=${AUTH_OF[$1]:-$AUTH}
	local GATEWAY=${NODE[$node]}
	local CHILDREN=${CHILDREN_OF[$1]:-$CHILDREN}
	local CHILD_OPTIONS=${CHILD_OF[$1]:-${CHILD_OPTIONS:-}}
	[ "${PATH_OF[$name]:-}" != ipv6 ] || GATEWAY=${NODE_6[$node]}
	[ "$name" != "${CLIENTS[0]}" ] || id=("${IDS[@]:0:USERS}")
	client_conf "$name" "${id[@]}"
}

# knows_other CLIENT...: there is a connection "other" with "other0" to node-b, too.
# charon does not take two addresses of a connection as alternatives.
knows_other() {
	local name
	for name; do
		sed "s/home {/other {/; s/net0 {/other0 {/
			s/remote_addrs = .*/remote_addrs = ${NODE[node-b]}/" \
			"$lab/$name/swanctl/swanctl.conf" > "$lab/other"
		cat "$lab/other" >> "$lab/$name/swanctl/swanctl.conf"
	done
}

# cluster_conf_all: writes what all of them need
cluster_conf_all() {
	local node
	for node in "${NODES[@]}"; do
		node_conf "$node"
	done
	clients_conf
}

# cluster_up: daemons and tunnels, node-a is active, node-b has its copies
cluster_up() {
	cluster_conf_all
	cluster_start
}
cluster_start() {
	daemon "${NODES[@]}" "${CLIENTS[@]}"
	cluster_connect
}
# cluster_connect: for daemons that run
cluster_connect() {
	if [ -n "$HA_WANTED" ]; then
		wait_for 60 "node-a active" active node-a
		if [ "$SEGMENTS" = 1 ]; then
			! active node-b || fail "both nodes are active"
		else
			wait_for 60 "node-b active" active node-b
		fi
		# Each asks for all copies a second after it was started, and to look costs
		# a virtual machine a lot. ha of 5.9.8 has those twice that it got before.
		sleep 1
		wait_for 60 "nodes that have asked for copies" have_asked
		sleep 0.5
	fi
	clients_connect
	[ -z "$HA_WANTED" ] || all_synced
}

have_asked() {
	local node
	for node in "${NODES[@]}"; do
		[ "$(log_count "$node" 'requesting HA resynchronization')" -gt 0 ] || return
	done
}

clients_connect() {
	local name first=${CLIENTS[0]}
	if [ "$USERS" -gt 1 ]; then
		local IDS=("${IDS[@]:0:USERS}")
		connect_many
	else
		client_connect "$first"
	fi
	for name in "${CLIENTS[@]:1}"; do
		client_connect "$name"
	done
}
client_connect() {
	local n
	for ((n = 0; n < ${CHILDREN_OF[$1]:-$CHILDREN}; n++)); do
		on "$1" swanctl --initiate --child "net$n" >> "$lab/$1/swanctl.log" 2>&1 ||
			fail "no tunnel of $1, see swanctl.log"
	done
}

# For connect_many: so many IKE_SAs are there
gateway_sees() { [ "$(sa node-a state=ESTABLISHED | wc -l)" -ge "$1" ]; }

# active NODE: it has a segment of ha, by the log of the daemon that runs
active() {
	awk '/loaded plugins:/ { is = 0 } /HA segment .* now active:/ { is = $NF != "none" }
		END { exit !is }' "$lab/$1/charon.log"
}

# fifo NODE +1|-1: takes the segment from the other one, or gives it away
fifo() { on "$1" sh -c "echo $2 > /run/charon.ha"; }

# kill_node NODE: it is gone at once, with its links; what its kernel knew as well
kill_node() {
	local node=$1 pid=${DAEMON[$1]}
	# bash has nothing to say about it
	disown "$pid"
	kill -KILL "$pid"
	on "$node" ip -batch - <<-END
	link set eth0 down
	link set lan down
	link set ha down
	xfrm state flush
	xfrm policy flush
	END
	unset "DAEMON[$node]"
	wait_for 60 "end of charon of $node" ended "$pid"
}
ended() { ! kill -0 "$1"; }

# stop_node NODE: as systemctl stop does. Its links stay up.
stop_node() {
	local node=$1 pid=${DAEMON[$1]} status=0
	kill -TERM "$pid"
	wait "$pid" || status=$?
	unset "DAEMON[$node]"
	is "exit status of charon of $node" "$status" 0
}

# start_node NODE: and it has loaded its connections. ha asks the other node for
# everything a second after it was loaded, and needs them by then.
start_node() {
	node_links "$1"
	start_again "$1"
}
# start_again HOST: its daemon
start_again() {
	rm -f "$lab/$1/run/charon.vici"
	start_daemon "$1"
	wait_for 60 "charon of $1" test -S "$lab/$1/run/charon.vici"
	on "$1" swanctl --load-all >> "$lab/$1/swanctl.log" 2>&1 ||
		fail "$1: configuration not loaded, see swanctl.log"
}

# reconnects CLIENT: somebody there who sees when charon has given up the tunnel to
# node-a, and sets up the one to node-b that it has from knows_other
reconnects() {
	local name=$1
	{
		until [ -z "$(sas "$name")" ]; do
			sleep 0.1
		done
		until on "$name" swanctl --initiate --child other0; do
			sleep 0.1
		done
	} > "$lab/$name/reconnects" 2>&1 &
	disown $!
}

# lan_follows: both nodes announce to the LAN what vici says is up, as operators
# of stock daemons have to arrange somehow
lan_follows() {
	local node vici=${STRONGSWAN_SOURCE:-$top/strongswan-source}
	vici=$vici/src/libcharon/plugins/vici/python
	for node in "${NODES[@]}"; do
		exec_on "$node" env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$vici" \
			"${PYTHON3:-python3}" "$testing/lib/announce.py" lan \
			> "$lab/$node/announce" 2>&1 &
		disown $!
		wait_for 60 "announcements of $node" grep -q listening "$lab/$node/announce"
	done
}

# shellcheck source=testing/lib/cluster-where.sh
. "$testing/lib/cluster-where.sh"
# shellcheck source=testing/lib/cluster-flows.sh
. "$testing/lib/cluster-flows.sh"
