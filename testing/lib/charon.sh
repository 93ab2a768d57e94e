# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The daemons: stock charons, with or without the plugin, and their tunnels.

# What a test may set before daemon() and tunnel() use it, per host
declare -A PLUGIN=()         # host -> path of the plugin, empty for stock
declare -A RMOBIKE=()        # host -> options in charon.plugins.rmobike
declare -A CHARON=()         # host -> options in charon
declare -A NETLINK=()        # host -> options in charon.plugins.kernel-netlink
declare -A EXTRA_PLUGINS=()  # host -> names of further plugins to load
declare -A MORE_PLUGINS=()   # host -> paths of plugins that are not installed
declare -A HOSTILE=()        # host -> options in charon.plugins.hostile
declare -A PROGRAM=()        # host -> charon, another one than of this machine
declare -A RUN_BY=()         # host -> command that runs its charon, if any
declare -A KILLED=()         # host -> yes: its charon is not ended, but killed
declare -A CONNECTION=()     # host -> options of the connection
AUTH=psk                     # psk, cert, or eap: the client by EAP-TLS
KEY='ecdsa --size 256'       # of certificates
CHILDREN=1                   # CHILD_SAs of each IKE_SA
IDS=(carol)                  # clients, the first one's connection is "home"
GATEWAY=$GW1                 # where the client connects to

stock_plugins=/usr/lib/ipsec/plugins
our_plugin=$RMOBIKE_BUILD/src/libcharon/plugins/rmobike/.libs
our_plugin=$our_plugin/libstrongswan-rmobike.so

# What swanctl and pki load: what they need here
swanctl_plugins='random nonce openssl pem pkcs1 x509 pubkey constraints'

# shellcheck source=testing/lib/esp.sh
. "$testing/lib/esp.sh"

if [ -z "${RMOBIKE_DATAPATH:-}" ]; then
	if has_kernel_esp; then
		RMOBIKE_DATAPATH=kernel
	else
		RMOBIKE_DATAPATH=libipsec
	fi
	export RMOBIKE_DATAPATH
fi

kernel_esp() { [ "$RMOBIKE_DATAPATH" = kernel ]; }

# with_plugin HOST...: these run ours
with_plugin() {
	local name
	for name; do
		PLUGIN[$name]=$our_plugin
	done
}

# A plugin directory of this host's own, over the one charon looks into
plugin_directory() {
	local name=$1 so
	mkdir -p "$lab/stock" "$lab/$name/plugins"
	mountpoint -q "$lab/stock" || mount --bind "$stock_plugins" "$lab/stock"
	# The host's namespace was made before that mount
	on "$name" mount --bind "$stock_plugins" "$lab/stock"
	for so in "$lab"/stock/*.so; do
		ln -sf "$so" "$lab/$name/plugins/"
	done
	[ -z "${PLUGIN[$name]:-}" ] ||
		cp "${PLUGIN[$name]}" "$lab/$name/plugins/libstrongswan-rmobike.so"
	for so in ${MORE_PLUGINS[$name]:-}; do
		cp "$so" "$lab/$name/plugins/"
	done
	on "$name" mount --bind "$lab/$name/plugins" "$stock_plugins"
}

# Which one: the first that is there, or what RMOBIKE_CHARON says
charon_program() {
	local program
	for program in ${RMOBIKE_CHARON:-/usr/lib/ipsec/charon \
			/usr/sbin/charon-systemd}; do
		[ ! -x "$program" ] || { echo "$program"; return; }
	done
	fail "no charon on this machine"
}

write_strongswan_conf() {
	local name=$1 load
	load='random nonce openssl pem pkcs1 x509 pubkey constraints kdf vici'
	kernel_esp || load+=' kernel-libipsec'
	load+=" kernel-netlink socket-default ${EXTRA_PLUGINS[$name]:-}"
	[ -z "${PLUGIN[$name]:-}" ] || load+=' rmobike'
	cat > "$lab/$name/strongswan.conf" <<-END
	charon {
		load = $load
		dlopen_use_rtld_now = yes
		install_routes = yes
		filelog {
			log {
				path = $lab/$name/charon.log
				default = 1
				ike = ${LOG_IKE:-1}
				time_format = %T
				time_add_ms = yes
				ike_name = yes
				flush_line = yes
			}
		}
		${CHARON[$name]:-}
		plugins {
			kernel-netlink {
				${NETLINK[$name]:-}
			}
			rmobike {
				${RMOBIKE[$name]:-}
			}
			hostile {
				${HOSTILE[$name]:-}
			}
		}
	}
	swanctl {
		# By default it complains about each that is not installed
		load = $swanctl_plugins
	}
	END
}

# daemon HOST...: starts charon there and waits until it answers
daemon() {
	local name
	for name; do
		mkdir -p "$lab/$name/swanctl"
		write_strongswan_conf "$name"
		[ -z "${PLUGIN[$name]:-}${MORE_PLUGINS[$name]:-}" ] ||
			plugin_directory "$name"
		start_daemon "$name"
	done
	for name; do
		wait_for 60 "charon of $name" on "$name" swanctl --stats
		on "$name" swanctl --load-all >> "$lab/$name/swanctl.log" 2>&1 ||
			fail "$name: configuration not loaded, see swanctl.log"
		[ "${PLUGIN[$name]:-}" != "$our_plugin" ] ||
			grep -q 'loaded plugins: .* rmobike' "$lab/$name/charon.log" ||
			fail "$name did not load the plugin, see charon.log"
	done
}

start_daemon() {
	local name=$1
	# shellcheck disable=SC2086 # several words
	exec_on "$name" ${RUN_BY[$name]:-} \
		"${PROGRAM[$name]:-$(charon_program)}" \
		>> "$lab/$name/charon.out" 2>&1 &
	DAEMON["$name"]=$!
}

# tunnel_conf: writes the connection of both ends
tunnel_conf() {
	mkdir -p "$lab"/{gateway,client}/swanctl
	[ "$AUTH" = psk ] || certificates
	gateway_conf
	client_conf client "${IDS[@]}"
}

# auth_method ID: in configurations
auth_method() {
	case $AUTH:$1 in
	eap:gateway | cert:*) echo pubkey ;;
	eap:*)	echo eap-tls ;;
	*)	echo "$AUTH" ;;
	esac
}

gateway_conf() {
	{
		echo "connections {"
		echo "	rw {"
		echo "		pools = pool"
		echo "		local {"
		auth_conf gateway
		echo "		}"
		echo "		remote {"
		echo "			auth = $(auth_method client)"
		echo "		}"
		echo "		${CONNECTION[gateway]:-}"
		children_conf local_ts ''
		echo "	}"
		echo "}"
		echo "pools {"
		echo "	pool {"
		echo "		addrs = $VIP-${VIP%.*}.99"
		echo "	}"
		echo "}"
		secrets_conf
	} > "$lab/gateway/swanctl/swanctl.conf"
}

# client_conf HOST ID...: a connection for each, the first one's is "home"
client_conf() {
	local name=$1 first=$2 id
	shift
	{
		echo "connections {"
		for id; do
			echo "	$([ "$id" = "$first" ] && echo home || echo "$id") {"
			echo "		remote_addrs = $GATEWAY"
			echo "		vips = 0.0.0.0"
			echo "		local {"
			auth_conf "$id"
			echo "		}"
			echo "		remote {"
			echo "			auth = $(auth_method gateway)"
			echo "			id = gateway@rmobike.test"
			echo "		}"
			echo "		${CONNECTION[$name]:-}"
			children_conf remote_ts "$([ "$id" = "$first" ] || echo "$id-")"
			echo "	}"
		done
		echo "}"
		secrets_conf
	} > "$lab/$name/swanctl/swanctl.conf"
}

auth_conf() {
	echo "			id = $1@rmobike.test"
	echo "			auth = $(auth_method "$1")"
	[ "$AUTH" = psk ] || echo "			certs = $1.pem"
}

# children_conf SIDE PREFIX: one for each of the networks behind the gateway
children_conf() {
	local side=$1 prefix=$2 n
	echo "		children {"
	for ((n = 0; n < CHILDREN; n++)); do
		echo "			${prefix}net$n {"
		echo "				$side = 10.2.$n.0/24"
		echo "				${CHILD_OPTIONS:-}"
		echo "			}"
	done
	echo "		}"
}

secrets_conf() {
	[ "$AUTH" = psk ] || return 0
	echo "secrets {"
	echo "	ike-all {"
	echo "		secret = laboratory-only"
	echo "	}"
	echo "}"
}

# One authority, a certificate for each end
certificates() {
	local id
	authority
	certificate gateway gateway
	for id in "${IDS[@]}"; do
		certificate "$id" client
	done
}

authority() {
	local -x PKI_PLUGINS=$swanctl_plugins
	mkdir -p "$lab/pki"
	# shellcheck disable=SC2086 # several words
	pki --gen --type $KEY > "$lab/pki/ca.key"
	pki --self --type "${KEY%% *}" --in "$lab/pki/ca.key" --ca --lifetime 3 \
		--dn "C=CH, O=rmobike, CN=laboratory CA" > "$lab/pki/ca.pem"
}

# certificate ID HOST...: one for that identity, which these have
certificate() {
	local id=$1 dir=$lab/pki name
	local -x PKI_PLUGINS=$swanctl_plugins
	shift
	# shellcheck disable=SC2086 # several words
	pki --gen --type $KEY > "$dir/$id.key"
	pki --pub --type "${KEY%% *}" --in "$dir/$id.key" |
		pki --issue --type pub --cacert "$dir/ca.pem" \
			--cakey "$dir/ca.key" --lifetime 2 \
			--dn "C=CH, O=rmobike, CN=$id" \
			--san "$id@rmobike.test" > "$dir/$id.pem"
	for name; do
		mkdir -p "$lab/$name"/swanctl/{x509,x509ca,private}
		cp "$dir/ca.pem" "$lab/$name/swanctl/x509ca/"
		cp "$dir/$id.pem" "$lab/$name/swanctl/x509/"
		cp "$dir/$id.key" "$lab/$name/swanctl/private/"
	done
}

# tunnel: both daemons and the tunnels between them
tunnel() {
	tunnel_conf
	daemon gateway client
	connect
}

# connect: initiates every CHILD_SA from the client
connect() {
	local i n prefix=
	for i in "${!IDS[@]}"; do
		[ "$i" = 0 ] || prefix=${IDS[i]}-
		for ((n = 0; n < CHILDREN; n++)); do
			on client swanctl --initiate --child "${prefix}net$n" \
				>> "$lab/client/swanctl.log" 2>&1 ||
				fail "tunnel not up, see swanctl.log and charon.log"
		done
	done
	wait_for 60 "the gateway's end of the tunnel" \
		gateway_sees "${#IDS[@]}"
}

# connect_many [FROM]: the same for hundreds of IKE_SAs with one CHILD_SA each, in
# much less time, but for as many as are there already. Two come at a time: with more
# of them most of it is spent waiting for requests that got lost and are sent again.
connect_many() {
	local i vici=${STRONGSWAN_SOURCE:-$top/strongswan-source}
	vici=$vici/src/libcharon/plugins/vici/python
	for ((i = ${1:-0}; i < ${#IDS[@]}; i++)); do
		echo "$([ "$i" = 0 ] || echo "${IDS[i]}-")net0"
	done | on client env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$vici" \
		"${PYTHON3:-python3}" "$testing/lib/initiate.py" 2 \
		>> "$lab/client/initiate.log" 2>&1 ||
		fail "not all tunnels up: $(tail -n 3 "$lab/client/initiate.log")"
	wait_for 120 "the gateway's ends of the tunnels" \
		gateway_sees "${#IDS[@]}"
}

gateway_sees() { [ "$(sa gateway 'state=ESTABLISHED' | wc -l)" = "$1" ]; }

# sas HOST: swanctl's raw listing, a line per IKE_SA
sas() {
	on "$1" swanctl --list-sas --raw | sed -n 's/^list-sa event //p'
}

# sa HOST [PATTERN]: the listing of the IKE_SAs with that pattern in it
sa() { sas "$1" | grep -e "${2:-}" || true; }

# ike_get HOST KEY [PATTERN], child_get HOST KEY [PATTERN]: values in the
# listing, e.g. ike_get gateway local-host
ike_get() {
	sa "$1" "${3:-}" | sed 's/ child-sas {.*//' | sa_value "$2"
}
child_get() {
	sa "$1" "${3:-}" | sed 's/.* child-sas {//' | sa_value "$2"
}
sa_value() { grep -oE "[{ ]$1=[^ }]*" | sed 's/^[^=]*=//' || true; }

# The SPIs of all CHILD_SAs, sorted, both directions
spis() { { child_get "$1" spi-in; child_get "$1" spi-out; } | sort; }

# log_has HOST TEXT, log_count HOST TEXT: in charon's log, not as a pattern
log_has() { grep -qF -e "$2" "$lab/$1/charon.log"; }
log_count() { grep -cF -e "$2" "$lab/$1/charon.log" || true; }

# lost_no_sa HOST...: charon could move all of its SAs, and so could the plugin
lost_no_sa() {
	local name
	for name; do
		! grep 'unable to update\|unable to add\|is lost' "$lab/$name/charon.log" ||
			fail "$name lost an SA"
	done
}

# charon_since VERSION: the gateway's is as new as that
charon_since() {
	printf '%s\n' "$1" "$(sed -n 's/.*daemon (strongSwan \([^,]*\),.*/\1/p' \
		"$lab/gateway/charon.log" | tail -n 1)" | sort -CV
}
