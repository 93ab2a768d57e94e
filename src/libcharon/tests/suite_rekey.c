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

#define STEPS 21
#define RACES (2 * STEPS)

/**
 * Start a switch, called later.
 */
static void start_switch(void *to)
{
	world_switch(to);
}

/**
 * Make a world where a switch and something else meet.
 */
static void race_with(int i, bool userland, char *settings,
					  void (*other)(void*))
{
	int offset = (i % STEPS - STEPS / 2) * 4;

	world_establish(.nat = TRUE, .userland_esp = userland,
					.busy = i < STEPS ? 0 : 3, .settings = settings);
	world_later(max(0, -offset), start_switch, NEW);
	world_later(max(0, offset), other, NULL);
	world_run(100);
}

static void race(int i, bool userland, void (*other)(void*))
{
	race_with(i, userland, NULL, other);
}

/**
 * The switch is done exactly once, within a few seconds all is quiet.
 */
#define assert_won() ({ \
	world_run(30000); \
	assert_outcomes("rw " OLD " -> " NEW " done"); \
	assert_at(NEW); \
})

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

/*
 *     initiator                 responder
 *     CREATE_CHILD_SA {SA..} -> <- SWITCH=NEW
 *                               <- {SA..}         new IKE_SA
 *     {}                     -> NEW
 *     D                      -> OLD
 *     UPD_SA_ADDR            -> NEW               on the new IKE_SA
 */
START_TEST(test_ike_rekey_by_initiator)
{
	race(_i, FALSE, rekey_initiator);
	assert_won();
}
END_TEST

/*
 *     initiator                 responder
 *                               <- CREATE_CHILD_SA {SA..}
 *                               <- SWITCH=NEW     on the old or new IKE_SA
 */
START_TEST(test_ike_rekey_by_responder)
{
	race(_i, FALSE, rekey_responder);
	assert_won();
}
END_TEST

/*
 *     initiator                 responder
 *     CREATE_CHILD_SA {SA..} -> <- CREATE_CHILD_SA {SA..}
 *                               <- SWITCH=NEW
 *     one of the two new IKE_SAs survives
 */
START_TEST(test_ike_rekey_collision)
{
	race(_i, FALSE, rekey_both);
	assert_won();
}
END_TEST

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

/*
 *     initiator                 responder
 *     REKEY_SA SA TS..       -> <- SWITCH=NEW
 *                               <- SA TS..
 *     D                      ->                   from OLD or NEW
 */
START_TEST(test_child_rekey_by_initiator)
{
	race(_i, FALSE, rekey_child_initiator);
	assert_won();
	ck_assert_uint_eq(world_children(INITIATOR), 1);
}
END_TEST

START_TEST(test_child_rekey_by_responder)
{
	race(_i, FALSE, rekey_child_responder);
	assert_won();
	ck_assert_uint_eq(world_children(INITIATOR), 1);
}
END_TEST

START_TEST(test_child_rekey_collision)
{
	race(_i, FALSE, rekey_child_both);
	assert_won();
	ck_assert_uint_eq(world_children(INITIATOR), 1);
}
END_TEST

/*
 * With kernel-libipsec the move itself rekeys all CHILD_SAs, from both ends.
 */
START_TEST(test_child_rekey_in_userland)
{
	race(_i, TRUE, rekey_child_both);
	assert_won();
	ck_assert_uint_eq(world_children(INITIATOR), 1);
}
END_TEST

START_TEST(test_ike_rekey_in_userland)
{
	race(_i, TRUE, rekey_both);
	world_run(200000);
	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
	ck_assert_uint_eq(world_children(INITIATOR), 1);
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

static void create_initiator(void *null)
{
	world_create_child(INITIATOR);
}

static void create_responder(void *null)
{
	world_create_child(RESPONDER);
}

/*
 *     initiator                 responder
 *     SA TS..                -> <- SWITCH=NEW
 *                               <- SA TS..
 */
START_TEST(test_child_create_by_initiator)
{
	race(_i, FALSE, create_initiator);
	assert_won();
	ck_assert_uint_eq(world_children(INITIATOR), 2);
}
END_TEST

START_TEST(test_child_create_by_responder)
{
	race(_i, FALSE, create_responder);
	assert_won();
	ck_assert_uint_eq(world_children(INITIATOR), 2);
}
END_TEST

static void delete_child_initiator(void *null)
{
	world_delete_child(INITIATOR);
}

static void delete_child_responder(void *null)
{
	world_delete_child(RESPONDER);
}

/*
 *     initiator                 responder
 *     D                      -> <- SWITCH=NEW
 */
START_TEST(test_child_delete_by_initiator)
{
	race(_i, FALSE, delete_child_initiator);
	assert_won();
	ck_assert_uint_eq(world_children(INITIATOR), 0);
}
END_TEST

START_TEST(test_child_delete_by_responder)
{
	race(_i, FALSE, delete_child_responder);
	assert_won();
	ck_assert_uint_eq(world_children(INITIATOR), 0);
}
END_TEST

static void dpd_initiator(void *null)
{
	world_call(INITIATOR, send_dpd);
}

static void dpd_responder(void *null)
{
	world_call(RESPONDER, send_dpd);
}

/*
 *     initiator                 responder
 *     NATD_S_IP NATD_D_IP    -> <- SWITCH=NEW
 */
START_TEST(test_dpd_by_initiator)
{
	race(_i, FALSE, dpd_initiator);
	assert_won();
}
END_TEST

START_TEST(test_dpd_by_responder)
{
	race(_i, FALSE, dpd_responder);
	assert_won();
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

	world_establish(.nat = TRUE);
	world_fate(lost ? DROP : DELAY, UPDATE_REQ, lost ? 100 : 1);
	world_later(offset, _i & 1 ? rekey_initiator : rekey_responder, NULL);
	world_switch(NEW);
	world_run(200);
	world_fate_none();
	world_run(60000);

	ck_assert_str_eq(world_disagreement() ?: "", "");
	ck_assert_uint_eq(world_tasks(), 0);
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

static void reauth(void *null)
{
	world_call(INITIATOR, reauth);
}

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
	race_with(_i % RACES, FALSE, _i < RACES ? NULL : "make_before_break = yes",
			  reauth);
	world_run(30000);

	assert_count(1, "* IKE_AUTH req *");
	ck_assert_str_eq(world_disagreement() ?: "", "");
	ck_assert_uint_eq(world_tasks(), 0);
	world_run(200000);
	world_call(RESPONDER, delete, FALSE);
	world_run(1000);
	assert_gone();
}
END_TEST

static void delete_initiator(void *null)
{
	world_call(INITIATOR, delete, FALSE);
}

static void delete_responder(void *null)
{
	world_call(RESPONDER, delete, FALSE);
}

static void delete_both(void *null)
{
	world_call(RESPONDER, delete, FALSE);
	world_call(INITIATOR, delete, FALSE);
}

/*
 * Deleted in the middle, by one end or both.
 */
START_TEST(test_delete)
{
	void (*who[])(void*) = {
		delete_initiator, delete_responder, delete_both,
	};

	race(_i % RACES, FALSE, who[_i / RACES]);
	world_run(10000);
	assert_gone();
}
END_TEST

Suite *suite_rekey()
{
	Suite *suite;
	TCase *tcase;

	suite = exchange_suite("rekey", &tcase);
	tcase_add_loop_test(tcase, test_ike_rekey_by_initiator, 0, RACES);
	tcase_add_loop_test(tcase, test_ike_rekey_by_responder, 0, RACES);
	tcase_add_loop_test(tcase, test_ike_rekey_collision, 0, RACES);
	tcase_add_loop_test(tcase, test_child_rekey_by_initiator, 0, RACES);
	tcase_add_loop_test(tcase, test_child_rekey_by_responder, 0, RACES);
	tcase_add_loop_test(tcase, test_child_rekey_collision, 0, RACES);
	tcase_add_loop_test(tcase, test_child_rekey_in_userland, 0, RACES);
	tcase_add_loop_test(tcase, test_ike_rekey_in_userland, 0, RACES);
	tcase_add_loop_test(tcase, test_rekeyed_child_sas_move_along, 2, 12);
	tcase_add_loop_test(tcase, test_child_create_by_initiator, 0, RACES);
	tcase_add_loop_test(tcase, test_child_create_by_responder, 0, RACES);
	tcase_add_loop_test(tcase, test_child_delete_by_initiator, 0, RACES);
	tcase_add_loop_test(tcase, test_child_delete_by_responder, 0, RACES);
	tcase_add_loop_test(tcase, test_dpd_by_initiator, 0, RACES);
	tcase_add_loop_test(tcase, test_dpd_by_responder, 0, RACES);
	tcase_add_loop_test(tcase, test_update_does_not_get_lost_with_the_ike_sa,
						0, RACES);
	tcase_add_test(tcase, test_request_does_not_get_lost_with_the_ike_sa);
	tcase_add_loop_test(tcase, test_reauth, 0, 2 * RACES);
	tcase_add_loop_test(tcase, test_delete, 0, 3 * RACES);
	return suite;
}
