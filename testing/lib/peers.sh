# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Peers that are not the strongSwan of this machine: Debian's packages in roots, which
# testing/tools/compatibility makes. A test peer-NAME-VERSION-... needs the root of that
# name, and is left out where that is not there.

: "${RMOBIKE_PEERS:=$testing/.cache/peers}"

# name -> release and packages, the first one's version is that in the name; or only
# the release, whose strongSwan it has then with our plugin
declare -A PEERS=(
	[rmobike-6.0.1]=trixie
	[rmobike-6.1.0]=sid
	[strongswan-5.9.8]='bookworm strongswan-charon strongswan-swanctl
		libstrongswan-standard-plugins libcharon-extra-plugins'
	[strongswan-6.0.1]='trixie strongswan-charon strongswan-swanctl
		libstrongswan-standard-plugins libcharon-extra-plugins'
	[strongswan-6.1.0]='sid charon-systemd strongswan-swanctl
		libstrongswan-standard-plugins libcharon-extra-plugins'
	[libreswan-4.10]='bookworm libreswan'
	[libreswan-5.2]='trixie libreswan'
	[openiked-7.2]='bookworm openiked'
	[openiked-7.4]='trixie openiked'
)

PEER_SECRET=laboratory-only

# peer_of TEST: the root that it needs
peer_of() {
	grep -oP '^(.*/)?peer-\K[a-z]+-[0-9.]+' <<< "$1"
}

# peer HOST: this host runs the one of the test. Nothing is written to its root.
peer() {
	local name=$1 root dir=$lab/$1
	root=$RMOBIKE_PEERS/$(peer_of "$0")
	[ -e "$root/.ready" ] ||
		fail "no ${root##*/} here, see testing/tools/compatibility"
	mkdir -p "$dir/upper" "$dir/work" "$dir/root"
	# shellcheck disable=SC2016 # for the inner shell
	on "$name" bash -ec '
		mount -t overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" \
			peer "$2/root"
		mount --rbind /proc "$2/root/proc"
		mount --rbind /dev "$2/root/dev"
		mount --rbind /sys "$2/root/sys"
		# The one that the tools of this machine look into
		mount --bind /run "$2/root/run"
		mkdir -p /run/pluto /run/iked' - "$root" "$dir"
}

# peer_charon: if the test is about another strongSwan, the host that is named in it
# runs that one, which daemon() then starts. With our plugin, if that was built there.
peer_charon() {
	local name root built
	peer_of "$0" > /dev/null || return 0
	name=$(cut -d - -f 4 <<< "${0##*/}")
	root=$RMOBIKE_PEERS/$(peer_of "$0")
	peer "$name"
	# shellcheck disable=SC2016 # for the inner shell
	on "$name" bash -ec 'mkdir -p "$1/root$1"
		mount --bind "$1" "$1/root$1"' - "$lab/$name"
	RUN_BY["$name"]="chroot $lab/$name/root"
	PROGRAM["$name"]=/usr/lib/ipsec/charon
	[ -x "$root${PROGRAM[$name]}" ] || PROGRAM["$name"]=/usr/sbin/charon-systemd
	built=$root/rmobike/src/libcharon/plugins/rmobike/.libs/libstrongswan-rmobike.so
	if [ -e "$built" ]; then
		PLUGIN["$name"]=$built
		on "$name" cp "$built" "$lab/$name/root$stock_plugins/"
	fi
}

# exec_in_peer HOST COMMAND...: becomes it, in its root; in_peer runs it
exec_in_peer() {
	local name=$1
	shift
	exec_on "$name" chroot "$lab/$name/root" env -i HOME=/root LC_ALL=C \
		PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
in_peer() { ( exec_in_peer "$@" ); }

# peer_file HOST PATH: what is on the standard input becomes a file there
peer_file() {
	on "$1" tee "$lab/$1/root$2" > /dev/null
	on "$1" chmod 600 "$lab/$1/root$2"
}

# -- libreswan ------------------------------------------------------------

# libreswan HOST: starts pluto, with the connection "home" on the standard input
libreswan() {
	local name=$1
	{
		echo "config setup"
		echo "	logfile=/var/log/pluto.log"
		echo "	uniqueids=no"
		echo "conn home"
		sed 's/^/	/'
		echo "	authby=secret"
		echo "	mobike=yes"
		echo "	auto=add"
	} | peer_file "$name" /etc/ipsec.conf
	echo ": PSK \"$PEER_SECRET\"" | peer_file "$name" /etc/ipsec.secrets
	in_peer "$name" ipsec checknss >> "$lab/$name/pluto.out" 2>&1
	exec_in_peer "$name" ipsec pluto --config /etc/ipsec.conf --nofork \
		>> "$lab/$name/pluto.out" 2>&1 &
	DAEMON["$name"]=$!
	wait_for 60 "pluto of $name" in_peer "$name" ipsec whack --status
	in_peer "$name" ipsec auto --add home >> "$lab/$name/pluto.out" 2>&1 ||
		fail "$name: connection not added: $(tail -n 3 "$lab/$name/pluto.out")"
}

# libreswan_client HOST [LINE...]: has MOBIKE only with a virtual IP
libreswan_client() {
	local name=$1
	shift
	libreswan "$name" <<-END
	left=%defaultroute
	leftid=carol@rmobike.test
	leftsubnet=0.0.0.0/0
	leftmodecfgclient=yes
	narrowing=yes
	right=$GW1
	rightid=gateway@rmobike.test
	rightsubnet=10.2.0.0/24
	$(printf '%s\n' "$@")
	END
}

libreswan_up() {
	in_peer "$1" ipsec auto --up home >> "$lab/$1/pluto.out" 2>&1 ||
		fail "$1: tunnel not up: $(tail -n 3 "$lab/$1/pluto.out")"
}

libreswan_gateway() {
	libreswan "$1" <<-END
	left=$GW1
	leftid=gateway@rmobike.test
	leftsubnet=10.2.0.0/24
	right=%any
	rightid=carol@rmobike.test
	rightaddresspool=$VIP-${VIP%.*}.99
	END
}

# peer_log_has HOST TEXT: in what pluto or iked says
peer_log_has() {
	on "$1" cat "$lab/$1/root/var/log/pluto.log" "$lab/$1/pluto.out" \
		"$lab/$1/iked.out" 2>/dev/null | grep -qF -e "$2"
}

# -- openiked -------------------------------------------------------------

# openiked HOST LINE...: starts iked, with this connection
openiked() {
	local name=$1
	shift
	printf '%s \\\n' "ikev2 \"home\" $1" "${@:2}" "psk \"$PEER_SECRET\"" |
		sed '$s/ \\$//' | peer_file "$name" /etc/iked.conf
	exec_in_peer "$name" iked -d -v >> "$lab/$name/iked.out" 2>&1 &
	DAEMON["$name"]=$!
	wait_for 60 "iked of $name" in_peer "$name" ikectl show sa
}

openiked_gateway() {
	openiked "$1" "passive tunnel esp from 10.2.0.0/24 to $VIP" \
		"local $GW1 peer any" \
		"srcid gateway@rmobike.test dstid carol@rmobike.test"
}

openiked_client() {
	openiked "$1" "active tunnel esp from $CLIENT to 10.2.0.0/24" \
		"local $CLIENT peer $GW1" \
		"srcid carol@rmobike.test dstid gateway@rmobike.test"
}

# -- ours -------------------------------------------------------------------

# draft_peer HOST ARGUMENT...: starts testing/tools/peer; tell HOST COMMAND... gives it
# commands
draft_peer() {
	local name=$1
	shift
	mkfifo "$lab/$name/commands"
	exec_on "$name" "$testing/tools/peer" "$@" \
		<> "$lab/$name/commands" >> "$lab/$name/peer.log" 2>&1 &
	DAEMON["$name"]=$!
}
tell() { echo "${@:2}" > "$lab/$1/commands"; }

# peer_says HOST TEXT: it does, waiting for it
peer_says() {
	wait_for 60 "$1 to say '$2'" grep -qxF -e "$2" "$lab/$1/peer.log"
}

# pinged HOST ADDRESS
pinged() { on "$1" ping -q -n -c 3 -i 0.05 -W 2 "$2" > /dev/null; }

# remember_client, same_client_at ADDRESS: our client has the IKE_SA it had, at this
# address of the gateway, and packets pass
remember_client() { SAME_IKE=$(ike_get client responder-spi); }
same_client_at() {
	wait_for 60 "the client's end at $1" end_at client remote-host "$1"
	is "SPI of the IKE_SA" "$(ike_get client responder-spi)" "$SAME_IKE"
	wait_for 60 "packets through the tunnel" pinged client "$SERVER"
}
