# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Plays the commands of a document word for word. Sourced after lab.sh.
#
#	runbook README.md Maintenance    # its section
#	plays gateway                    # the first block of commands, there
#	... what it should have done ...
#	plays gateway                    # the next one
#	runbook_ends                     # nothing was left out
#
# Blocks end where text follows, or a line with "…".

# runbook FILE HEADING
runbook() {
	mapfile -t RUNBOOK < <(awk -v heading="### $2" '
		$0 == heading { on = 1; next }
		/^#/ { on = 0 }
		on && /^(\t|    )[^ \t…]/ { sub(/^(\t|    )/, ""); print; open = 1; next }
		on && open && /[^ \t]/ { print "…"; open = 0 }' "$top/$1")
	[ ${#RUNBOOK[@]} -gt 0 ] || fail "$1 has no commands in '$2'"
	# The command where it is installed
	mkdir -p "$lab/bin"
	ln -sf "$rmobike" "$lab/bin/rmobike"
}

# plays HOST [COMMAND...]: the next block, on that host. Each command has to succeed.
# "systemctl" is what nobody has here: COMMAND gets its arguments instead.
plays() {
	local name=$1 line
	shift
	[ ${#RUNBOOK[@]} -gt 0 ] || fail "the document has no more commands"
	OUTPUT=
	while [ ${#RUNBOOK[@]} -gt 0 ]; do
		line=${RUNBOOK[0]}
		RUNBOOK=("${RUNBOOK[@]:1}")
		[ "$line" != … ] || break
		say "$name# $line"
		case $line in
		systemctl*)
			# shellcheck disable=SC2086 # several words
			"$@" ${line#systemctl } ;;
		*)
			on "$name" env PATH="$lab/bin:$PATH" bash -c "$line" \
				> "$lab/played" 2>&1 ||
				fail "'$line' ends with status $?: $(< "$lab/played")"
			say "$(< "$lab/played")"
			OUTPUT+=$(< "$lab/played")$'\n' ;;
		esac
	done
}

runbook_ends() {
	[ ${#RUNBOOK[@]} = 0 ] || fail "not played: ${RUNBOOK[*]}"
}
