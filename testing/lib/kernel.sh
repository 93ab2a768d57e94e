# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The kernel of this machine, or another one, see kernel.c.

# linux_since VERSION: it is as new as that
linux_since() {
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ]
}

# other_kernel WHAT HOST...: what its charon takes for its kernel is locked, old,
# slow, several of these (locked,old), or has all SAs in hardware (offload)
other_kernel() {
	local what=$1 name
	shift
	if [ ! -e "$lab/kernel.so" ]; then
		cc -Wall -Wextra -Werror -fPIC -shared -o "$lab/kernel.so" \
			"$testing/lib/kernel.c" || fail "kernel.c was not built"
	fi
	for name; do
		RUN_BY[$name]="env LD_PRELOAD=$lab/kernel.so TEST_KERNEL=$what"
	done
}
