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

/*
 * The responder can't move the SA it sends with: charon takes back what is done
 * of the update, and replaces the CHILD_SA. The SA it receives with is there
 * all the time.
 *
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW
 *     {}                   -> NEW
 *     UPD_SA_ADDR          -> NEW              inbound there, outbound not
 *                          <- NEW  {..}        inbound back
 *                          <- NEW  CREATE_CHILD_SA
 */
START_TEST(test_failed_update_is_taken_back)
{
	world_establish(.nat = _i & 1, .no_outbound_updates = TRUE,
					.plain_kernel = _i & 2);
	world_switch(NEW);
	world_run(10000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_not_logged("*kernel: *");
	assert_at(NEW);
	ck_assert_uint_eq(world_children(INITIATOR), 1);
}
END_TEST

Suite *suite_kernel()
{
	Suite *suite;
	TCase *tcase;

	suite = exchange_suite("kernel", &tcase);
	tcase_add_loop_test(tcase, test_locked_kernel_gets_no_zeros, 0, 4);
	tcase_add_loop_test(tcase, test_failed_update_is_taken_back, 0, 4);
	return suite;
}
