# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# A gateway with two uplinks, one of which loses packets. Sourced after lab.sh.

UPLINK2=203.0.113.1

# uplinks: a network with a second one, packets leave by the one whose address they
# have. Clients are not to be moved to the LAN's.
uplinks() {
	# shellcheck disable=SC2034 # for charon.sh
	CHARON[gateway]+="
	interfaces_ignore = lan"
	network nat
	wire internet north gateway eth1
	address internet north 203.0.113.254/24
	address gateway eth1 "$UPLINK2/24"
	on gateway ip address del "$GW2/24" dev eth0
	on gateway ip route add default via 203.0.113.254 dev eth1 metric 100
	on gateway ip rule add from 203.0.113.0/24 table 2
	on gateway ip route add default via 203.0.113.254 dev eth1 table 2
}

# lossy PERCENT, lossless_again: the first uplink, both ways
lossy() {
	on internet nft -f - <<-END
	table inet lossy {
		chain in {
			type filter hook prerouting priority raw
			iifname "east" numgen random mod 100 < $1 drop
		}
		chain out {
			type filter hook postrouting priority filter
			oifname "east" numgen random mod 100 < $1 drop
		}
	}
	END
}
lossless_again() { on internet nft delete table inet lossy; }

# is_drained ADDRESS yes|no: says the daemon
is_drained() {
	local found
	found=$(on gateway "$rmobike" --stats --prometheus |
		grep -cxF "rmobike_address_drained{address=\"$1\"} 1" || true)
	[ "$found" = "$([ "$2" = yes ] && echo 1 || echo 0)" ]
}
