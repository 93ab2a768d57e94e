/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "matrix.h"

/** The four packets of a switch */
#define REQUEST "* <- * INFORMATIONAL req * {SWITCH=* ADD_*}"
#define RESPONSE "* -> * INFORMATIONAL resp * {}"
#define UPDATE "* -> * INFORMATIONAL req * {UPD_SA_ADDR *}"
#define UPDATED "* <- * INFORMATIONAL resp * {NATD*}"

/** Address the initiator moves to, behind the same NAT */
#define OTHER "10.0.0.11"

/** Address that the gateway gets too late to announce it */
#define UNKNOWN "192.0.2.99"

#define OPTION(text) .settings = "plugins { rmobike { " text " } }"

/** A step at once, later, and later in each variant */
#define NOW(what, arg) \
{ \
	(void*)what, (void*)(arg) \
}
#define IN(ms, what, arg) \
{ \
	(void*)what, (void*)(arg), ms \
}
#define FROM(ms, step, what, arg) \
{ \
	(void*)what, (void*)(arg), ms, step \
}

#define SWITCH_TO(address) NOW(matrix_switch, address)

/* --- what one end does ---------------------------------------------------- */

static void dpd(side_t side)
{
	world_call(side, send_dpd);
}

static void rekey(side_t side)
{
	world_call(side, rekey);
}

static void reauth(side_t side)
{
	world_call(side, reauth);
}

static void delete(side_t side)
{
	world_call(side, delete, FALSE);
}

static void list_addresses(side_t side)
{
	world_call(side, roam, TRUE);
}

/** As a side_t, the variants are both ends */
static void rekey_variant(void *null)
{
	rekey(matrix_variant);
}

/** The sender of fragments instead of large packets */
static fragmentation_t force(ike_cfg_t *this)
{
	return FRAGMENTATION_FORCE;
}

static status_t fragment(ike_sa_t *ike_sa)
{
	ike_cfg_t *cfg = ike_sa->get_ike_cfg(ike_sa);

	cfg->fragmentation = (void*)force;
	ike_sa->enable_extension(ike_sa, EXT_IKE_FRAGMENTATION);
	return SUCCESS;
}

/**
 * Requests of 4000 octets, in fragments. Not in the switch itself: a charon
 * with mediation takes a fragment of an INFORMATIONAL for something else.
 */
static void fragment_both(void *null)
{
	world_each(INITIATOR, fragment);
	world_each(RESPONDER, fragment);
}

static void rekey_in_fragments(void *null)
{
	static char padding[4000];

	world_forge(RESPONDER, CREATE_CHILD_SA, FALSE, 0, 0, 40961,
				chunk_from_thing(padding));
	rekey(RESPONDER);
}

/* --- the network ---------------------------------------------------------- */

/* clang-format off */

/** How many packets are lost and doubled, in percent, and late, in ms */
#define WEATHER(...) (u_int[]){ __VA_ARGS__ }

/* clang-format on */

static void weather(u_int *now)
{
	world_weather(now[0], now[1], now[2]);
}

/** Many packets */
static void lose(char *pattern)
{
	world_fate(DROP, pattern, 100);
}

/**
 * One of them comes back, or both.
 */
static void revive_variant(void *null)
{
	world_unblock(matrix_variant ? NEW : OLD);
	if (matrix_variant == 2)
	{
		world_unblock(OLD);
	}
}

/* --- addresses ------------------------------------------------------------ */

static void change_address(char *from, char *to)
{
	world_add_address(INITIATOR, to);
	world_del_address(INITIATOR, from);
}

static void client_roams(char *to)
{
	ike_sa_t *ike_sa;

	change_address(streq(to, OTHER) ? INSIDE : CLIENT, to);
	ike_sa = world_checkout(INITIATOR);
	world_checkin(ike_sa, ike_sa ? ike_sa->roam(ike_sa, TRUE) : SUCCESS);
}

/** The kernel tells the client later */
static void client_moves(void *null)
{
	change_address(INSIDE, OTHER);
	world_roam(INITIATOR);
}

/** The kernel doesn't tell the gateway yet */
static void take(char *address)
{
	world_del_address(RESPONDER, address);
}

static void give(char *address)
{
	world_add_address(RESPONDER, address);
}

static void remove_address(char *address)
{
	take(address);
	world_roam(RESPONDER);
}

static void add_address(char *address)
{
	give(address);
	world_roam(RESPONDER);
}

static void add_variant(void *null)
{
	add_address(matrix_variant ? OLD : NEW);
}

/**
 * The gateway starts something when the address is gone, before charon knows.
 */
static void start_variant(void *null)
{
	void (*what[])(side_t) = {
		dpd, world_rekey_child, world_create_child, rekey,
	};

	what[matrix_variant](RESPONDER);
}

/** Parts of some faults */
#define DEAD NOW(world_block, NEW), SWITCH_TO(NEW)
#define BOTH_DIE \
	SWITCH_TO(NEW), IN(5, world_block, OLD), IN(5, world_block, NEW), \
	IN(1000, dpd, INITIATOR), IN(1000, dpd, RESPONDER)
#define GONE NOW(remove_address, OLD)
#define FILTERED NOW(world_block, OLD), GONE
#define NEXT_DEAD NOW(world_block, NEW)
#define FORGE(from, exchange, response, ...) \
	NOW(hostile_forge, FORGED(from, exchange, response, __VA_ARGS__))
#define SOMEBODY_ELSES \
	FORGE(RESPONDER, INFORMATIONAL, FALSE, 203, 0, 113, 77), \
	NOW(dpd, RESPONDER)

/** A packet and its fate */
#define FATE(n, match, ...) \
{ \
	.name = n, .pattern = match, __VA_ARGS__ \
}

#define PACKET(packet, match) \
	FATE(packet " lost", match, .fate = DROP), \
	FATE(packet " lost three times", match, .fate = DROP, .count = 3), \
	FATE(packet " duplicated", match, .fate = DOUBLE), \
	FATE(packet " one second late", match, .fate = DELAY), \
	FATE(packet " delayed past the next exchanges", match, .fate = HOLD, \
		 .steps = { SWITCH_TO(NEW), IN(2000, dpd, INITIATOR), \
					IN(3000, dpd, RESPONDER), IN(5000, world_release, "*") })

/*
 * Described in header
 */
fault_t matrix_faults[] = {
	{ .group = "Packets of the switch", .name = "none" },
	{ .name = "none, without NAT", .conf.initiator = CLIENT },
	PACKET("request", REQUEST),
	PACKET("response", RESPONSE),
	PACKET("UPDATE", UPDATE),
	PACKET("UPDATE response", UPDATED),
	{ .name = "all reordered, delayed by up to 100 ms, 30 % duplicated",
	  .steps = { NOW(weather, WEATHER(0, 30, 100)), SWITCH_TO(NEW) },
	  .variants = 20 },
	{ .name = "10 % lost, 10 % duplicated, reordered",
	  .steps = { NOW(weather, WEATHER(10, 10, 20)), SWITCH_TO(NEW) },
	  .variants = 20 },
	{ .name = "50 % lost for 30 s",
	  .steps = { NOW(weather, WEATHER(50, 0, 0)),
				 IN(30000, weather, WEATHER(0, 0, 0)), SWITCH_TO(NEW) },
	  .variants = 20,
	  .conf = { OPTION("timeout = 60") } },
	/* both ends count from zero */
	{ .name = "equal message IDs both ways", .before = NOW(rekey, INITIATOR),
	  .conf = { .busy = 3 } },
	{ .name = "request arrives after an IKE_SA rekey", .pattern = REQUEST,
	  .fate = HOLD, .variants = 2,
	  .steps = { SWITCH_TO(NEW), IN(500, rekey_variant, NULL),
				 IN(2000, world_release, "*") } },
	{ .name = "forged retransmission of the request", .pattern = REQUEST,
	  .fate = GARBLE },

	{ .group = "Other exchanges at the same time",
	  .name = "IKE_SA rekeyed by the client",
	  .meet = { NOW(rekey, INITIATOR) } },
	{ .name = "IKE_SA rekeyed by the gateway",
	  .meet = { NOW(rekey, RESPONDER) } },
	{ .name = "IKE_SA rekeyed by the gateway, in fragments",
	  .quick = TRUE,
	  .before = NOW(fragment_both, NULL),
	  .meet = { NOW(rekey_in_fragments, NULL) } },
	{ .name = "IKE_SA rekeyed by the gateway, a fragment lost",
	  .quick = TRUE,
	  .before = NOW(fragment_both, NULL),
	  .meet = { NOW(rekey_in_fragments, NULL) },
	  .pattern = "* <- * CREATE_CHILD_SA req*", .fate = DROP },
	{ .name = "IKE_SA rekeyed by both, collision",
	  .meet = { NOW(rekey, INITIATOR), NOW(rekey, RESPONDER) } },
	{ .name = "CHILD_SA rekeyed by the client",
	  .meet = { NOW(world_rekey_child, INITIATOR) } },
	{ .name = "CHILD_SA rekeyed by the gateway",
	  .meet = { NOW(world_rekey_child, RESPONDER) } },
	{ .name = "CHILD_SA rekeyed by both, collision",
	  .meet = { NOW(world_rekey_child, INITIATOR),
				NOW(world_rekey_child, RESPONDER) } },
	{ .name = "CHILD_SA rekeyed by both, userland ESP",
	  .meet = { NOW(world_rekey_child, INITIATOR),
				NOW(world_rekey_child, RESPONDER) },
	  .conf = { .userland_esp = TRUE } },
	{ .name = "CHILD_SA created by the client",
	  .meet = { NOW(world_create_child, INITIATOR) } },
	{ .name = "CHILD_SA created by the gateway",
	  .meet = { NOW(world_create_child, RESPONDER) } },
	{ .name = "CHILD_SA deleted by the client", .idle = TRUE,
	  .meet = { NOW(world_delete_child, INITIATOR) } },
	{ .name = "CHILD_SA deleted by the gateway", .idle = TRUE,
	  .meet = { NOW(world_delete_child, RESPONDER) } },
	{ .name = "DPD by the client", .meet = { NOW(dpd, INITIATOR) } },
	{ .name = "DPD by the gateway", .meet = { NOW(dpd, RESPONDER) } },
	{ .name = "CHILD_SA rekeyed by a client with `reply_path = request`",
	  .meet = { NOW(world_rekey_child, INITIATOR) },
	  .conf = { OPTION("reply_path = request") } },
	{ .name = "DPD by a client with `reply_path = request`",
	  .meet = { NOW(dpd, INITIATOR) },
	  .conf = { OPTION("reply_path = request") } },
	{ .name = "reauthentication, break before make",
	  .meet = { NOW(reauth, INITIATOR) } },
	{ .name = "reauthentication, make before break",
	  .meet = { NOW(reauth, INITIATOR) },
	  .conf = { .settings = "make_before_break = yes" } },
	{ .name = "IKE_SA deleted by the client",
	  .meet = { NOW(delete, INITIATOR) },
	  .ends = "deleted, as asked" },
	{ .name = "IKE_SA deleted by the gateway",
	  .meet = { NOW(delete, RESPONDER) },
	  .ends = "deleted, as asked" },
	{ .name = "settings reloaded, which now refuse",
	  .meet = { NOW(world_reload, "plugins { rmobike { accept = none\n"
								  "path_timeout = 1 } }") } },

	{ .group = "Both ends move, or one moves twice",
	  .name = "client roams", .meet = { NOW(client_roams, OTHER) },
	  .conf = { OPTION("timeout = 30") } },
	{ .name = "client roams, without NAT",
	  .meet = { NOW(client_roams, "198.51.100.11") },
	  .conf = { .initiator = CLIENT, OPTION("timeout = 30") } },
	{ .name = "client roams, answer to its UPDATE lost", .pattern = UPDATED,
	  .fate = DROP, .steps = { SWITCH_TO(NEW), IN(25, client_roams, OTHER) } },
	/* the gateway sends its addresses when it was at the new one, they arrive
	 * when the client has brought it back */
	{ .name = "client goes back, late address list from the new address",
	  .pattern = "* <- " NEW " INFORMATIONAL req * {ADD*", .fate = HOLD,
	  .steps = { NOW(lose, "* <- " NEW " INFORMATIONAL resp * {NATD*"),
				 SWITCH_TO(NEW), IN(500, list_addresses, RESPONDER),
				 IN(2000, world_release, "*") },
	  .conf = { OPTION("path_timeout = 1") } },
	/* the client's UPDATE finds the old address silent, so it goes everywhere,
	 * but only that is heard then */
	{ .name = "client roams, silence, its UPDATE goes everywhere",
	  .pattern = "* -> " OLD " INFORMATIONAL req * {UPD*", .fate = DROP,
	  .count = 8, /* three times charon, and five times soon after the first */
	  .steps = { NOW(lose, "* <- " NEW " *"), NOW(lose, "* <- " NEWER " *"),
				 NOW(client_roams, OTHER) } },
	/* only if it knows the mapping charon notices when it is another one */
	{ .name = "NAT mapping changes, client's DPD 3 s later",
	  .before = NOW(dpd, INITIATOR),
	  .meet = { NOW(world_nat_reboot, NULL), IN(3000, dpd, INITIATOR) },
	  .conf = { OPTION("timeout = 30") } },
	{ .name = "a second switch, elsewhere: the newest wins",
	  .meet = { SWITCH_TO(NEWER) } },
	{ .name = "a second switch 5 ms later",
	  .steps = { SWITCH_TO(NEW), IN(5, matrix_switch, NEWER) } },
	{ .name = "a second switch, back", .meet = { SWITCH_TO(OLD) } },
	{ .name = "switch to the current address", .steps = { SWITCH_TO(OLD) } },

	{ .group = "The new address does not work",
	  .name = "dead from the beginning", .steps = { DEAD } },
	{ .name = "dead from the beginning, `path_check = always`",
	  .steps = { DEAD },
	  .conf = { OPTION("path_check = always") } },
	{ .name = "dead from the beginning, `path_timeout = 1`",
	  .steps = { DEAD },
	  .conf = { OPTION("path_timeout = 1") } },
	{ .name = "dies during the switch",
	  .steps = { SWITCH_TO(NEW), FROM(5, 5, world_block, NEW) },
	  .variants = 4 },
	{ .name = "dies during the switch, `path_check = always`",
	  .steps = { SWITCH_TO(NEW), FROM(5, 5, world_block, NEW) },
	  .variants = 6, .conf = { OPTION("path_check = always") } },
	{ .name = "dead for 1.5 s",
	  .steps = { DEAD, IN(1500, world_unblock, NEW) } },
	{ .name = "the old address dies during the switch",
	  .steps = { SWITCH_TO(NEW), FROM(5, 5, world_block, OLD) },
	  .variants = 6 },
	{ .name = "both die, a third address is left", .steps = { BOTH_DIE },
	  .conf = { OPTION("timeout = 60") } },
	{ .name = "all die, one or both come back after 20 s",
	  .steps = { BOTH_DIE, IN(5, world_block, NEWER),
				 IN(20000, revive_variant, NULL) },
	  .variants = 3,
	  .conf = { OPTION("timeout = 60") } },
	{ .name = "all die for good",
	  .steps = { BOTH_DIE, IN(5, world_block, NEWER) },
	  .ends = "deleted by charon when its last retransmission failed" },

	{ .group = "The gateway's address goes away",
	  .name = "removed", .steps = { GONE } },
	{ .name = "removed, without NAT", .steps = { GONE },
	  .conf = { .initiator = CLIENT } },
	{ .name = "removed, its packets filtered, without NAT",
	  .steps = { FILTERED }, .conf = { .initiator = CLIENT } },
	{ .name = "removed, its packets filtered, client behind a NAT, silent",
	  .steps = { FILTERED }, .ends = "deleted, no packet gets through" },
	{ .name = "the same for 21 s, charon is about to look for a path",
	  .steps = { FILTERED, IN(21000, world_unblock, OLD) },
	  .pattern = RESPONSE, .fate = DROP, .count = 3,
	  .conf = { OPTION("prefer = 192.0.2.3") } },
	{ .name = "the same, the client checks after 20 s (DPD)",
	  .steps = { FILTERED, IN(20000, dpd, INITIATOR) },
	  .conf = { OPTION("timeout = 60") } },
	{ .name = "removed, no right to send from it, without NAT",
	  .steps = { GONE },
	  .conf = { .initiator = CLIENT, .no_raw_send = TRUE } },
	{ .name = "removed, the peer does not support switches, without NAT",
	  .steps = { GONE },
	  .conf = { .initiator = CLIENT, OPTION("advertise = no") } },
	{ .name = "removed, back after 50 ms",
	  .steps = { GONE, IN(50, add_address, OLD) } },
	{ .name = "removed, back after 500 ms, before the client answered",
	  .pattern = REQUEST, .fate = DROP, .count = 3,
	  .steps = { GONE, IN(500, add_address, OLD) } },
	{ .name = "no address left for 10 s",
	  .steps = { NOW(take, NEW), NOW(take, NEWER), GONE,
				 IN(10000, add_variant, NULL) },
	  .variants = 2, .conf = { OPTION("timeout = 60") } },
	{ .name = "replaced at once by one that was not announced",
	  .steps = { NOW(take, NEW), NOW(take, NEWER), NOW(give, UNKNOWN), GONE } },
	{ .name = "replaced after 10 s by one that was not announced",
	  .steps = { NOW(take, NEW), NOW(take, NEWER), GONE,
				 IN(10000, add_address, UNKNOWN) } },
	{ .name = "removed during the switch", .variants = 10,
	  .steps = { SWITCH_TO(NEW), FROM(0, 5, remove_address, OLD) } },
	{ .name = "the new one removed during the switch", .variants = 10,
	  .steps = { SWITCH_TO(NEW), FROM(0, 5, remove_address, NEW) } },
	{ .name = "removed, the client rekeys the IKE_SA meanwhile",
	  .steps = { FROM(0, 4, remove_address, OLD), IN(120, rekey, INITIATOR) },
	  .variants = 20 },
	{ .name = "removed, the gateway has a request under way",
	  .steps = { GONE, IN(50, start_variant, NULL) }, .variants = 4 },
	{ .name = "removed, and the client roams",
	  .steps = { NOW(client_moves, NULL), GONE },
	  .conf = { OPTION("timeout = 60") } },
	{ .name = "removed, first choice dead", .steps = { NEXT_DEAD, GONE } },
	{ .name = "removed, first choice dead, without NAT",
	  .steps = { NEXT_DEAD, GONE }, .conf = { .initiator = CLIENT } },
	{ .name = "removed, first choice dead, `path_check = always`",
	  .steps = { NEXT_DEAD, GONE }, .conf = { OPTION("path_check = always") } },
	{ .name = "removed, first choice dead, and the client roams",
	  .steps = { NEXT_DEAD, NOW(client_moves, NULL), GONE } },

	{ .group = "Hostile or refused",
	  .name = "the client's policy says `accept = none`",
	  .conf = { OPTION("accept = none") } },
	{ .name = "an address nobody announced, somebody else's",
	  .steps = { SOMEBODY_ELSES } },
	{ .name = "the same, `accept = announced`",
	  .steps = { SOMEBODY_ELSES },
	  .conf = { OPTION("accept = announced") } },
	{ .name = "wrong length of the address", .variants = 4,
	  .steps = { NOW(hostile_any_length, NULL) } },
	{ .name = "with an SPI", .variants = 4,
	  .steps = { NOW(hostile_any_header, NULL) } },
	{ .name = "two in a message",
	  .steps = { FORGE(RESPONDER, INFORMATIONAL, FALSE, 192, 0, 2, 3),
				 FORGE(RESPONDER, INFORMATIONAL, FALSE, 192, 0, 2, 2),
				 NOW(dpd, RESPONDER) } },
	{ .name = "sent by the client",
	  .steps = { FORGE(INITIATOR, INFORMATIONAL, FALSE, 192, 0, 2, 2),
				 NOW(dpd, INITIATOR) } },
	{ .name = "in a response",
	  .steps = { FORGE(RESPONDER, INFORMATIONAL, TRUE, 192, 0, 2, 2),
				 NOW(dpd, INITIATOR) } },
	{ .name = "in CREATE_CHILD_SA",
	  .steps = { FORGE(RESPONDER, CREATE_CHILD_SA, FALSE, 192, 0, 2, 2),
				 NOW(world_rekey_child, RESPONDER) } },
	{ .name = "1000 requests, each with another address",
	  .steps = { NOW(hostile_flood, NULL) } },
	{ .name = "the same, `accept = announced`",
	  .steps = { NOW(hostile_flood, NULL) },
	  .conf = { OPTION("accept = announced") } },
	{ .name = "20 requests, to and fro",
	  .steps = { NOW(hostile_ping_pong, NULL) } },
	{}
};
