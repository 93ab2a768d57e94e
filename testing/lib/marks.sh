# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# CHILD_SAs that only take packets with a mark.

CHILD_OPTIONS="mark_in = 42
				mark_out = 42"

# marks: what goes into the tunnel and what comes out of it has it, at both ends
marks() {
	local name
	for name in gateway client; do
		on $name nft -f - <<-END
		table ip marks {
			chain in {
				type filter hook prerouting priority mangle
				udp dport 4500 meta mark set 42
				iifname "lan" meta mark set 42
			}
			chain out {
				type route hook output priority mangle
				ip daddr 10.2.0.0/24 meta mark set 42
			}
		}
		END
	done
}
