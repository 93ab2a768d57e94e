/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Switches that are accepted, by all ways they can take.
 */

#include "exchange_tests.h"

/**
 * Check that both ends are at an address, and said so, since the mark.
 */
#define assert_switched(from, to) ({ \
	assert_outcomes("rw " from " -> " to " done"); \
	assert_logged("*switch of IKE_SA rw* from " from " to " to " done in *"); \
	assert_logged("*switched IKE_SA home* from " from " to " to); \
	assert_at(to); \
})

/*
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW
 *     {}                   -> NEW              response
 *     UPD_SA_ADDR          -> NEW              at once
 *                          <- NEW  {NATD.. COOKIE2}
 *
 * Done after one round trip, with and without a NAT, and if the CHILD_SA can
 * only be moved by rekeying it.
 */
/* REQ, MOBIKE-3.5-1 */
START_TEST(test_switch_takes_one_round_trip)
{
	world_establish(.nat = _i & 1, .userland_esp = _i & 2,
					.plain_kernel = _i & 4, .delay = 50);
	ck_assert_uint_eq(world_switch(NEW), 1);
	world_run(10000);

	ck_assert(world_count("*") >= 4);
	ck_assert(world_sent_at(ASKED) == 0);
	ck_assert(world_sent_at(CLIENT " -> " NEW " INFORMATIONAL resp 0 {}") ==
			  50);
	ck_assert(world_sent_at(CLIENT " -> " NEW " INFORMATIONAL req 2 "
						"{UPD_SA_ADDR NATD_S_IP NATD_D_IP COOKIE2}") == 50);
	ck_assert(world_sent_at(CLIENT " <- " NEW " INFORMATIONAL resp 2 "
							"{NATD_S_IP NATD_D_IP COOKIE2}") == 100);
	assert_logged("*switch of IKE_SA rw* done in 100.0 ms");
	assert_switched(OLD, NEW);
	ck_assert_uint_eq(world_children(INITIATOR), 1);
}
END_TEST

/*
 * ESP flows all the time, in both directions.
 */
/* REQ, MOBIKE-3.5-4 */
START_TEST(test_switch_loses_no_esp)
{
	world_establish(.nat = _i & 1, .delay = 20);
	world_ping(1000);
	world_switch(NEW);
	world_run(300);
	world_switch(OLD);
	world_run(2000);

	assert_outcomes("* done", "* done");
	assert_at(OLD);
	ck_assert_uint_eq(world_lost_pings(), 0);
	ck_assert_uint_eq(world_drops(), 0);
}
END_TEST

/*
 * The update gets lost, the initiator's ESP already takes the new path: the
 * responder expected that, if its kernel lets it.
 *
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW
 *     {}                   -> NEW
 *     UPD_SA_ADDR          -> NEW  lost
 *     ESP                  -> NEW
 *     UPD_SA_ADDR          -> NEW  again
 */
START_TEST(test_lost_update_loses_no_esp)
{
	bool plain = _i;

	world_establish(.nat = TRUE, .delay = 20, .plain_kernel = plain);
	world_fate(DROP, UPDATE_REQ, 1);
	world_ping(500);
	world_switch(NEW);
	world_run(1000);

	assert_outcomes("* done");
	assert_at(NEW);
	ck_assert(plain ? world_lost_pings() >= 140 : world_lost_pings() == 0);
	ck_assert(plain == (world_drops() > 0));
}
END_TEST

/*
 * Exactly four packets, and nothing afterwards.
 */
/* REQ, IKE-2.1-2 */
START_TEST(test_switch_leaves_no_other_packets)
{
	world_establish(.nat = TRUE);
	world_switch(NEW);
	world_run(200000);

	assert_dialogue(
		ASKED,
		CLIENT " -> " NEW " INFORMATIONAL resp 0 {}",
		UPDATED("2"));
	ck_assert_uint_eq(world_plugin_jobs(), 0);
	assert_switched(OLD, NEW);
}
END_TEST

/*
 * The other kind of peer: the response goes where the request came from.
 *
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW
 *     {}                   -> OLD
 *     UPD_SA_ADDR          -> NEW
 */
/* REQ */
START_TEST(test_reply_path_request)
{
	establish_and_switch(.nat = TRUE,
				.settings = "plugins { rmobike { reply_path = request } }");

	assert_dialogue(
		ASKED,
		CLIENT " -> " OLD " INFORMATIONAL resp 0 {}",
		UPDATED("2"));
	assert_switched(OLD, NEW);
}
END_TEST

/*
 * To and fro and on: each switch starts where the last one ended.
 */
START_TEST(test_switch_again_and_back)
{
	char *path[] = { NEW, NEWER, OLD, NEW, OLD };
	int i;

	world_establish(.nat = TRUE);
	for (i = 0; i < countof(path); i++)
	{
		world_switch(path[i]);
		world_run(100);
		assert_outcomes("* done");
		assert_at(path[i]);
	}
}
END_TEST

/*
 * A request that arrives twice is answered on both paths, with the same octets.
 *
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW
 *     {}                   -> NEW
 *                          <- OLD  SWITCH=NEW  again
 *     {}                   -> NEW
 *     {}                   -> OLD
 */
/* REQ: IKE-2.1-1, IKE-2.1-3, IKE-2.1-4 */
START_TEST(test_retransmitted_request_is_answered_on_both_paths)
{
	world_establish(.nat = TRUE);
	world_fate(DROP, EMPTY_RESP, 1);
	world_fate(DROP, UPDATE_REQ, 2);
	world_switch(NEW);
	world_run(165);
	assert_count(2, CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=* ADD_*}");
	assert_count(1, "* -> " NEW " INFORMATIONAL resp 0 {} !dropped");
	assert_count(1, "* -> " NEW " INFORMATIONAL resp 0 {}");
	assert_count(1, "* -> " OLD " INFORMATIONAL resp 0 {}");

	world_run(10000);
	assert_switched(OLD, NEW);
}
END_TEST

/*
 * Nobody can make us send anything by repeating a request with other octets:
 * its header isn't authenticated.
 *
 *                          <- OLD  SWITCH=NEW
 *     {}                   -> NEW  lost
 *                          <- OLD  SWITCH=NEW  with another octet
 *     silence
 */
/* REFUSED: IKE-2.1-1, IKE-2.1-2 */
START_TEST(test_garbled_retransmit_is_not_answered)
{
	world_establish(.nat = TRUE);
	world_fate(DROP, EMPTY_RESP, 1);
	world_fate(DROP, UPDATE_REQ, 2);
	world_switch(NEW);
	world_run(100);
	world_fate(GARBLE, SWITCH_REQ(NEW), 1);
	world_run(100);

	assert_count(1, SWITCH_REQ(NEW) " !garbled");
	assert_count(1, "* -> * INFORMATIONAL resp *");
	world_run(10000);
	assert_at(NEW);
}
END_TEST

/*
 * Only the very same request is one: neither another one with its message ID
 * nor a new one is answered with the old response.
 */
/* REQ: IKE-2.11-1 */
START_TEST(test_other_requests_are_answered_as_usual)
{
	establish_and_switch(.nat = TRUE);
	world_mark();

	world_call(RESPONDER, send_dpd);
	world_run(1000);
	assert_dialogue(
		CLIENT " <- " NEW " INFORMATIONAL req 1 {}",
		CLIENT " -> " NEW " INFORMATIONAL resp 1 {}");
}
END_TEST

/*
 * Where nobody announced it, the path is checked first, and ESP waits.
 *
 *     initiator               responder
 *                          <- OLD      SWITCH=FOREIGN
 *     {}                   -> FOREIGN
 *     COOKIE2              -> FOREIGN
 *                          <- FOREIGN  COOKIE2
 *     UPD_SA_ADDR          -> FOREIGN
 *                          <- FOREIGN
 */
/* REQ: MOBIKE-3.7-2, MOBIKE-4.2.5-1 */
START_TEST(test_unannounced_address_is_checked_before_update)
{
	static char *settings[] = {
		"plugins { rmobike { accept = any } }",
		"plugins { rmobike { accept_addresses = 203.0.113.0/24 } }",
		"plugins { rmobike { accept = none\n"
		" accept_addresses = 10.9.9.9, " FOREIGN " } }",
		"plugins { rmobike { accept = none\n"
		" connections { home { accept = any } } } }",
	};
	world_establish(.nat = TRUE, .settings = settings[_i]);
	world_add_address(RESPONDER, FOREIGN);
	world_switch(FOREIGN);
	world_run(25);
	ck_assert(world_is_at(INITIATOR, OLD));

	world_run(1000);
	assert_dialogue(
		CLIENT " <- " OLD " INFORMATIONAL req 0 {SWITCH=" FOREIGN
		" ADD_4_ADDR ADD_4_ADDR ADD_4_ADDR}",
		CLIENT " -> " FOREIGN " INFORMATIONAL resp 0 {}",
		CLIENT " -> " FOREIGN " INFORMATIONAL req 2 {COOKIE2}",
		CLIENT " <- " FOREIGN " INFORMATIONAL resp 2 {COOKIE2}",
		CLIENT " -> " FOREIGN " INFORMATIONAL req 3 {UPD_SA_ADDR *}",
		CLIENT " <- " FOREIGN " INFORMATIONAL resp 3 {*}");
	assert_switched(OLD, FOREIGN);
}
END_TEST

/* REQ: MOBIKE-3.7-1 */
START_TEST(test_path_check_always)
{
	establish_and_switch(.nat = TRUE,
					.settings = "plugins { rmobike { path_check = always } }");

	assert_dialogue(
		ASKED,
		CLIENT " -> " NEW " INFORMATIONAL resp 0 {}",
		CLIENT " -> " NEW " INFORMATIONAL req 2 {COOKIE2}",
		CLIENT " <- " NEW " INFORMATIONAL resp 2 {COOKIE2}",
		UPDATED("3"));
	assert_switched(OLD, NEW);
}
END_TEST

/*
 * From IPv4 behind a NAT to IPv6 without one, and back: the initiator sends
 * from another address of its own, UDP encapsulation ends and begins again.
 */
START_TEST(test_switch_between_address_families)
{
	world_establish(.nat = TRUE, .initiator = INSIDE " 2001:db8:1::10",
					.responder = OLD " 2001:db8::2");
	world_switch("2001:db8::2");
	world_run(1000);
	assert_count(1, "2001:db8:1::10 -> 2001:db8::2 INFORMATIONAL resp 0 {}");
	assert_count(1, "2001:db8:1::10 -> 2001:db8::2 INFORMATIONAL req 2 *");
	assert_switched(OLD, "2001:db8::2");
	world_mark();

	world_switch(OLD);
	world_run(1000);
	assert_switched("2001:db8::2", OLD);
}
END_TEST

/*
 * 'R' is what the peer can do, not what one IKE_SA can.
 */
/* REQ */
START_TEST(test_capability_survives_ike_rekey)
{
	side_t side = _i;

	world_establish(.nat = TRUE);
	world_call(side, rekey);
	world_run(1000);
	world_call(!side, rekey);
	world_run(1000);
	world_mark();

	world_switch(NEW);
	world_run(1000);
	assert_count(1, CLIENT " -> " NEW " INFORMATIONAL resp * {}");
	assert_switched(OLD, NEW);
}
END_TEST

/*
 * ... and the one that a reauthentication brings sends it again.
 */
START_TEST(test_capability_survives_reauth)
{
	world_establish(.nat = TRUE);
	world_call(INITIATOR, reauth);
	world_run(5000);
	assert_count(1, "* IKE_AUTH req * {* MOBIKE_SUP=R*}");
	world_mark();

	world_switch(NEW);
	world_run(1000);
	assert_switched(OLD, NEW);
}
END_TEST

/*
 * Both ends count from zero after a rekeying: the response and the update that
 * follows it have the same message ID, charon drops the one while it is busy
 * with the other. It comes again soon enough.
 */
/* REQ: IKE-2.3-2 */
START_TEST(test_same_message_id_both_ways)
{
	world_establish(.nat = TRUE, .busy = 3);
	world_call(INITIATOR, rekey);
	world_run(1000);
	ck_assert_uint_eq(world_mid(INITIATOR, TRUE),
					  world_mid(INITIATOR, FALSE));
	world_mark();

	world_switch(NEW);
	world_run(60);
	assert_count(1, UPDATE_REQ " !busy");
	assert_switched(OLD, NEW);
}
END_TEST

/*
 * The responder's own MOBIKE_SUPPORTED stays empty, the initiator's says 'R'.
 */
/* REQ, MOBIKE-3.2-1 */
START_TEST(test_capability_on_the_wire)
{
	world_create((world_conf_t){ .nat = TRUE });
	world_initiate();
	world_run(1000);

	assert_count(1, "* -> * IKE_AUTH req * {* MOBIKE_SUP=R*}");
	assert_count(1, "* <- * IKE_AUTH resp * {* MOBIKE_SUP *}");
	assert_count(0, "* <- * IKE_AUTH resp * {* MOBIKE_SUP=*}");
	assert_at(OLD);
}
END_TEST

/*
 * RFC 4555, 3.7: who doesn't return the cookie, or another one, is somebody
 * else.
 *
 *     initiator               responder
 *                          <- OLD  SWITCH=NEW
 *     {}                   -> NEW
 *     UPD_SA_ADDR COOKIE2  -> NEW
 *                          <- NEW  {NATD..} without, or another COOKIE2
 */
/* REFUSED: MOBIKE-3.7-1 */
START_TEST(test_wrong_cookie_closes_ike_sa)
{
	bool check = _i & 1, missing = _i & 2;

	world_establish(.nat = TRUE, .settings = check ?
					"plugins { rmobike { path_check = always } }" : NULL);
	world_forge(RESPONDER, INFORMATIONAL, .response = TRUE, .type = COOKIE2,
				.data = chunk_create((u_char*)"0123456789abcdef",
									 missing ? 0 : 16),
				.replace = TRUE);
	world_switch(NEW);
	world_run(1000);

	assert_logged("*COOKIE2 mismatch, closing IKE_SA");
	ck_assert_uint_eq(world_id(INITIATOR), 0);
}
END_TEST

/*
 * RFC 4555, 3.5: the responder may not want its own address anymore.
 *
 *                          <- OLD  SWITCH=NEW
 *     {}                   -> NEW
 *     UPD_SA_ADDR          -> NEW
 *                          <- NEW  {UNACCEPTABLE_ADDRESSES}
 */
/* REQ: MOBIKE-3.5-3 */
START_TEST(test_unacceptable_address_brings_back)
{
	world_establish(.nat = TRUE);
	world_forge(RESPONDER, INFORMATIONAL, .response = TRUE,
				.type = UNACCEPTABLE_ADDRESSES);
	world_switch(NEW);
	world_run(1000);

	assert_logged("*peer does not accept its own address " NEW "*");
	ck_assert(world_is_at(INITIATOR, OLD));
}
END_TEST

/*
 * The type of the notify is configured alike on both ends.
 */
/* REQ */
START_TEST(test_other_notify_type)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { notify_type = 50000 } }");
	world_forge(RESPONDER, INFORMATIONAL, FALSE, 0, 0, 41042,
				chunk_from_chars(192, 0, 2, 3));
	world_call(RESPONDER, send_dpd);
	world_run(1000);
	assert_count(0, UPDATE_REQ);
	world_mark();

	world_switch(NEW);
	world_run(1000);
	assert_switched(OLD, NEW);
}
END_TEST

void suite_switch(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_switch_takes_one_round_trip, 0, 6);
	tcase_add_loop_test(tcase, test_switch_loses_no_esp, 0, 2);
	tcase_add_loop_test(tcase, test_lost_update_loses_no_esp, 0, 2);
	tcase_add_test(tcase, test_switch_leaves_no_other_packets);
	tcase_add_test(tcase, test_reply_path_request);
	tcase_add_test(tcase, test_switch_again_and_back);
	tcase_add_test(tcase,
				   test_retransmitted_request_is_answered_on_both_paths);
	tcase_add_test(tcase, test_garbled_retransmit_is_not_answered);
	tcase_add_test(tcase, test_other_requests_are_answered_as_usual);
	tcase_add_loop_test(tcase,
						test_unannounced_address_is_checked_before_update,
						0, 4);
	tcase_add_test(tcase, test_path_check_always);
	tcase_add_test(tcase, test_switch_between_address_families);
	tcase_add_loop_test(tcase, test_capability_survives_ike_rekey, RESPONDER,
						INITIATOR + 1);
	tcase_add_test(tcase, test_capability_survives_reauth);
	tcase_add_test(tcase, test_same_message_id_both_ways);
	tcase_add_test(tcase, test_capability_on_the_wire);
	tcase_add_loop_test(tcase, test_wrong_cookie_closes_ike_sa, 0, 4);
	tcase_add_test(tcase, test_unacceptable_address_brings_back);
	tcase_add_test(tcase, test_other_notify_type);
}
