# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Traffic through the tunnel in both directions, and what the wire shows.

declare -A PING=()      # name of a stream -> pid of its ping

# stream NAME HOST DESTINATION [SECONDS]: a packet each 10 ms, or that many
# seconds, until stream_end
stream() {
	: > "$lab/$1.ping"
	exec_on "$2" ping -n -i "${4:-0.01}" "$3" > "$lab/$1.ping" 2>&1 &
	PING[$1]=$!
}

# Sequence numbers of the answers so far
answers() {
	sed -n 's/.*icmp_seq=\([0-9]*\) ttl=.*/\1/p' "$lab/$1.ping" | sort -nu
}
answered() { [ "$(answers "$1" | wc -l)" -ge "$2" ]; }

# stream_goes_on NAME: answers to 50 more packets than now
stream_goes_on() {
	local have
	have=$(answers "$1" | wc -l)
	wait_for 60 "answers to the pings of $1" answered "$1" $((have + 50))
}

# stream_end NAME: how many packets were lost. Packets still under way when
# ping ends are not: what counts is the last one that was answered.
stream_end() {
	kill -INT "${PING[$1]}"
	wait "${PING[$1]}" || true
	stream_lost "$1"
}

stream_lost() {
	answers "$1" | awk '{ n++; last = $1 } END { print last - n }'
}

# Both directions at once
traffic_start() {
	stream from-client client "${1:-$SERVER}"
	stream from-server server "${2:-$VIP}"
	traffic_goes_on
}

traffic_goes_on() {
	stream_goes_on from-client
	stream_goes_on from-server
}

# traffic_end: sets LOST to the sum over both directions
traffic_end() {
	local client server
	client=$(stream_end from-client)
	server=$(stream_end from-server)
	LOST=$((client + server))
	say "packets lost: $client from the client, $server from the server"
}

# traffic_works: packets get through, both ways
traffic_works() {
	on client ping -q -n -c 3 -i 0.05 -W 2 "${1:-$SERVER}" >/dev/null &&
		on server ping -q -n -c 3 -i 0.05 -W 2 "${2:-$VIP}" >/dev/null
}

# capture: what passes the internet router on the gateway's side
capture() {
	exec_on internet tcpdump --immediate-mode -l -v -nn -tt -i east \
		'udp port 500 or udp port 4500 or esp' \
		> "$lab/wire" 2> "$lab/wire.err" &
	disown $!
	wait_for 60 "tcpdump" grep -q 'listening on' "$lab/wire.err"
	mark
}

# mark: messages and packets are those after this one
mark() { MARK=$(wc -l < "$lab/wire"); }

# wire_log: a line per packet, "time from > to what". What: "request" or
# "response" in an INFORMATIONAL exchange, the exchange for others, each with
# its message ID, or "esp".
wire_log() {
	tail -n "+$((MARK + 1))" "$lab/wire" | sed -nE '
		# IPv4 takes two lines, the second one has the addresses
		/^[0-9.]+ IP \(/ { N; s/^([0-9.]+) IP \(.*\n +/\1 / }
		s/^([0-9.]+) IP6 \([^)]*\([^)]*\)[^)]*\)/\1/
		s/^([0-9.]+) ([0-9a-f.:]+)\.4?500 > ([0-9a-f.:]+)\.4?500: /\1 \2 > \3 /
		s/^([0-9.]+) ([0-9a-f.:]+ > [0-9a-f.:]+):? .*ESP\(.*/\1 \2 esp/p
		s/^([0-9.]+ [^ ]+ > [^ ]+) .* msgid ([0-9a-f]+):? .* inf2(\[I\])?(:|$)/\1 request \2/p
		s/^([0-9.]+ [^ ]+ > [^ ]+) .* msgid ([0-9a-f]+):? .* inf2\[I?R\]/\1 response \2/p
		s/^([0-9.]+ [^ ]+ > [^ ]+) .* msgid ([0-9a-f]+):? .*(child_sa|ikev2_[a-z]*)\[.*/\1 \3 \2/p
	' | sed 's/ \([0-9a-f]*\):$/ \1/; s/ \(request\|response\) \([0-9a-f]*\).*/ \1 \2/'
}

# messages: the INFORMATIONAL messages without their times, those that were sent
# again left out
messages() {
	wire_log | awk '$5 ~ /^(request|response)$/ && !seen[$2, $4, $5, $6]++ {
		print $2, $3, $4, $5
	}'
}
sent() { [ "$(messages | wc -l)" -ge "$1" ]; }

# expect_messages, with them on the standard input: the first ones since the
# mark, in this order
expect_messages() {
	local expected
	expected=$(cat)
	wait_for 30 "the messages of a switch" \
		sent "$(wc -l <<< "$expected")"
	is "messages" "$(messages | sed -n "1,$(wc -l <<< "$expected")p")" \
		"$expected"
}
