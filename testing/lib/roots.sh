# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Daemons of other versions of strongSwan, each in a root with another Debian below
# $RMOBIKE_ROOTS that has our plugin built for it (testing/tools/root). A test that
# sources this has the line "# Needs RMOBIKE_ROOTS." and is left out without these.

# root_with VERSION: the root that has this one
root_with() {
	local dir
	for dir in "$RMOBIKE_ROOTS"/*/; do
		# shellcheck disable=SC2016 # expanded by dpkg-query
		if [ "$(dpkg-query --admindir="$dir/var/lib/dpkg" -W \
			-f '${source:Upstream-Version}' libstrongswan 2> /dev/null)" = "$1" ]; then
			echo "${dir%/}"
			return
		fi
	done
	fail "no root below $RMOBIKE_ROOTS has strongSwan $1, see testing/tools/root"
}

# runs_in HOST VERSION: from now on start_daemon has the charon of that root, with the
# plugin that was built there. The laboratory's own swanctl and rmobike talk to it.
runs_in() {
	local name=$1 root plugins=$lab/$1/plugins-$2
	local built=rmobike/src/libcharon/plugins/rmobike/.libs/libstrongswan-rmobike.so
	root=$(root_with "$2")
	[ -e "$root/$built" ] || fail "no $root/$built, see testing/tools/root"
	mkdir "$plugins"
	cp "$root$stock_plugins"/*.so "$root/$built" "$plugins/"
	# shellcheck disable=SC2016 # for the inner shell
	on "$name" bash -ec '
		mount -t tmpfs tmpfs "$1/tmp"
		mkdir -p "$1$2"
		mount --bind "$2" "$1$2"
		mount --bind /run "$1/run"
		mount --bind /dev "$1/dev"
		mount -t proc proc "$1/proc"
		mount --bind "$3" "$1$4"' - "$root" "$lab" "$plugins" "$stock_plugins"
	RUN_BY["$name"]="chroot $root"
}

# runs HOST VERSION: its charon, by its log, and it has the plugin
runs() {
	is "version of $1" "$(sed -n 's/.*daemon (strongSwan \([^,]*\),.*/\1/p' \
		"$lab/$1/charon.log" | tail -n 1)" "$2"
	tail -n 1 <<< "$(grep 'loaded plugins:' "$lab/$1/charon.log")" |
		grep -q ' rmobike' || fail "$1 did not load the plugin, see charon.log"
}
