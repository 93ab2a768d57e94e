/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * What charon does on its own: why we are here, and whether the world is sound.
 */

#include "exchange_tests.h"

/*
 * The reason for this project: a responder that loses its address tries another
 * one by itself, the NAT of the initiator doesn't let it.
 *
 *     initiator              NAT    responder
 *                             |  <- 192.0.2.2   {}   11 times
 *                                   giving up after 10 path probings:
 *                                   the IKE_SA is gone
 */
START_TEST(test_responder_behind_nat_gives_up)
{
	world_establish(.stock = TRUE, .nat = TRUE);
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_run(60000);

	assert_count(11, CLIENT " <- " NEW " INFORMATIONAL req 0 {} !nat");
	assert_logged("*giving up after 10 path probings");
	ck_assert_uint_eq(world_id(RESPONDER), 0);
	ck_assert_uint_ne(world_id(INITIATOR), 0);
}
END_TEST

/*
 * Without a NAT it works, in a round trip more than it takes.
 *
 *     initiator          responder
 *     {}          <- NEW {}
 *     {}          -> NEW
 *                 <- NEW {NO_ADD_ADDR..}  the initiator learns the address
 */
START_TEST(test_responder_without_nat_roams)
{
	world_establish(.stock = TRUE);
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_run(60000);

	assert_at(NEW);
}
END_TEST

/*
 *     initiator            responder
 *     {UPD_SA_ADDR..} -> OLD          from another port of the NAT
 */
START_TEST(test_initiator_roams)
{
	world_establish(.stock = TRUE, .nat = TRUE);
	world_add_address(INITIATOR, "10.0.0.11");
	world_del_address(INITIATOR, INSIDE);
	world_roam(INITIATOR);
	world_run(1000);

	assert_count(1, UPDATE_REQ);
	assert_at(OLD);
}
END_TEST

/*
 * A NAT that lost its state is noticed by the initiator's DPD.
 */
START_TEST(test_initiator_detects_new_mapping)
{
	world_establish(.stock = TRUE, .nat = TRUE);
	world_call(INITIATOR, send_dpd);
	world_run(1000);
	world_nat_reboot();
	ck_assert(world_disagreement() != NULL);
	world_call(INITIATOR, send_dpd);
	world_run(1000);

	assert_count(1, UPDATE_REQ);
	assert_at(OLD);
}
END_TEST

/*
 * A peer that is gone: 4, 7, 13, 23, 42 and 76 seconds of (free) patience.
 */
START_TEST(test_retransmission_in_virtual_time)
{
	world_establish(.stock = TRUE);
	world_block(CLIENT);
	world_call(RESPONDER, send_dpd);
	world_run(164000);

	assert_count(6, CLIENT " <- " OLD " INFORMATIONAL req 0 {} !blocked");
	ck_assert_uint_ne(world_id(RESPONDER), 0);
	world_run(2000);
	assert_logged("*giving up after 5 retransmits");
	ck_assert_uint_eq(world_id(RESPONDER), 0);
}
END_TEST

START_TEST(test_dpd)
{
	world_establish(.stock = TRUE);
	world_call(RESPONDER, send_dpd);
	world_run(1000);

	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req 0 {}",
		CLIENT " -> " OLD " INFORMATIONAL resp 0 {}");
	assert_at(OLD);
}
END_TEST

START_TEST(test_ike_rekey)
{
	side_t side = _i;
	uint32_t before;

	world_establish(.stock = TRUE, .nat = TRUE);
	before = world_id(RESPONDER);
	world_call(side, rekey);
	world_run(1000);

	ck_assert_uint_ne(world_id(RESPONDER), before);
	assert_at(OLD);
}
END_TEST

START_TEST(test_ike_rekey_collision)
{
	world_establish(.stock = TRUE, .nat = TRUE);
	world_call(INITIATOR, rekey);
	world_call(RESPONDER, rekey);
	world_run(1000);

	assert_count(2, "* CREATE_CHILD_SA req *");
	assert_at(OLD);
}
END_TEST

START_TEST(test_child_rekey)
{
	side_t side = _i;

	world_establish(.stock = TRUE);
	world_rekey_child(side);
	world_run(10000);

	assert_count(2, "* CREATE_CHILD_SA *");
	ck_assert_uint_eq(world_children(INITIATOR), 1);
	assert_at(OLD);
}
END_TEST

START_TEST(test_child_create_and_delete)
{
	side_t side = _i;

	world_establish(.stock = TRUE);
	world_create_child(side);
	world_run(1000);
	ck_assert_uint_eq(world_children(!side), 2);
	world_delete_child(side);
	world_run(1000);
	ck_assert_uint_eq(world_children(!side), 1);

	assert_at(OLD);
}
END_TEST

START_TEST(test_delete)
{
	side_t side = _i;

	world_establish(.stock = TRUE);
	world_call(side, delete, FALSE);
	world_run(1000);

	assert_gone();
}
END_TEST

START_TEST(test_reauth)
{
	world_establish(.stock = TRUE, .nat = TRUE);
	world_call(INITIATOR, reauth);
	world_run(5000);

	assert_count(1, "* IKE_AUTH req *");
	assert_at(OLD);
}
END_TEST

/*
 * charon drops what has the same message ID as what it is processing, even if
 * one is a request and the other a response.
 *
 *     initiator             responder
 *                    <- req 0
 *     resp 0 ->
 *     req 0  ->             busy, until retransmission
 */
START_TEST(test_same_message_id_is_dropped_while_busy)
{
	world_establish(.stock = TRUE, .nat = TRUE, .busy = 5);
	world_call(INITIATOR, rekey);
	world_run(1000);
	ck_assert_uint_eq(world_mid(INITIATOR, TRUE), 0);
	ck_assert_uint_eq(world_mid(RESPONDER, TRUE), 0);
	world_mark();

	world_fate(HOLD, EMPTY_RESP, 1);
	world_call(RESPONDER, send_dpd);
	world_run(100);
	world_release("*");
	world_delay(INITIATOR, 1);
	world_call(INITIATOR, send_dpd);
	world_run(1000);
	assert_count(1, "* -> * INFORMATIONAL req 0 {*} !busy");
	world_run(5000);
	assert_at(OLD);
}
END_TEST

/*
 * What a seed brings about is always the same.
 */
START_TEST(test_same_seed_same_world)
{
	char *patterns[] = { "* -> *", "*lost", "* CREATE_CHILD_SA *" };
	double times[2][countof(patterns)];
	u_int counts[2][countof(patterns)];
	int i, j;

	for (i = 0; i < 2; i++)
	{
		world_establish(.stock = TRUE, .nat = TRUE, .seed = 42,
						.job_jitter = 5);
		world_weather(50, 50, 100);
		world_call(INITIATOR, rekey);
		world_call(RESPONDER, rekey);
		world_run(300000);
		for (j = 0; j < countof(patterns); j++)
		{
			counts[i][j] = world_count(patterns[j]);
			times[i][j] = world_sent_at(patterns[j]);
		}
		if (i == 0)
		{
			world_destroy();
		}
	}
	ck_assert_mem_eq(counts[0], counts[1], sizeof(counts[0]));
	ck_assert_mem_eq(times[0], times[1], sizeof(times[0]));
}
END_TEST

void suite_stock(TCase *tcase)
{
	tcase_add_test(tcase, test_responder_behind_nat_gives_up);
	tcase_add_test(tcase, test_responder_without_nat_roams);
	tcase_add_test(tcase, test_initiator_roams);
	tcase_add_test(tcase, test_initiator_detects_new_mapping);
	tcase_add_test(tcase, test_retransmission_in_virtual_time);
	tcase_add_test(tcase, test_dpd);
	tcase_add_loop_test(tcase, test_ike_rekey, RESPONDER, INITIATOR + 1);
	tcase_add_test(tcase, test_ike_rekey_collision);
	tcase_add_loop_test(tcase, test_child_rekey, RESPONDER, INITIATOR + 1);
	tcase_add_loop_test(tcase, test_child_create_and_delete, RESPONDER,
						INITIATOR + 1);
	tcase_add_loop_test(tcase, test_delete, RESPONDER, INITIATOR + 1);
	tcase_add_test(tcase, test_reauth);
	tcase_add_test(tcase, test_same_message_id_is_dropped_while_busy);
	tcase_add_test(tcase, test_same_seed_same_world);
}
