# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Programs that play a schedule for each of many seeds, in laboratories that say
# "PASS seed N" or "FAIL: seed N: why" about each. Sourced after arguments.sh; count,
# seed, jobs and the arguments for a laboratory in "options" are the program's.

# laboratory SEED COUNT WORKER: plays these in one laboratory, on a machine of its
# own if there is one, until one fails
laboratory() {
	local command=("$self" -s "$1" -n "$2" "${options[@]}")
	if [ -n "${RMOBIKE_VM:-}" ]; then
		command=("$RMOBIKE_VM" -w "$RMOBIKE_RESULTS" -t 1800 -x time-travel
			"${command[@]}")
	fi
	SEEDS_PLAY=1 VM_CPU=${VM_CPU:-$(($3 % $(nproc)))} \
		VM_ENV='RMOBIKE_BUILD RMOBIKE_RESULTS SEEDS_PLAY' \
		"${command[@]}" < /dev/null 2>&1
}

# worker NUMBER: a part of the schedules, not too many for one laboratory. Writes a
# line about each.
worker() {
	local first next end line told share=$(((count + jobs - 1) / jobs))
	[ $share -le 10 ] || share=10
	for ((first = seed + $1 * share; first < seed + count; \
			first += jobs * share)); do
		end=$((first + share < seed + count ? first + share : seed + count))
		for ((next = first; next < end; next++)); do
			told=''
			while IFS= read -r line; do
				echo "$line"
				case $line in
				"PASS seed "*)	next=$((next + 1)) ;;
				"FAIL: seed "*)	told=yes ;;
				esac
			done < <(laboratory $next $((end - next)) "$1")
			[ $next -ge $end ] || [ -n "$told" ] ||
				echo "FAIL: seed $next: the laboratory is gone"
		done
	done
}

# play_seeds NAME: all of them, and counts. The logs of those that fail go where
# RMOBIKE_RESULTS says, or else into a directory with this name.
play_seeds() {
	local i passed
	needs_root
	if [ -z "${RMOBIKE_RESULTS:-}" ]; then
		RMOBIKE_RESULTS=$(mktemp -d "${TMPDIR:-/tmp}/rmobike-$1.XXXXXX")
	fi
	mkdir -p "$RMOBIKE_RESULTS"
	export RMOBIKE_RESULTS
	for ((i = 0; i < jobs; i++)); do
		worker $i &
	done | tee "$RMOBIKE_RESULTS/output"
	passed=$(grep -c '^PASS seed' "$RMOBIKE_RESULTS/output" || true)
	[ "$passed" = "$count" ] || echo "logs: $RMOBIKE_RESULTS"
	echo "$passed passed, $((count - passed)) failed"
	[ "$passed" = "$count" ]
}
