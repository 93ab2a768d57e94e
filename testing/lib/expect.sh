# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What tests do to a tunnel and expect of it, and how they say what they found
# instead.

rmobike=$RMOBIKE_BUILD/src/rmobike/rmobike

# is WHAT FOUND EXPECTED
is() {
	[ "$2" = "$3" ] || fail "$1: found '$2', expected '$3'"
}

# at_most WHAT FOUND LIMIT, at_least WHAT FOUND LIMIT
at_least() { [ "$2" -ge "$3" ] || fail "$1: $2, expected $3 at least"; }
at_most() { [ "$2" -le "$3" ] || fail "$1: $2, expected $3 at most"; }

# has WHAT TEXT PART
has() {
	[[ $2 == *"$3"* ]] || fail "$1: found '$2', expected '$3' in it"
}

# run_tool ARGUMENT..., switch ARGUMENT...: asks the gateway. Sets OUTPUT and STATUS.
run_tool() {
	STATUS=0
	OUTPUT=$(on gateway "$rmobike" "$@" 2>&1) || STATUS=$?
	say "$OUTPUT"
}
switch() { run_tool --switch "$@"; }

# switched ADDRESS [ARGUMENT...]: the gateway's command says that it worked,
# for all IKE_SAs unless the arguments select
switched() {
	local to=$1 line
	shift
	[ $# -gt 0 ] || set -- --all
	switch "$@" --to "$to"
	is "exit status of rmobike" "$STATUS" 0
	while read -r line; do
		[[ $line == *" -> $to: done in "*" ms"* ]] ||
			fail "rmobike said '$line'"
	done <<< "$OUTPUT"
}

# tunnel_at ADDRESS [PATTERN]: both ends have the gateway there
tunnel_at() {
	wait_for 60 "the gateway's end at $1" end_at gateway local-host "$@"
	wait_for 60 "the client's end at $1" end_at client remote-host "$@"
}
end_at() { [ "$(ike_get "$1" "$2" "${4:-}")" = "$3" ]; }

# remember, same_tunnel: the IKE_SA is the one it was, and with kernel ESP so
# are the CHILD_SAs (kernel-libipsec cannot move them, charon replaces them)
remember() {
	SAME_IKE=$(ike_spis)
	SAME_CHILD=$(spis gateway)
}
ike_spis() { ike_get gateway '(initiator|responder)-spi'; }

same_tunnel() {
	is "SPIs of the IKE_SA" "$(ike_spis)" "$SAME_IKE"
	! kernel_esp || is "SPIs of the CHILD_SAs" "$(spis gateway)" "$SAME_CHILD"
	wait_for 60 "packets through the tunnel" traffic_works "$@"
}

# What the kernel of a host did not send in the moment in which an SA moves, see
# "Without losing a packet" in docs/design.md
xfrm_out_errors() {
	# shellcheck disable=SC2016 # for awk
	on "$1" awk '/^XfrmOut(PolError|StateInvalid)/ { n += $2 }
		END { print n + 0 }' /proc/net/xfrm_stat
}

# lost_none: what traffic_end counted, but for what the gateway's kernel refused to
# send. Not for kernel-libipsec: it replaces the CHILD_SAs, which may cost some
# packets.
lost_none() {
	! kernel_esp || [ "$LOST" -le "$(xfrm_out_errors gateway)" ] ||
		is "packets lost" "$LOST" 0
}

# logged HOST TEXT [TIMES]: exactly so often (once), waiting for it
logged() {
	wait_for 60 "'$2' in the log of $1" log_has "$1" "$2"
	is "lines with '$2' in the log of $1" "$(log_count "$1" "$2")" "${3:-1}"
}
