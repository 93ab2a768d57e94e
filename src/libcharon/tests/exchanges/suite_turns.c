/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Many IKE_SAs lose their address at once: they leave it by turns.
 */

#include "exchange_tests.h"

/** IKE_SAs that lose their address at the same time */
#define MANY 50

/** How many of them begin at once */
#define AT_ONCE 16

/** What the first ones are asked, whatever comes of it */
#define ANY_SWITCH "*INFORMATIONAL req * {SWITCH=" NEW " ADD_*}*"

static void establish_many()
{
	int i;

	world_establish(.delay = 50,
					.settings = "plugins { rmobike { timeout = 60 } }");
	for (i = 1; i < MANY; i++)
	{
		world_initiate();
		world_run(500);
	}
	world_mark();
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
}

/*
 * Many wait for their turn, and all get it.
 */
START_TEST(test_many_leave_lost_address_by_turns)
{
	establish_many();
	world_run(109);
	assert_count(AT_ONCE, ANY_SWITCH);
	/* when these are done, twice as many are tried */
	world_run(2);
	assert_count(3 * AT_ONCE, ANY_SWITCH);
	world_run(5000);

	assert_count(MANY, ANY_SWITCH);
	ck_assert_uint_eq(world_outcomes(), MANY);
	ck_assert_uint_eq(world_tasks(), 0);
	assert_count(MANY, "* <- " NEW " INFORMATIONAL req * {ADD_4_ADDR}");
}
END_TEST

/*
 * Those that don't answer hold the others up for half a second, not longer. The
 * address is back before the last ones have their turn.
 */
START_TEST(test_silent_ones_hold_up_others_for_a_moment)
{
	establish_many();
	world_block(NEW);
	world_block(OLD);
	world_run(509);
	/* sent again after 150 and 450 ms */
	assert_count(3 * AT_ONCE, ANY_SWITCH);
	world_run(2);
	assert_count(4 * AT_ONCE, ANY_SWITCH);
	world_add_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_unblock(OLD);
	world_run(498);
	/* after a second if others wait */
	assert_count(4 * AT_ONCE, ANY_SWITCH);
	world_run(60000);

	ck_assert_uint_eq(world_outcomes(), 2 * AT_ONCE);
	assert_agreed();

	/* nobody has to wait because of those that didn't go in the end */
	world_unblock(NEW);
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_run(10000);
	ck_assert_uint_eq(world_outcomes(), 2 * AT_ONCE + MANY);
}
END_TEST

/*
 * That is so for those who had to wait themselves, too.
 */
START_TEST(test_silent_ones_that_waited_hold_up_nobody_longer)
{
	establish_many();
	world_block(NEW);
	world_block(OLD);
	world_run(511);
	assert_count(4 * AT_ONCE, ANY_SWITCH);
	world_run(500);
	assert_count(5 * AT_ONCE, ANY_SWITCH);
}
END_TEST

void suite_turns(TCase *tcase)
{
	tcase_add_test(tcase, test_many_leave_lost_address_by_turns);
	tcase_add_test(tcase, test_silent_ones_hold_up_others_for_a_moment);
	tcase_add_test(tcase, test_silent_ones_that_waited_hold_up_nobody_longer);
}
