/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "responder/rmobike_lanes.h"

/** What is tested */
static rmobike_lanes_t *lanes;

/** Serial number of the last switch */
static u_int serial;

/** When it is worth to look again */
static timeval_t due;

/** No reference */
static rmobike_ref_t ref = {
	.destroy = (void*)nop,
};

static void setup()
{
	lanes = rmobike_lanes_create();
	serial = 0;
}

static void teardown()
{
	lanes->destroy(lanes);
}

/** Begin another move */
static bool restart(u_int max_in_flight, u_int rate)
{
	rmobike_pace_t pace = {
		.max_in_flight = max_in_flight,
		.rate = rate,
	};

	return lanes->restart(lanes, &pace);
}

/** Add a turn */
static bool add(rmobike_lane_t lane, uint32_t id)
{
	rmobike_turn_t *turn = rmobike_turn_create(lane, id, &ref, NULL);

	if (lanes->add(lanes, turn))
	{
		return TRUE;
	}
	rmobike_turn_destroy(turn);
	return FALSE;
}

/** Add so many, with IDs of their own */
static void add_many(rmobike_lane_t lane, u_int count)
{
	static uint32_t id = 1000;

	while (count--)
	{
		add(lane, lane == RMOBIKE_MOVE ? 0 : ++id);
	}
}

/** Begin as many as may be under way, returns how many are of a lane, which all
 * of them have to be */
static u_int begin(rmobike_lane_t lane)
{
	rmobike_turn_t *turn;
	u_int count = 0;

	while ((turn = lanes->next(lanes, &due)))
	{
		ck_assert_int_eq(turn->lane, lane);
		lanes->begun(lanes, turn, ++serial);
		rmobike_turn_destroy(turn);
		count++;
	}
	return count;
}

/** End a switch that took 10 ms, returns TRUE if it is of the current move */
static bool end(u_int serial)
{
	rmobike_turn_t *turn;
	bool current;

	turn = lanes->ended(lanes, serial, 10, &current);
	ck_assert(turn != NULL);
	rmobike_turn_destroy(turn);
	ck_assert(!lanes->ended(lanes, serial, 10, &current));
	return current;
}

/** Check whose turn is next, and skip it */
static void assert_next(rmobike_lane_t lane, bool replaced)
{
	rmobike_turn_t *turn;

	turn = lanes->next(lanes, &due);
	ck_assert(turn != NULL);
	ck_assert_int_eq(turn->lane, lane);
	ck_assert_int_eq(turn->replaced, replaced);
	if (!replaced)
	{
		lanes->skipped(lanes, turn);
	}
	rmobike_turn_destroy(turn);
}

START_TEST(test_most_urgent_is_first)
{
	ck_assert(restart(64, 0));
	add(RMOBIKE_TELL, 1);
	add(RMOBIKE_MOVE, 0);
	add(RMOBIKE_LEAVE, 2);
	ck_assert(!restart(64, 0));
	assert_next(RMOBIKE_LEAVE, FALSE);
	assert_next(RMOBIKE_MOVE, FALSE);
	ck_assert(restart(64, 0));
	assert_next(RMOBIKE_TELL, FALSE);
	ck_assert(!lanes->next(lanes, &due));
}
END_TEST

/*
 * An IKE_SA waits once, for what is most urgent.
 */
START_TEST(test_waits_in_one_lane)
{
	ck_assert(add(RMOBIKE_TELL, 1));
	ck_assert(!add(RMOBIKE_TELL, 1));
	ck_assert(add(RMOBIKE_LEAVE, 1));
	ck_assert(!add(RMOBIKE_LEAVE, 1));
	ck_assert(!add(RMOBIKE_TELL, 1));
	assert_next(RMOBIKE_LEAVE, FALSE);
	ck_assert(add(RMOBIKE_TELL, 1));
	assert_next(RMOBIKE_TELL, TRUE);
	assert_next(RMOBIKE_TELL, FALSE);
	ck_assert(!lanes->next(lanes, &due));
}
END_TEST

/*
 * Those that lost their address share the window with a move, which goes on
 * when there is room in its own.
 */
START_TEST(test_move_and_others_share_the_window)
{
	u_int i, in_flight;

	ck_assert(restart(64, 0));
	add_many(RMOBIKE_MOVE, 10);
	ck_assert_uint_eq(begin(RMOBIKE_MOVE), 4);
	add_many(RMOBIKE_LEAVE, 20);
	ck_assert_uint_eq(begin(RMOBIKE_LEAVE), 12);
	ck_assert(timerisset(&due));
	for (i = 1; i <= 8; i++)
	{
		end(i);
	}
	ck_assert_uint_eq(begin(RMOBIKE_LEAVE), 8);
	for (i = 9; i <= 20; i++)
	{
		end(i);
		ck_assert_uint_eq(begin(RMOBIKE_MOVE), 0);
	}
	end(21);
	ck_assert_uint_eq(begin(RMOBIKE_MOVE), 1);
	ck_assert_uint_eq(lanes->get_count(lanes, &in_flight), 5);
	ck_assert_uint_eq(in_flight, 1);
}
END_TEST

/*
 * What a move has found to be worth it is so for others, too.
 */
START_TEST(test_window_opens_as_wide_as_that_of_a_move)
{
	u_int i, under_way;

	ck_assert(restart(64, 0));
	add_many(RMOBIKE_MOVE, 1000);
	begin(RMOBIKE_MOVE);
	for (i = 1; i <= 400; i++)
	{
		end(i);
		begin(RMOBIKE_MOVE);
	}
	under_way = serial - 400;
	ck_assert_uint_gt(under_way, 16);
	add_many(RMOBIKE_LEAVE, 10);
	ck_assert_uint_eq(begin(RMOBIKE_LEAVE), 0);
	end(401);
	ck_assert_uint_eq(begin(RMOBIKE_LEAVE), 1);
}
END_TEST

/*
 * What only the operator holds back holds up nobody.
 */
START_TEST(test_limits_of_a_move_hold_up_nobody)
{
	ck_assert(restart(1, 0));
	add_many(RMOBIKE_MOVE, 2);
	ck_assert_uint_eq(begin(RMOBIKE_MOVE), 1);
	ck_assert(!timerisset(&due));
	add_many(RMOBIKE_TELL, 20);
	ck_assert_uint_eq(begin(RMOBIKE_TELL), 15);
	/* now they hold it up, but it is next */
	end(1);
	ck_assert(!lanes->next(lanes, &due));
}
END_TEST

START_TEST(test_rate_of_a_move_holds_up_nobody)
{
	ck_assert(restart(64, 1));
	add_many(RMOBIKE_MOVE, 2);
	ck_assert_uint_eq(begin(RMOBIKE_MOVE), 1);
	ck_assert(timerisset(&due));
	add_many(RMOBIKE_TELL, 2);
	ck_assert_uint_eq(begin(RMOBIKE_TELL), 2);
	ck_assert(timerisset(&due));
}
END_TEST

/*
 * Nor does it have others be patient, who don't compete with it.
 */
START_TEST(test_limits_of_a_move_have_nobody_be_patient)
{
	rmobike_turn_t *turn;

	ck_assert(_i ? restart(64, 1) : restart(1, 0));
	add_many(RMOBIKE_MOVE, 2);
	ck_assert_uint_eq(begin(RMOBIKE_MOVE), 1);
	add(RMOBIKE_LEAVE, 1);
	turn = lanes->next(lanes, &due);
	ck_assert(!lanes->begun(lanes, turn, ++serial));
	rmobike_turn_destroy(turn);

	/* two that leave do compete */
	add(RMOBIKE_LEAVE, 2);
	turn = lanes->next(lanes, &due);
	add(RMOBIKE_LEAVE, 3);
	ck_assert(lanes->begun(lanes, turn, ++serial));
	rmobike_turn_destroy(turn);
}
END_TEST

/*
 * What is left of one move doesn't count for the next one, but is under way.
 */
START_TEST(test_next_move)
{
	linked_list_t *cancelled;
	u_int in_flight;

	ck_assert(restart(64, 0));
	add_many(RMOBIKE_MOVE, 6);
	ck_assert_uint_eq(begin(RMOBIKE_MOVE), 4);
	cancelled = lanes->cancel(lanes);
	ck_assert_uint_eq(cancelled->get_count(cancelled), 2);
	cancelled->destroy_function(cancelled, (void*)rmobike_turn_destroy);

	ck_assert(restart(6, 0));
	add_many(RMOBIKE_MOVE, 6);
	ck_assert_uint_eq(begin(RMOBIKE_MOVE), 0);
	ck_assert_uint_eq(lanes->get_count(lanes, &in_flight), 6);
	ck_assert_uint_eq(in_flight, 4);
	ck_assert(!end(1));
	ck_assert_uint_eq(begin(RMOBIKE_MOVE), 1);
	ck_assert(end(serial));
}
END_TEST

Suite *lanes_suite(void)
{
	Suite *suite = suite_create("lanes");
	TCase *tcase = add_case(suite, "lanes");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_most_urgent_is_first);
	tcase_add_test(tcase, test_waits_in_one_lane);
	tcase_add_test(tcase, test_move_and_others_share_the_window);
	tcase_add_test(tcase, test_window_opens_as_wide_as_that_of_a_move);
	tcase_add_test(tcase, test_limits_of_a_move_hold_up_nobody);
	tcase_add_test(tcase, test_rate_of_a_move_holds_up_nobody);
	tcase_add_loop_test(tcase, test_limits_of_a_move_have_nobody_be_patient, 0,
						2);
	tcase_add_test(tcase, test_next_move);
	return suite;
}
