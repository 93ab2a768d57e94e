# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The peer that means harm, see hostile_plugin.c.

# hostile HOST: its charon loads the hostile plugin, too
hostile() {
	local name=$1
	if [ ! -e "$lab/libstrongswan-hostile.so" ]; then
		hostile_build
	fi
	EXTRA_PLUGINS["$name"]+=' hostile'
	MORE_PLUGINS["$name"]+=" $lab/libstrongswan-hostile.so"
}

# With the flags that the real plugin was built with
hostile_build() {
	local made=$RMOBIKE_BUILD/src/libcharon/plugins/rmobike/Makefile flags=()
	local name
	for name in STRONGSWAN_CPPFLAGS WARN_CFLAGS STRONGSWAN_CFLAGS CFLAGS; do
		read -ra more < <(sed -n "s/^$name = //p" "$made")
		flags+=("${more[@]}")
	done
	cc "${flags[@]}" -fPIC -shared -o "$lab/libstrongswan-hostile.so" \
		"$testing/lib/hostile_plugin.c" ||
		fail "hostile_plugin.c was not built"
}

# attack HOST, with a case per line of the standard input: name = notifies.
# Returns after the last one was answered.
attack() {
	local name=$1 cases
	cases=$(cat)
	HOSTILE["$name"]="
				cases {
					$cases
				}"
	answered=$(($(log_count "$name" 'hostile: answered') +
		$(wc -l <<< "$cases")))
	write_strongswan_conf "$name"
	on "$name" swanctl --reload-settings > /dev/null
	wait_for 60 "answers to all attacks" all_answered "$name" "$answered"
}
all_answered() { [ "$(log_count "$1" 'hostile: answered')" -ge "$2" ]; }
