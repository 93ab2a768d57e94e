/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * The responder lost its address, and a request of its own has no answer yet.
 */

#include "exchange_tests.h"

#include <processing/jobs/process_message_job.h>

/**
 * What the responder can have under way, and when it began in ms from the loss
 * of the address: the answer, then the request still travel; it never left.
 */
enum {
	DPD, REKEY_CHILD, CREATE_CHILD, REKEY_IKE, REQUESTS
};
static const int begins[] = { -15, -5, 50, 99 };

#define CASES (REQUESTS * (int)countof(begins))

static void begin_request(void *which)
{
	switch ((uintptr_t)which)
	{
		case DPD:
			world_call(RESPONDER, send_dpd);
			break;
		case REKEY_CHILD:
			world_rekey_child(RESPONDER);
			break;
		case CREATE_CHILD:
			world_create_child(RESPONDER);
			break;
		case REKEY_IKE:
			world_call(RESPONDER, rekey);
			break;
	}
}

static void lose_address(void *null)
{
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
}

/**
 * Lose the address and begin a request before or after that.
 */
static void lose(int i)
{
	int begin = begins[i / REQUESTS];

	world_later(20, lose_address, NULL);
	world_later(20 + begin, begin_request, (void*)(uintptr_t)(i % REQUESTS));
	world_run(20);
}

/*
 * It is asked again from the old address, and answered at the new one as well.
 *
 *     initiator               NAT   responder
 *                                   OLD is gone
 *                              | <- OLD  request     fails
 *                                   100 ms later:
 *                              | <- OLD  request
 *     response                -|-> OLD               arrives nowhere
 *                              | <- OLD  request     50 ms later
 *     response                -|-> OLD, NEW, NEWER
 *                              | <- OLD  SWITCH=NEW
 *     {}                      -|-> NEW
 *     UPD_SA_ADDR             -|-> NEW
 */
/* REQ: MOBIKE-3.4-1, IKE-2.11-2 */
START_TEST(test_request_is_answered_before_the_switch)
{
	world_establish(.nat = TRUE);
	world_ping(3000);
	lose(_i);
	world_run(60000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
	ck_assert_uint_eq(world_tasks(), 0);
	ck_assert_uint_le(world_lost_pings(), 250);
}
END_TEST

/*
 * The initiator can't move before its own request is answered, which goes to
 * the address that is gone: it goes where it was asked to move to, too, and so
 * does the DELETE that follows.
 *
 *     initiator               NAT   responder
 *                                   OLD is gone
 *     CREATE_CHILD_SA         -|-> OLD
 *                              | <- OLD  SWITCH=NEW
 *     {}                      -|-> NEW
 *     CREATE_CHILD_SA         -|-> NEW
 *     CREATE_CHILD_SA         <|-- NEW
 *     D                       -|-> NEW
 *     UPD_SA_ADDR             -|-> NEW
 */
/* REQ: IKE-2.1-5, IKE-2.3-2 */
START_TEST(test_initiator_has_a_request_under_way)
{
	world_establish(.nat = TRUE);
	world_ping(3000);
	world_later(20, lose_address, NULL);
	world_run(_i * 10);
	if (_i & 1)
	{
		world_call(INITIATOR, rekey);
	}
	else
	{
		world_rekey_child(INITIATOR);
	}
	world_run(20000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
	ck_assert_uint_le(world_lost_pings(), 250);
}
END_TEST

/*
 * charon looked for IKE_SAs to tell just before the new one was there.
 */
START_TEST(test_rekeyed_behind_the_back_of_the_roam_job)
{
	world_establish(.nat = TRUE);
	world_del_address(RESPONDER, OLD);
	world_call(RESPONDER, rekey);
	world_run(60000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
}
END_TEST

/*
 * A peer that doesn't answer at other addresses, without a NAT: from the new
 * one it is asked after three seconds.
 */
START_TEST(test_request_from_new_address_as_well)
{
	world_establish(.settings = "plugins { rmobike { accept = none\n"
										"accept_addresses = " NEW " } }");
	lose(_i);
	world_run(60000);

	assert_outcomes("rw " OLD " -> " NEW " done");
	assert_at(NEW);
	ck_assert_uint_eq(world_tasks(), 0);
}
END_TEST

/*
 * Packets are lost meanwhile.
 */
START_TEST(test_request_in_bad_weather)
{
	world_establish(.nat = TRUE,
					.settings = "plugins { rmobike { timeout = 60 } }");
	world_weather(20, 20, 30);
	lose(_i % CASES);
	world_run(10000);
	world_weather(0, 0, 0);
	world_run(110000);

	ck_assert_str_eq(world_disagreement() ?: "", "");
	assert_at(NEW);
	ck_assert_uint_eq(world_tasks(), 0);
}
END_TEST

/*
 * Who replays requests makes the peer send a few more packets, not many.
 *
 *     initiator                     responder
 *                                <- OLD  {}    twice, 40 times in 8 s
 *     {}                         -> OLD        each time
 *     {}                         -> NEW, NEWER 8 times
 */
/* REQ: IKE-2.4-3 */
START_TEST(test_replay_is_answered_elsewhere_a_few_times)
{
	int i;

	world_establish();
	world_fate(DOUBLE, CLIENT " <- " OLD " INFORMATIONAL req*", 40);
	for (i = 0; i < 40; i++)
	{
		world_call(RESPONDER, send_dpd);
		world_run(200);
	}

	ck_assert_uint_eq(world_count(CLIENT " -> " OLD " *"), 80);
	ck_assert_uint_eq(world_count(CLIENT " -> " NEW " *"), 8);
	ck_assert_uint_eq(world_count(CLIENT " -> " NEWER " *"), 8);
	assert_at(OLD);
}
END_TEST

/** How many of the responder's IKE_SAs went down */
static u_int downs;

METHOD(listener_t, ike_updown, bool,
	listener_t *this, ike_sa_t *ike_sa, bool up)
{
	downs += !up && !ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR);
	return TRUE;
}

/** Does what a test wants when charon has seen a message */
static listener_t listener;

METHOD(listener_t, alert, bool,
	listener_t *this, ike_sa_t *ike_sa, alert_t alert, va_list args)
{
	if (alert == ALERT_RETRANSMIT_RECEIVE)
	{
		world_other_thread();
	}
	return TRUE;
}

/*
 * An IKE_SA without CHILD_SAs is deleted while its address is lost: everybody
 * is told once, as charon does it.
 */
START_TEST(test_childless_ike_sa_goes_down)
{
	listener_t listener = {
		.ike_updown = _ike_updown,
	};

	world_establish(.nat = TRUE, .responder = OLD " " NEW);
	world_delete_child(RESPONDER);
	world_run(1000);
	downs = 0;
	charon->bus->add_listener(charon->bus, &listener);
	world_del_address(RESPONDER, OLD);
	world_block(CLIENT);
	world_call(RESPONDER, delete, FALSE);
	world_run(400000);
	charon->bus->remove_listener(charon->bus, &listener);

	ck_assert_uint_eq(world_id(RESPONDER), 0);
	ck_assert_uint_eq(downs, 1);
}
END_TEST

/*
 * One that was replaced is no news, and goes soon.
 */
START_TEST(test_replaced_ike_sa_does_not_go_down)
{
	listener_t listener = {
		.ike_updown = _ike_updown,
	};

	world_establish(.nat = TRUE, .responder = OLD " " NEW);
	downs = 0;
	charon->bus->add_listener(charon->bus, &listener);
	world_call(RESPONDER, rekey);
	world_run(15);
	world_del_address(RESPONDER, OLD);
	world_roam(RESPONDER);
	world_run(30000);
	charon->bus->remove_listener(charon->bus, &listener);

	ck_assert_uint_eq(downs, 0);
}
END_TEST

/*
 * charon drops a message if it processes one with the same ID: whatever other
 * threads do at that moment, all answers are sent.
 */
START_TEST(test_other_threads_drop_no_answer)
{
	world_establish();
	listener = (listener_t){ .alert = _alert };
	charon->bus->add_listener(charon->bus, &listener);
	world_fate(DOUBLE, CLIENT " <- " OLD " INFORMATIONAL req*", 1);
	world_call(RESPONDER, send_dpd);
	world_run(1000);
	charon->bus->remove_listener(charon->bus, &listener);

	ck_assert_uint_eq(world_count(CLIENT " -> " OLD " *"), 2);
	ck_assert_uint_eq(world_count(CLIENT " -> " NEW " *"), 1);
	ck_assert_uint_eq(world_count(CLIENT " -> " NEWER " *"), 1);
	assert_at(OLD);
}
END_TEST

/** The first request that the initiator received */
static packet_t *recorded;

METHOD(listener_t, record, bool,
	listener_t *this, ike_sa_t *ike_sa, message_t *message, bool incoming,
	bool plain)
{
	if (!recorded && incoming && !plain && message->get_request(message) &&
		ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{
		recorded = message->get_packet(message);
	}
	return TRUE;
}

/**
 * The request arrives once more.
 */
static void replay()
{
	message_t *message;

	message = message_create_from_packet(recorded->clone(recorded));
	ck_assert_int_eq(message->parse_header(message), SUCCESS);
	lib->processor->queue_job(lib->processor,
							  (job_t*)process_message_job_create(message));
}

/*
 * The same for a SWITCH of long ago.
 *
 *     initiator                     responder
 *                                <- OLD  SWITCH=NEW   100 times in a second
 *     {}                         -> NEW               32 times
 */
/* REFUSED: IKE-2.4-3 */
START_TEST(test_replayed_switch_is_answered_a_few_times)
{
	int i;

	world_establish();
	listener = (listener_t){ .message = _record };
	charon->bus->add_listener(charon->bus, &listener);
	world_switch(NEW);
	world_run(1000);
	charon->bus->remove_listener(charon->bus, &listener);
	world_call(RESPONDER, send_dpd);
	world_run(20000);
	world_mark();
	for (i = 0; i < 100; i++)
	{
		replay();
		world_run(10);
	}
	recorded->destroy(recorded);

	ck_assert_uint_eq(world_count(CLIENT " -> " NEW " * {}"), 32);
	assert_at(NEW);
}
END_TEST

void suite_unanswered(TCase *tcase)
{
	tcase_add_loop_test(tcase, test_request_is_answered_before_the_switch, 0,
						CASES);
	tcase_add_loop_test(tcase, test_initiator_has_a_request_under_way, 0, 12);
	tcase_add_test(tcase, test_rekeyed_behind_the_back_of_the_roam_job);
	tcase_add_loop_test(tcase, test_request_from_new_address_as_well, 0, CASES);
	tcase_add_loop_test(tcase, test_request_in_bad_weather, 0, 10 * CASES);
	tcase_add_test(tcase, test_replay_is_answered_elsewhere_a_few_times);
	tcase_add_test(tcase, test_childless_ike_sa_goes_down);
	tcase_add_test(tcase, test_replaced_ike_sa_does_not_go_down);
	tcase_add_test(tcase, test_other_threads_drop_no_answer);
	tcase_add_test(tcase, test_replayed_switch_is_answered_a_few_times);
}
