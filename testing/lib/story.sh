# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# How the stories of testing/demo tell what happens.

title() {
	say "== $* =="
	say
}

run() { # HOST COMMAND...: shown as typed there, then run
	local name=$1 program=${2##*/}
	shift
	say "$name# $program ${*:2}"
	on "$name" "$@" 2>&1 | sed 's/^/    /'
}

# network_picture: what is laid out and how far apart
network_picture() {
	cat <<-END
	    client ------ NAT ----------- internet ------ gateway ------ server
	    $CLIENT      $NAT                  $GW1      $SERVER
	                                                $GW2

	The NAT lets in only what answers to packets of the client.
	END
	if on internet tc qdisc show | grep -q netem; then
		say "The round trip takes $RMOBIKE_RTT ms."
	else
		say "The round trip takes next to no time, as this kernel has no netem."
		RMOBIKE_RTT=
	fi
	kernel_esp ||
		say "ESP is done in userland (kernel-libipsec), as this kernel has none."
	say
}

# Where charon has the ends of the tunnel, and which SAs it consists of
tunnel_picture() {
	local name
	for name in client gateway; do
		printf '    %-8s %s -> %s, IKE_SA %.8s_i %.8s_r, ESP %s\n' "$name" \
			"$(ike_get $name local-host)" "$(ike_get $name remote-host)" \
			"$(ike_get $name initiator-spi)" "$(ike_get $name responder-spi)" \
			"$(spis $name | tr '\n' ' ')"
	done
}

# one_tunnel_at ADDRESS: what was there besides is gone at both ends
one_tunnel_at() {
	[ "$(sas gateway | wc -l)" = 1 ] && [ "$(sas client | wc -l)" = 1 ] &&
		end_at gateway local-host "$1" && end_at client remote-host "$1" &&
		[ "$(spis gateway | wc -l)" = 2 ] && [ "$(spis client | wc -l)" = 2 ]
}

# lost_since_start NAME: lost packets of a stream, and of how many
lost_since_start() {
	printf '%s of %s' "$(stream_lost "$1")" "$(answers "$1" | tail -n 1)"
}

# messages_told: the four messages of a switch since the mark, with their times
# and what they mean. That they are these is for expect_messages to check.
messages_told() {
	wire_log | awk '
		BEGIN {
			what[1] = "SWITCH_TO_IP_ADDRESS: please move there"
			what[2] = "response, to the NEW address: opens the NAT"
			what[3] = "UPDATE_SA_ADDRESSES: I have moved, and you?"
			what[4] = "response: so have I"
		}
		$5 ~ /^re(quest|sponse)$/ && !seen[$2, $4, $5, $6]++ && n++ < 4 {
			if (!start) { start = $1 }
			printf "    %6.1f ms  %12s -> %-12s  %s\n",
				($1 - start) * 1000, $2, $4, what[n]
		}'
}
