/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "base/rmobike_clock.h"

START_TEST(test_turns)
{
	uint64_t last = 0;

	/* the first one, even if the clock just began */
	ck_assert_int_eq(rmobike_clock_turn(&last, 0, 0, 10), 0);
	last = 0;
	ck_assert_int_eq(rmobike_clock_turn(&last, 1000, 500, 10), 500);
	/* at the same time, and a moment later */
	ck_assert_int_eq(rmobike_clock_turn(&last, 1000, 500, 10), 510);
	ck_assert_int_eq(rmobike_clock_turn(&last, 1003, 500, 10), 517);
	ck_assert_int_eq(last, 1520);
	/* long after them */
	ck_assert_int_eq(rmobike_clock_turn(&last, 1300, 500, 10), 500);
	ck_assert_int_eq(last, 1800);
	/* one that would come before the others */
	ck_assert_int_eq(rmobike_clock_turn(&last, 1400, 0, 10), 410);
}
END_TEST

START_TEST(test_now)
{
	uint64_t before = rmobike_clock_now();
	timeval_t tv;

	time_monotonic(&tv);
	ck_assert(before <= (uint64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000);
	ck_assert(before + 1000 >= (uint64_t)tv.tv_sec * 1000);
}
END_TEST

Suite *clock_suite(void)
{
	Suite *suite = suite_create("clock");
	TCase *tcase = tcase_create("clock");

	tcase_add_test(tcase, test_turns);
	tcase_add_test(tcase, test_now);
	suite_add_tcase(suite, tcase);
	return suite;
}
