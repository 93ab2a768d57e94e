/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * A stock initiator, no NAT in front of it, is led to another address by means
 * of MOBIKE alone, or redirected.
 */

#include "exchange_tests.h"

/** The list of addresses that leads, and the one that brings back */
#define LIST(from) CLIENT " <- " from " INFORMATIONAL req ? " \
	"{ADD_4_ADDR ADD_4_ADDR}"

/** Make a world with a stock initiator */
#define establish(...) \
	world_establish(.stock_initiator = TRUE, ##__VA_ARGS__)

/** charon's section of an initiator that has no REDIRECT */
#define NO_REDIRECT "follow_redirects = no"

/** The initiator does not get the list that leads, just a message */
#define ignore_list() \
	world_forge(.from = RESPONDER, .exchange = INFORMATIONAL, \
				.type = ADDITIONAL_IP4_ADDRESS, .replace = TRUE)

/*
 *     initiator              responder
 *                     <- NEW {ADD_4_ADDR(OLD)..}
 *     {}              -> NEW
 *     ESP             => NEW     it is there, the responder follows
 *                     <- NEW {ADD_4_ADDR(OLD)..}
 *     {}              -> NEW
 */
/* REQ: MOBIKE-3.12-2, MOBIKE-3.5-6 */
START_TEST(test_peer_with_traffic_is_led)
{
	establish();
	world_ping(1000);
	world_move(NEW, "mobike", FALSE);
	world_run(5000);

	assert_dialogue(LIST(NEW), CLIENT " -> " NEW " INFORMATIONAL resp 0 {}",
					LIST(NEW), CLIENT " -> " NEW " INFORMATIONAL resp 1 {}");
	assert_outcomes("rw " OLD " -> " NEW " done");
	ck_assert_uint_eq(world_lost_pings(), 0);
	assert_at(NEW);
}
END_TEST

/*
 * As long as the peer is silent nobody knows where it is: both addresses do.
 */
START_TEST(test_idle_peer_is_followed_when_it_is_heard)
{
	establish();
	world_move(NEW, "mobike", FALSE);
	world_run(5000);
	ck_assert_uint_eq(world_outcomes(), 0);
	ck_assert(world_is_at(RESPONDER, OLD));
	world_call(INITIATOR, send_dpd);
	world_run(2000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_count(1, CLIENT " -> " NEW " INFORMATIONAL req 2 {}");
	assert_at(NEW);
}
END_TEST

/*
 *     initiator              responder
 *                     <- NEW {ADD_4_ADDR(OLD)..}
 *     {}              -> NEW
 *                                nothing for 10 s
 *                     <- OLD {ADD_4_ADDR(NEW)..}
 *     {}              -> OLD     it is back
 */
START_TEST(test_idle_peer_is_brought_back)
{
	establish();
	world_move(NEW, "mobike", FALSE);
	world_run(20000);

	assert_dialogue(LIST(NEW), CLIENT " -> " NEW " INFORMATIONAL resp 0 {}",
					LIST(OLD), CLIENT " -> " OLD " INFORMATIONAL resp 1 {}");
	assert_outcomes("rw " OLD " -> " NEW " refused: the peer stays at its "
					"address");
	assert_at(OLD);
}
END_TEST

/*
 * Nobody waits for those that are silent: as soon as they are late others are
 * led, long before it is known that they stay.
 */
START_TEST(test_idle_peers_hold_nobody_up)
{
	const u_int peers = 12;
	u_int i;

	establish();
	for (i = 1; i < peers; i++)
	{
		world_initiate();
		world_run(100);
	}
	world_run(1000);
	world_mark();
	world_move(NEW, "mobike", FALSE);
	world_run(3000);
	ck_assert_uint_eq(world_outcomes(), 0);
	ck_assert_uint_eq(world_count(LIST(NEW)), peers);
	world_run(20000);
	ck_assert_uint_eq(world_outcomes(), peers);
	assert_agreed();
}
END_TEST

/*
 * Just then it is asked to be where it was.
 */
START_TEST(test_idle_peer_is_back_for_a_newer_move)
{
	establish();
	world_move(NEW, "mobike", FALSE);
	world_run(10010);
	assert_outcomes("* refused: *");
	ck_assert(world_is_at(INITIATOR, NEW));
	world_move(OLD, "mobike", FALSE);
	world_run(5000);

	assert_outcomes("* done: already there");
	assert_at(OLD);
}
END_TEST

/*
 * libreswan answers at the new address, and stays where it is.
 */
/* REFUSED: MOBIKE-3.5-6 */
START_TEST(test_peer_that_answers_but_stays_is_left_alone)
{
	establish();
	world_ping(3000);
	world_run(100);
	ignore_list();
	world_move(NEW, "mobike", FALSE);
	world_run(5000);

	assert_outcomes("rw " OLD " -> " NEW " refused: the peer stays at its "
					"address");
	ck_assert_uint_eq(world_lost_pings(), 0);
	assert_count(1, CLIENT " <- " NEW " *");
	assert_at(OLD);
}
END_TEST

/*
 * It asks for something at the old address, and for nothing more.
 */
/* REFUSED: MOBIKE-3.12-2 */
START_TEST(test_peer_that_goes_on_at_the_old_address_is_left_alone)
{
	establish();
	ignore_list();
	world_move(NEW, "mobike", FALSE);
	world_run(100);
	world_call(INITIATOR, send_dpd);
	world_run(2000);

	assert_outcomes("rw " OLD " -> " NEW " refused: the peer stays at its "
					"address");
	world_run(2000);
	assert_at(OLD);
}
END_TEST

START_TEST(test_dead_new_path_is_given_up)
{
	establish();
	world_block(NEW);
	world_move(NEW, "mobike", FALSE);
	world_run(2900);
	ck_assert_uint_eq(world_outcomes(), 0);
	world_run(5000);

	assert_outcomes("rw " OLD " -> " NEW " failed: no answer at the new "
					"address");
	world_unblock(NEW);
	world_run(10000);
	assert_at(OLD);
}
END_TEST

/*
 * The peer follows, but its answers get lost: the old path brings it back.
 *
 *     initiator              responder
 *                     <- NEW {ADD_4_ADDR(OLD)..}
 *     {}              -> NEW     lost, again and again
 *                     <- OLD {ADD_4_ADDR(OLD)..}     the same octets
 *     {}              -> OLD
 *                     <- OLD {ADD_4_ADDR(NEW)..}
 *     {}              -> OLD
 */
START_TEST(test_peer_that_followed_unheard_is_brought_back)
{
	establish();
	world_fate(DROP, "* -> " NEW " *", 1000);
	world_ping(100);
	world_move(NEW, "mobike", FALSE);
	world_run(1000);
	ck_assert(world_is_at(INITIATOR, NEW));
	world_run(20000);

	assert_outcomes("rw " OLD " -> " NEW " failed: no answer at the new "
					"address");
	assert_at(OLD);
}
END_TEST

/*
 * The same, and it is rekeyed before the request was answered.
 */
START_TEST(test_peer_is_brought_back_after_rekeying)
{
	establish();
	world_fate(DROP, "* -> * INFORMATIONAL resp *", 1000);
	world_move(NEW, "mobike", FALSE);
	world_run(4000);
	ck_assert(world_is_at(INITIATOR, NEW));
	world_call(INITIATOR, rekey);
	world_run(50);
	world_fate_none();
	world_run(20000);

	assert_outcomes("rw " OLD " -> " NEW " failed: no answer at the new "
					"address");
	assert_at(OLD);
}
END_TEST

/*
 * The peer follows, but then moves itself, and on its way takes another address
 * of the responder.
 *
 *     initiator              responder
 *                     <- NEW {ADD_4_ADDR(OLD)..}
 *     {}              -> NEW
 *     {}              -> NEW, then all others
 *     {UPD_SA_ADDR..} -> NEWER, as what comes from NEW is lost
 */
START_TEST(test_peer_that_leaves_again_is_not_followed)
{
	establish();
	world_move(NEW, "mobike", FALSE);
	world_run(400);
	ck_assert(world_is_at(INITIATOR, NEW));
	world_add_address(INITIATOR, "198.51.100.11");
	world_del_address(INITIATOR, CLIENT);
	world_fate(DROP, "* <- " NEW " *", 1000);
	world_fate(DROP, "* <- " OLD " *", 1);
	world_roam(INITIATOR);
	world_run(10000);

	assert_outcomes("rw " OLD " -> " NEW " refused: the peer stays at its "
					"address");
	assert_at(NEWER);
}
END_TEST

START_TEST(test_newer_move_takes_the_place)
{
	establish();
	world_ping(2000);
	world_move(NEW, "mobike", FALSE);
	world_run(25);
	world_move(NEWER, "mobike", FALSE);
	world_run(20000);

	assert_outcomes("rw * -> " NEW " failed: superseded by a newer switch",
					"rw * -> " NEWER " done");
	assert_at(NEWER);
}
END_TEST

/*
 * A peer with the plugin that was told not to advertise goes there with an
 * update.
 */
START_TEST(test_peer_with_the_plugin_updates)
{
	world_establish(.settings = "plugins { rmobike { advertise = no } }");
	world_move(NEW, "mobike", FALSE);
	world_run(5000);

	assert_count(1, CLIENT " -> " NEW " INFORMATIONAL req 2 {UPD_SA_ADDR *}");
	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
}
END_TEST

START_TEST(test_peer_that_can_be_asked_is_asked)
{
	world_establish();
	world_move(NEW, "mobike,redirect", FALSE);
	world_run(5000);

	assert_count(1, ASKED);
	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
}
END_TEST

/**
 * What becomes of peers that can't be asked, in a dry run or not
 */
static const struct {
	bool plugin;
	world_conf_t conf;
	char *fallback;
	bool dry_run;
	char *outcome;
} fallbacks[] = {
	{ FALSE, { }, "mobike,redirect", TRUE, "planned: by MOBIKE" },
	{ FALSE, { .nat = TRUE }, "mobike,redirect", TRUE, "planned: by REDIRECT" },
	{ FALSE, { .no_mobike = TRUE }, "mobike,redirect", TRUE,
	  "planned: by REDIRECT" },
	{ FALSE, { .nat = TRUE }, "mobike", TRUE,
	  "ineligible: peer does not support it, and a NAT is in front of it" },
	{ FALSE, { .userland_esp = TRUE }, "mobike", FALSE,
	  "failed: peer does not support it, and ESP is not done by the kernel" },
	{ FALSE, { .transport = TRUE }, "mobike", FALSE,
	  "failed: peer does not support it, and has transport mode CHILD_SAs" },
	{ FALSE, { }, "none", FALSE, "failed: peer does not support it" },
	{ FALSE, { .nat = TRUE, .settings = NO_REDIRECT }, "mobike,redirect", FALSE,
	  "failed: peer supports neither it nor REDIRECT" },
	{ FALSE, { .no_mobike = TRUE, .settings = NO_REDIRECT }, "redirect", FALSE,
	  "failed: peer has neither MOBIKE nor REDIRECT" },
};

/* REFUSED: REDIRECT-3-1 */
START_TEST(test_reasons)
{
	world_conf_t conf = fallbacks[_i].conf;
	char expected[256];

	conf.stock_initiator = !fallbacks[_i].plugin;
	world_establish_(__FILE__, __LINE__, conf);
	world_move(NEW, fallbacks[_i].fallback, fallbacks[_i].dry_run);
	snprintf(expected, sizeof(expected), "rw " OLD " -> " NEW " %s",
			 fallbacks[_i].outcome);
	assert_outcomes(expected);
	world_run(5000);
	assert_dialogue();
	assert_at(OLD);
}
END_TEST

/*
 * Redirection is what comes last: the peer sets up another IKE_SA.
 */
/* REQ: REDIRECT-5-1 */
START_TEST(test_peer_that_stays_is_redirected)
{
	bool traffic = _i;
	uint32_t id;

	establish();
	id = world_id(RESPONDER);
	if (traffic)
	{
		world_ping(1000);
	}
	ignore_list();
	world_move(NEW, "mobike,redirect", FALSE);
	world_run(10000);

	assert_outcomes("rw " OLD " -> " NEW " redirected: the peer stays at its "
					"address");
	assert_count(1, "* IKE_SA_INIT req *");
	ck_assert_uint_ne(world_id(RESPONDER), id);
	assert_at(NEW);
}
END_TEST

/** Loop: what one end does at about the same time */
#define lead_while(side, what) ({ \
	establish(.busy = _i < STEPS ? 0 : 3); \
	world_ping(1000); \
	world_run(40 + min(race_offset(_i), 0)); \
	if (race_offset(_i) < 0) \
	{ \
		what; \
		world_run(-race_offset(_i)); \
		world_move(NEW, "mobike", FALSE); \
	} \
	else \
	{ \
		world_move(NEW, "mobike", FALSE); \
		world_run(race_offset(_i)); \
		what; \
	} \
	world_run(60000); \
	assert_agreed(); \
	assert_outcomes("rw " OLD " -> " NEW " done"); \
})

START_TEST(test_ike_rekeying_of_initiator)
{
	lead_while(INITIATOR, world_call(INITIATOR, rekey));
}
END_TEST

START_TEST(test_ike_rekeying_of_responder)
{
	lead_while(RESPONDER, world_call(RESPONDER, rekey));
}
END_TEST

START_TEST(test_child_rekeying_of_initiator)
{
	lead_while(INITIATOR, world_rekey_child(INITIATOR));
}
END_TEST

START_TEST(test_child_rekeying_of_responder)
{
	lead_while(RESPONDER, world_rekey_child(RESPONDER));
}
END_TEST

/*
 * An address that is added has charon tell all its addresses from the old one,
 * at whatever moment.
 */
START_TEST(test_address_that_is_added_leads_nobody_back)
{
	establish();
	world_ping(10000);
	world_run(40);
	world_add_address(RESPONDER, "192.0.2.9");
	world_roam(RESPONDER);
	world_run(4 * _i);
	world_move(NEW, "mobike", FALSE);
	world_run(20000);

	assert_agreed();
	ck_assert_uint_eq(world_lost_pings(), 0);
	assert_at(NEW);
}
END_TEST

START_TEST(test_superseded_one_is_not_redirected)
{
	uint32_t id;

	establish();
	id = world_id(RESPONDER);
	world_ping(10000);
	world_block(NEW);
	world_move(NEW, "mobike,redirect", FALSE);
	world_run(500);
	world_move(NEWER, "mobike", FALSE);
	world_run(20000);

	assert_outcomes("rw " OLD " -> " NEW " failed: superseded by a newer "
					"switch", "rw " OLD " -> " NEWER " done");
	assert_at(NEWER);
	ck_assert_uint_eq(world_id(RESPONDER), id);
}
END_TEST

START_TEST(test_move_back_takes_back_a_pending_one)
{
	establish();
	world_move(NEW, "mobike", FALSE);
	world_run(1000);
	world_move(OLD, "mobike", FALSE);
	world_run(30000);

	assert_outcomes("rw " OLD " -> " NEW " failed: superseded by a newer "
					"switch", "rw " OLD " -> " OLD " done");
	assert_at(OLD);
}
END_TEST

START_TEST(test_peer_that_says_that_it_stays_is_redirected)
{
	establish();
	ignore_list();
	world_move(NEW, "mobike,redirect", FALSE);
	world_run(100);
	world_call(INITIATOR, send_dpd);
	world_run(10000);

	assert_outcomes("rw " OLD " -> " NEW " redirected: the peer stays at its "
					"address");
	assert_at(NEW);
}
END_TEST

/*
 * What replaces a CHILD_SA while nobody knows where the peer is gets a copy at
 * the new address, too.
 */
START_TEST(test_rekeyed_child_sa_of_an_idle_peer_is_accepted)
{
	establish();
	world_move(NEW, "mobike", FALSE);
	world_run(1000);
	world_rekey_child(RESPONDER);
	world_run(500);
	world_ping(6000);
	world_run(30000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	/* what was on its way until somebody looked, 1 s at most */
	ck_assert_uint_lt(world_lost_pings(), 200);
	assert_at(NEW);
}
END_TEST

START_TEST(test_peer_that_came_is_not_redirected)
{
	uint32_t id;

	world_establish(.settings = "plugins { rmobike { advertise = no } }");
	id = world_id(RESPONDER);
	world_fate(DROP, "* -> " NEW " INFORMATIONAL resp 0*", 22);
	world_move(NEW, "mobike,redirect", FALSE);
	world_run(20000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_count(0, "* IKE_SA_INIT req *");
	ck_assert_uint_eq(world_id(RESPONDER), id);
}
END_TEST

START_TEST(test_old_path_is_tried_before_charon_gives_up)
{
	uint32_t id;

	establish(.settings = "retransmit_tries = 2\nretransmit_timeout = 0.4");
	id = world_id(RESPONDER);
	world_block(NEW);
	world_move(NEW, "mobike", FALSE);
	world_run(30000);

	assert_outcomes("rw " OLD " -> " NEW " failed: no answer at the new "
					"address");
	assert_at(OLD);
	ck_assert_uint_eq(world_id(RESPONDER), id);
}
END_TEST

void suite_lead(TCase *tcase)
{
	tcase_add_test(tcase, test_peer_with_traffic_is_led);
	tcase_add_test(tcase, test_idle_peer_is_followed_when_it_is_heard);
	tcase_add_test(tcase, test_idle_peer_is_brought_back);
	tcase_add_test(tcase, test_idle_peers_hold_nobody_up);
	tcase_add_test(tcase, test_idle_peer_is_back_for_a_newer_move);
	tcase_add_test(tcase, test_peer_that_answers_but_stays_is_left_alone);
	tcase_add_test(tcase,
				   test_peer_that_goes_on_at_the_old_address_is_left_alone);
	tcase_add_test(tcase, test_dead_new_path_is_given_up);
	tcase_add_test(tcase, test_peer_that_followed_unheard_is_brought_back);
	tcase_add_test(tcase, test_peer_that_leaves_again_is_not_followed);
	tcase_add_test(tcase, test_peer_is_brought_back_after_rekeying);
	tcase_add_test(tcase, test_newer_move_takes_the_place);
	tcase_add_loop_test(tcase, test_address_that_is_added_leads_nobody_back, 0,
						RACES);
	tcase_add_test(tcase, test_superseded_one_is_not_redirected);
	tcase_add_test(tcase, test_move_back_takes_back_a_pending_one);
	tcase_add_test(tcase, test_peer_that_says_that_it_stays_is_redirected);
	tcase_add_test(tcase, test_rekeyed_child_sa_of_an_idle_peer_is_accepted);
	tcase_add_test(tcase, test_peer_that_came_is_not_redirected);
	tcase_add_test(tcase, test_old_path_is_tried_before_charon_gives_up);
	tcase_add_test(tcase, test_peer_with_the_plugin_updates);
	tcase_add_test(tcase, test_peer_that_can_be_asked_is_asked);
	tcase_add_loop_test(tcase, test_reasons, 0, countof(fallbacks));
	tcase_add_loop_test(tcase, test_peer_that_stays_is_redirected, 0, 2);
	tcase_add_loop_test(tcase, test_ike_rekeying_of_initiator, 0, RACES);
	tcase_add_loop_test(tcase, test_ike_rekeying_of_responder, 0, RACES);
	tcase_add_loop_test(tcase, test_child_rekeying_of_initiator, 0, RACES);
	tcase_add_loop_test(tcase, test_child_rekeying_of_responder, 0, RACES);
}
