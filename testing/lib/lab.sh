# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The laboratory: network hosts as namespaces, for one test at a time.
#
# A script that sources this file runs in mount, network and process namespaces
# of its own, with its files on a tmpfs that only it sees. Whatever way it ends,
# the kernel takes everything away: two runs never meet and nothing stays.

set -eEuo pipefail
shopt -s inherit_errexit

testing=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
testing=${testing%/lib}
top=$(dirname "$testing")
: "${RMOBIKE_BUILD:=$top}"

# Starts the script again inside the namespaces. The outer shell stays to remove
# the mount point, and to end everything if it is interrupted.
lab_enter() {
	local dir child status=0

	[ "$(id -u)" = 0 ] || { echo "$0: must be run as root" >&2; exit 1; }
	dir=$(mktemp -d "${TMPDIR:-/tmp}/rmobike.XXXXXX")
	RMOBIKE_LAB=$dir unshare --mount --net --pid --ipc --uts --fork \
		--kill-child --mount-proc bash "$0" "$@" <&0 &
	child=$!
	trap 'kill -KILL $child 2>/dev/null' INT TERM HUP
	wait "$child" || status=$?
	# A trapped signal interrupts the first wait
	wait "$child" 2>/dev/null || status=$?
	rmdir "$dir"
	exit "$status"
}

if [ -z "${RMOBIKE_LAB:-}" ]; then
	lab_enter "$@"
fi
lab=$RMOBIKE_LAB
unset RMOBIKE_LAB
mount -t tmpfs -o mode=755 lab "$lab"
export LC_ALL=C

# Another daemon than this machine's, as "make install" put it there
if [ -n "${RMOBIKE_STRONGSWAN:-}" ]; then
	mount --bind "$RMOBIKE_STRONGSWAN/usr/lib/ipsec" /usr/lib/ipsec
	mount --bind "$RMOBIKE_STRONGSWAN/usr/sbin/swanctl" /usr/sbin/swanctl
fi

declare -A HOST=()     # name -> pid of the process that holds the namespaces
declare -A DAEMON=()   # name -> pid of its charon

say() { printf '%s\n' "$*"; }

# Ends the test: what was expected and what was found
fail() {
	printf 'FAIL: %s\n' "$*" >&2
	exit 1
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds. The limit only
# ends hopeless cases, no test depends on how soon something happens.
wait_for() {
	local limit=$1 what=$2 end ms=50
	shift 2
	end=$((SECONDS + limit))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] ||
			fail "waited $limit s in vain for: $what"
		# Soon at first, then without keeping the machine busy: to look takes a
		# virtual one longer than to wait
		sleep "0.$(printf %03d $ms)"
		[ $ms -ge 400 ] || ms=$((ms * 2))
	done
}

# host NAME...: a machine with network, /run and /var/run of its own
host() {
	local name pid
	for name; do
		mkdir -p "$lab/$name/run"
		unshare --net --mount sleep infinity &
		pid=$!
		disown "$pid"
		HOST[$name]=$pid
		wait_for 60 "namespaces of $name" lab_exec_done "$pid"
		# As few processes as possible, a virtual machine takes its time for each.
		# Addresses have to be usable at once.
		# shellcheck disable=SC2016 # for the inner shell
		on "$name" bash -ec 'mount --bind "$1" /run
			[ /var/run -ef /run ] || mount --bind /run /var/run
			ip link set lo up
			echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad
			echo 0 > /proc/sys/net/ipv6/conf/all/accept_dad' - "$lab/$name/run"
	done
}

lab_exec_done() {
	local comm
	read -r comm < "/proc/$1/comm" && [ "$comm" = sleep ]
}

# on HOST COMMAND...: runs it there
on() { ( exec_on "$@" ); }

# exec_on HOST COMMAND...: becomes it. For the background: the process is the
# command itself and not a shell around it.
exec_on() {
	local name=$1
	shift
	export STRONGSWAN_CONF=$lab/$name/strongswan.conf
	export SWANCTL_DIR=$lab/$name/swanctl
	exec nsenter --target "${HOST[$name]}" --net --mount -- "$@"
}

# lab_sysctl HOST PATH VALUE
lab_sysctl() {
	# shellcheck disable=SC2016 # for the inner shell
	on "$1" bash -c 'echo "$2" > "/proc/sys/$1"' - "$2" "$3"
}

# Keeps what helps to understand a failure
lab_keep() {
	local dir=${RMOBIKE_RESULTS:-}
	[ -n "$dir" ] || return 0
	mkdir -p "$dir"
	cp -r "$lab/." "$dir/" 2>/dev/null || true
	rm -rf "$dir/plugins" "$dir/stock" "$dir"/*/run
}

lab_exit() {
	local status=$?
	trap '' INT TERM
	trap - EXIT ERR
	lab_crashes || status=1
	if [ "$status" = 0 ] && ! lab_daemons_end; then
		status=1
	fi
	# The runner believes no test that does not say this
	if [ "$status" = 0 ] && [ -n "${RMOBIKE_RESULTS:-}" ]; then
		say "end of the test"
	fi
	if [ "$status" != 0 ] && [ -n "${RMOBIKE_KEEP:-}" ]; then
		lab_shell
	fi
	if [ "$status" != 0 ] || [ -n "${RMOBIKE_KEEP_LOGS:-}" ]; then
		[ "$status" = 0 ] || lab_kernels >&2 || true
		lab_keep
	fi
	exit "$status"
}

# lab_kernels: what the kernels of a laboratory that failed know of its tunnels
lab_kernels() {
	local name
	for name in "${!DAEMON[@]}"; do
		echo "--- $name: what was wrong: $(on "$name" \
			awk '$2 > 0 { printf "%s %s ", $1, $2 }' /proc/net/xfrm_stat)"
		# Keys are nobody's business
		on "$name" ip -s xfrm state | grep -vE '^\s+(auth|enc|aead)' | head -n 40
		on "$name" ip xfrm policy list nosock | head -n 30
	done
}

lab_crashes() {
	local log
	log=$(grep -lF 'killing ourself' "$lab"/*/charon.log 2>/dev/null) ||
		return 0
	log=${log%%/charon.log*}
	echo "FAIL: charon of ${log##*/} crashed"
	return 1
}

# Ends the daemons the way an operator does: one that crashes or hangs while it
# ends fails the test. Nodes of a cluster one by one, when nobody wants anything of
# them: ha waits for IKE_SAs in use while others wait for it (docs/cluster.md).
lab_daemons_end() {
	local name others=() nodes=() ok=0
	for name in "${!DAEMON[@]}"; do
		[[ $name = node-* ]] && nodes+=("$name") || others+=("$name")
	done
	lab_daemons_stop "${others[@]}" || ok=1
	for name in "${nodes[@]}"; do
		sleep 0.5
		lab_daemons_stop "$name" || ok=1
	done
	return $ok
}
lab_daemons_stop() { # HOST...
	local name pid status signal ok=0
	for name; do
		signal=${KILLED[$name]:+KILL}
		kill -"${signal:-TERM}" "${DAEMON[$name]}" 2>/dev/null || true
	done
	for name; do
		pid=${DAEMON[$name]} status=0
		( sleep 60; kill -KILL "$pid" ) 2>/dev/null &
		wait "$pid" 2>/dev/null || status=$?
		# 128 and the signal
		if [ "$status" != $((${KILLED[$name]:+137})) ]; then
			echo "FAIL: charon of $name ended with status $status" >&2
			ok=1
		fi
	done
	return $ok
}

# With --keep: a shell inside the failed laboratory
lab_shell() {
	declare -p > "$lab/shell" 2>/dev/null
	sed -i -E '/^declare -[^ ]*r/d' "$lab/shell"
	declare -f >> "$lab/shell"
	cat >> "$lab/shell" <<-'END'
	set +euo pipefail
	PS1='lab> '
	echo "The failed laboratory. Try: on gateway swanctl --list-sas"
	echo "Hosts: ${!HOST[*]}; files in $lab; exit ends it."
	END
	bash --noprofile --rcfile "$lab/shell" -i </dev/tty >/dev/tty 2>&1 || true
}

# Whatever fails without a word of its own
trap 'echo "FAIL: ${BASH_SOURCE[0]##*/}:$LINENO: status $?: $BASH_COMMAND" >&2' ERR
trap lab_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# shellcheck source=testing/lib/net.sh
. "$testing/lib/net.sh"
# shellcheck source=testing/lib/charon.sh
. "$testing/lib/charon.sh"
# shellcheck source=testing/lib/traffic.sh
. "$testing/lib/traffic.sh"
# shellcheck source=testing/lib/expect.sh
. "$testing/lib/expect.sh"
# shellcheck source=testing/lib/hostile.sh
. "$testing/lib/hostile.sh"
# shellcheck source=testing/lib/kernel.sh
. "$testing/lib/kernel.sh"
# shellcheck source=testing/lib/peers.sh
. "$testing/lib/peers.sh"
