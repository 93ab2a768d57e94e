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

/*
 * The NAT gives the client another port, which the responder sees by any
 * request. Since Linux 7.2 it changes the port of its SAs in place. Before,
 * charon removes and adds them and blocks all traffic meanwhile.
 *
 *     initiator          NAT  responder
 *     {}                -|->  OLD              from another port
 */
START_TEST(test_new_mapping_blocks_nothing)
{
	world_establish(.nat = TRUE, .new_kernel = _i);
	world_call(INITIATOR, send_dpd);
	world_run(1000);
	world_nat_reboot();
	world_call(INITIATOR, send_dpd);
	world_run(10000);

	assert_at(OLD);
	if (_i)
	{
		ck_assert_uint_eq(world_drops(), 0);
	}
	else
	{
		ck_assert_uint_gt(world_drops(), 0);
	}
}
END_TEST

/*
 * The responder's SA goes on with sequence numbers that were not used before.
 * Kernels before Linux 7.2 can't tell for certain if they have several CPUs.
 */
START_TEST(test_switch_uses_no_number_twice)
{
	world_establish(.nat = _i & 1, .new_kernel = _i & 2);
	world_switch(NEW);
	world_run(10000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
	if (_i & 2)
	{
		assert_not_logged("*copied without a lock*");
	}
	else
	{
		assert_logged("*copied without a lock*");
	}
}
END_TEST

#ifdef CPU_ID_MAX
/** Check that the CHILD_SA is of IP-TFS */
static void assert_iptfs(side_t side)
{
	ike_sa_t *ike_sa = world_checkout(side);
	enumerator_t *enumerator;
	child_sa_t *child_sa;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	ck_assert(enumerator->enumerate(enumerator, &child_sa));
	ck_assert_int_eq(child_sa->get_mode(child_sa), MODE_IPTFS);
	enumerator->destroy(enumerator);
	world_checkin(ike_sa, SUCCESS);
}

/*
 * SAs of IP-TFS have a state that nobody can copy: charon moves them.
 */
START_TEST(test_iptfs_is_moved_by_charon)
{
	world_establish(.iptfs = TRUE, .nat = _i & 1, .new_kernel = _i & 2);
	world_switch(NEW);
	world_run(10000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
	assert_agreed();
	assert_iptfs(INITIATOR);
	assert_iptfs(RESPONDER);
	ck_assert_uint_eq(world_children(INITIATOR), 1);
}
END_TEST
#endif

/*
 * Two CHILD_SAs have the same reqid while one replaces the other. No matter
 * what the kernel can do, those that are left are at the new address.
 */
START_TEST(test_switch_during_rekeying)
{
	world_establish(.nat = TRUE, .new_kernel = _i & 1, .delay = 20);
	world_rekey_child(_i & 2 ? INITIATOR : RESPONDER);
	switch_later(_i / 4 * 10, NEW);
	world_run(10000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
	ck_assert_uint_eq(world_drops(), 0);
	ck_assert_uint_eq(world_children(INITIATOR), 1);
}
END_TEST

/** Kernels that move SAs in different ways */
static const world_conf_t kernels[] = {
	{}, { .plain_kernel = TRUE }, { .new_kernel = TRUE },
};

/*
 * The kernel keeps an SPI that was allocated for two or three minutes where it
 * was allocated, also if the CHILD_SA ends up elsewhere. It has to be out of
 * the way if the IKE_SA comes back, as charon deletes an SA before it finds
 * that there is no room where it moves it.
 *
 *     initiator                     responder
 *                             x| <- OLD  CREATE_CHILD_SA  allocated at OLD
 *     {}                         -> NEW                   looks for it
 *     UPD_SA_ADDR                -> NEW
 *                                <- NEW  CREATE_CHILD_SA  added at NEW
 *     UPD_SA_ADDR                -> OLD                   moved to OLD
 */
START_TEST(test_back_where_a_child_was_rekeyed)
{
	world_conf_t conf = kernels[_i / 4];

	conf.nat = _i & 1;
	world_establish_(__FILE__, __LINE__, conf);
	world_block(OLD);
	world_rekey_child(RESPONDER);
	world_call(INITIATOR, send_dpd);
	world_run(60000);
	assert_at(NEW);
	world_unblock(OLD);
	if (_i & 2)
	{
		world_switch(OLD);
		world_run(5000);
		assert_outcomes("* done");
	}
	else
	{
		world_block(NEW);
		world_block(NEWER);
		world_call(INITIATOR, send_dpd);
		world_run(60000);
	}
	assert_at(OLD);
}
END_TEST

void suite_kernel(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_locked_kernel_gets_no_zeros, 0, 4);
	tcase_add_loop_test(tcase, test_failed_update_is_taken_back, 0, 4);
	tcase_add_loop_test(tcase, test_new_mapping_blocks_nothing, 0, 2);
	tcase_add_loop_test(tcase, test_switch_uses_no_number_twice, 0, 4);
#ifdef CPU_ID_MAX
	tcase_add_loop_test(tcase, test_iptfs_is_moved_by_charon, 0, 4);
#endif
	tcase_add_loop_test(tcase, test_switch_during_rekeying, 0, 40);
	tcase_add_loop_test(tcase, test_back_where_a_child_was_rekeyed, 0,
						countof(kernels) * 4);
}
