/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * A request was lost, and so were those that charon sent again, at growing
 * intervals; then the peer is heard again.
 */

#include "exchange_tests.h"

/** What an end can have in the air */
enum {
	DPD, REKEY_CHILD, REKEY_IKE, OURS, REQUESTS,
};

/** What varies */
enum {
	NAT = 1, FROM_INITIATOR = 2, KINDS = 4,
};

/** An end begins an exchange that nobody hears of */
static void begin(side_t side, int request)
{
	switch (request)
	{
		case DPD:
			world_call(side, send_dpd);
			break;
		case REKEY_CHILD:
			world_rekey_child(side);
			break;
		case REKEY_IKE:
			world_call(side, rekey);
			break;
		case OURS:
			/* the update that follows is lost if it is the initiator's */
			world_fate(DROP, side == INITIATOR ? "* {UPD_SA_ADDR *"
											   : "* {SWITCH=*", 1000);
			world_switch(NEW);
			world_run(100);
			break;
	}
}

/**
 * Let a request be lost, and all that follows, for a while.
 */
static side_t lose(int i, u_int ms)
{
	side_t side = i & FROM_INITIATOR ? INITIATOR : RESPONDER;
	int request = i / KINDS;

	world_establish(.nat = i & NAT);
	if (request != OURS)
	{
		world_block(CLIENT);
	}
	begin(side, request);
	world_run(ms);
	world_fate_none();
	world_unblock(CLIENT);
	return side;
}

/*
 * charon would send it again after 89 s.
 *
 *     initiator                     responder
 *                             x| <- OLD  CREATE_CHILD_SA  at 0, 4, 11, 24, 47
 *     INFORMATIONAL              -> OLD                   60 s later
 *     INFORMATIONAL              <- OLD
 *                                <- OLD  CREATE_CHILD_SA
 *     CREATE_CHILD_SA            -> OLD
 */
START_TEST(test_request_is_sent_again_when_the_peer_is_heard)
{
	side_t side;

	side = lose(_i, 60000);
	world_mark();
	world_call(!side, send_dpd);
	world_run(1000);

	ck_assert_str_eq(world_disagreement() ?: "", "");
	assert_at(_i / KINDS == OURS ? NEW : OLD);
}
END_TEST

/*
 * Not if it was sent only just now, or has been already for another message.
 *
 *     initiator                     responder
 *                             x| <- OLD  INFORMATIONAL
 *     INFORMATIONAL              -> OLD                   50 times in 1 s
 *     INFORMATIONAL              <- OLD
 *
 *     INFORMATIONAL              -> OLD                   50 times in 1 s
 *     INFORMATIONAL              <- OLD
 *                                <- OLD  INFORMATIONAL    5 times
 */
START_TEST(test_request_is_sent_again_once_for_many_messages)
{
	int i;

	world_establish();
	world_fate(DROP, CLIENT " <- * INFORMATIONAL req *", 1000);
	world_call(RESPONDER, send_dpd);
	world_mark();
	for (i = 0; i < 50; i++)
	{
		world_call(INITIATOR, send_dpd);
		world_run(20);
	}
	assert_count(0, CLIENT " <- * INFORMATIONAL req *");

	world_run(50000);
	world_mark();
	for (i = 0; i < 50; i++)
	{
		world_call(INITIATOR, send_dpd);
		world_run(20);
	}
	ck_assert_uint_le(world_count(CLIENT " <- * INFORMATIONAL req *"), 5);
	ck_assert_uint_ge(world_count(CLIENT " <- * INFORMATIONAL req *"), 1);
}
END_TEST

/*
 * The peer has nothing to say: the request is sent again all the same, charon
 * alone would do so after 89 s.
 *
 *     initiator                     responder
 *                             x| <- OLD  INFORMATIONAL    at 0, 4, 11, 24, 47
 *                                <- OLD  INFORMATIONAL    at 44, 64, 84 s
 *     INFORMATIONAL              -> OLD
 */
/* REQ: MOBIKE-3.11-1 */
START_TEST(test_request_is_sent_again_if_nobody_is_heard)
{
	lose(_i, 60000);
	world_mark();
	world_run(21000);

	ck_assert_str_eq(world_disagreement() ?: "", "");
	assert_at(_i / KINDS == OURS ? NEW : OLD);
}
END_TEST

/*
 * For as long as charon does not give up, and not more often.
 */
/* REQ: IKE-2.4-4 */
/* REFUSED: IKE-2.1-6 */
START_TEST(test_request_is_given_up_like_charon_does)
{
	side_t side = _i & FROM_INITIATOR ? INITIATOR : RESPONDER;

	world_establish(.nat = _i & NAT);
	world_block(CLIENT);
	world_mark();
	begin(side, _i / KINDS);
	world_run(164000);
	ck_assert(world_id(side));
	world_run(3000);
	ck_assert(!world_id(side));
	world_run(60000);

	if (_i / KINDS != OURS)
	{
		assert_count(13, side == RESPONDER ? CLIENT " <- " OLD " * req *"
										   : CLIENT " -> " OLD " * req *");
	}
}
END_TEST

void suite_alive(TCase *tcase)
{
	tcase_add_loop_test(tcase,
						test_request_is_sent_again_when_the_peer_is_heard, 0,
						REQUESTS * KINDS);
	tcase_add_test(tcase, test_request_is_sent_again_once_for_many_messages);
	tcase_add_loop_test(tcase, test_request_is_sent_again_if_nobody_is_heard,
						0, REQUESTS * KINDS);
	tcase_add_loop_test(tcase, test_request_is_given_up_like_charon_does, 0,
						OURS * KINDS);
}
