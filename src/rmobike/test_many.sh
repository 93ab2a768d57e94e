#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
#
# How the rmobike tool moves many IKE_SAs: what it asks for, what it shows
# meanwhile, how it is stopped. Needs no privileges.
#
# usage: test_many.sh [RMOBIKE]    (default: ./rmobike)

# shellcheck source=src/rmobike/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

# -- usage

for option in '--wait --no-wait' '--dry-run --no-wait'
do
	# shellcheck disable=SC2086 # several words
	expect "--switch with $option" 2 "see 'rmobike --switch --help'" \
		--switch --all --to 192.0.2.2 $option
done
expect "--drain without an address" 2 "missing ADDR after --drain" --drain
expect "--drain without an address, but options" 2 "missing ADDR after" \
	--drain --to 192.0.2.2
expect "--drain of two addresses" 2 "unexpected argument '192.0.2.2'" \
	--drain 192.0.2.1 192.0.2.2
expect "--drain --help" 0 "rmobike --drain ADDR" --drain --help
expect "--undrain without an address" 2 "missing ADDR after --undrain" --undrain
expect "--cancel with an address" 2 "unexpected argument" --cancel 192.0.2.1
expect "--balance to an address" 2 "unknown or ambiguous option '--to'" \
	--balance --to 192.0.2.1

# -- what is asked for

start_daemon echo_request
expect "all options reach the daemon" 1 \
	"rmobike-switch to=192.0.2.2=3,2001:db8::3 all=yes fallback=redirect max-in-flight=8 rate=100 max-failures=5 dry-run=yes" \
	--switch --all --to 192.0.2.2=3,2001:db8::3 --max-in-flight 8 \
	--rate 100 --max-failures 5 --fallback redirect --dry-run --uri "$vici"
expect "short options" 1 \
	"rmobike-switch to=192.0.2.2 all=yes fallback=none max-in-flight=10000 rate=0 max-failures=0 dry-run=yes" \
	-s -a -t 192.0.2.2 -m 10000 -R 0 -f 0 -F none -n -w -u "$vici"
expect "--drain" 1 "rmobike-drain address=192.0.2.1" \
	--drain 192.0.2.1 --uri "$vici"
expect "--drain with options" 1 \
	"rmobike-drain address=2001:db8::1 to=192.0.2.2=1,192.0.2.3=0 fallback=redirect max-in-flight=2 rate=3 max-failures=4 dry-run=yes" \
	-d 2001:db8::1 -t 192.0.2.2=1,192.0.2.3=0 -m 2 -R 3 -f 4 -F redirect -n \
	-u "$vici"
# what it takes is the daemon's to say: testing/live/command-names-what-is-wrong
for to in 192.0.2.2=3,192.0.2.3=x 192.0.2.2= 192.0.2.2=10001 192.0.2.2=-1 \
	"192.0.2.2," ",192.0.2.2" 192.0.2.2,gateway 192.0.2.2=1=2 =3
do
	expect "--to '$to' is not the tool's to refuse" 1 "to=$to all=yes" \
		--switch --all --to "$to" --uri "$vici"
done
for option in '--max-in-flight 0' '--max-in-flight 10001' '--rate -1' \
	'--rate 1.5' '--max-failures x' '--fallback reauth'
do
	value=${option#--}
	# shellcheck disable=SC2086 # two words
	expect "$option is not the tool's to refuse" 1 \
		"${value% *}=${value#* }" --switch --all --to 192.0.2.2 $option \
		--uri "$vici"
done
expect "--drain of a name is not, either" 1 "address=gateway" \
	--drain gateway --uri "$vici"
expect "--undrain of a subnet is not, either" 1 "address=192.0.2.0/24" \
	--undrain 192.0.2.0/24 --uri "$vici"
expect "--drain of nothing is not, either" 1 "rmobike-drain address=" \
	--drain '' --uri "$vici"
expect "--undrain of nothing is not, either" 1 "rmobike-undrain address=" \
	--undrain '' --uri "$vici"
expect "--undrain" 1 "rmobike-undrain address=192.0.2.1" \
	--undrain 192.0.2.1 --uri "$vici"
expect "--balance" 1 "rmobike-balance max-in-flight=2 dry-run=yes" \
	--balance --max-in-flight 2 --dry-run --uri "$vici"
expect "--cancel" 1 "rmobike-cancel" -c -u "$vici"

# -- what comes of it

behaves "every outcome has its line" every_state 1 \
"rw[1] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done in 41.2 ms
rw[2] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: redirected
rw[3] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: refused: the peer
rw[4] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: timeout: no answer
rw[5] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: failed: peer does not
rw[6] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: cancelled: too many"
behaves "redirected peers are where they should be" redirects 0 "redirected"
behaves "many are summed up" many_move 1 \
"rw[1] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done in 41.2 ms
rw[2000] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: refused
2000 IKE_SAs in
: 1998 done, 2 refused
1332 to 192.0.2.2
666 to 192.0.2.3"
reject "no bar without a terminal" " left"
behaves "--dry-run" plans 1 \
"rw[1] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: planned
rw[11] 'carol@strongswan.org' 192.0.2.1: ineligible: peer does not support it
: 10 planned, 2 ineligible
5 to 192.0.2.3" --dry-run
behaves "--no-wait" many_move 0 "move of 2000 IKE_SAs started" --no-wait
reject "it does not wait for outcomes" "rw["
behaves "--timeout counts from the start" slow_but_sure 1 \
	"waited for 1 s, 2 of 3 switches still in flight" --timeout 1

behaves "--json" every_state 1 \
'{"id":1,"name":"rw","peer-id":"carol@strongswan.org","local":"192.0.2.1","remote":"198.51.100.7","from":"192.0.2.1","to":"192.0.2.2","state":"done","ms":41.2,"tag":"rmobike-
{"summary":{"matches":6,"done":1,"redirected":1,"planned":0,"refused":1,"timeout":1,"failed":1,"ineligible":0,"cancelled":1,"unknown":0,"targets":{"192.0.2.2":2},"seconds":0.' \
	--json
"$python" -c 'import json, sys
for line in sys.stdin:
    json.loads(line)' <"$dir/out"
result $? "each line is a JSON object"
behaves "--json with odd strings" odd_strings 0 \
	'"name":"7","peer-id":"\"C=\u00c4\\\ufffd\u000a\ud83d\ude00"' --json
behaves "--json --no-wait" many_move 0 \
	'{"success":true,"matches":2000}' --json --no-wait

start_daemon all_move
expect "--drain that moves" 0 \
"rw[4] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done in 100.0 ms
192.0.2.1 is drained, newcomers are moved until 'rmobike --undrain 192.0.2.1'" \
	--drain 192.0.2.1 --uri "$vici"
start_daemon plans
expect "--drain --dry-run drains nothing" 1 "10 planned" \
	--drain 192.0.2.1 --dry-run --uri "$vici"
reject "nor does it say so" "is drained"
start_daemon drained_already
expect "--drain with nothing there" 0 "192.0.2.1 is drained, nothing was" \
	--drain 192.0.2.1 --uri "$vici"
expect "--balance with nothing to do" 0 "balanced already" \
	--balance --uri "$vici"
start_daemon undrains
expect "--undrain that works" 0 "192.0.2.1 is not drained anymore" \
	--undrain 192.0.2.1 --uri "$vici"
start_daemon refuses_command
expect "--undrain that does not" 1 "not an address" \
	--undrain 192.0.2.1 --uri "$vici"
start_daemon without_plugin
expect "--drain without the plugin" 2 "does not know 'rmobike-drain'" \
	--drain 192.0.2.1 --uri "$vici"

# -- being stopped

# signal_to BEHAVIOUR SIGNAL...: to a tool that saw the first outcome, with the
# daemon that behaves like that; sets status
signal_to()
{
	start_daemon "$1"
	shift
	# a shell's background processes ignore SIGINT
	"$python" "$here/test_tool.py" "$rmobike" --switch --all --to 192.0.2.2 \
		--uri "$vici" >"$dir/out" 2>&1 &
	pid=$!
	wait_until grep -qF "rw[" "$dir/out"
	for signal
	do
		kill "-$signal" $pid
		[ $# = 1 ] || wait_until grep -qF "stopping" "$dir/out"
	done
	wait $pid
	status=$?
}

signal_to stoppable INT
[ $status = 1 ] && grep -qF "20 IKE_SAs in" "$dir/out" &&
	grep -qF ": 9 done, 11 cancelled" "$dir/out" &&
	grep -qF "stopping: 11 not started, waiting for 8 in flight" "$dir/out"
result $? "Ctrl-C cancels, waits for those in flight, and reports"
signal_to just_over INT
[ $status = 0 ] && ! grep -qF "stopping" "$dir/out" &&
	grep -qF ": 2 done" "$dir/out"
result $? "Ctrl-C at the very end"
signal_to never_stops INT INT
[ $status = 1 ] && grep -qF "1 of 2 switches still in flight" "$dir/out"
result $? "Ctrl-C twice leaves the rest to the daemon"
signal_to never_ends TERM
[ $status = 1 ] && grep -qF "1 of 2 switches still in flight" "$dir/out" &&
	! grep -qF "stopping" "$dir/out"
result $? "other signals cancel nothing"
start_daemon stoppable
expect "--cancel of somebody else's move" 0 \
	"11 not started, 8 in flight come to an end" --cancel --uri "$vici"

# -- on a terminal

# on_terminal BEHAVIOUR ARGS...: 80 columns, everything it writes in out
on_terminal()
{
	start_daemon "$1"
	shift
	TERM=xterm "$python" "$here/test_tool.py" --terminal "$rmobike" --switch \
		--all --to 192.0.2.2 --uri "$vici" "$@" >"$dir/out" 2>&1
	status=$?
}

on_terminal many_move
tr '\r' '\n' <"$dir/out" >"$dir/lines"
[ $status = 1 ] &&
	grep -qE '^\[#+\.+\] [0-9]+/2000: [0-9]+ done, [0-9]+ refused, 0 failed, [0-9]+/s, [0-9]+:[0-9][0-9] left' \
		"$dir/lines" &&
	grep -qF ": 1998 done, 2 refused" "$dir/lines"
result $? "a bar shows the progress"
# some may come before it is known how many there will be
[ "$(grep -cF "done in" "$dir/lines")" -lt 200 ] &&
	grep -qF "rw[1000]" "$dir/lines"
result $? "above it only what did not move"
! sed 's/\x1b\[K//g' "$dir/lines" | grep -v 'rw\[' | grep -q '.\{80\}'
result $? "the bar fits into a line"
on_terminal all_move
grep -qF "rw[3] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done in 41.2" \
	"$dir/out" && [ $status = 0 ]
result $? "few IKE_SAs have their lines"
on_terminal many_move --json
! grep -qF "left" "$dir/out"
result $? "no bar between lines for machines"

finish
