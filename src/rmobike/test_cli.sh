#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
#
# What the rmobike tool says, and how it exits: with wrong options, without a
# daemon, and with a stand-in for one (test_daemon.py). Needs no privileges.
#
# usage: test_cli.sh [RMOBIKE]    (default: ./rmobike)

# shellcheck source=src/rmobike/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

# -- usage

expect "no arguments: shows the commands" 2 "rmobike --switch"
expect "--help" 0 "rmobike --status" --help
expect "-h" 0 "rmobike --switch" -h
expect "--version" 0 "rmobike " --version
expect "-v" 0 "rmobike " -v
expect "--switch --help lists its options" 0 "--peer-id" --switch --help
expect "--status --help lists its options" 0 "--pretty" -S -h
reject "--status has no options of --switch" "--peer-id"
expect "an unknown command" 2 "'--swich' is not a command" --swich
expect "a command without dashes" 2 "'switch' is not a command" switch
expect "an option before the command" 2 "the first argument has to be" \
	--to 192.0.2.2 --switch
expect "no target" 2 "missing --to ADDR" --switch --ike rw
expect "no selector" 2 "missing selector" --switch --to 192.0.2.2
expect "an unknown option" 2 "unknown or ambiguous option '--too'" \
	--switch --too 192.0.2.2
expect "an ambiguous option" 2 "unknown or ambiguous option '--pe'" \
	--switch --pe 192.0.2.2
expect "an unknown short option" 2 "unknown option '-x'" --switch -x
expect "an option of another command" 2 "unknown or ambiguous option '--to'" \
	--status --to 192.0.2.2
expect "an option without its value" 2 "option '--to' needs a value" \
	--switch --all --to
expect "a value nobody asked for" 2 "option '--all=x' takes no value" \
	--switch --all=x
expect "an argument nobody asked for" 2 "unexpected argument '192.0.2.2'" \
	--switch --all 192.0.2.2
expect "--json together with --raw" 2 "--json can't be combined" \
	--switch --all --to 192.0.2.2 --json --raw
expect "an option given twice" 2 "option --to is given twice" \
	--switch --all -t 192.0.2.2 --to 192.0.2.3
expect "--all together with a selector" 2 "--all can't be combined" \
	--switch --all --ike rw --to 192.0.2.2

expect "--timeout 0" 2 "'0' won't do for --timeout" --status --timeout 0
expect "--debug with a word" 2 "'high' won't do for --debug" --status -v high
expect "a URI that is just a path" 2 "it takes unix://<path>" \
	--status --uri /run/charon.vici
expect "control characters in what was given" 2 "'?[2J' won't do" \
	--status --timeout "$(printf '\033[2J')"

# -- no daemon

expect "no socket there" 2 "is charon running" --status --uri "$vici"
"$python" -c "import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])" "$dir/vici"
expect "a socket left behind" 2 "nobody listens at $vici" \
	--switch --all --to 192.0.2.2 --uri "$vici"
rm -f "$dir/vici"
expect "no TCP service there" 2 "nobody listens at tcp://127.0.0.1:1" \
	--status --uri tcp://127.0.0.1:1
if [ "$(id -u)" != 0 ]
then
	start_daemon no_match
	chmod 0 "$dir/vici"
	expect "no permission" 2 "no permission to connect" --status --uri "$vici"
fi

# -- a daemon

behaves "all move" all_move 0 \
"rw[3] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done in 41.2 ms
rw[4] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done in 100.0 ms"
behaves "events arrive before the reply" events_before_reply 0 \
"rw[3] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done
rw[4] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done"
behaves "one is there already" already_there 0 \
	"rw[3] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.1: done in 0.0 ms"
reject "a move has no reason, all such lines look the same" "already there"
behaves "peers are led" one_is_led 1 \
"rw[3] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done in 41.2 ms (by MOBIKE)
rw[4] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: refused: stays (by MOBIKE)"
behaves "one of two refuses" one_refuses 1 \
"-> 192.0.2.2: refused: the peer stays at its address
rw[4] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done"
behaves "events of other commands are not ours" others_switch_too 0 "rw[3]"
reject "events with another tag are not shown" "rw[7]"
reject "events with a similar tag are not shown" "rw[8]"
behaves "none matches" no_match 1 "no matching IKE_SA found"
behaves "the daemon refuses the command" refuses_command 1 \
	"192.0.2.2 is not an address of this machine"
behaves "it takes longer than a second" slow 0 "done in"
behaves "the daemon has no rmobike plugin" without_plugin 2 \
	"does not know 'rmobike-switch': is its rmobike plugin loaded"
behaves "the daemon dies before it replied" dies_before_reply 2 \
	"closed the connection before it answered"
behaves "the daemon dies in between" dies_while_waiting 2 \
"rw[3]
the outcome of 1 of 2 switches is unknown"
behaves "waits no longer than --timeout" never_ends 1 \
"rw[3]
waited for 2 s, 1 of 2 switches still in flight" --timeout 2
behaves "does not wait forever for a reply" never_replies 2 \
	"did not answer within 1 s" --timeout 1
behaves "a reply that is no vici message" nonsense 2 "makes no sense"
behaves "terminal sequences do nothing" evil_strings 1 \
	"rw[3] '?]0;x?' 192.0.2.1 -> 192.0.2.2: failed: a?[2Jb"
reject "no escape character gets through" "$(printf '\033')"
behaves "--raw" all_move 0 \
"rmobike-switch reply {success=yes matches=2}
rmobike-switch {id=3 name=rw" --raw
behaves "--pretty" all_move 0 \
"success = yes
ms = 100.0" --pretty

start_daemon echo_request
expect "all selectors reach the daemon" 1 \
	"to=2001:db8::2 ike=rw ike-id=3 peer-ip=198.51.100.0/24 peer-id=*@strongswan.org local-ip=192.0.2.1" \
	--switch --ike rw --ike-id 3 --peer-ip 198.51.100.0/24 \
	--peer-id '*@strongswan.org' --local-ip 192.0.2.1 --to 2001:db8::2 \
	--uri "$vici"
expect "short options" 1 \
	"to=192.0.2.2 ike=rw ike-id=3 peer-ip=2001:db8::1-2001:db8::9 peer-id=C=CH, * local-ip=::1" \
	-s -i rw -I 3 -p 2001:db8::1-2001:db8::9 -d 'C=CH, *' -l ::1 \
	-t 192.0.2.2 -u "$vici"
expect "--all" 1 "to=192.0.2.2 all=yes" -s -a -t 192.0.2.2 -u "$vici"

# what it takes is the daemon's to say: testing/live/command-names-what-is-wrong
for value in 'to 192.0.2' 'to 192.0.2.2/32' 'to 192.0.2.2:4500' 'to 0.0.0.0' \
	'to 224.0.0.1' 'to %any' 'to gateway.example.org' 'to ::' 'to ff02::1' \
	'to fe80::1%eth0' 'peer-ip 192.0.2' 'peer-ip 192.0.2.0/33' \
	'peer-ip 192.0.2.0/' 'peer-ip 192.0.2.1-' \
	'peer-ip 192.0.2.1-2001:db8::1' 'peer-ip 2001:db8::/129' 'peer-ip any' \
	'local-ip 192.0.2.0/24' 'ike-id 0' 'ike-id -1' 'ike-id 3x' 'ike-id ' \
	'ike-id 4294967296' 'to ' 'ike ' 'peer-id '
do
	option=${value% *}
	case $option in
		to) set -- --all ;;
		*) set -- --to 192.0.2.2 ;;
	esac
	expect "--$value is not the tool's to refuse" 1 "$option=${value#* }" \
		--switch "--$option" "${value#* }" "$@" --uri "$vici"
done
expect "nor is --peer-id with other characters" 1 "peer-id=Zo??" \
	--switch --peer-id 'Zoë' --to 192.0.2.2 --uri "$vici"

start_daemon never_ends
"$rmobike" --switch --all --to 192.0.2.2 --uri "$vici" >"$dir/out" 2>&1 &
pid=$!
wait_until grep -qF "rw[3]" "$dir/out"
# the reply came before that event
kill -TERM $pid
wait $pid
status=$?
grep -q "interrupted, 1 of 2 switches still in flight" "$dir/out" &&
	[ $status = 1 ]
result $? "a signal ends the waiting"

finish
