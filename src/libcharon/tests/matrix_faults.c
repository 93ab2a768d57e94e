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

/** Notify type of SWITCH_TO_IP_ADDRESS */
#define SWITCH 41042

#define OPTION(text) .settings = "plugins { rmobike { " text " } }"

/**
 * Let something happen to one end in ms milliseconds.
 */
static void later(u_int ms, void (*what)(side_t side), side_t side)
{
	world_later(ms, (void*)what, (void*)(uintptr_t)side);
}

/**
 * Check whether the other end is alive.
 */
static void dpd(side_t side)
{
	world_call(side, send_dpd);
}

/* --- packets -------------------------------------------------------------- */

static void release(void *null)
{
	world_release("*");
}

/**
 * A packet arrives only when other exchanges are over.
 */
static void release_late(int variant)
{
	matrix_switch(NEW);
	later(2000, dpd, INITIATOR);
	later(3000, dpd, RESPONDER);
	world_later(5000, release, NULL);
}

static void any_order(int variant)
{
	world_weather(0, 30, 100);
	matrix_switch(NEW);
}

static void sunny(void *null)
{
	world_weather(0, 0, 0);
}

static void half_lost(int variant)
{
	world_weather(50, 0, 0);
	world_later(30000, sunny, NULL);
	matrix_switch(NEW);
}

static void lossy(int variant)
{
	world_weather(10, 10, 20);
	matrix_switch(NEW);
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
static void fragment_both(int variant)
{
	world_each(INITIATOR, fragment);
	world_each(RESPONDER, fragment);
}

static void rekey_in_fragments(void *null)
{
	static char padding[4000];

	world_forge(RESPONDER, CREATE_CHILD_SA, FALSE, 0, 0, 40961,
				chunk_from_thing(padding));
	world_call(RESPONDER, rekey);
}

/* --- other exchanges ------------------------------------------------------ */

static void rekey_initiator(void *null)
{
	world_call(INITIATOR, rekey);
}

static void rekey_responder(void *null)
{
	world_call(RESPONDER, rekey);
}

static void rekey_both(void *null)
{
	world_call(INITIATOR, rekey);
	world_call(RESPONDER, rekey);
}

static void rekey_child_initiator(void *null)
{
	world_rekey_child(INITIATOR);
}

static void rekey_child_responder(void *null)
{
	world_rekey_child(RESPONDER);
}

static void rekey_child_both(void *null)
{
	world_rekey_child(INITIATOR);
	world_rekey_child(RESPONDER);
}

static void create_initiator(void *null)
{
	world_create_child(INITIATOR);
}

static void create_responder(void *null)
{
	world_create_child(RESPONDER);
}

static void delete_child_initiator(void *null)
{
	world_delete_child(INITIATOR);
}

static void delete_child_responder(void *null)
{
	world_delete_child(RESPONDER);
}

static void dpd_initiator(void *null)
{
	world_call(INITIATOR, send_dpd);
}

static void dpd_responder(void *null)
{
	world_call(RESPONDER, send_dpd);
}

static void reauth(void *null)
{
	world_call(INITIATOR, reauth);
}

static void delete_initiator(void *null)
{
	world_call(INITIATOR, delete, FALSE);
}

static void delete_responder(void *null)
{
	world_call(RESPONDER, delete, FALSE);
}

static void reload(void *null)
{
	world_reload("plugins { rmobike { accept = none\n path_timeout = 1 } }");
}

/**
 * Both ends count from zero.
 */
static void rekey_before(int variant)
{
	world_call(INITIATOR, rekey);
}

/**
 * The request is repeated when the IKE_SA has been replaced.
 */
static void rekey_and_release(int variant)
{
	matrix_switch(NEW);
	world_later(500, variant ? rekey_initiator : rekey_responder, NULL);
	world_later(2000, release, NULL);
}

/* --- both ends move ------------------------------------------------------- */

static void change_address(char *from, char *to)
{
	ike_sa_t *ike_sa;

	world_add_address(INITIATOR, to);
	world_del_address(INITIATOR, from);
	ike_sa = world_checkout(INITIATOR);
	world_checkin(ike_sa, ike_sa ? ike_sa->roam(ike_sa, TRUE) : SUCCESS);
}

static void client_roams(void *null)
{
	change_address(INSIDE, OTHER);
}

static void client_roams_without_nat(void *null)
{
	change_address(CLIENT, "198.51.100.11");
}

/**
 * Learn the NAT's mapping: only then charon notices when it is another one.
 */
static void learn_mapping(int variant)
{
	dpd(INITIATOR);
}

static void forget_mapping(void *null)
{
	world_nat_reboot();
	later(3000, dpd, INITIATOR);
}

/**
 * The answer to the UPDATE is lost, which then comes from another address.
 */
static void roams_during_update(int variant)
{
	matrix_switch(NEW);
	world_later(25, client_roams, NULL);
}

static void list_addresses(void *null)
{
	world_call(RESPONDER, roam, TRUE);
}

/**
 * The gateway sends its addresses when it was at the new one, they arrive when
 * the client has brought it back.
 */
static void late_list(int variant)
{
	world_fate(DROP, "* <- " NEW " INFORMATIONAL resp * {NATD*", 100);
	matrix_switch(NEW);
	world_later(500, list_addresses, NULL);
	world_later(2000, release, NULL);
}

/**
 * The client's UPDATE finds the old address silent, so it goes everywhere, but
 * only that is heard then.
 */
static void roams_and_seeks(int variant)
{
	world_fate(DROP, "* -> " OLD " INFORMATIONAL req * {UPD*", 3);
	world_fate(DROP, "* <- " NEW " *", 100);
	world_fate(DROP, "* <- " NEWER " *", 100);
	client_roams(NULL);
}

static void switch_to_newer(void *null)
{
	matrix_switch(NEWER);
}

static void switch_to_old(void *null)
{
	matrix_switch(OLD);
}

static void stay(int variant)
{
	matrix_switch(OLD);
}

/* --- the new address does not work ---------------------------------------- */

static void block(void *address)
{
	world_block(address);
}

static void unblock(void *address)
{
	world_unblock(address);
}

static void dead(int variant)
{
	world_block(NEW);
	matrix_switch(NEW);
}

/**
 * It dies when the first packets have passed.
 */
static void dies(int variant)
{
	matrix_switch(NEW);
	world_later(5 + 5 * variant, block, NEW);
}

static void revives(int variant)
{
	dead(variant);
	world_later(1500, unblock, NEW);
}

static void old_dies(int variant)
{
	matrix_switch(NEW);
	world_later(5 + 5 * variant, block, OLD);
}

static void both_die(int variant)
{
	matrix_switch(NEW);
	world_later(5, block, OLD);
	world_later(5, block, NEW);
	later(1000, dpd, INITIATOR);
	later(1000, dpd, RESPONDER);
}

static void all_die(int variant)
{
	both_die(variant);
	world_later(5, block, NEWER);
}

static void all_die_for_a_while(int variant)
{
	all_die(variant);
	world_later(20000, unblock, variant ? NEW : OLD);
	if (variant == 2)
	{
		world_later(20000, unblock, OLD);
	}
}

/* --- the gateway's address goes away -------------------------------------- */

static void remove_address(void *address)
{
	world_del_address(RESPONDER, address);
	world_roam(RESPONDER);
}

static void add_address(void *address)
{
	world_add_address(RESPONDER, address);
	world_roam(RESPONDER);
}

static void gone(int variant)
{
	remove_address(OLD);
}

static void gone_and_next_dead(int variant)
{
	world_block(NEW);
	remove_address(OLD);
}

static void gone_and_filtered(int variant)
{
	world_block(OLD);
	remove_address(OLD);
}

static void gone_and_filtered_for_a_while(int variant)
{
	gone_and_filtered(variant);
	world_later(21000, unblock, OLD);
}

static void gone_and_found(int variant)
{
	gone_and_filtered(variant);
	world_later(20000, dpd_initiator, NULL);
}

static void flaps(int variant)
{
	remove_address(OLD);
	world_later(50, add_address, OLD);
}

static void back_in_time(int variant)
{
	world_fate(DROP, REQUEST, 3);
	remove_address(OLD);
	world_later(500, add_address, OLD);
}

static void none_for_a_while(int variant)
{
	world_del_address(RESPONDER, NEW);
	world_del_address(RESPONDER, NEWER);
	remove_address(OLD);
	world_later(10000, add_address, variant ? OLD : NEW);
}

/**
 * The gateway gets an address that it could not announce.
 */
static void replaced_at_once(int variant)
{
	world_del_address(RESPONDER, NEW);
	world_del_address(RESPONDER, NEWER);
	world_add_address(RESPONDER, UNKNOWN);
	remove_address(OLD);
}

static void replaced(int variant)
{
	world_del_address(RESPONDER, NEW);
	world_del_address(RESPONDER, NEWER);
	remove_address(OLD);
	world_later(10000, add_address, UNKNOWN);
}

static void gone_during_switch(int variant)
{
	matrix_switch(NEW);
	world_later(5 * variant, remove_address, OLD);
}

static void new_gone_during_switch(int variant)
{
	matrix_switch(NEW);
	world_later(5 * variant, remove_address, NEW);
}

static void gone_during_rekey(int variant)
{
	world_later(4 * variant, remove_address, OLD);
	world_later(120, rekey_initiator, NULL);
}

/**
 * The gateway starts something when the address is gone, before charon knows.
 */
static void gone_before(int variant)
{
	void (*what[])(void*) = {
		dpd_responder, rekey_child_responder, create_responder, rekey_responder,
	};

	remove_address(OLD);
	world_later(50, what[variant], NULL);
}

static void both_gone(int variant)
{
	world_add_address(INITIATOR, OTHER);
	world_del_address(INITIATOR, INSIDE);
	world_roam(INITIATOR);
	remove_address(OLD);
}

static void both_gone_and_next_dead(int variant)
{
	world_block(NEW);
	both_gone(variant);
}

/* --- hostile -------------------------------------------------------------- */

/**
 * Ask for a switch in a message that is forged.
 */
static void ask(uint8_t protocol, uint32_t spi, chunk_t data)
{
	world_forge(RESPONDER, INFORMATIONAL, FALSE, protocol, spi, SWITCH, data);
	dpd(RESPONDER);
}

static void unknown_address(int variant)
{
	ask(0, 0, chunk_from_chars(203, 0, 113, 77));
}

static void any_length(int variant)
{
	static char data[64];

	/* none of them is an address */
	ask(0, 0, chunk_create((u_char*)data, variant));
}

static void any_header(int variant)
{
	static uint8_t protocols[] = { PROTO_IKE, PROTO_AH, PROTO_ESP, 0 };

	ask(protocols[variant % 4], variant >= 3, chunk_from_chars(192, 0, 2, 2));
}

static void twice(int variant)
{
	world_forge(RESPONDER, INFORMATIONAL, FALSE, 0, 0, SWITCH,
				chunk_from_chars(192, 0, 2, 3));
	ask(0, 0, chunk_from_chars(192, 0, 2, 2));
}

static void by_initiator(int variant)
{
	world_forge(INITIATOR, INFORMATIONAL, FALSE, 0, 0, SWITCH,
				chunk_from_chars(192, 0, 2, 2));
	dpd(INITIATOR);
}

static void in_response(int variant)
{
	world_forge(RESPONDER, INFORMATIONAL, TRUE, 0, 0, SWITCH,
				chunk_from_chars(192, 0, 2, 2));
	dpd(INITIATOR);
}

static void in_create_child(int variant)
{
	world_forge(RESPONDER, CREATE_CHILD_SA, FALSE, 0, 0, SWITCH,
				chunk_from_chars(192, 0, 2, 2));
	world_rekey_child(RESPONDER);
}

/** The next address of a flood */
static u_int flooded;

/**
 * Name another address when the last one was answered, a thousand in all.
 */
static void flood(void *null)
{
	u_char address[] = { 203, 0, flooded >> 8, flooded };
	static uint32_t mid;

	if (!flooded || world_mid(RESPONDER, TRUE) > mid)
	{
		mid = world_mid(RESPONDER, TRUE);
		ask(0, 0, chunk_from_thing(address));
		flooded++;
	}
	if (flooded < 1000)
	{
		world_later(25, flood, NULL);
	}
}

static void thousand(int variant)
{
	flood(NULL);
}

/**
 * To and fro, twenty times.
 */
static void ping_pong(void *null)
{
	u_char address[] = { 192, 0, 2, 1 + !(flooded & 1) };

	ask(0, 0, chunk_from_thing(address));
	if (++flooded < 20)
	{
		world_later(100, ping_pong, NULL);
	}
}

static void to_and_fro(int variant)
{
	ping_pong(NULL);
}

static void refused(int variant)
{
	matrix_switch(NEW);
}

static void switch_of_two(int variant)
{
	matrix_switch(NEW);
	world_later(5, (void*)matrix_switch, NEWER);
}

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
		 .play = release_late)

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
	  .play = any_order, .variants = 20 },
	{ .name = "10 % lost, 10 % duplicated, reordered", .play = lossy,
	  .variants = 20 },
	{ .name = "50 % lost for 30 s", .play = half_lost, .variants = 20,
	  .conf = { OPTION("timeout = 60") } },
	{ .name = "equal message IDs both ways", .before = rekey_before,
	  .conf = { .busy = 3 } },
	{ .name = "request arrives after an IKE_SA rekey", .pattern = REQUEST,
	  .fate = HOLD, .count = 1, .play = rekey_and_release, .variants = 2 },
	{ .name = "forged retransmission of the request", .pattern = REQUEST,
	  .fate = GARBLE },

	{ .group = "Other exchanges at the same time",
	  .name = "IKE_SA rekeyed by the client", .meet = rekey_initiator },
	{ .name = "IKE_SA rekeyed by the gateway", .meet = rekey_responder },
	{ .name = "IKE_SA rekeyed by the gateway, in fragments",
	  .quick = TRUE,
	  .before = fragment_both, .meet = rekey_in_fragments },
	{ .name = "IKE_SA rekeyed by the gateway, a fragment lost",
	  .quick = TRUE,
	  .before = fragment_both, .meet = rekey_in_fragments,
	  .pattern = "* <- * CREATE_CHILD_SA req*", .fate = DROP },
	{ .name = "IKE_SA rekeyed by both, collision", .meet = rekey_both },
	{ .name = "CHILD_SA rekeyed by the client", .meet = rekey_child_initiator },
	{ .name = "CHILD_SA rekeyed by the gateway",
	  .meet = rekey_child_responder },
	{ .name = "CHILD_SA rekeyed by both, collision", .meet = rekey_child_both },
	{ .name = "CHILD_SA rekeyed by both, userland ESP",
	  .meet = rekey_child_both, .conf = { .userland_esp = TRUE } },
	{ .name = "CHILD_SA created by the client", .meet = create_initiator },
	{ .name = "CHILD_SA created by the gateway", .meet = create_responder },
	{ .name = "CHILD_SA deleted by the client", .idle = TRUE,
	  .meet = delete_child_initiator },
	{ .name = "CHILD_SA deleted by the gateway", .idle = TRUE,
	  .meet = delete_child_responder },
	{ .name = "DPD by the client", .meet = dpd_initiator },
	{ .name = "DPD by the gateway", .meet = dpd_responder },
	{ .name = "CHILD_SA rekeyed by a client with `reply_path = request`",
	  .meet = rekey_child_initiator,
	  .conf = { OPTION("reply_path = request") } },
	{ .name = "DPD by a client with `reply_path = request`",
	  .meet = dpd_initiator, .conf = { OPTION("reply_path = request") } },
	{ .name = "reauthentication, break before make", .meet = reauth },
	{ .name = "reauthentication, make before break", .meet = reauth,
	  .conf = { .settings = "make_before_break = yes" } },
	{ .name = "IKE_SA deleted by the client", .meet = delete_initiator,
	  .ends = "deleted, as asked" },
	{ .name = "IKE_SA deleted by the gateway", .meet = delete_responder,
	  .ends = "deleted, as asked" },
	{ .name = "settings reloaded, which now refuse", .meet = reload },

	{ .group = "Both ends move, or one moves twice",
	  .name = "client roams", .meet = client_roams,
	  .conf = { OPTION("timeout = 30") } },
	{ .name = "client roams, without NAT", .meet = client_roams_without_nat,
	  .conf = { .initiator = CLIENT, OPTION("timeout = 30") } },
	{ .name = "client roams, answer to its UPDATE lost", .pattern = UPDATED,
	  .fate = DROP, .play = roams_during_update },
	{ .name = "client goes back, late address list from the new address",
	  .pattern = "* <- " NEW " INFORMATIONAL req * {ADD*", .fate = HOLD,
	  .play = late_list, .conf = { OPTION("path_timeout = 1") } },
	{ .name = "client roams, silence, its UPDATE goes everywhere",
	  .play = roams_and_seeks },
	{ .name = "NAT mapping changes, client's DPD 3 s later",
	  .before = learn_mapping, .meet = forget_mapping,
	  .conf = { OPTION("timeout = 30") } },
	{ .name = "a second switch, elsewhere: the newest wins",
	  .meet = switch_to_newer },
	{ .name = "a second switch 5 ms later", .play = switch_of_two },
	{ .name = "a second switch, back", .meet = switch_to_old },
	{ .name = "switch to the current address", .play = stay },

	{ .group = "The new address does not work",
	  .name = "dead from the beginning", .play = dead },
	{ .name = "dead from the beginning, `path_check = always`", .play = dead,
	  .conf = { OPTION("path_check = always") } },
	{ .name = "dead from the beginning, `path_timeout = 1`", .play = dead,
	  .conf = { OPTION("path_timeout = 1") } },
	{ .name = "dies during the switch", .play = dies, .variants = 4 },
	{ .name = "dies during the switch, `path_check = always`", .play = dies,
	  .variants = 6, .conf = { OPTION("path_check = always") } },
	{ .name = "dead for 1.5 s", .play = revives },
	{ .name = "the old address dies during the switch", .play = old_dies,
	  .variants = 6 },
	{ .name = "both die, a third address is left", .play = both_die,
	  .conf = { OPTION("timeout = 60") } },
	{ .name = "all die, one or both come back after 20 s",
	  .play = all_die_for_a_while, .variants = 3,
	  .conf = { OPTION("timeout = 60") } },
	{ .name = "all die for good", .play = all_die,
	  .ends = "deleted by charon when its last retransmission failed" },

	{ .group = "The gateway's address goes away",
	  .name = "removed", .play = gone },
	{ .name = "removed, without NAT", .play = gone,
	  .conf = { .initiator = CLIENT } },
	{ .name = "removed, its packets filtered, without NAT",
	  .play = gone_and_filtered, .conf = { .initiator = CLIENT } },
	{ .name = "removed, its packets filtered, client behind a NAT, silent",
	  .play = gone_and_filtered, .ends = "deleted, no packet gets through" },
	{ .name = "the same for 21 s, charon is about to look for a path",
	  .play = gone_and_filtered_for_a_while,
	  .pattern = RESPONSE, .fate = DROP, .count = 3,
	  .conf = { OPTION("prefer = 192.0.2.3") } },
	{ .name = "the same, the client checks after 20 s (DPD)",
	  .play = gone_and_found, .conf = { OPTION("timeout = 60") } },
	{ .name = "removed, no right to send from it, without NAT", .play = gone,
	  .conf = { .initiator = CLIENT, .no_raw_send = TRUE } },
	{ .name = "removed, the peer does not support switches, without NAT",
	  .play = gone, .conf = { .initiator = CLIENT, OPTION("advertise = no") } },
	{ .name = "removed, back after 50 ms", .play = flaps },
	{ .name = "removed, back after 500 ms, before the client answered",
	  .play = back_in_time },
	{ .name = "no address left for 10 s", .play = none_for_a_while,
	  .variants = 2, .conf = { OPTION("timeout = 60") } },
	{ .name = "replaced at once by one that was not announced",
	  .play = replaced_at_once },
	{ .name = "replaced after 10 s by one that was not announced",
	  .play = replaced },
	{ .name = "removed during the switch", .play = gone_during_switch,
	  .variants = 10 },
	{ .name = "the new one removed during the switch",
	  .play = new_gone_during_switch, .variants = 10 },
	{ .name = "removed, the client rekeys the IKE_SA meanwhile",
	  .play = gone_during_rekey, .variants = 20 },
	{ .name = "removed, the gateway has a request under way",
	  .play = gone_before, .variants = 4 },
	{ .name = "removed, and the client roams", .play = both_gone,
	  .conf = { OPTION("timeout = 60") } },
	{ .name = "removed, first choice dead", .play = gone_and_next_dead },
	{ .name = "removed, first choice dead, without NAT",
	  .play = gone_and_next_dead, .conf = { .initiator = CLIENT } },
	{ .name = "removed, first choice dead, `path_check = always`",
	  .play = gone_and_next_dead, .conf = { OPTION("path_check = always") } },
	{ .name = "removed, first choice dead, and the client roams",
	  .play = both_gone_and_next_dead },

	{ .group = "Hostile or refused",
	  .name = "the client's policy says `accept = none`", .play = refused,
	  .conf = { OPTION("accept = none") } },
	{ .name = "an address nobody announced, somebody else's",
	  .play = unknown_address },
	{ .name = "the same, `accept = announced`", .play = unknown_address,
	  .conf = { OPTION("accept = announced") } },
	{ .name = "wrong length of the address", .play = any_length,
	  .variants = 4 },
	{ .name = "with protocol ID or SPI", .play = any_header, .variants = 7 },
	{ .name = "two in a message", .play = twice },
	{ .name = "sent by the client", .play = by_initiator },
	{ .name = "in a response", .play = in_response },
	{ .name = "in CREATE_CHILD_SA", .play = in_create_child },
	{ .name = "1000 requests, each with another address", .play = thousand },
	{ .name = "the same, `accept = announced`", .play = thousand,
	  .conf = { OPTION("accept = announced") } },
	{ .name = "20 requests, to and fro", .play = to_and_fro },
	{}
};
