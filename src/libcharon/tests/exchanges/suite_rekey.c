/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * A switch and another exchange at the same time. A packet takes 10 ms, so each
 * of them takes 20 to 40: the other one begins up to 40 ms before or after the
 * switch, in steps of 4, so that all their packets meet in all orders. Then all
 * of that again with ends that are busy for 3 ms with each packet.
 */

#include "exchange_tests.h"

/**
 * Make a world where a switch and something else meet, which one end begins, or
 * the initiator and then the responder.
 */
static void race(int i, bool userland, char *settings, void (*what)(side_t),
				 bool initiator, bool responder)
{
	int offset = race_offset(i);

	world_establish(.nat = TRUE, .userland_esp = userland,
					.busy = i < STEPS ? 0 : 3, .settings = settings);
	switch_later(max(0, -offset), NEW);
	if (initiator)
	{
		world_later(max(0, offset), (void*)what, (void*)INITIATOR);
	}
	if (responder)
	{
		world_later(max(0, offset), (void*)what, (void*)RESPONDER);
	}
	world_run(100);
}

static void rekey(side_t side)
{
	world_call(side, rekey);
}

static void dpd(side_t side)
{
	world_call(side, send_dpd);
}

static void reauth(side_t side)
{
	world_call(side, reauth);
}

static void delete(side_t side)
{
	world_call(side, delete, FALSE);
}

/**
 * What the other exchange is, who begins it, and how many CHILD_SAs there are
 * in the end.
 */
static const struct {
	void (*what)(side_t side);
	bool initiator, responder;
	int children;
	bool userland;
	/** how long it takes until all is quiet, ms; 30000 */
	u_int quiet;
} races[] = {
	/*
	 *     initiator                 responder
	 *     CREATE_CHILD_SA {SA..} -> <- SWITCH=NEW
	 *                               <- {SA..}         new IKE_SA
	 *     {}                     -> NEW
	 *     D                      -> OLD
	 *     UPD_SA_ADDR            -> NEW               on the new IKE_SA
	 */
	{ rekey, TRUE, FALSE, 1 },
	/*
	 *     initiator                 responder
	 *                               <- CREATE_CHILD_SA {SA..}
	 *                               <- SWITCH=NEW     on the old or new IKE_SA
	 */
	{ rekey, FALSE, TRUE, 1 },
	/*
	 *     initiator                 responder
	 *     CREATE_CHILD_SA {SA..} -> <- CREATE_CHILD_SA {SA..}
	 *                               <- SWITCH=NEW
	 *     one of the two new IKE_SAs survives
	 */
	{ rekey, TRUE, TRUE, 1 },
	/*
	 *     initiator                 responder
	 *     REKEY_SA SA TS..       -> <- SWITCH=NEW
	 *                               <- SA TS..
	 *     D                      ->                   from OLD or NEW
	 */
	{ world_rekey_child, TRUE, FALSE, 1 },
	{ world_rekey_child, FALSE, TRUE, 1 },
	{ world_rekey_child, TRUE, TRUE, 1 },
	/* with kernel-libipsec the move itself rekeys all CHILD_SAs, from both
	 * ends */
	{ world_rekey_child, TRUE, TRUE, 1, .userland = TRUE },
	{ rekey, TRUE, TRUE, 1, .userland = TRUE, .quiet = 200000 },
	/*
	 *     initiator                 responder
	 *     SA TS..                -> <- SWITCH=NEW
	 *                               <- SA TS..
	 */
	{ world_create_child, TRUE, FALSE, 2 },
	{ world_create_child, FALSE, TRUE, 2 },
	/*
	 *     initiator                 responder
	 *     D                      -> <- SWITCH=NEW
	 */
	{ world_delete_child, TRUE, FALSE, 0 },
	{ world_delete_child, FALSE, TRUE, 0 },
	/*
	 *     initiator                 responder
	 *     NATD_S_IP NATD_D_IP    -> <- SWITCH=NEW
	 */
	{ dpd, TRUE, FALSE, 1 },
	{ dpd, FALSE, TRUE, 1 },
};

/*
 * The switch is done exactly once, so is the other exchange, within a few
 * seconds all is quiet.
 */
START_TEST(test_switch_and_other_exchange_are_done)
{
	typeof(races[0]) *other = &races[_i / RACES];

	race(_i % RACES, other->userland, NULL, other->what, other->initiator,
		 other->responder);
	world_run(other->quiet ?: 30000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
	ck_assert_uint_eq(world_children(INITIATOR), other->children);
}
END_TEST

/*
 * Rekeyed SAs linger for some seconds, with the same reqid and addresses: they
 * all move along, whether the responder asked for it or the client's NAT and
 * the client itself changed the path.
 */
START_TEST(test_rekeyed_child_sas_move_along)
{
	bool asked = _i & 1;
	int i;

	world_establish(.nat = TRUE);
	for (i = 0; i < _i / 2; i++)
	{
		world_rekey_child(i % 2 ? RESPONDER : INITIATOR);
		world_run(500);
	}
	if (asked)
	{
		world_switch(NEW);
	}
	else
	{
		world_block(OLD);
		world_add_address(INITIATOR, "10.0.0.11");
		world_del_address(INITIATOR, INSIDE);
		world_roam(INITIATOR);
	}
	world_run(20000);
	assert_at(NEW);

	world_call(RESPONDER, delete, FALSE);
	world_run(1000);
	assert_gone();
}
END_TEST

/*
 * The update is lost with the IKE_SA it belongs to, or is answered there.
 *
 *     initiator                 responder
 *                               <- SWITCH=NEW
 *     {}                     -> NEW
 *     UPD_SA_ADDR            -> NEW               lost, or late
 *                               <- CREATE_CHILD_SA {SA..}
 *     {SA..}                 ->                   new IKE_SA
 *     UPD_SA_ADDR (old SA)   -> NEW
 *                               <- D              the old IKE_SA is gone
 */
START_TEST(test_update_does_not_get_lost_with_the_ike_sa)
{
	int offset = _i % STEPS * 4, lost = _i / STEPS;
	side_t side = _i & 1 ? INITIATOR : RESPONDER;

	world_establish(.nat = TRUE);
	world_fate(lost ? DROP : DELAY, UPDATE_REQ, lost ? 100 : 1);
	world_later(offset, (void*)rekey, (void*)(uintptr_t)side);
	world_switch(NEW);
	world_run(200);
	world_fate_none();
	world_run(60000);

	assert_agreed();
	assert_outcomes("rw " OLD " -> " NEW " *");
}
END_TEST

/*
 * The request is lost with the IKE_SA: it is sent again on the new one.
 *
 *     initiator                 responder
 *                               <- SWITCH=NEW     lost
 *     CREATE_CHILD_SA {SA..} ->
 *                               <- {SA..}         new IKE_SA
 *                               <- SWITCH=NEW     at once
 */
START_TEST(test_request_does_not_get_lost_with_the_ike_sa)
{
	world_establish(.nat = TRUE);
	world_fate(DROP, SWITCH_REQ(NEW), 1);
	world_switch(NEW);
	world_run(10);
	world_call(INITIATOR, rekey);
	world_run(90);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
}
END_TEST

/*
 * The IKE_SA is deleted and replaced by one that was never asked to switch, or
 * the other way around.
 *
 *     initiator                 responder
 *     D                      -> <- SWITCH=NEW
 *     IKE_SA_INIT ..         ->                   where it was, or shall be
 */
START_TEST(test_reauth)
{
	race(_i % RACES, FALSE, _i < RACES ? NULL : "make_before_break = yes",
		 reauth, TRUE, FALSE);
	world_run(30000);

	assert_count(1, "* IKE_AUTH req *");
	assert_agreed();
	world_run(200000);
	world_call(RESPONDER, delete, FALSE);
	world_run(1000);
	assert_gone();
}
END_TEST

static void delete_both(side_t first)
{
	delete(!first);
	delete(first);
}

/*
 * Deleted in the middle, by one end or both.
 */
START_TEST(test_delete)
{
	int who = _i / RACES;

	race(_i % RACES, FALSE, NULL, who == 2 ? delete_both : delete, who != 1,
		 who == 1);
	world_run(10000);
	assert_gone();
}
END_TEST

/*
 * The responder replaces a CHILD_SA, but before it deletes the old one it
 * forgets the new one, which the initiator is about to replace.
 *
 *     initiator                 responder
 *                            <-  REKEY_SA
 *     SA                     ->
 *                        x - <-  D                 late
 *     REKEY_SA               ->
 *                            <-  CHILD_SA_NOT_FOUND
 *                            <-  D                 now
 */
START_TEST(test_replacement_that_is_gone_is_not_used)
{
	world_establish();
	world_fate(HOLD, "* <- * INFORMATIONAL req * {D}", 1);
	world_rekey_child(RESPONDER);
	world_run(100);
	world_forge(.from = RESPONDER, .exchange = CREATE_CHILD_SA,
				.response = TRUE, .type = CHILD_SA_NOT_FOUND);
	world_rekey_child(INITIATOR);
	world_run(100);
	world_release("*");
	world_run(10000);

	assert_logged("*[[]i] received DELETE for *");
	assert_not_logged("*[[]i] rekeyed CHILD_SA *");
	world_call(INITIATOR, delete, FALSE);
	world_run(1000);
	assert_gone();
}
END_TEST

void suite_rekey(TCase *tcase)
{
	tcase_add_test(tcase, test_replacement_that_is_gone_is_not_used);
	tcase_add_loop_test(tcase, test_switch_and_other_exchange_are_done, 0,
						countof(races) * RACES);
	tcase_add_loop_test(tcase, test_rekeyed_child_sas_move_along, 2, 12);
	tcase_add_loop_test(tcase, test_update_does_not_get_lost_with_the_ike_sa,
						0, RACES);
	tcase_add_test(tcase, test_request_does_not_get_lost_with_the_ike_sa);
	tcase_add_loop_test(tcase, test_reauth, 0, 2 * RACES);
	tcase_add_loop_test(tcase, test_delete, 0, 3 * RACES);
}
