# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the programs that people start have in common: what is said about arguments
# that are wrong, and what has to be there before they start. They have a function
# usage, and include this before anything else.

self=$(readlink -f "$0")
top=${self%/testing/*}
program=${self#"$top"/}

# die WHAT: the program can't do what it was asked for
die() {
	echo "$program: $*" >&2
	exit 2
}

# bad_argument WHAT: so are the arguments
bad_argument() { die "$*, see --help"; }

# other_option ARGUMENT: --help, or one that does not exist
other_option() {
	case $1 in
	-h|--help)	usage; exit ;;
	*)	bad_argument "unknown option '$1'" ;;
	esac
}

# number WHAT VALUE [MIN]
number() {
	[[ ${2:-} =~ ^(0|[1-9][0-9]{0,8})$ && $2 -ge ${3:-0} ]] ||
		bad_argument "$1 needs a number${3:+ from $3}, not '${2:-}'"
}

# no_more ARGUMENT...: what is left of the arguments
no_more() { [ $# = 0 ] || bad_argument "unexpected argument '$1'"; }

needs_root() { [ "$(id -u)" = 0 ] || die "must be run as root"; }

# needs_build: what is tested was built
needs_build() {
	RMOBIKE_BUILD=$(readlink -m "${RMOBIKE_BUILD:-$top}")
	export RMOBIKE_BUILD
	[ -e "$RMOBIKE_BUILD/src/libcharon/plugins/rmobike/.libs/libstrongswan-rmobike.so" ] ||
		die "nothing is built in $RMOBIKE_BUILD, run make or testing/check first"
}

# What runs laboratories in virtual machines, if anything is to do so
if [ -n "${RMOBIKE_VM:-}" ]; then
	command -v "$RMOBIKE_VM" > /dev/null ||
		die "RMOBIKE_VM=$RMOBIKE_VM is no program that can be run"
	RMOBIKE_VM=$(readlink -f "$(command -v "$RMOBIKE_VM")")
fi
