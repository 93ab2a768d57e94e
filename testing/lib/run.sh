# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What testing/check does: build, run tests, count.

# shellcheck source=testing/lib/esp.sh
. "$testing/lib/esp.sh"
# shellcheck source=testing/lib/peers.sh
. "$testing/lib/peers.sh"

passed=0 failed=0
declare -A running=()   # process -> slot, name and start of a live test

run_begin() {
	results=$(mktemp -d "${TMPDIR:-/tmp}/rmobike-check.XXXXXX")
	mkdir "$results/tmp"
	trap run_abort EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# Interrupted: nothing goes on in the background
run_abort() {
	local status=$? pid
	for pid in "${!running[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$results"
	exit "$status"
}

run_end() {
	trap - EXIT
	rm -rf "$results/tmp"
	if [ "$failed" = 0 ]; then
		rm -rf "$results"
	else
		echo "logs: $results"
	fi
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
	exit
}

report() { # PASS|FAIL NAME DETAILS
	printf '%s %s %s\n' "$@"
}

# build_step WHAT COMMAND...: silent unless it fails
build_step() {
	local what=$1 start=$SECONDS
	shift
	if ! "$@" >> "$results/build.log" 2>&1 < /dev/null; then
		tail -n 40 "$results/build.log"
		report FAIL "$what" "$((SECONDS - start)) s (log: $results/build.log)"
		failed=$((failed + 1))
		run_end
	fi
	[ $((SECONDS - start)) -lt 2 ] || echo "$what: $((SECONDS - start)) s"
}

run_build() {
	build_step "install packages" "$top/scripts/install-deps" daemon build tests
	if [ -n "${RMOBIKE_BUILD:-}" ]; then
		return
	fi
	export RMOBIKE_BUILD=$top
	build_step "get strongSwan's source" "$top/scripts/strongswan-source"
	cd "$top" || exit
	if [ ! -x configure ] || [ configure.ac -nt configure ]; then
		build_step autogen ./autogen.sh
	fi
	if [ ! -x config.status ] || [ configure -nt config.status ]; then
		# shellcheck disable=SC2086 # several options
		build_step configure ./configure ${RMOBIKE_CONFIGURE:-}
	fi
	build_step make make -j"$(nproc)"
}

# The programs of "make check". Each counts by the cases that it reports, and
# one that fails without a word about it counts as one failure.
run_make_check() {
	local log=$results/make-check.log start=$SECONDS status=0 before=$failed
	local found trs what=
	# Results of another day must not count
	find "$RMOBIKE_BUILD" -name '*.trs' -delete
	make -C "$RMOBIKE_BUILD" -k check > "$log" 2>&1 < /dev/null || status=$?
	mapfile -t found < <(find "$RMOBIKE_BUILD" -name '*.trs' | sort)
	for trs in "${found[@]}"; do
		count_program "$trs"
	done
	if [ ${#found[@]} = 0 ]; then
		what="no program was run"
	elif [ "$status" != 0 ] && [ "$failed" = "$before" ]; then
		what="make failed"
	fi
	if [ -n "$what" ]; then
		failed=$((failed + 1))
		tail -n 20 "$log"
		report FAIL make-check "$((SECONDS - start)) s: $what (log: $log)"
	fi
}

# count_program TRS: what automake and the program's own output say
count_program() {
	local trs=$1 log=${1%.trs}.log name good bad
	name=${log##*/} name=${name%.log}
	read -r good bad < <(count_cases "$log")
	if grep -q '^:test-result: PASS' "$trs"; then
		# A program without cases of its own is one
		[ $((good + bad)) -gt 0 ] || good=1
	elif [ "$bad" = 0 ]; then
		bad=1
	fi
	passed=$((passed + good)) failed=$((failed + bad))
	if [ "$bad" = 0 ]; then
		report PASS "$name" "($good cases)"
	else
		mkdir -p "$results/make-check"
		cp "$log" "$results/make-check/$name"
		tail -n 20 "$log"
		report FAIL "$name" \
			"$bad of $((good + bad)) cases (log: $results/make-check/$name)"
	fi
}

# count_cases LOG: those that passed and those that failed, as libcheck, TAP or
# strongSwan's test runner say it
count_cases() {
	sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
		match($0, /^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/) {
			split($0, n, /[:,] */)
			bad += n[5] + n[7]; good += n[3] - n[5] - n[7]
		}
		/^ok [0-9]+/ && !/# SKIP/ { good++ }
		/^not ok [0-9]+/ { bad++ }
		/^ *Passed all [0-9]+ .* test cases/ { good += $3 }
		/^ *Passed [0-9]+\/[0-9]+ .* test cases/ {
			split($2, n, "/"); good += n[1]; bad += n[2] - n[1]
		}
		END { print good + 0, bad + 0 }'
}

# Live tests, as many at once as allowed
run_live() {
	local name slot lacks
	live_failed=()
	[ -z "${keep:-}" ] || jobs=1
	slots=()
	for ((slot = 0; slot < jobs; slot++)); do
		slots+=("$slot")
	done
	for name; do
		lacks=$(what_lacks "$name")
		if [ -n "$lacks" ]; then
			echo "$name: left out, it needs $lacks"
			continue
		fi
		[ ${#slots[@]} -gt 0 ] || live_wait
		slot=${slots[0]}
		slots=("${slots[@]:1}")
		live_start "$slot" "$name"
	done
	while [ ${#running[@]} -gt 0 ]; do
		live_wait
	done
	live_again
}

# live_again: with RMOBIKE_TRIES=2 one or two that failed get another try, alone. What
# happened the first time stays in the logs, and is said.
live_again() {
	local name tried=("${live_failed[@]}")
	[ "${RMOBIKE_TRIES:-1}" -gt 1 ] || return 0
	[ ${#tried[@]} -gt 0 ] && [ ${#tried[@]} -le 2 ] || return 0
	for name in "${tried[@]}"; do
		echo "$name: another try"
		tail -n 40 "$results/$name/output" | sed 's/^/  /'
		mv "$results/$name" "$results/$name.first"
		live_start 0 "$name"
		live_wait
		# It was counted before
		failed=$((failed - 1))
	done
}

# what_lacks NAME: to be able to run it, nothing if it can be
what_lacks() {
	local test=$testing/live/$1 peer
	if grep -qx '# Needs ESP in the kernel.' "$test" &&
		[ -z "${RMOBIKE_VM:-}" ] && ! has_kernel_esp; then
		echo "ESP in the kernel or RMOBIKE_VM"
	elif grep -qx '# Needs RMOBIKE_ROOTS.' "$test" && [ -z "${RMOBIKE_ROOTS:-}" ]; then
		echo "RMOBIKE_ROOTS with other versions of strongSwan, see testing/tools/root"
	elif peer=$(peer_of "$1") && [ ! -e "$RMOBIKE_PEERS/$peer/.ready" ]; then
		echo "its peer, which testing/tools/compatibility installs"
	fi
}

# travels NAME: what makes time stand still while a machine computes, for tests that
# measure it
travels() {
	! grep -qx '# In virtual time, if there is any.' "$testing/live/$1" ||
		echo -x time-travel
}

live_start() { # SLOT NAME
	local slot=$1 name=$2 dir=$results/$2 command
	mkdir "$dir"
	command=("$testing/live/$name")
	if [ -n "${RMOBIKE_VM:-}" ]; then
		command=("$RMOBIKE_VM" -w "$dir" -t 900 $(travels "$name") "${command[@]}")
	else
		# Not the namespace's first process: as that, timeout of coreutils 9.10
		# takes itself for an orphan and gives up
		command=(sh -c 'timeout --foreground -k 5 900 "$@"; exit $?' - "${command[@]}")
	fi
	# The end of this namespace's first process is the end of all in it
	RMOBIKE_RESULTS=$dir RMOBIKE_KEEP=${keep:-} TMPDIR=$results/tmp \
		RMOBIKE_PEERS=$RMOBIKE_PEERS VM_CPU=$slot \
		VM_ENV='RMOBIKE_BUILD RMOBIKE_RESULTS RMOBIKE_CHARON RMOBIKE_USERS RMOBIKE_ROOTS RMOBIKE_PEERS' \
		unshare --mount --pid --fork --kill-child --mount-proc -- \
		"${command[@]}" > "$dir/output" 2>&1 < /dev/null &
	running[$!]="$slot $name ${EPOCHREALTIME/./}"
}

# Until one of them has ended
live_wait() {
	local pid='' status=0 slot name start dir time reason
	while [ -z "$pid" ]; do
		status=0
		wait -n -p pid "${!running[@]}" || status=$?
		# It does not always say who that was
		if [ -z "${pid:-}" ]; then
			pid=$(live_ended) status=0
			[ -z "$pid" ] || wait "$pid" 2> /dev/null || status=$?
		fi
	done
	read -r slot name start <<< "${running[$pid]}"
	unset "running[$pid]"
	slots+=("$slot")
	dir=$results/$name
	time=$(((${EPOCHREALTIME/./} - start) / 100000))
	time="$((time / 10)).$((time % 10)) s"
	if [ "$status" = 0 ] && grep -qx 'end of the test' "$dir/output"; then
		passed=$((passed + 1))
		report PASS "$name" "$time"
		rm -rf "$dir"
	else
		failed=$((failed + 1))
		live_failed+=("$name")
		reason=$(grep '^FAIL.* crashed' "$dir/output" ||
			grep -m 1 '^FAIL' "$dir/output" || tail -n 1 "$dir/output")
		reason=${reason#FAIL: }
		report FAIL "$name" "$time: ${reason:-status $status} (log: $dir)"
	fi
}

# One that runs no more although nobody said so
live_ended() {
	local pid
	for pid in "${!running[@]}"; do
		if ! kill -0 "$pid" 2> /dev/null; then
			echo "$pid"
			return
		fi
	done
}

# Our scenarios, as far as this machine can do ESP as they expect it
run_scenarios() {
	local out=$results/scenarios good bad
	if [ -z "${RMOBIKE_VM:-}" ] && ! has_kernel_esp; then
		echo "scenarios: left out, they need ESP in the kernel or RMOBIKE_VM"
		return
	fi
	mkdir "$out"
	RMOBIKE_RESULTS=$out "$testing/scenarios" --jobs "$jobs" < /dev/null 2>&1 |
		tee "$out/output" | grep -vE '^(results:|[0-9]+ passed)' || true
	if read -r good bad < <(sed -nE \
			'$s/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$out/output"); then
		passed=$((passed + good)) failed=$((failed + bad))
	else
		report FAIL scenarios "(log: $out/output)"
		failed=$((failed + 1))
	fi
}
