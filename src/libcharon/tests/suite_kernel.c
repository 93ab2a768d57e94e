/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Kernels that can do less than others, or don't want to.
 */

#include "exchange_tests.h"

/*
 * A kernel that is locked down tells zeros instead of keys. Nothing is made of
 * these: CHILD_SAs it can't move by itself are replaced.
 */
START_TEST(test_locked_kernel_gets_no_zeros)
{
	world_establish(.nat = _i & 1, .locked = TRUE, .plain_kernel = _i & 2);
	world_switch(NEW);
	world_run(10000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
	ck_assert_str_eq(world_disagreement() ?: "", "");
	ck_assert_uint_eq(world_children(INITIATOR), 1);
}
END_TEST

Suite *suite_kernel()
{
	Suite *suite;
	TCase *tcase;

	suite = exchange_suite("kernel", &tcase);
	tcase_add_loop_test(tcase, test_locked_kernel_gets_no_zeros, 0, 4);
	return suite;
}
