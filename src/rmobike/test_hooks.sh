#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
#
# Programs that the rmobike tool runs for events: what they are told, and that it
# goes on without those that fail, hang, or are slow. Needs no privileges.
#
# usage: test_hooks.sh [RMOBIKE]    (default: ./rmobike)

# shellcheck source=src/rmobike/test_lib.sh
. "$(dirname "$0")/test_lib.sh"

# hook COMMANDS: what it does; it writes to $dir/told
hook()
{
	# shellcheck disable=SC2016 # for the hook
	printf '#!/bin/sh\nset -e\n%s\n%s\n' \
		'[ "$RMOBIKE_EVENT" != start ] || exit 0' "$1" >"$dir/hook"
	chmod +x "$dir/hook"
	: >"$dir/told"
}

# watch LINES ARGS...: until the hook wrote so many lines
watch()
{
	lines=$1
	shift
	"$rmobike" --monitor --exec "$dir/hook" --uri "$vici" "$@" >"$dir/out" 2>&1 &
	tool=$!
	wait_until sh -c "[ \$(wc -l <'$dir/told') -ge $lines ]"
	kill -TERM $tool
	wait $tool
	result $? "exit status"
}

# says NAME LINES: the tool did
says()
{
	good=0
	while read -r line
	do
		grep -qF -e "$line" "$dir/out" || good=1
	done <<END
$2
END
	result "$good" "$1"
}

# told NAME LINES: the hook wrote them, and nothing else
told()
{
	[ "$(cat "$dir/told")" = "$2" ]
	result $? "$1"
}

export RMOBIKE_STATE=inherited RMOBIKE_REASON=inherited
hook "echo \$RMOBIKE_EVENT \$RMOBIKE_CONNECTION \$RMOBIKE_ID \$RMOBIKE_PEER \\
	\$RMOBIKE_FROM \$RMOBIKE_TO \$RMOBIKE_STATE \$RMOBIKE_REMOTE \\
	\$RMOBIKE_REASON \$RMOBIKE_TAKEN \$RMOBIKE_DROPPED >>'$dir/told'; echo heard"
start_daemon monitored
watch 5
says "the tool prints events, and what the program says" \
"rw[3] 'carol@strongswan.org' 192.0.2.1 -> 192.0.2.2: done in 41.2 ms
the other node at 10.9.0.1 is silent
heard"
told "the program gets the same as variables, in this order" \
"switch rw 3 carol@strongswan.org 192.0.2.1 192.0.2.2 done 198.51.100.7 0
switch rw 4 carol@strongswan.org 192.0.2.1 192.0.2.2 refused 198.51.100.7 the peer stays at its address 0
switch rw 5 carol@strongswan.org 192.0.2.1 192.0.2.2 planned 198.51.100.7 0
node silent 10.9.0.1 0
node taken 10.9.0.1 the other node was silent 5 0"

hook "echo \$RMOBIKE_EVENT \$RMOBIKE_STATE \$RMOBIKE_CONNECTION \$RMOBIKE_ID \\
	\$RMOBIKE_PEER \$RMOBIKE_LOCAL \$RMOBIKE_REMOTE >>'$dir/told'"
start_daemon updown
watch 3
told "clients that come and go are told" \
"switch done rw 3 carol@strongswan.org 192.0.2.1 198.51.100.7
updown up rw 9 carol 192.0.2.1 198.51.100.7
updown down rw 9 carol 192.0.2.1 198.51.100.7"
says "others are printed" "rw[3]"
reject "they are not" "rw[9]"

hook "echo \$RMOBIKE_ID >>'$dir/told'; [ \"\$RMOBIKE_ID\" != 4 ] || exit 7"
start_daemon monitored
watch 3
says "one that fails is named" \
"$dir/hook failed with status 7, for switch rw[4] 'carol@strongswan.org' refused"
told "holds nothing up" "3
4
5"
hook "echo \$RMOBIKE_ID >>'$dir/told'; [ \"\$RMOBIKE_ID\" != 3 ] || sleep 1000"
start_daemon monitored
watch 3 -E 1
says "one that hangs is named" \
"$dir/hook was killed after 1 s, for switch rw[3] 'carol@strongswan.org' done"
told "holds nothing up but for its time" "3
4
5"
hook "echo \$\$ >'$dir/told'; sleep 1000"
start_daemon monitored
watch 1
wait_until sh -c "! kill -0 $(cat "$dir/told") 2>/dev/null"
! kill -0 "$(cat "$dir/told")" 2>/dev/null
result $? "one that runs while the tool ends does so, too"

hook "echo \$RMOBIKE_EVENT >>'$dir/told'"
sed -i '/start/d' "$dir/hook"
start_daemon updown
"$rmobike" -m -e "$dir/hook" --uri "$vici" >"$dir/out" 2>&1 &
tool=$!
wait_until sh -c "[ \$(wc -l <'$dir/told') -ge 4 ]"
stop_daemon
wait $tool
[ $? = 2 ]
result $? "exit status when the daemon is gone"
told "the program is told when it begins, and when the daemon is gone" "start
switch
updown
updown
end"

hook "[ -e '$dir/told2' ] || sleep 1; : >'$dir/told2'
printf '%s %s\\n' \"\$RMOBIKE_DROPPED\" \"\$RMOBIKE_PEER\" >>'$dir/told'"
start_daemon floods
watch 257
says "more events than can wait" "rw[300]
$dir/hook is too slow, 43 events were dropped"
[ "$(sort -u "$dir/told" | wc -l)" = 2 ] && [ "$(wc -l <"$dir/told")" = 257 ] &&
	[ "$(sed -n 2p "$dir/told")" = "43 ?]0;x?$(printf '\303\244')" ]
result $? "the program is told, and of no control characters"

expect "a program that is not there" 2 "/nowhere can't be run: No such file" \
	-m -e /nowhere --uri "$vici"
expect "one that is no path" 2 "'hook' won't do for --exec, it takes the path" \
	-m -e hook --uri "$vici"
expect "a limit that is none" 2 "'0' won't do for --exec-timeout" \
	-m -e "$dir/hook" -E 0 --uri "$vici"
hook ""
printf 'not a program' >"$dir/hook"
start_daemon monitored
expect "one that can't be run" 0 "running $dir/hook failed: Exec format error" \
	-m -e "$dir/hook" --uri "$vici" --timeout 1

finish
