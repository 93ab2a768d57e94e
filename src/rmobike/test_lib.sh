# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
# shellcheck shell=sh
#
# What the tests of the tool share: daemons to talk to, expectations, and the
# count of those met. Sourced, with the path of the tool as $1 if it is given.

rmobike=${1:-./rmobike}
here=$(dirname "$0")
python=${PYTHON3:-python3}
dir=$(mktemp -d) || exit 99
daemon=
count=0
failed=0

stop_daemon()
{
	if [ -n "$daemon" ]
	then
		kill "$daemon" 2>/dev/null
		wait "$daemon" 2>/dev/null
		daemon=
	fi
	rm -f "$dir/vici"
}

cleanup()
{
	stop_daemon
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 99' INT TERM

# a daemon that behaves as $1 says, a function in test_daemon.py; what was
# printed before is gone, so that one can wait for lines of the tool
start_daemon()
{
	stop_daemon
	: >"$dir/out"
	"$python" "$here/test_daemon.py" "$dir/vici" "$1" &
	daemon=$!
	wait_until [ -S "$dir/vici" ]
}

result()
{
	count=$((count + 1))
	if [ "$1" = 0 ]
	then
		echo "ok $count - $2"
	else
		failed=$((failed + 1))
		echo "not ok $count - $2"
		tail -n 30 "$dir/out" | sed 's/^/# /'
	fi
}

# expect NAME STATUS TEXT ARGS...: exit status, and what the output contains;
# TEXT may be several lines, each has to be there
expect()
{
	name=$1
	want=$2
	text=$3
	shift 3
	timeout 20 "$rmobike" "$@" >"$dir/out" 2>&1
	got=$?
	[ "$got" = "$want" ]
	good=$?
	while read -r line
	do
		grep -qF -e "$line" "$dir/out" || good=1
	done <<END
$text
END
	[ "$good" = 0 ] || echo "exit status $got, expected $want: $text" \
		>>"$dir/out"
	result "$good" "$name"
}

# what the output of the last expect must not contain
reject()
{
	! grep -qF -e "$2" "$dir/out"
	result $? "$1"
}

# behaves NAME BEHAVIOUR STATUS TEXT ARGS...: the same for --switch, with a
# daemon of its own
behaves()
{
	name=$1
	behaviour=$2
	status=$3
	text=$4
	shift 4
	start_daemon "$behaviour"
	expect "$name" "$status" "$text" --switch --ike rw --to 192.0.2.2 \
		--uri "$vici" "$@"
}

# wait_until COMMAND...: until it succeeds, or never will
wait_until()
{
	tries=0
	until "$@" || [ $tries -ge 300 ]
	do
		sleep 0.05
		tries=$((tries + 1))
	done
}

# the end of a test
finish()
{
	echo "1..$count"
	echo "# $((count - failed)) of $count passed"
	[ "$failed" = 0 ]
}

vici=unix://$dir/vici
