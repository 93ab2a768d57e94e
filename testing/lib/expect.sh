# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What tests expect, and how they say what they found instead.

# is WHAT FOUND EXPECTED
is() {
	[ "$2" = "$3" ] || fail "$1: found '$2', expected '$3'"
}

# matches WHAT FOUND GLOB
matches() {
	# shellcheck disable=SC2053 # a pattern is wanted
	[[ $2 = $3 ]] || fail "$1: found '$2', expected '$3'"
}
