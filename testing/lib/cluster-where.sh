# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Who has the clients of a cluster, what each side knows of them, and whether they are
# reached. Sourced by cluster.sh.

# tuples HOST STATE LOCAL-OR-REMOTE: a line for each IKE_SA in this state, with the
# identity and the virtual addresses of that end, both SPIs and those of the CHILD_SAs
# in use: for all of many at once, as each process costs a virtual machine its time
tuples() {
	[ -z "${DAEMON[$1]:-}" ] || sas "$1" | awk -v state="state=$2" -v end="$3" '
		function value(key, text) {
			return match(text, "[{ ]" key "=[^ }]*") ? \
				substr(text, RSTART + length(key) + 2, RLENGTH - length(key) - 2) : ""
		}
		index($0, state) {
			ike = $0
			sub(/ child-sas \{.*/, "", ike)
			if (!index(ike, state)) next
			line = value(end "-id", ike) " " value(end "-vips", ike) " " \
				value("initiator-spi", ike) " " value("responder-spi", ike)
			rest = substr($0, length(ike))
			while (match(rest, /\{name=[^}]*/)) {
				child = substr(rest, RSTART, RLENGTH)
				rest = substr(rest, RSTART + RLENGTH)
				if (index(child, "state=INSTALLED"))
					line = line " " value("spi-in", child) " " value("spi-out", child)
			}
			# not that of the nodes, see cluster-link-is-protected
			if (index(line, "@")) print line
		}' | sort
}

# client_tuples: those of all clients
client_tuples() {
	local name
	for name in "${CLIENTS[@]}"; do
		tuples "$name" ESTABLISHED local
	done
}

# copies NODE STATE ID: the IKE_SAs of the client that it has in this state
copies() {
	# of those that run
	[ -z "${DAEMON[$1]:-}" ] || sa "$1" "state=$2 .*remote-id=$3@"
}

# node_of ID: which has its IKE_SA; both if they disagree, none if it is lost
node_of() {
	local node
	for node in "${NODES[@]}"; do
		[ -z "$(copies "$node" ESTABLISHED "$1")" ] || echo "$node"
	done
}

# installed: the SPIs of the CHILD_SAs that are in use in listings on standard input
installed() {
	grep -oE '\{name=[^}]* state=INSTALLED [^}]*' |
		sed -E 's/.* spi-in=([0-9a-f]*).* spi-out=([0-9a-f]*).*/\1 \2/' | sort
}

# has_copy ID: the node that does not have it has it PASSIVE, and both have the
# same IKE_SA and CHILD_SAs. Virtual addresses are another matter, see leased.
has_copy() {
	local node here there what
	node=$(node_of "$1")
	[ "$(wc -w <<< "$node")" = 1 ] || return
	here=$(copies "$node" ESTABLISHED "$1")
	there=$(copies "$(other "$node")" PASSIVE "$1")
	[ "$(grep -c . <<< "$there")" = 1 ] || return
	for what in initiator-spi responder-spi; do
		[ "$(sa_value $what <<< "$here")" = "$(sa_value $what <<< "$there")" ] ||
			return
	done
	[ -n "$(installed <<< "$here")" ] || return
	[ "$(installed <<< "$here")" = "$(installed <<< "$there")" ]
}

# leased NODE ID: the virtual address of the IKE_SA or its copy, as the node knows.
# After the IKE_SA was rekeyed ha alone does not tell a node that asks for everything,
# which may give the address to somebody else when it has taken over.
leased() { sa "$1" "remote-id=$2@" | sa_value remote-vips | tr -d '[]'; }

# synced ID: until it is so
synced() { wait_for 60 "copy of $1 at the standby" has_copy "$1"; }
# all_synced: until it is so for all, wherever they are
all_synced() { wait_for 120 "copies at the standby" have_copies; }
have_copies() {
	local here there
	here=$(for node in "${NODES[@]}"; do
		tuples "$node" ESTABLISHED remote; done | cut -d ' ' -f 1,3- | sort)
	there=$(for node in "${NODES[@]}"; do
		tuples "$node" PASSIVE remote; done | cut -d ' ' -f 1,3- | sort)
	[ "$(wc -l <<< "$here")" = ${#IDS[@]} ] && [ "$here" = "$there" ]
}

# at_node ID NODE: until the client's IKE_SA is there, and there only, the client
# knows, and packets pass
at_node() { wait_for 60 "$1 at $2" is_at "$1" "$2" && reached "$1"; }
# all_at_node NODE: all of them
all_at_node() {
	wait_for 120 "all at $1" all_are_at "$1"
	all_reached
}
all_are_at() {
	local at name count=0
	at="($(addresses_of "$1" | paste -sd '|'))"
	for name in "${CLIENTS[@]}"; do
		count=$((count + $(sas "$name" |
			grep -cE "state=ESTABLISHED .*remote-host=$at " || true)))
	done
	[ "$count" = ${#IDS[@]} ] &&
		[ "$(sas "$1" | grep -cE "state=ESTABLISHED .*local-host=$at ")" = "$count" ] &&
		[ -z "$(tuples "$(other "$1")" ESTABLISHED remote)" ]
}
is_at() {
	local home here there
	home=$(home_of "$1")
	here=$(copies "$2" ESTABLISHED "$1" | sa_value local-host)
	there=$(sa "$home" "state=ESTABLISHED .*local-id=$1@" | sa_value remote-host)
	[ "$(node_of "$1")" = "$2" ] && [ "$here" = "$there" ] &&
		addresses_of "$2" | grep -qxF "$here"
}

# vip_of ID, as the client has it
vip_of() {
	sa "$(home_of "$1")" "local-id=$1@" | sa_value local-vips | tr -d '[]'
}

# reached ID: until packets pass, both ways
reached() { wait_for 60 "packets of $1" reaches "$1"; }
reaches() {
	local vip
	vip=$(vip_of "$1")
	[ -n "$vip" ] &&
		on "$(home_of "$1")" ping -q -n -c 1 -W 1 -I "$vip" "$SERVER" > /dev/null &&
		on server ping -q -n -c 1 -W 1 "$vip" > /dev/null
}

# all_reached: each of the clients answers the server
all_reached() {
	client_tuples | cut -d ' ' -f 2 | tr -d '[]' | on server "${PYTHON3:-python3}" "$testing/lib/reach.py" \
		> "$lab/reached" || fail "$(< "$lab/reached")"
}

# authentications ID: of it, by both nodes, since the beginning
authentications() {
	echo $(($(log_count node-a "authentication of '$1@rmobike.test' with") +
		$(log_count node-b "authentication of '$1@rmobike.test' with")))
}

# same_ike, after remember_ike: all clients have the IKE_SAs that they had, and were
# not authenticated since
remember_ike() {
	SAME=$(client_tuples | cut -d ' ' -f 1,3,4)
	AUTHENTICATED=$(all_authentications)
}
ike_of() { sa "$(home_of "$1")" "local-id=$1@" | sa_value '(initiator|responder)-spi'; }
same_ike() {
	is "IKE_SAs" "$(client_tuples | cut -d ' ' -f 1,3,4)" "$SAME"
	is "authentications by both nodes" "$(all_authentications)" "$AUTHENTICATED"
}
all_authentications() {
	cat "$lab"/node-[ab]/charon.log | grep -cF "@rmobike.test' with "
}
