# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# One case of testing/bench in the laboratory, sourced by it: sets $case up with few
# and then with many IKE_SAs and moves all of them each time, while $BENCH_TOOL counts.
# Leaves what that wrote in $BENCH_DIR.

case=${cases[0]}
. "$top/testing/lib/lab.sh"
kernel_esp || fail "no kernel ESP here, see RMOBIKE_VM in testing/bench --help"

# Instead of the one of the laboratory
start_daemon() {
	local name=$1 run=()
	[ "$BENCH_TOOL" != callgrind ] ||
		run=(valgrind --tool=callgrind --instr-atstart=no
			--callgrind-out-file="$BENCH_DIR/$name")
	exec_on "$name" "${run[@]}" "$(charon_program)" \
		>> "$lab/$name/charon.out" 2>&1 &
	DAEMON["$name"]=$!
}

# set_up: the daemons, without an IKE_SA. Nobody is asked for a cookie, nothing is
# sent again, as little as possible happens besides
set_up() {
	local i options='ikesa_table_size = 1024
	ikesa_table_segments = 16
	install_routes = no
	retransmit_timeout = 120
	keep_alive = 0
	cookie_threshold = 100000
	cookie_threshold_ip = 100000
	block_threshold = 100001
	init_limit_half_open = 0'
	IDS=(carol)
	for ((i = 1; i < many; i++)); do
		IDS+=("user$i")
	done
	CHARON[gateway]=$options
	CHARON[client]=$options
	# shellcheck disable=SC2034 # for charon.sh
	RMOBIKE[client]='max_switches = 0'
	RMOBIKE[gateway]='timeout = 165'
	# shellcheck disable=SC2034 # for charon.sh
	case $case in
	*-ecdsa)	AUTH=cert ;;
	*-rsa)	AUTH=cert KEY='rsa --size 3072' ;;
	esac
	network nat
	# No keepalives in between; the NAT is not to forget anybody
	lab_sysctl router net/netfilter/nf_conntrack_udp_timeout 10000
	lab_sysctl router net/netfilter/nf_conntrack_udp_timeout_stream 10000
	[ "$case" != switch ] || with_plugin gateway client
	tunnel_conf
	sed -i "s/addrs = .*/addrs = 10.3.0.0\/16/" "$lab/gateway/swanctl/swanctl.conf"
	daemon gateway client
}

# count_from NAME, count_to NAME: what daemons do in between is counted
count_from() {
	local name
	for name in gateway client; do
		if [ "$BENCH_TOOL" = callgrind ]; then
			callgrind_control --instr=on "${DAEMON[$name]}"
		else
			strace -f -s 0 -e signal=none -o "$BENCH_DIR/$name.$1" \
				-p "${DAEMON[$name]}" &
			TRACER[$name]=$!
			wait_for 60 "strace of $name" traced "$name"
		fi
	done
}
count_to() {
	local name
	for name in gateway client; do
		if [ "$BENCH_TOOL" = callgrind ]; then
			callgrind_control --dump="$1" "${DAEMON[$name]}"
			callgrind_control --instr=off "${DAEMON[$name]}"
		else
			kill "${TRACER[$name]}"
			wait "${TRACER[$name]}" || true
		fi
	done
}
traced() { ! grep -q 'TracerPid:.0$' /proc/"${DAEMON[$1]}"/task/*/status; }

# established: how often an IKE_SA was, at the gateway, which is not asked for that
established() { log_count gateway ' established between '; }
established_are() { [ "$(established)" -ge "$1" ]; }

# move NUMBER ADDRESS: all IKE_SAs, there are so many
move() {
	local before
	before=$(established)
	if [ "$case" = switch ]; then
		on gateway "$rmobike" --switch --all --to "$2" > "$lab/moved" ||
			fail "$(< "$lab/moved")"
		is "IKE_SAs moved" "$(grep -c ' done in ' "$lab/moved")" "$1"
	else
		on gateway swanctl --redirect --ike rw --gateway "$2" > "$lab/moved"
		wait_for 600 "$1 IKE_SAs at $2" established_are $((before + $1))
	fi
	# Until jobs that wait for what does not happen have found out
	sleep 170
	MOVED=$1
	# The command finds some of those that are there because of it, too
	[ "$case" = switch ] || MOVED=$(($(established) - before))
}

declare -A TRACER=()
set_up
connected=0
all=("${IDS[@]}")
for n in "$few" "$many"; do
	IDS=("${all[@]:0:n}")
	connect_many "$connected"
	connected=$n
	count_from "$n"
	move "$n" "$GW2"
	count_to "$n"
	echo "$MOVED" >> "$BENCH_DIR/moved"
	move "$n" "$GW1"
done
is "requests sent again" "$(log_count gateway ' of request with message ID')" 0
for name in gateway client; do
	cp "$lab/$name/charon.log" "$BENCH_DIR/$name.log"
done
