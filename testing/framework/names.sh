# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Which scenarios there are, and which are meant.

# Those of strongSwan's that use what we change, one of each kind: each takes CI
# twenty seconds. All of them: testing/scenarios 'ikev2/*'
# shellcheck disable=SC2034 # by testing/scenarios
CI=('ikev2/mobike*' ikev2/redirect-active ikev2/reauth-mbb ikev2/nat-rw
	ikev2/dpd-restart ikev2/net2net-rekey ikev2/host2host-transport)

# select_names: from $patterns to $names and $left_out
select_names() {
	local name pattern reason exact
	while read -r name; do
		for pattern in "${patterns[@]}"; do
			matches "$name" "$pattern" || continue
			reason=$(sed -n "s,^$name  *,,p" "$framework/not-run")
			exact=''
			[ "$name" != "$pattern" ] || exact=1
			if [ -n "$reason" ] && [ -z "$exact" ]; then
				left_out+=("$name: not run, $reason")
			else
				names+=("$name")
			fi
			break
		done
	done < <(all_names)
}

all_names() {
	{
		cd "$testing/tests" && printf '%s\n' */*/test.conf
		cd "$source/testing/tests" && printf '%s\n' */*/test.conf
	} | sed 's,/test.conf$,,' | sort -u
}

# matches NAME PATTERN: a directory means strongSwan's scenarios in it
matches() {
	# shellcheck disable=SC2053 # patterns are wanted
	case $2 in
	*/*) [[ $1 == $2 ]] ;;
	*) [[ ${1#*/} == $2 || ( ${1%%/*} == "$2" && ${1#*/} != rmobike-* ) ]] ;;
	esac
}
