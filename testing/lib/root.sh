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

# debootstrap doesn't read apt's configuration, nor does what runs in roots
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

# make_root DIRECTORY RELEASE [PACKAGE...]: Debian, with apt's sources and whatever
# needs no network besides: debootstrap has two stages, and whatever daemon the
# packages' scripts may start in the second one must not have it. Mirrors may be
# snapshots, and the tarball of a point release may be in the security archive only.
make_root() {
	local root=$1 wanted=$2 release mirror security='' script name
	local options=check-valid-until=no
	shift 2
	if [ -n "${RMOBIKE_MIRROR:-}" ]; then
		mirror=$RMOBIKE_MIRROR-security
	else
		find_mirror "$wanted-security" "$(debian_release)-security" 2> /dev/null ||
			true
	fi
	[ "$wanted" = sid ] || security=$mirror
	mirror=${RMOBIKE_MIRROR:-}
	[ -n "$mirror" ] || find_mirror "$wanted" "$(debian_release)" sid || return
	# Debian's releases have a script each, which debootstrap may be too old to have
	script=/usr/share/debootstrap/scripts/$wanted
	[ -e "$script" ] || script=${script%/*}/sid

	rm -rf --one-file-system "$root"
	mkdir -p "$root"
	name=$(IFS=,; echo "$*")
	if ! debootstrap --foreign --variant=minbase ${name:+--include="$name"} \
			"$wanted" "$root" "$mirror" "$script" ||
			! isolated chroot "$root" /debootstrap/debootstrap --second-stage; then
		tail -n 20 "$root/debootstrap/debootstrap.log"
		return 1
	fi
	echo "deb [$options] $mirror $wanted main" > "$root/etc/apt/sources.list"
	[ -z "$security" ] || echo "deb [$options] $security $wanted-security main" \
		>> "$root/etc/apt/sources.list"
	echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
}

# make_laboratory DIRECTORY RELEASE: the same, unless it is there already, to build and
# test in, by lib/in-root
make_laboratory() {
	local root=$1
	[ ! -e "$root/.laboratory" ] || return 0
	# All but the first are for virtual machines
	make_root "$root" "$2" ca-certificates busybox kmod util-linux-extra || return
	# As other file systems' than Linux' own (hostfs) have options of another kind
	printf '%s\n' '#!/bin/sh' \
		'LIBMOUNT_FORCE_MOUNT2=always exec /usr/bin/mount "$@"' \
		> "$root/usr/local/sbin/mount"
	chmod +x "$root/usr/local/sbin/mount"
	"$(dirname "${BASH_SOURCE[0]}")/in-root" "$root" -- apt-get update -q || return
	touch "$root/.laboratory"
}

use_proxy
