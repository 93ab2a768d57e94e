# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Another kernel than that of this machine, see testing/kernel.

# other_kernel WHAT HOST...: what its charon takes for its kernel is locked, old,
# or both (locked,old)
other_kernel() {
	local what=$1 name
	shift
	if [ ! -e "$lab/kernel.so" ]; then
		cc -Wall -Wextra -Werror -fPIC -shared -o "$lab/kernel.so" \
			"$testing/kernel/kernel.c" || fail "testing/kernel was not built"
	fi
	for name; do
		RUN_BY[$name]="env LD_PRELOAD=$lab/kernel.so TEST_KERNEL=$what"
	done
}
