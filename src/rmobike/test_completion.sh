#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
#
# What bash completes behind rmobike: every option that the tool's own help
# shows, and values that make sense.
#
# usage: test_completion.sh [RMOBIKE]    (default: ./rmobike)

rmobike=${1:-./rmobike}
count=0 failed=0
# shellcheck source=src/rmobike/rmobike.bash
. "$(dirname "$0")/rmobike.bash"

# what the daemon and the machine would say
_rmobike_values() { echo "value-of-$1"; }
_rmobike_addresses() { echo 192.0.2.1 2001:db8::1; }

# completes WORD...: what is offered for the last one, sorted
completes() {
	COMP_WORDS=(rmobike "$@")
	COMP_CWORD=$#
	_rmobike
	printf '%s\n' "${COMPREPLY[@]}" | sort | xargs
}

# expect FOUND EXPECTED NAME
expect() {
	count=$((count + 1))
	if [ "$1" = "$2" ]
	then
		echo "ok $count - $3"
	else
		failed=$((failed + 1))
		echo "not ok $count - $3"
		echo "# found '$1', expected '$2'"
	fi
}

commands=$("$rmobike" --help | sed -n 's/^  rmobike \(--[a-z-]*\) .*/\1/p')
expect "$(completes '')" "$(sort <<< "$commands" | xargs)" "commands"
for command in $commands
do
	case $command in
	--help|--version)
		continue
		;;
	esac
	expect "$(completes "$command" --)" \
		"$("$rmobike" "$command" --help | sed -n 's/^  \(--[a-z-]*\) .*/\1/p' |
			sort | xargs)" "options of $command"
done

expect "$(completes --drain 1)" "192.0.2.1" "addresses to drain"
expect "$(completes -d 192.0.2.1 --t)" "--timeout --to" \
	"options behind the address"
expect "$(completes --switch --to '')" "192.0.2.1 2001:db8::1" "addresses"
expect "$(completes -s -p '')" "value-of-remote" "peers' addresses"
expect "$(completes --switch --ike '')" "value-of-name" "connections"
expect "$(completes --switch --all --fallback r)" "redirect" "fallbacks"
expect "$(completes --switch --rate '')" "" "no numbers"
expect "$(completes --switch --dry-run --no)" "--no-wait" \
	"options behind those without a value"
expect "$(completes --stats -p --j)" "--json" "-p of --stats has no value"

echo "1..$count"
echo "# $((count - failed)) of $count passed"
[ "$failed" = 0 ]
