# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Packets of the clients of a cluster, counted at all ends, and moves among them.
# Sourced by cluster.sh.

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
# to the sums; REFUSED to those that the clients' own kernels did not send; GAP_UP and GAP_DOWN to the longest time without a packet in any of
# them, in milliseconds; TWICE to the packets with the same SPI and sequence number
# as another one at a client's interface.
flows_end() {
	local id up down lost_up lost_down gap_up gap_down
	LOST_UP=0 LOST_DOWN=0 REFUSED=0 GAP_UP=0 GAP_DOWN=0 TWICE=0
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
		REFUSED=$((REFUSED + ${COUNTS[$id-sends.refused]}))
		[ "$gap_up" -le "$GAP_UP" ] || GAP_UP=$gap_up
		[ "$gap_down" -le "$GAP_DOWN" ] || GAP_DOWN=$gap_down
	done
	for id in "${FLOW_HOMES[@]}"; do
		is "packets not seen at the interface of $id" "$(counted "wire-$id" missed)" 0
		TWICE=$((TWICE + $(counted "wire-$id" twice)))
	done
	[ -n "${QUIET:-}" ] ||
		say "lost $LOST_UP from the clients and $LOST_DOWN to them, longest gap" \
			"$GAP_UP and $GAP_DOWN ms, sequence numbers twice: $TWICE," \
			"not sent by the clients' kernels: $REFUSED"
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

# lossless: what flows_end counted, but for what a client's own kernel refused: when
# charon as the one that was asked takes an old SA away after rekeying, packets that
# are under way in there just then are not sent
lossless() {
	is "packets of the clients that were lost" "$LOST_UP" "$REFUSED"
	is "packets to the clients that were lost" "$LOST_DOWN" 0
	sequence_numbers_once
}
sequence_numbers_once() { is "sequence numbers seen twice" "$TWICE" 0; }

# moved_lossless TUPLES: until the packets that flow have done so for a moment after a
# move, and all is as before it. The rekeying is not looked at.
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
		# shellcheck disable=SC2153 # of cluster.sh
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
