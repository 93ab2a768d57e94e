# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Debian in a directory: made by debootstrap, from the mirror that apt uses.

# The name of this machine's release
# shellcheck source=/dev/null
debian_release() { ( . /etc/os-release && echo "${VERSION_CODENAME:-}" ) }

# find_mirror RELEASE...: the repository with section main of the first of these that
# apt knows, Debian's own one if there are several. Sets release and mirror.
find_mirror() {
	local indexes
	# shellcheck disable=SC2016 # expanded by apt-get
	indexes=$(apt-get indextargets \
		--format '$(RELEASE) $(COMPONENT) $(ORIGIN) $(REPO_URI)' \
		'Identifier: Packages')
	for release; do
		# Where apt never got the list, the origin is not known
		mirror=$(awk -v release="$release" '$1 == release && $2 == "main" &&
			($3 == "Debian" || !/Debian/) { print $NF; exit }' <<< "$indexes")
		[ -z "$mirror" ] || return 0
	done
	echo "apt knows no mirror with section main of '$1', see" \
		"/etc/apt/sources.list and sources.list.d" >&2
	return 1
}

# debootstrap doesn't read apt's configuration
use_proxy() {
	local scheme proxy
	for scheme in http https; do
		proxy=
		eval "$(apt-config shell proxy "Acquire::$scheme::Proxy")"
		case $proxy in
			''|DIRECT) ;;
			*) export "${scheme}_proxy=$proxy" ;;
		esac
	done
}

# isolated COMMAND...: no network but a loopback interface, and neither a mount
# nor a process survives it
isolated() {
	unshare --mount --net --pid --fork --kill-child -- \
		sh -c 'ip link set lo up && mount -t proc proc /proc && exec "$@"' - "$@"
}

# make_root DIRECTORY RELEASE MIRROR PACKAGE...: in two stages, only the first needs the
# network, and whatever daemon the packages' scripts may start in the second must not
# have it.
make_root() {
	local root=$1 release=$2 mirror=$3
	shift 3
	use_proxy
	debootstrap --foreign --variant=minbase --include="$(IFS=,; echo "$*")" \
		"$release" "$root" "$mirror" || {
		tail -n 20 "$root/debootstrap/debootstrap.log" || true
		false
	}
	isolated chroot "$root" /debootstrap/debootstrap --second-stage || {
		tail -n 20 "$root/debootstrap/debootstrap.log"
		false
	}
}
