# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What the weather will be like: draws from a seed what happens when. Pure, a seed
# always gives the same schedule.

# chance LIMIT: a number below that, in CHANCE
chance() {
	SEED=$(((SEED * 6364136223846793005 + 1442695040888963407) & 0x7fffffffffffffff))
	CHANCE=$(((SEED >> 33) % $1))
}

# one_of WORD...: in CHANCE
one_of() {
	chance $#
	shift "$CHANCE"
	CHANCE=$1
}

# at MILLISECONDS WHAT...
at() { echo "$@"; }

# schedule SEED: a line per event, "milliseconds what arguments...". One uplink is
# usable from each change until the next one, for more than a minute in which no
# other may be: the next one's is there before this one's goes.
schedule() {
	local start=5000 previous=3 only i n
	local -A away=() last=()
	SEED=$1
	chance 100
	for ((n = 0; n < 3; n++)); do
		chance 3
		while [ "$CHANCE" = $previous ]; do
			chance 3
		done
		only=$CHANCE previous=$only
		[ -z "${away[$only]:-}" ] || at $start up "$only"
		away[$only]=
		for i in 0 1 2; do
			[ "$i" = "$only" ] || change "$i"
		done
		chance 15000
		start=$((start + 80000 + CHANCE))
	done
	at $start calm
	for ((n = 0; n < 8; n++)); do
		something $((start - 5000))
	done
}

# change NUMBER: what becomes of an uplink that is not needed from now on
change() {
	local i=$1 when how=${away[$1]:-} before=${last[$1]:-}
	last[$i]=
	one_of 0 0 100 1000 5000 20000
	when=$((start + CHANCE))
	one_of stays changes changes changes changes
	[ "$CHANCE" = changes ] || return 0
	if [ -n "$how" ]; then
		at "$start" up "$i"
		away[$i]=
		one_of yes no
		[ "$CHANCE" = yes ] || return 0
	fi
	one_of address address link filter filter flaps
	last[$i]=$CHANCE
	case $CHANCE in
	flaps)	flaps "$i" $when ;;
	filter)	filter "$i" $when "$before" ;;
	*)	away[$i]=$CHANCE
		at $when away "$i" "$CHANCE"
		;;
	esac
}

# filter NUMBER WHEN BEFORE: for a minute, if it was not so before. Nobody can reach
# a client that sends nothing, meanwhile, and charon sends a request for the fifth
# time after a minute and a half, and then gives up. Nor can a client be told of the
# uplink that is there instead, so that has to be there for a second: who knows of no
# other and moves is given up by charon after 27 seconds.
filter() {
	local when=$2
	[ "$3" != filter ] || return 0
	[ $when -ge $((start + 1000)) ] || when=$((start + 1000))
	at $when away "$1" filter
	at $((when + 60000)) up "$1"
}

# flaps NUMBER WHEN: it comes and goes, for less than a minute
flaps() {
	local when=$2
	while [ $when -lt $((start + 55000)) ]; do
		one_of address link
		at $when away "$1" "$CHANCE"
		chance 10000
		when=$((when + CHANCE))
		at $when up "$1"
		chance 10000
		when=$((when + CHANCE))
	done
}

# something MILLISECONDS: at any time until then
something() {
	local when what
	chance "$1"
	when=$((5000 + CHANCE))
	one_of switch switch switch drain rekey rekey rekey rekey roam roam forget loss
	what=$CHANCE
	case $what in
	switch)
		chance 3
		at $when switch "$CHANCE"
		;;
	drain)
		chance 3
		at $when drain "$CHANCE"
		at $((when + 30000)) undrain "$CHANCE"
		;;
	rekey)
		one_of ike child
		what=$CHANCE
		one_of gateway gateway "${CLIENTS[@]}"
		at $when rekey "$CHANCE" "$what"
		;;
	roam)
		one_of "${CLIENTS[@]}"
		at $when roam "$CHANCE"
		;;
	forget)
		at $when forget forgets
		;;
	loss)
		chance 25
		at $when netem "$CHANCE"
		at $((when + 20000)) netem 0
		;;
	esac
}

# fault_schedule SEED: a line for each round of a cluster's weather, "event
# milliseconds fault milliseconds milliseconds": something happens, the fault begins
# that much later, lasts so long, and when all is well again there is a pause
fault_schedule() {
	local n event before fault
	SEED=$1
	chance 100
	for ((n = 0; n < 6; n++)); do
		one_of move move move move node-child child node-ike ike nothing
		event=$CHANCE
		# Most of a move is over soon, to rekey comes later
		one_of 120 120 500 7000
		chance "$CHANCE"
		before=$CHANCE
		one_of a-dies a-dies b-dies b-dies a-restarts b-restarts channel ha link link \
			link-a-dies sleeps rebinds clock lost-ike lost-request lost-response \
			lost-child lost-deleted nothing
		fault=$CHANCE
		one_of 300 1000 6000 15000
		chance "$CHANCE"
		echo -n "$event $before $fault $CHANCE "
		chance 10000
		echo "$CHANCE"
	done
}
