/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * While a switch is under way the responder is told to go elsewhere, gets
 * another address or loses one.
 */

#include "exchange_tests.h"

/**
 * The responder is asked to switch while another request of its own is held by
 * the network, and gets another address before that goes on.
 */
static void get_address_before_switch()
{
	world_fate(HOLD, "* <- * INFORMATIONAL req * {}", 1);
	world_call(RESPONDER, send_dpd);
	world_switch(NEW);
	world_run(10);
	world_add_address(RESPONDER, FOREIGN);
	world_call(RESPONDER, roam, TRUE);
	world_run(100);
}

/*
 * Two switches in a row, the newest wins, wherever the first one is.
 *
 *     initiator                 responder
 *                               <- SWITCH=NEW
 *     {}                     -> NEW
 *     UPD_SA_ADDR            -> NEW
 *                               <- SWITCH=NEWER  any time
 */
START_TEST(test_newest_of_two_switches_wins)
{
	world_establish(.nat = TRUE, .busy = _i < STEPS ? 0 : 3);
	world_switch(NEW);
	switch_later(_i % STEPS * 2, NEWER);
	world_run(20000);

	assert_at(NEWER);
	assert_outcomes("rw " OLD " -> " NEW " *", "rw * -> " NEWER " done");
}
END_TEST

/*
 * Three of them, at once and one after the other.
 */
START_TEST(test_newest_of_three_switches_wins)
{
	world_establish(.nat = TRUE);
	world_switch(NEW);
	switch_later(_i, NEWER);
	switch_later(_i * 2, NEW);
	world_run(20000);

	assert_at(NEW);
	assert_outcomes("* -> " NEW " *", "* -> " NEWER " *", "* -> " NEW " done");
}
END_TEST

/*
 * Back to where it still is: the operator wants it to stay.
 *
 *     initiator                 responder
 *                               <- SWITCH=NEW
 *                                  SWITCH=OLD    any time
 */
START_TEST(test_switch_back_wins)
{
	world_establish(.nat = TRUE);
	world_switch(NEW);
	switch_later(_i * 2, OLD);
	world_run(20000);

	assert_at(OLD);
	assert_outcomes("rw " OLD " -> " NEW " *", "rw * -> " OLD " done*");
}
END_TEST

/*
 * The switch waits while the responder has another request in the air; what
 * charon wants in the meantime isn't forgotten: a new list of addresses.
 *
 *     initiator                 responder
 *                               <- {}            held
 *                                  SWITCH queued, then a new address appears
 *     {}                     ->
 *                               <- SWITCH=NEW
 *                               <- ADD_4_ADDR    as before
 */
START_TEST(test_address_list_is_sent_after_switch)
{
	world_establish(.nat = TRUE);
	get_address_before_switch();
	world_release("*");
	world_run(1000);

	assert_outcomes("* done");
	assert_count(1, "* <- * INFORMATIONAL req * {ADD_4_ADDR ADD_4_ADDR "
				 "ADD_4_ADDR}");
	assert_at(NEW);
	world_mark();

	/* announced, so not checked */
	world_switch(FOREIGN);
	world_run(1000);
	assert_count(0, "* INFORMATIONAL req * {COOKIE2}");
	assert_outcomes("* done");
	assert_at(FOREIGN);
}
END_TEST

/*
 * The list is late: the responder has moved on since.
 *
 *     initiator                 responder
 *     {}                     -> NEW
 *     UPD_SA_ADDR            -> NEW
 *                               <- OLD  ADD_4_ADDR    kept by the network
 *                               <- NEW  {NATD..}
 *                               <- OLD  ADD_4_ADDR    arrives
 */
START_TEST(test_late_address_list_does_not_take_back)
{
	world_establish(.nat = TRUE);
	world_fate(HOLD, "* <- " OLD " INFORMATIONAL req * {ADD_4_ADDR *}", 1);
	get_address_before_switch();
	world_release("* {}");
	world_run(1000);
	assert_outcomes("* done");
	assert_count(1, "* <- " OLD " * {ADD_4_ADDR ADD_4_ADDR ADD_4_ADDR} !held");

	world_release("*");
	world_run(10000);
	assert_at(NEW);
}
END_TEST

/*
 * As operators would do it: switch, then remove the old address.
 *
 *     initiator                 responder
 *                               <- SWITCH=NEW
 *     {}                     -> NEW
 *     UPD_SA_ADDR            -> NEW
 *                               OLD is removed
 *                               <- ADD_4_ADDR    the new list
 */
START_TEST(test_old_address_is_removed_after_switch)
{
	world_establish(.nat = TRUE);
	world_switch(NEW);
	world_run(5 * _i);
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_run(60000);

	assert_outcomes("* done");
	assert_count(1, "* <- " NEW " INFORMATIONAL req * {ADD_4_ADDR}");
	assert_at(NEW);
}
END_TEST

/*
 * The address the responder switched to is removed: back where it was.
 */
START_TEST(test_new_address_is_removed_during_switch)
{
	world_establish(.nat = TRUE);
	world_switch(NEW);
	world_run(5 * _i);
	world_del_address(RESPONDER, NEW);
	world_roam(RESPONDER);
	world_run(60000);

	assert_agreed();
}
END_TEST

/*
 * Packets arrive in any order, twice, and up to 100 ms late.
 */
START_TEST(test_reordering)
{
	world_establish(.nat = TRUE, .seed = _i + 1, .job_jitter = 3,
					.busy = _i & 1 ? 3 : 0);
	world_weather(0, 30, 100);
	world_switch(NEW);
	world_run(50);
	world_switch(NEWER);
	world_run(20000);

	assert_outcomes("* -> " NEW " *", "* -> " NEWER " done");
	assert_at(NEWER);
}
END_TEST

/*
 * The addresses are told by the request that asks for the switch. If that left
 * from more than one of them they are told once more (RFC 4555, 3.6).
 *
 *     initiator                 responder
 *                               <- OLD  SWITCH=NEW ADD_4_ADDR    lost
 *                               <- NEW  SWITCH=NEW ADD_4_ADDR    3 s later
 *     {}                     -> NEW
 *     UPD_SA_ADDR            -> NEW
 *                               <- NEW  ADD_4_ADDR
 */
/* REQ: MOBIKE-3.6-3 */
START_TEST(test_addresses_told_from_several_are_told_again)
{
	bool silent = _i;

	world_establish();
	if (silent)
	{
		world_fate(DROP, CLIENT " <- " OLD " *", UINT_MAX);
	}
	world_switch(NEW);
	world_run(20000);

	assert_outcomes("* done");
	assert_count(silent, "* <- " NEW " INFORMATIONAL req * {ADD_4_ADDR "
				 "ADD_4_ADDR}");
	assert_at(NEW);
	assert_agreed();
}
END_TEST

void suite_changes(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_newest_of_two_switches_wins, 0, RACES);
	tcase_add_loop_test(tcase, test_newest_of_three_switches_wins, 0, 40);
	tcase_add_loop_test(tcase, test_switch_back_wins, 0, STEPS);
	tcase_add_test(tcase, test_address_list_is_sent_after_switch);
	tcase_add_test(tcase, test_late_address_list_does_not_take_back);
	tcase_add_loop_test(tcase, test_addresses_told_from_several_are_told_again,
						0, 2);
	tcase_add_loop_test(tcase, test_old_address_is_removed_after_switch, 4, 10);
	tcase_add_loop_test(tcase, test_new_address_is_removed_during_switch, 0,
						10);
	tcase_add_loop_test(tcase, test_reordering, 0, 50);
}
