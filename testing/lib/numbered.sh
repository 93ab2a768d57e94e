# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Numbered packets at speed, each way between the client and a host behind the
# gateway, or the gateway itself: what was sent, what left with which sequence
# numbers and what arrived.

NUMBERED_PORT=4000
NUMBERED_AT=server      # or gateway
declare -A COUNTER=()   # name -> pid of a process of numbered

numbered_build() {
	[ -x "$lab/numbered" ] ||
		cc -O2 -Wall -Wextra -Werror -o "$lab/numbered" \
			"$testing/lib/numbered.c" || fail "numbered.c was not built"
}

# counter NAME HOST ARGUMENT...: a process of numbered
counter() {
	local name=$1 host=$2
	shift 2
	exec_on "$host" "$lab/numbered" "$@" \
		> "$lab/$name.count" 2> "$lab/$name.err" &
	COUNTER["$name"]=$!
}

# counted NAME WHAT: what it counted, after counters_end
counted() { tr '\n' ' ' < "$lab/$1.count" | grep -oP "(^| )$2 \K[0-9]+"; }

counters_end() {
	local name
	for name; do
		kill -TERM "${COUNTER[$name]}"
		wait "${COUNTER[$name]}" || fail "numbered $name: $(tail -n 1 "$lab/$name.err")"
	done
}

# numbered_interrupts: what comes to the gateway does so in interrupts, as from any
# network card: each packet is held up for a moment, and the timer that ends this
# may go off in the middle of a system call. Without it a cable has the sender's
# call do it all, and the kernel calls of charon would only come before or after.
# Needs netem, which the test VM has.
numbered_interrupts() {
	local end
	for end in internet:east server:eth0; do
		on "${end%:*}" tc qdisc replace dev "${end#*:}" root netem \
			delay 200us limit 100000 2> /dev/null || ! kernel_esp ||
			fail "no netem"
	done
}

# numbered_start RATE: so many packets a second each way, and watchers
numbered_start() {
	local name at=10.2.0.1
	[ "$NUMBERED_AT" = gateway ] || at=$SERVER
	numbered_build
	numbered_interrupts
	OUT_ERRORS=$(xfrm_out_errors gateway)
	for name in client gateway; do
		counter "wire-$name" "$name" watch eth0
		wait_for 60 "watcher of $name" grep -q watching "$lab/wire-$name.err"
	done
	counter to-gateway "$NUMBERED_AT" receive "$at" $NUMBERED_PORT
	counter to-client client receive "$VIP" $NUMBERED_PORT
	wait_for 60 "receivers" listening
	counter from-client client send "$VIP" "$at" $NUMBERED_PORT "$1"
	counter from-gateway "$NUMBERED_AT" send "$at" "$VIP" $NUMBERED_PORT "$1"
	wait_for 60 "packets on the wire" numbered_flow
}
listening() {
	local name
	for name in client "$NUMBERED_AT"; do
		on "$name" ss -Hlun "sport = :$NUMBERED_PORT" | grep -q .
	done
}
numbered_flow() {
	[ "$(rx_packets client)" -gt 100 ] && [ "$(rx_packets gateway)" -gt 100 ]
}
rx_packets() { on "$1" awk '$1 == "eth0:" { print $3 }' /proc/net/dev; }

# Nothing is under way any more
numbered_quiet() {
	local before
	before=$(rx_packets client)/$(rx_packets gateway)
	sleep 0.3
	[ "$before" = "$(rx_packets client)/$(rx_packets gateway)" ]
}

# numbered_end: what became of them. Sets LOST, LOST_LATER (without those that the
# kernel of the sender or of the gateway refused to send) and TWICE to the sums over
# both ways, and says what both ends counted.
numbered_end() {
	local way end
	LOST=0 LOST_LATER=0 TWICE=0
	counters_end from-client from-gateway
	wait_for 60 "end of the packets" numbered_quiet
	counters_end to-gateway to-client wire-client wire-gateway
	for end in client:gateway gateway:client; do
		way="from-${end%:*}" end=${end#*:}
		sent=$(counted "$way" sent) refused=$(counted "$way" refused)
		received=$(counted "to-$end" received)
		LOST=$((LOST + sent + refused - received))
		LOST_LATER=$((LOST_LATER + sent - received))
		TWICE=$((TWICE + $(counted "wire-${way#from-}" twice)))
		is "packets not seen at the ${way#from-}'s interface" \
			"$(counted "wire-${way#from-}" missed)" 0
		say "$way: sent $sent, refused $refused," \
			"on the wire $(counted "wire-${way#from-}" packets)," \
			"twice $(counted "wire-${way#from-}" twice), arrived $received," \
			"twice $(counted "to-$end" twice), lost $((sent + refused - received))"
	done
	[ "$NUMBERED_AT" = gateway ] ||
		LOST_LATER=$((LOST_LATER - $(xfrm_out_errors gateway) + OUT_ERRORS))
	for end in client gateway; do
		say "$end: $(xfrm_errors "$end")"
	done
}

# refused_none: the client copies its SA, so there always is one
refused_none() {
	is "packets that the client's kernel refused" \
		"$(counted from-client refused)" 0
}

# lost_later_none: nothing but what the kernel refused to send
lost_later_none() {
	is "packets lost after they were sent" "$LOST_LATER" 0
}

# What the kernel counts as wrong, see Documentation/networking/xfrm/xfrm_proc.rst
xfrm_errors() {
	on "$1" awk '$2 > 0 { printf "%s %s ", $1, $2 }' /proc/net/xfrm_stat
}

# moves_at_speed MOVES RATE: so many to and fro, with so many packets a second
# each way
moves_at_speed() {
	local i to
	[ "$(ike_get gateway local-host)" = "$GW1" ] && to=$GW1 || to=$GW2
	numbered_start "$2"
	for ((i = 0; i < $1; i++)); do
		[ "$to" = "$GW1" ] && to=$GW2 || to=$GW1
		switched "$to" > /dev/null
	done
	numbered_end
}
