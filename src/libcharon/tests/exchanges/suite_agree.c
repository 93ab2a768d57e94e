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
#define UPDATE_TO(to) "* -> " to " INFORMATIONAL req * {UPD*"

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

static void lose(char *address)
{
	world_del_address(RESPONDER, address);
	world_roam(RESPONDER);
}

/*
 * A list is made where the responder is, and does not have that address. It is
 * sent again after the initiator moved the responder: that the address is not
 * in the list doesn't mean it is gone, it is the only one in the end.
 *
 *     initiator               NAT   responder
 *                              | <- OLD        list: NEW, lost
 *     {} (probe of charon)    -|-> NEW, OLD is dead
 *                              | <- NEW
 *     UPD_SA_ADDR             -|-> NEW
 *                              | <- NEW        list (same): NEW
 *     {}                      -|-> NEW
 *                                   NEW is gone, nothing is sent from there
 *     {}                      -|-> OLD         after a while
 */
/* REQ: MOBIKE-3.6-1 */
START_TEST(test_list_is_sent_again_from_elsewhere)
{
	world_establish(.nat = TRUE, .no_raw_send = TRUE,
					.responder = OLD " " NEW);
	world_fate(DROP, LIST_FROM(OLD), 100);
	world_call(RESPONDER, roam, TRUE);
	world_block(OLD);
	world_add_address(INITIATOR, "10.0.0.11");
	world_del_address(INITIATOR, INSIDE);
	world_call(INITIATOR, roam, TRUE);
	world_run(60000);
	assert_at(NEW);
	assert_count(1, LIST_FROM(NEW));

	world_unblock(OLD);
	world_nat_reboot();
	lose(NEW);
	world_run(20000);
	world_call(INITIATOR, send_dpd);
	world_run(200000);

	assert_at(OLD);
}
END_TEST

/*
 * The same with three addresses, of which two get lost. The initiator leaves
 * NEW for the address that it was asked to go to meanwhile, and a newer request
 * from there tells it that lists from NEW are not old anymore.
 *
 *     initiator               NAT   responder
 *                              | <- OLD        SWITCH=NEW
 *     {}                      -|-> NEW
 *     UPD_SA_ADDR              |               lost
 *                              | <- OLD        SWITCH=NEWER
 *     {}                      -|-> NEWER
 *     UPD_SA_ADDR (same)      -|-> NEW
 *     UPD_SA_ADDR             -|-> NEWER       under way
 *                              | <- NEW        {}
 *                                   OLD is gone
 *                              | <- NEW        list: NEWER, lost
 *                             -|-> NEWER       the update
 *                              | <- NEWER      lost
 *                              | <- NEWER      list (same): NEWER
 *                                   NEWER is gone, nothing is sent from there
 *     {}                      -|-> NEW         after a while
 */
START_TEST(test_list_is_sent_again_and_two_addresses_are_lost)
{
	world_establish(.nat = TRUE, .no_raw_send = TRUE,
					.settings = "plugins { rmobike { path_timeout = 10 } }");
	world_fate(DROP, UPDATE_TO(NEW), 100);
	world_switch(NEW);
	world_run(500);
	world_switch(NEWER);
	world_run(100);
	world_fate_none();
	world_fate(HOLD, UPDATE_TO(NEWER), 100);
	world_fate(DROP, LIST_FROM(NEW), 100);
	world_run(1000);
	ck_assert(world_is_at(RESPONDER, NEW));
	ck_assert(world_is_at(INITIATOR, NEWER));
	world_call(RESPONDER, send_dpd);
	world_run(100);
	lose(OLD);
	world_run(500);
	assert_count(1, LIST_FROM(NEW));
	world_fate_none();
	world_fate(DROP, "* <- * INFORMATIONAL resp * {NATD*", 100);
	world_release(UPDATE_TO(NEWER));
	world_run(5000);
	assert_count(1, LIST_FROM(NEWER));
	world_fate_none();
	world_run(60000);
	assert_at(NEWER);

	world_nat_reboot();
	lose(NEWER);
	world_run(10000);
	world_call(INITIATOR, send_dpd);
	world_run(200000);

	assert_at(NEW);
}
END_TEST

/*
 * What is asked for comes from where the initiator is to go as well, after a
 * while: the list in it lacks the address where the responder is, which the
 * initiator doesn't know yet.
 *
 *     initiator               NAT   responder
 *     {}                      -|-> OLD         answered late, so:
 *     UPD_SA_ADDR             -|-> OLD         lost
 *     UPD_SA_ADDR (same)      -|-> NEW         6 s later
 *                              | <- NEW        lost
 *                              | <- NEW        SWITCH=OLD, list: OLD, lost
 *                              | <- OLD        SWITCH=OLD, list: OLD
 *                                   OLD is gone
 *     UPD_SA_ADDR             -|-> NEW
 */
START_TEST(test_request_comes_from_new_address_as_well)
{
	world_establish(.nat = TRUE, .responder = OLD " " NEW);
	world_fate(DROP, "* <- " OLD " INFORMATIONAL resp *", 1);
	world_fate(DROP, UPDATE_TO(OLD), 1000);
	world_fate(DROP, "* <- " NEW " *", 1000);
	world_call(INITIATOR, send_dpd);
	world_run(15000);
	ck_assert(world_is_at(RESPONDER, NEW));
	ck_assert(world_is_at(INITIATOR, OLD));
	world_switch(OLD);
	world_run(3100);
	assert_count(1, "* <- " OLD " INFORMATIONAL req * {SWITCH*");
	world_fate_none();
	lose(OLD);
	world_run(400000);

	assert_at(NEW);
}
END_TEST

void suite_agree(TCase *tcase)
{
	tcase_add_test(tcase, test_initiator_roams_during_update);
	tcase_add_test(tcase, test_late_list_of_addresses);
	tcase_add_test(tcase, test_update_of_charon_goes_everywhere);
	tcase_add_test(tcase, test_list_is_sent_again_from_elsewhere);
	tcase_add_test(tcase, test_list_is_sent_again_and_two_addresses_are_lost);
	tcase_add_test(tcase, test_request_comes_from_new_address_as_well);
}
