#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
#
# What the rmobike tool shows of IKE_SAs, events, and counters. Needs no
# privileges.
#
# usage: test_see.sh [RMOBIKE]    (default: ./rmobike)

# shellcheck source=src/rmobike/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

# -- IKE_SAs

start_daemon nothing_connected
expect "--status with nothing connected" 0 "nothing is connected" \
	--status --uri "$vici"
start_daemon some_connected
expect "--status" 0 \
"rw[3] 'carol@strongswan.org' ESTABLISHED
addresses:   192.0.2.2 ... 198.51.100.7
can switch:  yes
last switch: 192.0.2.1 -> 192.0.2.2: done, 41.2 ms
can switch:  no, the peer did not tell that it supports it
last switch: 192.0.2.2 -> 192.0.2.1: failed: peer does not support it, 0.0 ms, by MOBIKE
can switch:  no, MOBIKE is not in use
can switch:  if the peer asks for it, since we initiated the IKE_SA
can switch:  not now, it is not established" --status --uri "$vici"
expect "--status --raw" 0 "rmobike-status reply {sas {3 {id=3 name=rw" \
	--status --uri "$vici" --raw
start_daemon many_connected
expect "--status asks for more until it has all" 0 \
"rw[1] 'carol@strongswan.org'
rw[1000] 'carol@strongswan.org'" --status --uri "$vici"
start_daemon next_leads_nowhere
expect "--status does not ask for the same forever" 0 "rw[7]" \
	--status --uri "$vici"
start_daemon without_plugin
expect "--status without the plugin" 2 "does not know 'rmobike-status'" \
	--status --uri "$vici"

start_daemon counting
expect "--status sums up the addresses" 0 \
"rw[4] 'carol@strongswan.org'
local address        IKE_SAs capable  share weight drained
192.0.2.1                 30      28  75.0%      3      no
2001:db8::1               10      10  25.0%      -     yes" \
	--status --uri "$vici"
reject "no traffic if the daemon does not tell" " out"
start_daemon listing
expect "--status sums up the traffic" 0 \
"local address        IKE_SAs capable  share weight drained       in      out
192.0.2.1                 30      28  75.0%      3      no     1.5k   999.9M
2001:db8::1               10      10  25.0%      -     yes        0        0" \
	--status --uri "$vici"
start_daemon some_connected
expect "--status --json" 0 \
'{"id":3,"name":"rw","peer-id":"carol@strongswan.org","local":"192.0.2.2","remote":"198.51.100.7","state":"ESTABLISHED","initiator":false,"mobike":true,"capable":true,"switch":{"from":"192.0.2.1","to":"192.0.2.2","state":"done","ms":41.2}}' \
	--status --json --uri "$vici"

# -- events

start_daemon monitored
expect "--monitor" 0 \
"rw[3] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done in 41.2 ms
rw[4] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: refused: the peer
rw[5] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: planned
the other node at 10.9.0.1 is silent
took 5 IKE_SAs of the other node over: the other node was silent" \
	--monitor --uri "$vici" --timeout 1
! grep -qvE '^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3} (rw|the|took)' "$dir/out"
result $? "each line tells the time"
expect "--monitor --raw of the other node" 0 "rmobike-node {remote=10.9.0.1 state" \
	-m -r --uri "$vici" -T 1
expect "--monitor --raw" 0 "rmobike-switch {id=3 name=rw" \
	-m -r --uri "$vici" -T 1
expect "--monitor --json" 0 '"id":3,"name":"rw"' -m -j --uri "$vici" -T 1
"$python" -c 'import json, re, sys
for line in sys.stdin:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
                        json.loads(line)["time"])' <"$dir/out"
result $? "each line is a JSON object with the time"
"$python" "$here/test_tool.py" "$rmobike" --monitor --uri "$vici" \
	>"$dir/out" 2>&1 &
pid=$!
wait_until grep -qF "rw[5]" "$dir/out"
kill -INT $pid
wait $pid
result $? "--monitor ends with Ctrl-C"
start_daemon monitored
"$rmobike" --monitor --uri "$vici" >"$dir/out" 2>&1 &
pid=$!
wait_until grep -qF "rw[5]" "$dir/out"
stop_daemon
wait $pid
[ $? = 2 ] && grep -qF "closed the connection" "$dir/out"
result $? "--monitor ends with the daemon"
start_daemon without_plugin
expect "--monitor without the plugin" 2 "does not know 'rmobike-switch'" \
	--monitor --uri "$vici"

# -- counters

start_daemon counting
expect "--stats" 0 \
"as responder
asked           2100
refused           60
the peer stays at its address: 60
IKE_SA deleted: 10
in place           9
in flight         64
as initiator
reverted           2
time until done
<=     5 ms      100
longer             2
192.0.2.1                 30      28  75.0%      3      no" \
	--stats --uri "$vici"
expect "--stats --raw" 0 "rmobike-stats reply {asked=2100" -t -r -u "$vici"
expect "--stats --json" 0 '"refused-by":{"the peer stays at its address":60}' \
	--stats --json --uri "$vici"
expect "--stats --prometheus --json" 2 "can't be combined" \
	--stats --prometheus --json --uri "$vici"
expect "--stats --prometheus" 0 \
'# HELP rmobike_switches_done_total Switches that moved the IKE_SA.
# TYPE rmobike_switches_done_total counter
rmobike_switches_done_total 2000
rmobike_switches_failed_by_reason_total{reason="a \"quoted\" \\ reason"} 20
rmobike_taken_ike_sas_total 20
rmobike_switches_in_place_total 9
rmobike_cluster_other_node_alive 1
rmobike_cluster_copies 10
rmobike_address_ike_sas{address="2001:db8::1"} 10
rmobike_address_drained{address="192.0.2.1"} 0
rmobike_address_drained{address="2001:db8::1"} 1
rmobike_address_weight{address="192.0.2.1"} 3
rmobike_immovable_ike_sas{reason="peer does not support it"} 2
rmobike_address_usable{address="192.0.2.1"} 1
rmobike_address_usable{address="192.0.2.3"} 0
rmobike_address_preferred_rank{address="192.0.2.3"} 2
rmobike_address_return_wait_seconds{address="192.0.2.1"} 42
rmobike_address_last_move_timestamp_seconds{address="192.0.2.1"} 1700000000
rmobike_address_drain_info{address="192.0.2.2",reason="30 % \"loss\""} 1
# TYPE rmobike_switch_duration_seconds histogram
rmobike_switch_duration_seconds_bucket{le="0.001"} 0
rmobike_switch_duration_seconds_bucket{le="0.02"} 1500
rmobike_switch_duration_seconds_bucket{le="10"} 1998
rmobike_switch_duration_seconds_bucket{le="+Inf"} 2000
rmobike_switch_duration_seconds_sum 57.3125
rmobike_switch_duration_seconds_count 2000' \
	--stats --prometheus --uri "$vici"
"$python" "$here/test_prometheus.py" \
	"$here/../../examples/prometheus/rmobike.rules.yml" \
	"$here/../../examples/prometheus/rmobike.dashboard.json" <"$dir/out"
result $? "that is valid for Prometheus"

# -- addresses

TZ=UTC expect "--list-addresses" 0 \
"192.0.2.1            usable   eth0            0       0      1      3  2023-11-14 22:13:20
IKE_SAs return in 42 s
192.0.2.2            drained  eth1           30      28      -      -  -
drained: 30 % \"loss\"
192.0.2.3            gone     -               0       0      2      -  -" \
	--list-addresses --uri "$vici"
expect "--list-addresses --json" 0 '"192.0.2.1":{"sas":0' \
	--list-addresses --json --uri "$vici"

# -- check

start_daemon looked_at
expect "--check" 1 \
"rw[3] 'carol@strongswan.org' 192.0.2.1: ineligible: peer does not support it
rw[12] 'carol@strongswan.org' 192.0.2.1: ineligible: peer does not support it
and 2 more, see 'rmobike --drain 192.0.2.1 --dry-run'
192.0.2.1: 12 of 15 IKE_SAs would be cut off
3 would go to 192.0.2.2
192.0.2.3: 0 of 1 IKE_SA would be cut off
1 would go to 192.0.2.1
192.0.2.2: no client was there since the daemon started, does a firewall" \
	--check --uri "$vici"
reject "those that are not named" "rw[13]"
reject "where nobody would go" "192.0.2.4"
reject "where somebody was" "192.0.2.3: no client"
expect "--check --json" 1 \
'"id":14,
{"address":"192.0.2.1","sas":15,"cut-off":12,"targets":{"192.0.2.2":3}}
{"address":"192.0.2.3","sas":1,"cut-off":0,"targets":{"192.0.2.1":1}}
{"unproven":"192.0.2.2"}' --check --json --uri "$vici"
start_daemon goes_already
expect "--check while others move" 2 "a move is under way" --check --uri "$vici"
start_daemon all_may_go
expect "--check if all may go, but nobody ever was there" 1 \
"192.0.2.1: 0 of 3 IKE_SAs would be cut off" --check --uri "$vici"
start_daemon without_plugin
expect "--check without the plugin" 2 "is its rmobike plugin loaded" \
	--check --uri "$vici"

# -- cluster

start_daemon in_cluster
expect "--cluster" 0 \
"the other node at 10.9.0.1 is alive since 71 s, strongSwan 6.0.1
no IKE_SA can be moved there: the other node's ha plugin is of another version
IKE_SAs served here 30, copies of the other node's 10
2 of them are taken over, their clients are not here yet
took over 5 IKE_SAs 9 s ago: by command" \
	--cluster --uri "$vici"
expect "--cluster --json" 0 '"takeover":{"why":"by command"' \
	--cluster --json --uri "$vici"

finish
