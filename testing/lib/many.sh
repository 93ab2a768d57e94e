# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Thousands of IKE_SAs of one client, and moving them with one command. Sourced by
# those who want that, after lab.sh.

# many NUMBER: so many tunnels to $GW1. Gateway and client log requests that are
# sent again, ours as well. MANY_NETWORK lays out the network, INSTALL_ROUTES is what
# the gateway does, ROUTES how many it has. Sets start, spis
many() {
	local i
	IDS=(carol)
	for ((i = 1; i < $1; i++)); do
		IDS+=("user$i")
	done
	# What strongSwan recommends for many IKE_SAs; and each route that is looked
	# for would need all that are there, two per IKE_SA
	CHARON[gateway]='ikesa_table_size = 1024
	ikesa_table_segments = 16
	install_routes = no
	cookie_threshold = 0
	block_threshold = 0
	init_limit_half_open = 0'
	CHARON[client]=${CHARON[gateway]}
	CHARON[gateway]+="
	install_routes = ${INSTALL_ROUTES:-no}"
	# shellcheck disable=SC2034 # for charon.sh
	RMOBIKE[client]='max_switches = 0'
	# A busy machine may take its time
	RMOBIKE[gateway]="timeout = ${MANY_TIMEOUT:-165}"
	# shellcheck disable=SC2034 # for charon.sh
	LOG_IKE=2
	${MANY_NETWORK:-network nat}
	with_plugin gateway client
	# Before there is a daemon, which would look at all IKE_SAs because of them
	[ -z "${ROUTES:-}" ] || routes "$ROUTES"
	tunnel_conf
	sed -i "s/addrs = .*/addrs = 10.3.0.0\/16/" "$lab/gateway/swanctl/swanctl.conf"
	daemon gateway client
	# It would wait for the end of each of its virtual IPs, for ever if the kernel has
	# to tell more at once than charon's socket for that holds
	# shellcheck disable=SC2034 # for lab.sh
	[ "$1" -lt 100 ] || KILLED[client]=yes
	# It stands for machines that have processors of their own
	for i in "/proc/${DAEMON[client]}"/task/*; do
		renice -n 10 -p "${i##*/}" > /dev/null
	done
	start=$SECONDS
	connect_many
	say "$1 IKE_SAs set up in $((SECONDS - start)) s"
	spis=$(ike_spis | sort | md5sum)
}

# routes NUMBER: so many networks behind the gateway
routes() {
	seq "$1" | awk -v via="$SERVER" '{
		printf "route add 172.%d.%d.%d/32 via %s\n", \
			16 + $1 / 65536, $1 / 256 % 256, $1 % 256, via
	}' | on gateway ip -batch -
}

# list: how long swanctl takes, in milliseconds, and how many IKE_SAs it shows
list() {
	local start
	start=$(date +%s%3N)
	on gateway swanctl --list-sas > "$lab/sas"
	echo "$(($(date +%s%3N) - start)) $(grep -c ESTABLISHED "$lab/sas")"
}

# lists: one after the other until the file is there
lists() {
	while [ ! -e "$lab/moved" ]; do
		list
		sleep 0.5
	done
}

# tell_lists WHEN: sums up what was written to the file of that name
tell_lists() {
	say "swanctl --list-sas $1: $(sort -n "$lab/$1" | awk '
		{ n[NR] = $1 } END { print NR " times, median " n[int((NR + 1) / 2)] \
		" ms, longest " n[NR] " ms" }')"
	is "IKE_SAs in the lists $1" "$(awk '{ print $2 }' "$lab/$1" | sort -u)" \
		"${#IDS[@]}"
}

# cpu HOST: what its daemon used so far, in milliseconds
cpu() { awk '{ print ($14 + $15) * 10 }' "/proc/${DAEMON[$1]}/stat"; }

# at ADDRESS: how many are there
at() { ike_get gateway local-host | grep -cxF "$1" || true; }

# resent: requests of the gateway
resent() {
	echo "$(log_count gateway ' of request with message ID') by charon," \
		"$(grep -c 'sending request with message ID .* again' \
		"$lab/gateway/charon.log" || true) by us"
}

# move NAME ARGUMENT...: all that rmobike moves with these arguments, while
# somebody else asks for lists of all. Nobody may get lost, nothing may have to be
# sent again unless something else was UNDER_WAY.
move() {
	local name=$1 begin status=0 gateway client
	shift
	rm -f "$lab/moved"
	lists > "$lab/during-$name" &
	gateway=$(cpu gateway) client=$(cpu client)
	begin=$(date +%s%3N)
	on gateway "$rmobike" "$@" --json > "$lab/$name" 2>&1 || status=$?
	begin=$(($(date +%s%3N) - begin))
	say "$name: $begin ms, $(moved "$name") moved; CPU time: gateway" \
		"$(($(cpu gateway) - gateway)) ms, clients $(($(cpu client) - client)) ms"
	touch "$lab/moved"
	wait $!
	tell_lists "during-$name"
	say "requests sent again: $(resent); now $(at "$GW1") at $GW1," \
		"$(at "$GW2") at $GW2"
	[ "$status" = 0 ] || fail "exit status $status:" \
		"$(grep -o '"reason":"[^"]*"' "$lab/$name" | sort | uniq -c)" \
		"$(tail -n 1 "$lab/$name")"
	# With userland ESP both ends replace CHILD_SAs, and get in each other's way
	! kernel_esp || [ -n "${UNDER_WAY:-}" ] || is "requests sent again by charon" \
		"$(resent | sed 's/ .*//')" 0
	is "IKE_SAs" "$(ike_spis | sort | md5sum)" "$spis"
}

# lose FROM TO: the gateway loses an address that IKE_SAs are at, how long it takes
# until the last one has left it. Nobody may get lost.
lose() {
	local from=$1 to=$2 count before begin
	count=$(at "$from")
	before=$(log_count gateway ' done in ')
	begin=$(date +%s%3N)
	on gateway ip address del "$from/24" dev eth0
	wait_for $((600 + 2 * count)) "all $count IKE_SAs at $to" left $((before + count))
	say "$from removed: $count IKE_SAs at $to $(($(date +%s%3N) - begin)) ms later;" \
		"requests sent again: $(resent)"
	wait_for 60 "all IKE_SAs at $to" all_at "$to"
	is "IKE_SAs" "$(ike_spis | sort | md5sum)" "$spis"
}
left() { [ "$(log_count gateway ' done in ')" -ge "$1" ]; }
all_at() { [ "$(at "$1")" = ${#IDS[@]} ]; }

# moved NAME: how many that one moved
moved() { grep -vc '"summary"' "$lab/$1" || true; }

# all_reached: each of the clients answers to the server's pings
all_reached() {
	sas gateway | sed -n 's/.*remote-vips=\[\([0-9.]*\)\].*/\1/p' |
		on server "${PYTHON3:-python3}" "$testing/lib/reach.py" > "$lab/reached" ||
		fail "$(< "$lab/reached")"
	is "clients that answer" "$(< "$lab/reached")" \
		"${#IDS[@]} of ${#IDS[@]} answer"
}

# weights WEIGHT1 WEIGHT2: those of both addresses, from now on
weights() {
	# shellcheck disable=SC2034 # for charon.sh
	RMOBIKE[gateway]="timeout = ${MANY_TIMEOUT:-165}
			balance {
				addresses {
					one {
						address = $GW1
						weight = $1
					}
					two {
						address = $GW2
						weight = $2
					}
				}
			}"
	write_strongswan_conf gateway
	on gateway swanctl --reload-settings > /dev/null
}
