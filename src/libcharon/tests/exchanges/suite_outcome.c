/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * What the operator of the responder is told: each switch ends exactly once.
 */

#include "exchange_tests.h"

#include "operator/rmobike_commands.h"

static void dpd(side_t side)
{
	world_call(side, send_dpd);
}

static void rekey(side_t side)
{
	world_call(side, rekey);
}

/*
 * A peer that can't do it isn't asked.
 */
/* REFUSED */
START_TEST(test_peer_without_capability_is_not_asked)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { advertise = no } }");
	ck_assert_uint_eq(world_switch(NEW), 1);
	world_run(20000);

	assert_dialogue();
	assert_outcomes("rw " OLD " -> " NEW " failed: "
					"peer does not support it");
	assert_at(OLD);
}
END_TEST

/* REFUSED: MOBIKE-4.2.1-2 */
START_TEST(test_advertise_no_sends_nothing_of_ours)
{
	world_create((world_conf_t){
		.settings = "plugins { rmobike { advertise = no } }",
	});
	world_initiate();
	world_run(1000);

	assert_count(1, "* -> * IKE_AUTH req * {* MOBIKE_SUP *}");
	assert_count(0, "*MOBIKE_SUP=*");
	assert_at(OLD);
}
END_TEST

/*
 * ... for the connections that it is set for only.
 */
START_TEST(test_advertise_of_another_connection)
{
	establish_and_switch(.settings = "plugins { rmobike { connections { "
								"office { advertise = no } } } }");
	assert_outcomes("* done");
}
END_TEST

/*
 * One end can't do it before and after a rekeying.
 */
/* REFUSED */
START_TEST(test_missing_capability_survives_ike_rekey)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { advertise = no } }");
	world_call(RESPONDER, rekey);
	world_run(1000);
	world_mark();
	world_switch(NEW);
	world_run(1000);

	assert_dialogue();
	assert_outcomes("* failed: peer does not support it");
}
END_TEST

/* REFUSED: MOBIKE-3.2-1 */
START_TEST(test_peer_without_mobike_is_not_asked)
{
	world_establish(.no_mobike = TRUE);
	ck_assert_uint_eq(world_switch(NEW), 1);
	world_run(20000);

	assert_dialogue();
	assert_outcomes("rw " OLD " -> " NEW " failed: MOBIKE is not enabled");
	assert_at(OLD);
}
END_TEST

/*
 * "Initiator" is who initiated the first IKE_SA, whoever rekeyed it.
 */
/* REQ */
START_TEST(test_initiated_by_us_is_not_asked)
{
	world_establish();
	ck_assert_uint_eq(world_switch_of("home", NEW), 1);
	world_run(1000);
	assert_dialogue();
	assert_outcomes("home * failed: initiated by us*");

	world_call(RESPONDER, rekey);
	world_run(1000);
	world_mark();
	ck_assert_uint_eq(world_switch_of("home", NEW), 1);
	world_run(1000);
	assert_dialogue();
	assert_outcomes("home * failed: initiated by us*");
	assert_at(OLD);
}
END_TEST

/*
 * As charon itself does, we move transport mode as well. What its kernel
 * interface can't update is the address family of selectors, before 6.1.0 or
 * before Linux 7.2.
 */
/* REQ: MOBIKE-1.2-1 */
START_TEST(test_transport_mode_moves)
{
	world_establish(.transport = TRUE, .nat = _i & 1, .new_kernel = _i & 2);
	world_switch(NEW);
	world_run(5000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
	assert_agreed();
	ck_assert_uint_eq(world_children(INITIATOR), 1);
}
END_TEST

/* REFUSED: MOBIKE-1.2-1 */
START_TEST(test_transport_mode_stays_in_its_family)
{
	world_establish(.transport = TRUE, .responder = OLD " 2001:db8::2",
					.initiator = CLIENT " 2001:db8:1::10", .new_kernel = _i);
	world_switch("2001:db8::2");
	world_run(5000);
#ifdef RMOBIKE_HAVE_SA_SELECTORS
	if (_i)
	{
		assert_outcomes("rw * done");
		assert_at("2001:db8::2");
		return;
	}
#endif
	assert_dialogue();
	assert_outcomes("rw * failed: has transport mode CHILD_SAs, which only "
					"strongSwan 6.1.0 on Linux 7.2 can move to another address "
					"family");
	assert_at(OLD);
}
END_TEST

/* REFUSED */
START_TEST(test_foreign_address_is_not_named)
{
	world_establish();
	ck_assert_uint_eq(world_switch(FOREIGN), 0);
	world_run(1000);

	assert_dialogue();
	assert_outcomes();
	assert_logged("*" FOREIGN " is not an address of this machine, it has: "
				  OLD " " NEW " " NEWER);
	assert_at(OLD);
}
END_TEST

START_TEST(test_no_ike_sa_matches)
{
	world_establish();
	ck_assert_uint_eq(world_switch_of("office", NEW), 0);
	world_run(1000);

	assert_dialogue();
	assert_outcomes();
}
END_TEST

START_TEST(test_switch_to_current_address_is_done)
{
	rmobike_stats_t *stats;
	double ms;

	world_establish();
	stats = world_commands()->stats;
	world_switch(OLD);
	world_run(20000);

	assert_dialogue();
	assert_outcomes("rw " OLD " -> " OLD " done: already there");
	/* nothing moved, and nothing took any time */
	ck_assert_uint_eq(stats->get(stats, RMOBIKE_COUNT_IN_PLACE), 1);
	ck_assert_uint_eq(stats->get(stats, RMOBIKE_COUNT_ASKED), 0);
	ck_assert_uint_eq(stats->get(stats, RMOBIKE_COUNT_DONE), 0);
	ck_assert_uint_eq(stats->get_latency(stats, 0, &ms), 0);
	assert_at(OLD);
}
END_TEST

/*
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW, many times, all lost
 *                                  10 s: timeout
 *                                  165 s: the IKE_SA is gone
 */
START_TEST(test_silent_peer_times_out)
{
	world_establish(.nat = TRUE);
	world_block(CLIENT);
	world_switch(NEW);
	world_run(9900);
	assert_outcomes();
	world_run(200);
	assert_outcomes("rw " OLD " -> " NEW " timeout: no answer");
	world_run(200000);

	assert_outcomes();
	ck_assert_uint_eq(world_id(RESPONDER), 0);
}
END_TEST

/*
 * Over before it was its turn: nobody is asked for what nobody waits for.
 */
START_TEST(test_switch_that_timed_out_is_not_asked_for)
{
	world_establish(.nat = TRUE);
	world_fate(DROP, "* <- * INFORMATIONAL req * {}", 1000);
	world_call(RESPONDER, send_dpd);
	world_switch(NEW);
	world_run(11000);
	assert_outcomes("rw " OLD " -> " NEW " timeout: no answer");
	world_fate_none();
	world_run(30000);

	assert_count(0, SWITCH_REQ("*"));
	assert_at(OLD);
}
END_TEST

START_TEST(test_configured_timeout)
{
	world_establish(.settings = "plugins { rmobike { timeout = 2 } }");
	world_block(CLIENT);
	world_switch(NEW);
	world_run(1900);
	assert_outcomes();
	world_run(200);
	assert_outcomes("rw " OLD " -> " NEW " timeout: no answer");
}
END_TEST

/*
 * The response gets through, the update never.
 */
/* REFUSED */
START_TEST(test_answer_without_update_fails)
{
	world_establish(.nat = TRUE);
	world_fate(DROP, "* -> * INFORMATIONAL req *", 1000);
	world_switch(NEW);
	world_run(10100);

	assert_outcomes("rw " OLD " -> " NEW " failed: "
					"answered at the new address, but no update followed");
	ck_assert(world_is_at(RESPONDER, OLD));
}
END_TEST

/** What a peer that answers where it was asked may do before its update */
static char *settings_of_others[] = {
	"plugins { rmobike { reply_path = request } }",
	"plugins { rmobike { reply_path = request\n path_check = always } }",
};

/*
 * Whatever was in the air or queued when it was asked comes first, by the old
 * path: that is no refusal.
 *
 *     initiator               responder
 *     REKEY_SA SA TS..     -> OLD         lost until 4 s
 *                          <- OLD  SWITCH=NEW
 *     {}                   -> OLD
 *     REKEY_SA SA TS..     -> OLD         sent again
 *     {NATD..}             -> OLD
 *     UPD_SA_ADDR          -> NEW
 */
START_TEST(test_requests_before_the_update_are_no_refusal)
{
	void (*before[])(side_t) = {
		world_rekey_child, world_create_child, dpd, rekey,
	};

	world_establish(.nat = TRUE, .settings = settings_of_others[_i & 1]);
	world_fate(DROP, "* -> * req *", 1000);
	before[_i >> 1](INITIATOR);
	dpd(INITIATOR);
	world_switch(NEW);
	world_run(3900);
	world_fate_none();
	world_run(5000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
}
END_TEST

/*
 * Not even if its update, which is sent again, is lost.
 */
START_TEST(test_lost_update_of_others_is_no_refusal)
{
	world_establish(.nat = TRUE, .settings = settings_of_others[0]);
	world_delay(INITIATOR, 30);
	world_fate(DROP, "* -> * req *", 1000);
	world_rekey_child(INITIATOR);
	dpd(INITIATOR);
	world_switch(NEW);
	world_run(3900);
	world_fate_none();
	world_fate(DROP, UPDATE_REQ, 1);
	world_run(5000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
}
END_TEST

/*
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW, on its way
 *                                  SWITCH=NEWER: the operator changes his mind
 *                                  failed: superseded
 */
START_TEST(test_newer_switch_supersedes)
{
	world_establish(.nat = TRUE);
	world_switch(NEW);
	world_run(5);
	assert_outcomes();
	world_switch(NEWER);
	assert_outcomes("rw " OLD " -> " NEW " failed: "
					"superseded by a newer switch");
	world_run(1000);
	assert_outcomes("rw " OLD " -> " NEWER " done");
	assert_at(NEWER);
}
END_TEST

/*
 * Whoever deletes it, and whether or not it was answered.
 */
START_TEST(test_deleted_ike_sa_fails)
{
	side_t side = _i;

	world_establish(.nat = TRUE);
	world_fate(DROP, UPDATE_REQ, 1000);
	world_switch(NEW);
	world_run(30);
	world_block(CLIENT);
	world_call(side, delete, TRUE);
	if (side == INITIATOR)
	{
		world_call(RESPONDER, delete, TRUE);
	}
	world_run(1000);

	assert_outcomes("rw " OLD " -> " NEW " failed: IKE_SA deleted");
	world_run(200000);
	assert_outcomes();
	assert_gone();
}
END_TEST

/*
 * Each one ends, whichever it is; two peers don't disturb each other.
 */
START_TEST(test_two_peers)
{
	world_establish();
	world_initiate();
	world_run(1000);
	world_mark();
	ck_assert_uint_eq(world_switch(NEW), 2);
	world_run(1000);

	assert_outcomes("rw " OLD " -> " NEW " done",
					"rw " OLD " -> " NEW " done");
	assert_count(2, SWITCH_REQ(NEW));
	assert_count(2, UPDATE_REQ);
	assert_at(NEW);
}
END_TEST

/*
 * What ended stays ended, and the IKE_SA takes all with it.
 */
START_TEST(test_nothing_outlives_the_ike_sa)
{
	side_t side = _i;

	establish_and_switch(.nat = TRUE);
	world_switch(OLD);
	world_run(1000);
	world_call(INITIATOR, rekey);
	world_run(1000);
	assert_outcomes("* done", "* done");
	world_call(side, delete, FALSE);
	world_run(1000);

	assert_outcomes();
	assert_gone();
}
END_TEST

void suite_outcome(TCase *tcase)
{
	tcase_add_test(tcase, test_peer_without_capability_is_not_asked);
	tcase_add_test(tcase, test_advertise_no_sends_nothing_of_ours);
	tcase_add_test(tcase, test_advertise_of_another_connection);
	tcase_add_test(tcase, test_missing_capability_survives_ike_rekey);
	tcase_add_test(tcase, test_peer_without_mobike_is_not_asked);
	tcase_add_test(tcase, test_initiated_by_us_is_not_asked);
	tcase_add_loop_test(tcase, test_transport_mode_moves, 0, 4);
	tcase_add_loop_test(tcase, test_transport_mode_stays_in_its_family, 0, 2);
	tcase_add_test(tcase, test_foreign_address_is_not_named);
	tcase_add_test(tcase, test_no_ike_sa_matches);
	tcase_add_test(tcase, test_switch_to_current_address_is_done);
	tcase_add_test(tcase, test_silent_peer_times_out);
	tcase_add_test(tcase, test_switch_that_timed_out_is_not_asked_for);
	tcase_add_test(tcase, test_configured_timeout);
	tcase_add_test(tcase, test_answer_without_update_fails);
	tcase_add_loop_test(tcase, test_requests_before_the_update_are_no_refusal,
						0, 8);
	tcase_add_test(tcase, test_lost_update_of_others_is_no_refusal);
	tcase_add_test(tcase, test_newer_switch_supersedes);
	tcase_add_loop_test(tcase, test_deleted_ike_sa_fails, RESPONDER,
						INITIATOR + 1);
	tcase_add_test(tcase, test_two_peers);
	tcase_add_loop_test(tcase, test_nothing_outlives_the_ike_sa, RESPONDER,
						INITIATOR + 1);
}
