/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * The responder does not answer anymore, and the initiator looks for it.
 */

#include "exchange_tests.h"

static void check_liveness(void *null)
{
	world_call(INITIATOR, send_dpd);
}

static void unblock(void *address)
{
	world_unblock(address);
}

/*
 *     initiator               NAT   responder
 *     {}                      -|-> OLD         lost, again after 4 s
 *     {}                      -|-> OLD         lost, after 11 s
 *     {}                      -|-> NEW, NEWER  half a second later
 *     {}                      <|-- NEW
 *     UPD_SA_ADDR             -|-> NEW
 */
/* REQ: MOBIKE-3.12-1 */
START_TEST(test_silent_responder_is_found)
{
	world_establish(.nat = _i);
	world_block(OLD);
	check_liveness(NULL);
	world_run(11600);
	assert_count(0, CLIENT " -> " NEW " *");
	world_run(50000);

	assert_logged("*answers at " NEW ", and not at " OLD " anymore");
	assert_at(NEW);
}
END_TEST

/*
 * It was the initiator that was cut off: the old address answers again.
 */
START_TEST(test_responder_that_is_back_is_not_left)
{
	world_establish(.nat = _i);
	world_block(OLD);
	check_liveness(NULL);
	world_later(11000, unblock, OLD);
	world_run(60000);

	assert_count(0, CLIENT " -> " NEW " *");
	assert_at(OLD);
}
END_TEST

/*
 * It lost its address where packets with that source don't get out, and a NAT
 * is in the way of those with another one. Nobody can tell the initiator.
 *
 *     initiator               NAT   responder
 *                                   OLD is gone
 *                                <- OLD  SWITCH=NEW   filtered
 *                              | <- NEW  SWITCH=NEW   not let in
 *     {}                      -|-> OLD
 *     {}                      -|-> NEW   11 s later
 *     {}                      <|-- NEW
 *     UPD_SA_ADDR             -|-> NEW
 */
START_TEST(test_responder_that_can_not_ask_is_found)
{
	world_establish(.nat = TRUE);
	world_block(OLD);
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_later(_i * 10000, check_liveness, NULL);
	world_run(_i * 10000 + 60000);

	assert_agreed();
}
END_TEST

/*
 * The operator does not want that.
 */
/* REFUSED: MOBIKE-3.4-1 */
START_TEST(test_refused_addresses_are_not_tried)
{
	world_establish(.settings = "plugins { rmobike { accept = none } }");
	world_block(OLD);
	check_liveness(NULL);
	world_run(200000);

	assert_count(0, CLIENT " -> " NEW " *");
	ck_assert_uint_eq(world_id(INITIATOR), 0);
}
END_TEST

/*
 * None of them answers: as ever.
 */
START_TEST(test_dead_responder_is_given_up)
{
	world_establish(.nat = TRUE);
	world_block(OLD);
	world_block(NEW);
	world_block(NEWER);
	check_liveness(NULL);
	world_run(200000);

	ck_assert_uint_eq(world_id(INITIATOR), 0);
	ck_assert_uint_eq(world_count(CLIENT " -> " NEW " *"), 4);
}
END_TEST

/*
 * What follows on the IKE_SA that was rekeyed goes where it was answered.
 */
START_TEST(test_rekeyed_ike_sa_is_deleted_there)
{
	world_establish(.nat = TRUE);
	world_call(INITIATOR, rekey);
	world_block(OLD);
	world_run(20000);

	assert_count(1, CLIENT " -> " NEW " INFORMATIONAL req * {D}");
	assert_count(1, CLIENT " <- " NEW " INFORMATIONAL resp * {}");
}
END_TEST

/*
 * While the IKE_SA is rekeyed, by whom ever; the next check finds the new one.
 */
START_TEST(test_silent_during_rekeying)
{
	world_establish(.nat = TRUE);
	world_call(INITIATOR, rekey);
	world_run(_i * 5);
	world_block(OLD);
	world_later(15000, check_liveness, NULL);
	world_later(45000, check_liveness, NULL);
	world_run(300000);

	assert_at(NEW);
}
END_TEST

/*
 * A list of addresses tells all but the one where it was made. If it is handled
 * when the initiator has moved, that one is not known by its source, either.
 *
 *     initiator                     responder
 *                             x| <- OLD   ADD_IP4=NEW, ADD_IP4=NEWER
 *     {}                         -> OLD         filtered
 *     {}                         -> NEW, NEWER
 *     UPD_SA_ADDR                -> NEW
 *                                <- NEW   ADD_IP4=NEW, ADD_IP4=NEWER
 *                                   NEW and NEWER are filtered, OLD is back
 *     {}                         -> NEW
 *     {}                         -> OLD, NEWER
 *
 * Or the first one of these was under way for long.
 */
/* REQ: MOBIKE-3.6-1 */
START_TEST(test_address_that_was_left_stays_known)
{
	world_establish(.nat = _i & 1);
	world_fate(_i & 2 ? HOLD : DROP, "* <- * {ADD_*", 1);
	world_fate(DROP, "* <- * {ADD_*", 1000);
	world_add_address(RESPONDER, "192.0.2.4");
	world_roam(RESPONDER);
	world_block(OLD);
	check_liveness(NULL);
	world_run(15000);
	assert_count(0, "* resp * {ADD_*");
	world_release("* {ADD_*");
	world_fate_none();
	world_unblock(OLD);
	world_run(60000);
	assert_at(NEW);

	world_block(NEW);
	world_block(NEWER);
	world_block("192.0.2.4");
	check_liveness(NULL);
	world_run(60000);
	assert_at(OLD);
}
END_TEST

void suite_seek(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_silent_responder_is_found, 0, 2);
	tcase_add_loop_test(tcase, test_responder_that_is_back_is_not_left, 0, 2);
	tcase_add_loop_test(tcase, test_responder_that_can_not_ask_is_found, 1, 13);
	tcase_add_test(tcase, test_refused_addresses_are_not_tried);
	tcase_add_test(tcase, test_dead_responder_is_given_up);
	tcase_add_test(tcase, test_rekeyed_ike_sa_is_deleted_there);
	tcase_add_loop_test(tcase, test_silent_during_rekeying, 0, 12);
	tcase_add_loop_test(tcase, test_address_that_was_left_stays_known, 0, 4);
}
