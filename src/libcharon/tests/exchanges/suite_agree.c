/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * An answer doesn't tell by which path the request came that was handled: both
 * ends have to agree on an address nevertheless.
 */

#include "exchange_tests.h"

/** Address that the initiator moves to */
#define OTHER "198.51.100.11"

#define LIST_FROM(from) "* <- " from " INFORMATIONAL req * {ADD*"

static void roam_initiator()
{
	world_add_address(INITIATOR, OTHER);
	world_del_address(INITIATOR, CLIENT);
	world_call(INITIATOR, roam, TRUE);
}

/*
 * The initiator roams during an update.
 *
 *     initiator                     responder
 *     UPD_SA_ADDR        CLIENT  -> NEW
 *                        CLIENT  <- NEW        lost
 *     UPD_SA_ADDR (same) OTHER   -> NEW
 *                        OTHER   <- NEW        from its memory
 *     UPD_SA_ADDR        OTHER   -> NEW
 */
/* REQ: MOBIKE-3.5-2 */
START_TEST(test_initiator_roams_during_update)
{
	world_establish();
	world_fate(DROP, "* <- " NEW " INFORMATIONAL resp * {NATD*", 1);
	world_switch(NEW);
	world_run(25);
	roam_initiator();
	world_run(20000);

	assert_outcomes("* done");
	assert_agreed();
	assert_at(NEW);
}
END_TEST

/*
 * A list that the responder sent before it went back.
 *
 *     initiator                     responder
 *     UPD_SA_ADDR                -> NEW
 *                                <- NEW        lost
 *                                <- NEW        list of addresses, kept
 *     UPD_SA_ADDR (same)         -> OLD        1 s later
 *                                <- OLD        from its memory
 *     UPD_SA_ADDR                -> OLD
 *                                <- OLD
 *                                <- NEW        the list
 *     UPD_SA_ADDR                -> NEW
 */
/* REFUSED: MOBIKE-3.6-1 */
START_TEST(test_late_list_of_addresses)
{
	world_establish(.settings = "plugins { rmobike { path_timeout = 1 } }");
	world_fate(DROP, "* <- " NEW " INFORMATIONAL resp * {NATD*", 100);
	world_fate(HOLD, LIST_FROM(NEW), 100);
	world_switch(NEW);
	world_run(500);
	world_call(RESPONDER, roam, TRUE);
	world_run(700);
	ck_assert(world_is_at(INITIATOR, OLD));
	ck_assert(world_is_at(RESPONDER, OLD));
	world_fate_none();
	world_release(LIST_FROM(NEW));
	world_run(20000);

	assert_agreed();
}
END_TEST

/*
 * An update of charon's own, repeated everywhere because the responder was
 * silent: it handles one that came to NEW, and answers another from its memory.
 *
 *     initiator                     responder
 *     UPD_SA_ADDR                -> OLD        lost, again and again
 *     UPD_SA_ADDR (same)         -> NEW, NEWER 11.5 s later
 *                                <- NEW, NEWER lost
 *     UPD_SA_ADDR (same)         -> OLD
 *                                <- OLD        from its memory
 *     UPD_SA_ADDR                -> OLD
 */
START_TEST(test_update_of_charon_goes_everywhere)
{
	world_establish();
	world_fate(DROP, CLIENT " -> " OLD " INFORMATIONAL req * {UPD*", 8);
	world_fate(DROP, OTHER " -> " OLD " INFORMATIONAL req * {UPD*", 8);
	world_fate(DROP, "* <- " NEW " *", 100);
	world_fate(DROP, "* <- " NEWER " *", 100);
	roam_initiator();
	world_run(60000);

	ck_assert(world_count(OTHER " -> " NEW " INFORMATIONAL req * {UPD*") > 0);
	assert_agreed();
}
END_TEST

void suite_agree(TCase *tcase)
{
	tcase_add_test(tcase, test_initiator_roams_during_update);
	tcase_add_test(tcase, test_late_list_of_addresses);
	tcase_add_test(tcase, test_update_of_charon_goes_everywhere);
}
