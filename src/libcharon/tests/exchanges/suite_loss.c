/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Packets that get lost, come late or twice, and paths that don't work.
 */

#include "exchange_tests.h"

/**
 * Try a switch to an address where nothing gets through, for a while.
 */
static void switch_to_dead_address(bool nat, char *settings, u_int ms)
{
	world_establish(.nat = nat, .settings = settings);
	world_block(NEW);
	world_switch(NEW);
	world_run(ms);
}

/** The four packets of a switch */
static char *packets[] = {
	SWITCH_REQ("*"),
	EMPTY_RESP,
	UPDATE_REQ,
	"* <- * INFORMATIONAL resp * {NATD*}",
};

/** What becomes of any of them, and when the switch is done all the same, ms */
static const struct {
	fate_t fate;
	u_int count;
	u_int done;
} fates[] = {
	/* our own resends (150, 450, 1050 ms) heal it long before charon's (4000
	 * ms) */
	{ DROP, 1, 250 },
	{ DROP, 2, 550 },
	{ DOUBLE, 1, 5000 },
	{ DELAY, 1, 5000 },
};

/* REQ: IKE-2.2-1 */
START_TEST(test_packet_lost_twice_or_late_does_no_harm)
{
	typeof(fates[0]) *what = &fates[_i / countof(packets)];

	world_establish(.nat = TRUE);
	world_fate(what->fate, packets[_i % countof(packets)], what->count);
	world_switch(NEW);
	world_run(what->done);

	assert_outcomes("* done");
	assert_at(NEW);
	world_run(20000);
	assert_at(NEW);
}
END_TEST

/*
 * Both the response and the update are lost again and again: the IKE_SA is
 * saved by charon's retransmission.
 */
/* REQ: IKE-2.1-6 */
START_TEST(test_many_lost_packets_heal_slowly)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { path_timeout = 30 } }");
	world_fate(DROP, EMPTY_RESP, 8);
	world_fate(DROP, UPDATE_REQ, 4);
	world_switch(NEW);
	world_run(30000);

	assert_outcomes("* done");
	assert_at(NEW);
}
END_TEST

/*
 * A SWITCH that the network kept for an hour: the peer has moved on.
 *
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW     kept, the resend arrives
 *     ... at NEW, back at OLD, and then
 *                          <- OLD  SWITCH=NEW     the kept one
 */
/* REFUSED: IKE-2.2-1, IKE-2.1-3 */
START_TEST(test_old_request_is_not_followed_again)
{
	world_establish(.nat = TRUE);
	world_fate(HOLD, SWITCH_REQ(NEW), 1);
	world_switch(NEW);
	world_run(1000);
	assert_at(NEW);
	world_switch(OLD);
	world_run(1000);
	assert_at(OLD);
	world_mark();

	world_release("*");
	world_run(1000);
	assert_dialogue();
	assert_at(OLD);
}
END_TEST

/*
 * The update overtakes the response.
 *
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW
 *     {} (late)            -> NEW
 *     UPD_SA_ADDR          -> NEW      done
 *                          <- NEW
 */
START_TEST(test_update_overtakes_response)
{
	world_establish(.nat = TRUE);
	world_fate(HOLD, EMPTY_RESP, 1);
	world_switch(NEW);
	world_run(100);
	assert_outcomes("* done");
	world_release("*");
	world_run(1000);

	assert_at(NEW);
}
END_TEST

/*
 * Nothing gets through at the new address.
 *
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW
 *     {}, UPD_SA_ADDR      -> NEW  lost
 *                          <- OLD  SWITCH=NEW     again
 *     {}                   -> OLD
 *     3 s: no answer at NEW, back to OLD
 *     UPD_SA_ADDR          -> OLD
 */
START_TEST(test_dead_address_brings_back)
{
	bool check = _i;

	switch_to_dead_address(TRUE, check ?
					"plugins { rmobike { path_check = always } }" : NULL, 9000);

	assert_logged("*no answer at " NEW " for IKE_SA home*, back to " OLD);
	assert_at(OLD);
	world_run(2000);
	assert_outcomes("rw " OLD " -> " NEW " failed: "
					"no answer at the new address");
	world_run(200000);
	assert_at(OLD);
	world_mark();

	/* what follows is answered where it comes from */
	world_call(RESPONDER, send_dpd);
	world_run(1000);
	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req * {}",
		CLIENT " -> " OLD " INFORMATIONAL resp * {}");
}
END_TEST

/*
 * The same without ever having used the new address for ESP.
 */
/* REQ: MOBIKE-3.7-2 */
START_TEST(test_dead_address_carries_no_esp_if_checked)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { path_check = always } }");
	world_block(NEW);
	world_switch(NEW);
	world_ping(10000);
	world_run(11000);
	assert_at(OLD);
	ck_assert_uint_eq(world_lost_pings(), 0);
}
END_TEST

/*
 * The time for one update isn't that for the next.
 *
 *     0.00 s  SWITCH=NEW, done
 *     2.95 s  SWITCH=NEWER, on its way
 *     3.01 s  would have been the end for NEW
 */
START_TEST(test_path_timeout_is_that_of_one_update)
{
	world_establish(.nat = TRUE);
	world_switch(NEW);
	world_run(2950);
	world_delay(RESPONDER, 50);
	world_delay(INITIATOR, 50);
	world_switch(NEWER);
	world_run(3000);

	assert_not_logged("*no answer at*");
	assert_outcomes("* done", "* done");
	assert_at(NEWER);
}
END_TEST

START_TEST(test_configured_path_timeout)
{
	switch_to_dead_address(TRUE,
						   "plugins { rmobike { path_timeout = 0.5 } }", 500);
	assert_not_logged("*no answer at " NEW "*");
	ck_assert(world_is_at(INITIATOR, NEW));
	world_run(15);
	assert_logged("*no answer at " NEW " for IKE_SA home*, back to " OLD);
	/* ESP goes there at once, not when it was confirmed */
	ck_assert(world_is_at(INITIATOR, OLD));
	world_run(1000);
	assert_at(OLD);
}
END_TEST

/*
 * The responder got the update, its response is lost, and so is all that
 * follows at the new address: in the end both ends are at the old one.
 *
 *     initiator               responder
 *     {}                   -> NEW
 *     UPD_SA_ADDR          -> NEW      moves
 *                          <- NEW      lost from here on
 *     UPD_SA_ADDR (same)   -> OLD      answered from its memory
 *     UPD_SA_ADDR          -> OLD      moves back
 */
START_TEST(test_address_dies_after_update)
{
	world_establish(.nat = TRUE);
	world_switch(NEW);
	world_run(15);
	world_block(NEW);
	world_run(10000);

	assert_outcomes("* done");
	assert_at(OLD);
}
END_TEST

/*
 * The new address comes back when the initiator uses both. The responder moved
 * to where it saw the request first, but repeats its response anywhere: one
 * from the new address doesn't say where it is.
 *
 *     initiator               responder
 *     UPD_SA_ADDR          -> NEW      lost
 *     UPD_SA_ADDR (same)   -> OLD      moves to OLD
 *                          <- OLD      lost
 *     UPD_SA_ADDR (same)   -> NEW
 *                          <- NEW      the same response
 */
START_TEST(test_new_address_revives_after_update_at_old_one)
{
	switch_to_dead_address(_i, "plugins { rmobike { path_timeout = 1 } }",
						   1000);
	world_fate(DROP, "* <- " OLD " INFORMATIONAL resp * {NATD*}", 100);
	world_run(100);
	world_unblock(NEW);
	world_run(500);
	ck_assert(world_count("* <- " NEW " INFORMATIONAL resp * {NATD*}") > 0);
	world_fate_none();
	world_run(20000);

	assert_agreed();
}
END_TEST

/*
 * All responses are lost, and many updates: once one gets through, the request
 * that is still open doesn't wait for charon's retransmission (after 11 s).
 */
START_TEST(test_request_follows_update)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { path_timeout = 60 } }");
	world_fate(DROP, EMPTY_RESP, 1000);
	world_fate(DROP, UPDATE_REQ, 4);
	world_switch(NEW);
	world_run(4500);
	assert_outcomes("* done");
	ck_assert(world_sent_at(CLIENT " <- " NEW " * {SWITCH=" NEW " *}") < 4100);

	world_fate_none();
	world_run(1000);
	assert_at(NEW);
}
END_TEST

/*
 * The newer switch waits for the older one's update, which finds its address
 * silent and returns: that isn't the last word.
 *
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW
 *     UPD_SA_ADDR          -> NEW      lost
 *                          <- OLD  SWITCH=NEWER
 *     UPD_SA_ADDR (same)   -> OLD
 *     UPD_SA_ADDR          -> NEWER
 */
START_TEST(test_newer_switch_outlives_return)
{
	switch_to_dead_address(TRUE, "plugins { rmobike { path_timeout = 1 } }",
						   950);
	world_switch(NEWER);
	world_run(10000);

	assert_outcomes("* -> " NEW " failed: *", "* -> " NEWER " done");
	assert_at(NEWER);
}
END_TEST

/*
 * All are gone: nobody can help, but it ends, and leaves nothing.
 */
START_TEST(test_all_addresses_die)
{
	world_establish(.nat = TRUE);
	world_switch(NEW);
	world_run(5);
	world_block(OLD);
	world_block(NEW);
	world_block(NEWER);
	world_run(400000);

	assert_gone();
}
END_TEST

/*
 * They come back in time: charon's last retransmission is after 89 seconds, the
 * IKE_SA dies after 165.
 */
/* REQ: IKE-2.4-1 */
START_TEST(test_outage_is_survived)
{
	world_establish(.nat = TRUE);
	world_switch(NEW);
	world_run(5);
	world_block(OLD);
	world_block(NEW);
	world_run(60000);
	world_unblock(NEW);
	if (_i)
	{
		world_unblock(OLD);
	}
	world_run(200000);

	assert_agreed();
}
END_TEST

/*
 * The old address works in neither direction anymore, but was gone only when
 * the request was out. The same with a peer that answers where the request came
 * from: the update says it all.
 */
START_TEST(test_old_address_dies_after_request)
{
	static char *settings[] = {
		NULL, "plugins { rmobike { reply_path = request } }",
	};

	world_establish(.nat = TRUE, .settings = settings[_i]);
	world_switch(NEW);
	world_run(5);
	world_block(OLD);
	world_run(_i ? 60000 : 1000);

	assert_outcomes("* done");
	assert_at(NEW);
}
END_TEST

/*
 * Half of all packets are lost, for a minute.
 */
START_TEST(test_half_of_all_packets_lost)
{
	world_establish(.nat = TRUE, .seed = _i + 1);
	world_weather(50, 0, 0);
	world_switch(NEW);
	world_run(60000);
	world_weather(0, 0, 0);
	world_run(120000);

	assert_agreed();
}
END_TEST

void suite_loss(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_packet_lost_twice_or_late_does_no_harm, 0,
						countof(fates) * countof(packets));
	tcase_add_test(tcase, test_many_lost_packets_heal_slowly);
	tcase_add_test(tcase, test_old_request_is_not_followed_again);
	tcase_add_test(tcase, test_update_overtakes_response);
	tcase_add_loop_test(tcase, test_dead_address_brings_back, 0, 2);
	tcase_add_test(tcase, test_dead_address_carries_no_esp_if_checked);
	tcase_add_test(tcase, test_path_timeout_is_that_of_one_update);
	tcase_add_test(tcase, test_configured_path_timeout);
	tcase_add_test(tcase, test_address_dies_after_update);
	tcase_add_loop_test(tcase,
						test_new_address_revives_after_update_at_old_one, 0, 2);
	tcase_add_test(tcase, test_request_follows_update);
	tcase_add_test(tcase, test_newer_switch_outlives_return);
	tcase_add_test(tcase, test_all_addresses_die);
	tcase_add_loop_test(tcase, test_outage_is_survived, 0, 2);
	tcase_add_loop_test(tcase, test_old_address_dies_after_request, 0, 2);
	tcase_add_loop_test(tcase, test_half_of_all_packets_lost, 0, 20);
}
