/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * The responder has already lost the address that it is leaving.
 */

#include "exchange_tests.h"

/**
 * The responder loses an address, and is told so.
 */
static void lose(char *address)
{
	world_del_address(RESPONDER, address);
	world_roam(RESPONDER);
}

/*
 * "even if it is already unavailable": the request leaves from the old address.
 *
 *     initiator               NAT   responder
 *                              | <- OLD (gone)  SWITCH=NEW
 *     {}                      -|-> NEW
 *     UPD_SA_ADDR             -|-> NEW
 */
/* REQ */
START_TEST(test_request_leaves_from_lost_address)
{
	world_establish(.nat = _i);
	world_del_address(RESPONDER, OLD);
	world_switch(NEW);
	world_run(1000);

	assert_dialogue(
		ASKED,
		CLIENT " -> " NEW " INFORMATIONAL resp 0 {}",
		UPDATED("2"));
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

/*
 * Without any address nothing is sent, and nobody given up.
 */
/* REQ */
START_TEST(test_no_address_for_very_long)
{
	world_establish(.nat = TRUE, .responder = OLD " " NEW);
	world_fate(DROP, SWITCH_REQ(NEW), 1);
	world_switch(NEW);
	world_del_address(RESPONDER, OLD);
	world_del_address(RESPONDER, NEW);
	world_run(1000000);
	assert_outcomes("* timeout: no answer");
	world_add_address(RESPONDER, NEW);
	world_roam(RESPONDER);
	world_run(30000);

	assert_at(NEW);
}
END_TEST

/*
 * The new address was a mistake, charon itself goes back and sends a list from
 * the old one: that is to be followed, it isn't one from before the switch.
 *
 *     initiator               NAT   responder
 *     UPD_SA_ADDR             -|-> NEW
 *                                   NEW is gone
 *                              | <- OLD  {}
 *     {}                      -|-> OLD
 *                              | <- OLD  ADD_4_ADDR
 */
START_TEST(test_new_address_is_lost_at_once)
{
	establish_and_switch(.nat = TRUE,
					.settings = "plugins { rmobike { auto_switch = no } }");
	assert_at(NEW);
	lose(NEW);
	world_run(30000);

	assert_outcomes("* done");
	assert_at(OLD);
}
END_TEST

/*
 * The same address, the same NAT, that charon gives up at (suite_stock.c).
 *
 *     initiator               NAT   responder
 *                                   OLD is gone, 10 ms later:
 *                              | <- OLD  SWITCH=NEW
 *     {}                      -|-> NEW
 *     UPD_SA_ADDR             -|-> NEW
 *                                   when charon calls roam():
 *                              | <- NEW  ADD_4_ADDR
 */
START_TEST(test_lost_address_is_left_by_itself)
{
	world_establish(.nat = TRUE);
	world_ping(2000);
	lose(OLD);
	world_run(60000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	ck_assert(world_sent_at(SWITCH_REQ(NEW)) == 10);
	assert_count(1, "* <- " NEW " INFORMATIONAL req * {ADD_4_ADDR}");
	assert_at(NEW);
	/* 20 ms until the initiator moves, 30 ms until the responder does */
	ck_assert_uint_le(world_lost_pings(), 20 + 10);
}
END_TEST

/*
 * Whoever rekeyed the IKE_SA, and again from the address it went to.
 */
START_TEST(test_lost_address_is_left_again_after_rekeying)
{
	side_t side = _i;

	world_establish(.nat = TRUE);
	world_call(side, rekey);
	world_run(1000);
	lose(OLD);
	world_run(5000);
	assert_at(NEW);
	world_call(side, rekey);
	world_run(1000);
	lose(NEW);
	world_run(60000);

	assert_outcomes("rw " OLD " -> " NEW " done",
					"rw " NEW " -> " NEWER " done");
	assert_at(NEWER);
}
END_TEST

/*
 * The address that the peer used when the others were announced is as good as
 * they are, although it was not in the list itself.
 */
/* REQ: MOBIKE-3.6-2 */
START_TEST(test_address_that_was_in_use_is_announced)
{
	world_establish(.nat = TRUE, .responder = OLD " " NEW " " NEWER);
	world_switch(NEW);
	world_run(5000);
	assert_at(NEW);
	lose(NEW);
	world_run(5000);

	assert_outcomes("rw " OLD " -> " NEW " done", "rw " NEW " -> " OLD " done");
	assert_at(OLD);
}
END_TEST

/*
 * Nothing helped, so charon was to look for a path; then the peer is there
 * after all. charon would probe from the address that it prefers, which the NAT
 * doesn't let in, and give the IKE_SA up.
 *
 *     initiator               NAT   responder
 *                              | <- OLD (gone)  SWITCH=NEWER    lost
 *                                               20 s later both were tried
 *                              | <- OLD (gone)  SWITCH=NEWER
 *     {}                       |                lost
 *     UPD_SA_ADDR             -|-> NEWER
 *                              | <- NEWER       SWITCH=NEWER
 *     {}                      -|-> NEWER
 *                              | <- NEW         {}              not sent
 */
START_TEST(test_late_switch_takes_back_queued_probe)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { prefer = " NEWER " } }");
	world_block(OLD);
	lose(OLD);
	world_run(21000);
	assert_outcomes("* timeout: no answer", "* timeout: no answer");
	world_unblock(OLD);
	world_fate(DROP, EMPTY_RESP, 3);
	world_run(60000);

	assert_logged("*local endpoint changed from " OLD "* to " NEWER "*");
	assert_at(NEWER);
}
END_TEST

/*
 * The same if it probes already.
 *
 *     initiator               NAT   responder
 *                              | <- OLD (gone)  SWITCH=NEWER
 *     {}                      -|-> NEWER
 *     UPD_SA_ADDR              |                lost
 *                              | <- NEWER       {}       10 s later, lost
 *                              | <- NEW         {}              not let in
 *     UPD_SA_ADDR             -|-> NEWER
 *                              | <- NEWER       {}
 *     {}                      -|-> NEWER
 */
START_TEST(test_late_switch_takes_active_probe_along)
{
	world_establish(.nat = TRUE, .responder = OLD " " NEWER);
	world_fate(DROP, UPDATE_REQ, 1000);
	world_fate(DROP, "* <- * INFORMATIONAL req * {}", 1000);
	lose(OLD);
	world_run(20000);
	assert_outcomes("* failed: answered at the new address, but no update *");
	/* from now on charon prefers another one */
	world_del_address(RESPONDER, NEWER);
	world_add_address(RESPONDER, NEW);
	world_add_address(RESPONDER, NEWER);
	world_fate_none();
	world_run(60000);

	assert_at(NEWER);
}
END_TEST

/*
 * The operator knows better, or doesn't want any of this.
 */
START_TEST(test_preferred_address_is_tried_first)
{
	world_establish(.nat = TRUE,
			.settings = "plugins { rmobike { prefer = " NEWER ", " NEW " } }");
	lose(OLD);
	world_run(5000);

	assert_outcomes("rw " OLD " -> " NEWER " done");
	assert_at(NEWER);
}
END_TEST

START_TEST(test_auto_switch_no_leaves_it_to_charon)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { auto_switch = no } }");
	lose(OLD);
	world_run(60000);

	assert_outcomes();
	assert_logged("*giving up after 10 path probings");
	ck_assert_uint_eq(world_id(RESPONDER), 0);
}
END_TEST

/*
 * A peer that can't be asked: charon does what it can.
 */
START_TEST(test_lost_address_and_incapable_peer)
{
	world_establish(.settings = "plugins { rmobike { advertise = no } }");
	lose(OLD);
	world_run(60000);

	assert_outcomes();
	assert_count(0, SWITCH_REQ("*"));
	assert_at(NEW);
}
END_TEST

/*
 * An address that comes back at once is kept.
 */
START_TEST(test_address_that_flaps)
{
	world_establish(.nat = TRUE);
	lose(OLD);
	world_run(5);
	world_add_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_run(5000);

	assert_outcomes();
	assert_at(OLD);
}
END_TEST

/*
 * One that comes back before charon has looked is kept if charon is to care:
 * behind a NAT it would give the IKE_SA up.
 */
START_TEST(test_address_that_flaps_is_charons)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { auto_switch = no } }");
	lose(OLD);
	world_run(50);
	world_add_address(RESPONDER, OLD);
	world_run(60000);

	assert_outcomes();
	assert_at(OLD);
}
END_TEST

/*
 * charon does not tell of all addresses that are removed.
 */
START_TEST(test_list_is_told_without_charon)
{
	world_establish(.nat = TRUE);
	world_del_address(RESPONDER, OLD);
	world_run(60000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_count(1, "* <- " NEW " INFORMATIONAL req * {ADD_4_ADDR}");
	assert_at(NEW);
}
END_TEST

/*
 * The only address is replaced by one that could not be announced: nobody knew
 * of it when there was a way to tell. The client goes there, if it finds the
 * gateway there; nothing has to be configured for that.
 *
 *     initiator               NAT   responder
 *                                   OLD is gone, FOREIGN is there
 *                              | <- OLD  SWITCH=FOREIGN ADD_4_ADDR
 *     {}                      -|-> FOREIGN
 *     COOKIE2                 -|-> FOREIGN
 *                              | <- FOREIGN  COOKIE2
 *     UPD_SA_ADDR             -|-> FOREIGN
 */
START_TEST(test_only_address_is_replaced)
{
	world_establish(.nat = TRUE, .responder = OLD);
	if (_i == 1)
	{
		world_add_address(RESPONDER, FOREIGN);
	}
	world_del_address(RESPONDER, OLD);
	if (_i == 2)
	{
		world_roam(RESPONDER);
		world_run(60000);
		assert_dialogue();
	}
	if (_i != 1)
	{
		world_add_address(RESPONDER, FOREIGN);
	}
	world_roam(RESPONDER);
	world_run(1000);

	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=" FOREIGN
		" ADD_4_ADDR}",
		CLIENT " -> " FOREIGN " INFORMATIONAL resp 0 {}",
		CLIENT " -> " FOREIGN " INFORMATIONAL req 2 {COOKIE2}",
		CLIENT " <- " FOREIGN " INFORMATIONAL resp 2 {COOKIE2}",
		CLIENT " -> " FOREIGN " INFORMATIONAL req 3 {UPD_SA_ADDR *}",
		CLIENT " <- " FOREIGN " INFORMATIONAL resp 3 {*}",
		CLIENT " <- " FOREIGN " INFORMATIONAL req 1 {NO_ADD_ADDR}",
		CLIENT " -> " FOREIGN " INFORMATIONAL resp 1 {}");
	assert_outcomes("rw " OLD " -> " FOREIGN " done");
	assert_at(FOREIGN);
}
END_TEST

/*
 * Both ends lose their addresses in the same moment.
 */
START_TEST(test_both_lose_their_addresses)
{
	world_establish(.nat = _i & 1,
					.settings = "plugins { rmobike { timeout = 60 } }");
	world_del_address(RESPONDER, OLD);
	world_add_address(INITIATOR, _i & 1 ? "10.0.0.11" : "198.51.100.11");
	world_del_address(INITIATOR, _i & 1 ? INSIDE : CLIENT);
	world_later((_i >> 1) * 10, (void*)world_roam, (void*)RESPONDER);
	world_later(100 - (_i >> 1) * 10, (void*)world_roam, (void*)INITIATOR);
	world_run(120000);

	assert_agreed();
}
END_TEST

void suite_gone(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_request_leaves_from_lost_address, 0, 2);
	tcase_add_test(tcase, test_lost_request_from_lost_address);
	tcase_add_loop_test(tcase, test_request_from_new_address_as_well, 0, 2);
	tcase_add_test(tcase, test_nothing_gets_through);
	tcase_add_test(tcase, test_no_address_for_a_while);
	tcase_add_test(tcase, test_no_address_for_very_long);
	tcase_add_test(tcase, test_new_address_is_lost_at_once);
	tcase_add_test(tcase, test_lost_address_is_left_by_itself);
	tcase_add_loop_test(tcase, test_lost_address_is_left_again_after_rekeying,
						RESPONDER, INITIATOR + 1);
	tcase_add_test(tcase, test_address_that_was_in_use_is_announced);
	tcase_add_test(tcase, test_late_switch_takes_back_queued_probe);
	tcase_add_test(tcase, test_late_switch_takes_active_probe_along);
	tcase_add_test(tcase, test_preferred_address_is_tried_first);
	tcase_add_test(tcase, test_auto_switch_no_leaves_it_to_charon);
	tcase_add_test(tcase, test_lost_address_and_incapable_peer);
	tcase_add_test(tcase, test_address_that_flaps);
	tcase_add_test(tcase, test_address_that_flaps_is_charons);
	tcase_add_test(tcase, test_list_is_told_without_charon);
	tcase_add_loop_test(tcase, test_only_address_is_replaced, 0, 3);
	tcase_add_loop_test(tcase, test_both_lose_their_addresses, 0, 22);
}
