/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * The responder has already lost the address that it is leaving.
 */

#include "exchange_tests.h"

/*
 * "even if it is already unavailable": the request leaves from the old address.
 *
 *     initiator               NAT   responder
 *                              | <- OLD (gone)  SWITCH=NEW
 *     {}                      -|-> NEW
 *     UPD_SA_ADDR             -|-> NEW
 */
START_TEST(test_request_leaves_from_lost_address)
{
	world_establish(.nat = _i);
	world_del_address(RESPONDER, OLD);
	world_switch(NEW);
	world_run(1000);

	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=" NEW "}",
		CLIENT " -> " NEW " INFORMATIONAL resp 0 {}",
		CLIENT " -> " NEW " INFORMATIONAL req 2 {UPD_SA_ADDR *}",
		CLIENT " <- " NEW " INFORMATIONAL resp 2 {*}");
	assert_outcomes("* done");
	assert_at(NEW);
}
END_TEST

/*
 * A lost request is sent again from there.
 */
START_TEST(test_lost_request_from_lost_address)
{
	world_establish(.nat = TRUE);
	world_del_address(RESPONDER, OLD);
	world_fate(DROP, SWITCH_REQ(NEW), 3);
	world_switch(NEW);
	world_run(2000);

	assert_outcomes("* done");
	assert_at(NEW);
}
END_TEST

/*
 * It doesn't get out of this network (BCP 38): after a while the new address is
 * tried as well. A NAT doesn't let that through, otherwise it works.
 *
 *     initiator                     responder
 *                                <- OLD (gone)  SWITCH=NEW   lost
 *                                <- NEW         SWITCH=NEW   3 s later
 *     {}                         -> NEW
 *     UPD_SA_ADDR                -> NEW
 */
START_TEST(test_request_from_new_address_as_well)
{
	bool no_raw = _i;

	world_establish(.no_raw_send = no_raw);
	world_del_address(RESPONDER, OLD);
	world_block(OLD);
	world_switch(NEW);
	world_run(2900);
	assert_count(0, CLIENT " <- " NEW " *");
	world_run(7000);

	assert_outcomes("* done");
	assert_at(NEW);
}
END_TEST

/*
 * Nothing helps: the switch ends, and so does the IKE_SA in the end.
 */
START_TEST(test_nothing_gets_through)
{
	world_establish(.nat = TRUE, .no_raw_send = TRUE);
	world_del_address(RESPONDER, OLD);
	world_switch(NEW);
	world_run(11000);
	assert_outcomes("* timeout: no answer");
	world_run(200000);

	ck_assert_uint_eq(world_id(RESPONDER), 0);
}
END_TEST

/*
 * No address at all for a while: as charon does it, the request waits.
 */
START_TEST(test_no_address_for_a_while)
{
	world_establish(.nat = TRUE, .responder = OLD " " NEW,
					.settings = "plugins { rmobike { timeout = 60 } }");
	world_switch(NEW);
	world_del_address(RESPONDER, OLD);
	world_del_address(RESPONDER, NEW);
	world_run(20000);
	assert_outcomes();
	world_add_address(RESPONDER, NEW);
	world_roam(RESPONDER);
	world_run(30000);

	assert_outcomes("* done");
	assert_at(NEW);
}
END_TEST

Suite *suite_gone()
{
	Suite *suite;
	TCase *tcase;

	suite = exchange_suite("gone", &tcase);
	tcase_add_loop_test(tcase, test_request_leaves_from_lost_address, 0, 2);
	tcase_add_test(tcase, test_lost_request_from_lost_address);
	tcase_add_loop_test(tcase, test_request_from_new_address_as_well, 0, 2);
	tcase_add_test(tcase, test_nothing_gets_through);
	tcase_add_test(tcase, test_no_address_for_a_while);
	return suite;
}
