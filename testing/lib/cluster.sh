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
		# Each asks for all copies a second after it was started. ha of 5.9.8 has
		# those twice that it got before.
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

# --- who is where ------------------------------------------------------------

# tuples HOST STATE LOCAL-OR-REMOTE: a line for each IKE_SA in this state, with the
# identity and the virtual addresses of that end, both SPIs and those of the CHILD_SAs
# in use: for all of many at once, as each process costs a virtual machine its time
tuples() {
	[ -z "${DAEMON[$1]:-}" ] || sas "$1" | awk -v state="state=$2" -v end="$3" '
		function value(key, text) {
			return match(text, "[{ ]" key "=[^ }]*") ? \
				substr(text, RSTART + length(key) + 2, RLENGTH - length(key) - 2) : ""
		}
		index($0, state) {
			ike = $0
			sub(/ child-sas \{.*/, "", ike)
			if (!index(ike, state)) next
			line = value(end "-id", ike) " " value(end "-vips", ike) " " \
				value("initiator-spi", ike) " " value("responder-spi", ike)
			rest = substr($0, length(ike))
			while (match(rest, /\{name=[^}]*/)) {
				child = substr(rest, RSTART, RLENGTH)
				rest = substr(rest, RSTART + RLENGTH)
				if (index(child, "state=INSTALLED"))
					line = line " " value("spi-in", child) " " value("spi-out", child)
			}
			# not that of the nodes, see cluster-link-is-protected
			if (index(line, "@")) print line
		}' | sort
}

# client_tuples: those of all clients
client_tuples() {
	local name
	for name in "${CLIENTS[@]}"; do
		tuples "$name" ESTABLISHED local
	done
}

# copies NODE STATE ID: the IKE_SAs of the client that it has in this state
copies() {
	# of those that run
	[ -z "${DAEMON[$1]:-}" ] || sa "$1" "state=$2 .*remote-id=$3@"
}

# node_of ID: which has its IKE_SA; both if they disagree, none if it is lost
node_of() {
	local node
	for node in "${NODES[@]}"; do
		[ -z "$(copies "$node" ESTABLISHED "$1")" ] || echo "$node"
	done
}

# installed: the SPIs of the CHILD_SAs that are in use in listings on standard input
installed() {
	grep -oE '\{name=[^}]* state=INSTALLED [^}]*' |
		sed -E 's/.* spi-in=([0-9a-f]*).* spi-out=([0-9a-f]*).*/\1 \2/' | sort
}

# has_copy ID: the node that does not have it has it PASSIVE, and both have the
# same IKE_SA and CHILD_SAs. Virtual addresses are another matter, see leased.
has_copy() {
	local node here there what
	node=$(node_of "$1")
	[ "$(wc -w <<< "$node")" = 1 ] || return
	here=$(copies "$node" ESTABLISHED "$1")
	there=$(copies "$(other "$node")" PASSIVE "$1")
	[ "$(grep -c . <<< "$there")" = 1 ] || return
	for what in initiator-spi responder-spi; do
		[ "$(sa_value $what <<< "$here")" = "$(sa_value $what <<< "$there")" ] ||
			return
	done
	[ -n "$(installed <<< "$here")" ] || return
	[ "$(installed <<< "$here")" = "$(installed <<< "$there")" ]
}

# leased NODE ID: the virtual address of the IKE_SA or its copy, as the node knows.
# After the IKE_SA was rekeyed ha alone does not tell a node that asks for everything,
# which may give the address to somebody else when it has taken over.
leased() { sa "$1" "remote-id=$2@" | sa_value remote-vips | tr -d '[]'; }

# synced ID: until it is so
synced() { wait_for 60 "copy of $1 at the standby" has_copy "$1"; }
# all_synced: until it is so for all, wherever they are
all_synced() { wait_for 120 "copies at the standby" have_copies; }
have_copies() {
	local here there
	here=$(for node in "${NODES[@]}"; do
		tuples "$node" ESTABLISHED remote; done | cut -d ' ' -f 1,3- | sort)
	there=$(for node in "${NODES[@]}"; do
		tuples "$node" PASSIVE remote; done | cut -d ' ' -f 1,3- | sort)
	[ "$(wc -l <<< "$here")" = ${#IDS[@]} ] && [ "$here" = "$there" ]
}

# at_node ID NODE: until the client's IKE_SA is there, and there only, the client
# knows, and packets pass
at_node() { wait_for 60 "$1 at $2" is_at "$1" "$2" && reached "$1"; }
# all_at_node NODE: all of them
all_at_node() {
	wait_for 120 "all at $1" all_are_at "$1"
	all_reached
}
all_are_at() {
	local at name count=0
	at="($(addresses_of "$1" | paste -sd '|'))"
	for name in "${CLIENTS[@]}"; do
		count=$((count + $(sas "$name" |
			grep -cE "state=ESTABLISHED .*remote-host=$at " || true)))
	done
	[ "$count" = ${#IDS[@]} ] &&
		[ "$(sas "$1" | grep -cE "state=ESTABLISHED .*local-host=$at ")" = "$count" ] &&
		[ -z "$(tuples "$(other "$1")" ESTABLISHED remote)" ]
}
is_at() {
	local home here there
	home=$(home_of "$1")
	here=$(copies "$2" ESTABLISHED "$1" | sa_value local-host)
	there=$(sa "$home" "state=ESTABLISHED .*local-id=$1@" | sa_value remote-host)
	[ "$(node_of "$1")" = "$2" ] && [ "$here" = "$there" ] &&
		addresses_of "$2" | grep -qxF "$here"
}

# vip_of ID, as the client has it
vip_of() {
	sa "$(home_of "$1")" "local-id=$1@" | sa_value local-vips | tr -d '[]'
}

# reached ID: until packets pass, both ways
reached() { wait_for 60 "packets of $1" reaches "$1"; }
reaches() {
	local vip
	vip=$(vip_of "$1")
	[ -n "$vip" ] &&
		on "$(home_of "$1")" ping -q -n -c 1 -W 1 -I "$vip" "$SERVER" > /dev/null &&
		on server ping -q -n -c 1 -W 1 "$vip" > /dev/null
}

# all_reached: each of the clients answers the server
all_reached() {
	client_tuples | cut -d ' ' -f 2 | tr -d '[]' | on server "${PYTHON3:-python3}" "$testing/lib/reach.py" \
		> "$lab/reached" || fail "$(< "$lab/reached")"
}

# authentications ID: of it, by both nodes, since the beginning
authentications() {
	echo $(($(log_count node-a "authentication of '$1@rmobike.test' with") +
		$(log_count node-b "authentication of '$1@rmobike.test' with")))
}

# same_ike, after remember_ike: all clients have the IKE_SAs that they had, and were
# not authenticated since
remember_ike() {
	SAME=$(client_tuples | cut -d ' ' -f 1,3,4)
	AUTHENTICATED=$(all_authentications)
}
ike_of() { sa "$(home_of "$1")" "local-id=$1@" | sa_value '(initiator|responder)-spi'; }
same_ike() {
	is "IKE_SAs" "$(client_tuples | cut -d ' ' -f 1,3,4)" "$SAME"
	is "authentications by both nodes" "$(all_authentications)" "$AUTHENTICATED"
}
all_authentications() {
	cat "$lab"/node-[ab]/charon.log | grep -cF "@rmobike.test' with "
}

# --- packets -----------------------------------------------------------------

# flows_start RATE [ID...]: so many packets a second each way for each of these, all
# without an argument. ID.N is the CHILD_SA to the network with that number.
flows_start() {
	local rate=$1 id i=0 home vip at
	shift
	numbered_build
	FLOWS=("$@")
	[ $# -gt 0 ] || mapfile -t FLOWS < <(flows_all)
	mapfile -t FLOW_HOMES < <(
		for id in "${FLOWS[@]}"; do home_of "${id%.*}"; done | sort -u)
	for home in "${FLOW_HOMES[@]}"; do
		counter "wire-$home" "$home" watch eth0 both
		wait_for 60 "watcher of $home" grep -q watching "$lab/wire-$home.err"
	done
	flows_vips
	for id in "${FLOWS[@]}"; do
		vip=${FLOW_VIP[${id%.*}]} home=$(home_of "${id%.*}")
		counter "$id-up" server receive "$(flow_server "$id")" $((NUMBERED_PORT + i))
		counter "$id-down" "$home" receive "$vip" $((NUMBERED_PORT + i))
		i=$((i + 1))
	done
	wait_for 60 "receivers" flows_listen
	i=0
	for id in "${FLOWS[@]}"; do
		vip=${FLOW_VIP[${id%.*}]} home=$(home_of "${id%.*}") at=$(flow_server "$id")
		counter "$id-sends" "$home" send "$vip" "$at" $((NUMBERED_PORT + i)) "$rate"
		counter "$id-server" server send "$at" "$vip" $((NUMBERED_PORT + i)) "$rate"
		i=$((i + 1))
	done
	all_reached
}
# All CHILD_SAs of all clients
flows_all() {
	local id n
	for id in "${IDS[@]}"; do
		echo "$id"
		for ((n = 1; n < ${CHILDREN_OF[$id]:-1}; n++)); do
			echo "$id.$n"
		done
	done
}
# flow_server FLOW: the server's address in the network behind that CHILD_SA
flow_server() { [[ $1 = *.* ]] && echo "10.2.${1#*.}.2" || echo "$SERVER"; }
declare -A FLOW_VIP=()
flows_vips() {
	local id vip rest
	while read -r id vip rest; do
		FLOW_VIP["${id%@*}"]=${vip//[^0-9.]/}
	done < <(client_tuples)
}
flows_listen() {
	local name count=0
	for name in "${FLOW_HOMES[@]}"; do
		count=$((count + $(flow_sockets "$name")))
	done
	[ "$count $(flow_sockets server)" = "${#FLOWS[@]} ${#FLOWS[@]}" ]
}
flow_sockets() {
	on "$1" ss -Hlun "sport >= :$NUMBERED_PORT and sport <= :4099" | wc -l
}

# flows_end: what became of them. Sets LOST_UP and LOST_DOWN, from and to the clients,
# to the sums; GAP_UP and GAP_DOWN to the longest time without a packet in any of
# them, in milliseconds; TWICE to the packets with the same SPI and sequence number
# as another one at a client's interface.
flows_end() {
	local id up down lost_up lost_down gap_up gap_down
	LOST_UP=0 LOST_DOWN=0 GAP_UP=0 GAP_DOWN=0 TWICE=0
	counters_end "${FLOWS[@]/%/-sends}" "${FLOWS[@]/%/-server}"
	wait_for 60 "end of the packets" flows_quiet
	counters_end "${FLOWS[@]/%/-up}" "${FLOWS[@]/%/-down}" "${FLOW_HOMES[@]/#/wire-}"
	flow_counts
	for id in "${FLOWS[@]}"; do
		up=$((${COUNTS[$id-sends.sent]} + ${COUNTS[$id-sends.refused]}))
		down=$((${COUNTS[$id-server.sent]} + ${COUNTS[$id-server.refused]}))
		lost_up=$((up - ${COUNTS[$id-up.received]}))
		lost_down=$((down - ${COUNTS[$id-down.received]}))
		gap_up=${COUNTS[$id-up.gap]} gap_down=${COUNTS[$id-down.gap]}
		[ ${#FLOWS[@]} -gt 4 ] || [ -n "${QUIET:-}" ] ||
			say "$id: sent $up and $down, lost $lost_up and $lost_down," \
				"longest gap $gap_up and $gap_down ms"
		LOST_UP=$((LOST_UP + lost_up)) LOST_DOWN=$((LOST_DOWN + lost_down))
		[ "$gap_up" -le "$GAP_UP" ] || GAP_UP=$gap_up
		[ "$gap_down" -le "$GAP_DOWN" ] || GAP_DOWN=$gap_down
	done
	for id in "${FLOW_HOMES[@]}"; do
		is "packets not seen at the interface of $id" "$(counted "wire-$id" missed)" 0
		TWICE=$((TWICE + $(counted "wire-$id" twice)))
	done
	[ -n "${QUIET:-}" ] ||
		say "lost $LOST_UP from the clients and $LOST_DOWN to them, longest gap" \
			"$GAP_UP and $GAP_DOWN ms, sequence numbers twice: $TWICE"
}
declare -A COUNTS=()
flow_counts() {
	local key value
	while read -r key value; do
		COUNTS["$key"]=$value
	done < <(awk '{
		name = FILENAME
		sub(/.*\//, "", name)
		sub(/count$/, "", name)
		for (i = 1; i < NF; i += 2) print name $i, $(i + 1)
	}' "$lab"/*.count)
}
flows_quiet() {
	local name before after
	before=$(for name in server "${FLOW_HOMES[@]}"; do rx_packets "$name"; done)
	sleep 0.3
	after=$(for name in server "${FLOW_HOMES[@]}"; do rx_packets "$name"; done)
	[ "$before" = "$after" ]
}

# lossless: what flows_end counted
lossless() {
	is "packets of the clients that were lost" "$LOST_UP" 0
	is "packets to the clients that were lost" "$LOST_DOWN" 0
	sequence_numbers_once
}
sequence_numbers_once() { is "sequence numbers seen twice" "$TWICE" 0; }

# moved_lossless TUPLES: until the packets that flow have done so for a moment after a
# move, and all is as before it. The rekeying is not looked at: when charon as the one
# that was asked takes the old SA away, its kernel refuses a packet that it has under
# way just then.
moved_lossless() {
	sleep 2
	flows_end
	lossless
	all_settled "$1"
}

# cluster_move FROM TO: all that are at one node go to the other, by command; those
# over IPv6 with another one
cluster_move() {
	if [ -z "$CLUSTER_IPV6" ]; then
		cluster_command "$1" --switch --all --to "${NODE[$2]}"
		return
	fi
	cluster_command "$1" --switch --local-ip "${NODE[$1]}" --to "${NODE[$2]}"
	cluster_command "$1" --switch --local-ip "${NODE_6[$1]}" --to "${NODE_6[$2]}"
}

# cluster_command NODE ARGUMENT...: rmobike there moves all that it shall
cluster_command() {
	local node=$1 status=0
	shift
	on "$node" "$rmobike" "$@" > "$lab/moved" 2>&1 || status=$?
	[ ${#IDS[@]} -gt 4 ] || cat "$lab/moved"
	[ "$status" = 0 ] || fail "$node: rmobike $*: status $status, $(< "$lab/moved")"
}

# settled ID SPIS: until its CHILD_SAs are others than these, as they have to be
# soon after each move, and the standby has them
settled() { wait_for 60 "other CHILD_SAs of $1" has_others "$@" && synced "$1"; }
has_others() {
	local found count=${CHILDREN_OF[$1]:-$CHILDREN}
	found=$(children_of "$1")
	[ "$(wc -l <<< "$found")" = "$count" ] &&
		! grep -qxFf <(echo "$2") <<< "$found" &&
		# what they replaced is gone
		[ "$(child_get "$(home_of "$1")" spi-in "local-id=$1@" | wc -l)" = "$count" ]
}

# all_settled TUPLES: the same for all clients; what client_tuples said before
all_settled() {
	# Not before, and to look costs a virtual machine a lot
	sleep 5
	wait_for 60 "other CHILD_SAs of all" all_have_others "$1"
	all_synced
}
all_have_others() {
	awk 'NR == FNR { for (i = 5; i <= NF; i++) was[$i]; fields[$1] = NF; next }
		{ for (i = 5; i <= NF; i++) same += $i in was; more += NF - fields[$1] }
		END { exit same || more }' <(echo "$1") <(client_tuples)
}

# children_of ID: the SPIs of its CHILD_SAs
children_of() { sa "$(home_of "$1")" "local-id=$1@" | installed; }

# at_most WHAT FOUND LIMIT, at_least WHAT FOUND LIMIT
at_least() { [ "$2" -ge "$3" ] || fail "$1: $2, expected $3 at least"; }
at_most() { [ "$2" -le "$3" ] || fail "$1: $2, expected $3 at most"; }
