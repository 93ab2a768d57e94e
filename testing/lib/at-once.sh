# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# All commands at the same time, for those who look for threads in each other's way.
# Sourced after many.sh.

# again TIMES NAME COMMAND...: that command, over and over. It may be refused as another
# move is under way, but has to end.
again() {
	local times=$1 name=$2 i status
	shift 2
	for ((i = 0; i < times; i++)); do
		status=0
		on gateway timeout 120 "$@" > "$lab/$name.out" 2>&1 || status=$?
		[ "$status" != 124 ] || { echo "$name hangs"; return 1; }
	done > "$lab/$name.again"
}

# at_once TIMES: each of the commands so many times, one after the other, and all
# commands at the same time. The IKE_SAs move meanwhile, none of them gets lost.
at_once() {
	local pids pid moves
	weights 50 50
	pids=()
	again "$1" switch "$rmobike" --switch --all --to "$GW1,$GW2" & pids+=($!)
	again "$1" drain1 "$rmobike" --drain "$GW1" & pids+=($!)
	again "$1" drain2 "$rmobike" --drain "$GW2" & pids+=($!)
	again "$1" undrain1 "$rmobike" --undrain "$GW1" & pids+=($!)
	again "$1" undrain2 "$rmobike" --undrain "$GW2" & pids+=($!)
	again "$1" balance "$rmobike" --balance & pids+=($!)
	again "$1" cancel "$rmobike" --cancel & pids+=($!)
	again "$1" status "$rmobike" --status & pids+=($!)
	again "$1" statistics env PYTHONDONTWRITEBYTECODE=1 \
		PYTHONPATH="${STRONGSWAN_SOURCE:-$top/strongswan-source}/src/libcharon/plugins/vici/python" \
		"${PYTHON3:-python3}" "$testing/lib/ask.py" 4 "$(($1 * 20))" rmobike-stats & pids+=($!)
	again "$1" reload swanctl --reload-settings & pids+=($!)
	again "$1" list swanctl --list-sas & pids+=($!)
	for pid in "${pids[@]}"; do
		wait "$pid" || fail "$(cat "$lab"/*.again)"
	done
	moves=$(log_count gateway ' done in ')
	say "switches done meanwhile: $moves"
	[ "$moves" -gt 0 ] || fail "nothing moved meanwhile"
	is "IKE_SAs" "$(ike_spis | sort | md5sum)" "$spis"
	on gateway "$rmobike" --undrain "$GW1" > /dev/null || true
	on gateway "$rmobike" --undrain "$GW2" > /dev/null || true
}
