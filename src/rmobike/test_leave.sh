#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
#
# How the rmobike tool leaves all addresses: who is told where to go, and who is
# said to remain. Needs no privileges.
#
# usage: test_leave.sh [RMOBIKE]    (default: ./rmobike)

# shellcheck source=src/rmobike/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

start_daemon all_leave
expect "everybody leaves" 0 \
"rw[3] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done in 41.2 ms
rw[4] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done
nobody remains" --leave --uri "$vici"
reject "neither who is elsewhere nor copies count" "remains at"
start_daemon all_leave
expect "as JSON" 0 '{"remaining":0}' --leave --uri "$vici" --json
start_daemon all_leave
expect "the address to go to is not left" 0 "nobody remains" \
	--leave --uri "$vici" --to 192.0.2.3,192.0.2.1=2
reject "nobody is moved off it" "done"

# The second pass asks again who did not answer in the first
start_daemon one_remains
expect "one remains" 1 \
"rw[3] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done in 41.2 ms
rw[4] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: timeout: no answer
rw[4] 'carol@strongswan.org' remains at 192.0.2.1
1 IKE_SA remains" --leave --uri "$vici"
[ "$(grep -c 'timeout: no answer' "$dir/out")" = 2 ]
result $? "it was asked twice"

start_daemon leaves_when_idle
expect "others' moves come to an end first" 0 \
"waiting for another move to end
nobody remains" --leave --uri "$vici"
start_daemon leaves_in_vain
expect "after some time it says who remains" 1 \
"waited for 1 s
rw[4] 'carol@strongswan.org' remains at 192.0.2.1" \
	--leave --uri "$vici" --timeout 1
start_daemon leaves_a_cluster
expect "to the other node" 0 "nobody remains" --leave --uri "$vici"
start_daemon leaves_a_cluster
expect "or elsewhere" 0 "nobody remains" --leave --uri "$vici" --to 203.0.113.9
start_daemon without_plugin
expect "without the plugin" 2 "is its rmobike plugin loaded" \
	--leave --uri "$vici"
start_daemon never_replies
expect "a daemon that does not answer" 2 "did not answer within 1 s" \
	--leave --uri "$vici" --timeout 1

finish
