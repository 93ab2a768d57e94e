/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "base/rmobike_window.h"

/**
 * Most of this is random, so it is tried that often
 */
#define SEEDS 50

/**
 * Default of the largest size
 */
#define LARGEST 64

/**
 * A gateway that spends some time on each switch, one after the other, and
 * paths that take some time as well.
 */
typedef struct {
	/** what is tested */
	rmobike_window_t *window;
	/** milliseconds for each switch at the gateway */
	double busy;
	/** milliseconds on the paths, at least and at most */
	double near, far;
	/** now, and when the gateway is done with all that arrived */
	double now, idle;
	/** when those under way started, and when they end */
	struct {
		double start, end;
	} flights[256];
	/** how many are under way */
	u_int count;
	/** state of the random numbers */
	unsigned int seed;
} gateway_t;

/**
 * Start as many as the window allows
 */
static void fill(gateway_t *this)
{
	double path;

	while (this->count < this->window->get_size(this->window))
	{
		path = this->near + (this->far - this->near) *
							(rand_r(&this->seed) / (double)RAND_MAX);
		this->idle = max(this->idle, this->now + path / 2) + this->busy;
		this->flights[this->count].start = this->now;
		this->flights[this->count].end = this->idle + path / 2;
		this->count++;
	}
}

/**
 * Have that many switches done, and get the size then
 */
static u_int move(gateway_t *this, u_int switches)
{
	u_int i, first, size;
	double start;

	while (switches--)
	{
		fill(this);
		for (i = 1, first = 0; i < this->count; i++)
		{
			if (this->flights[i].end < this->flights[first].end)
			{
				first = i;
			}
		}
		this->now = this->flights[first].end;
		start = this->flights[first].start;
		this->flights[first] = this->flights[--this->count];
		this->window->add(this->window, this->now - start);
	}
	size = this->window->get_size(this->window);
	ck_assert_int_ge(size, 1);
	return size;
}

/**
 * A gateway of the test's own
 */
static gateway_t gateway(u_int max, double busy, double near, double far,
						 int seed)
{
	return (gateway_t){
		.window = rmobike_window_create(4, max),
		.busy = busy,
		.near = near,
		.far = far,
		.seed = seed + 1,
	};
}

/**
 * That one is not needed anymore
 */
static void finish(gateway_t *this)
{
	this->window->destroy(this->window);
}

START_TEST(stays_between_its_limits)
{
	gateway_t this = gateway(_i, 0.1, 10, 100, 1);
	int i;

	ck_assert_int_eq(move(&this, 0), min(_i, 4));
	for (i = 0; i < 2000; i++)
	{
		u_int size = move(&this, 1);

		ck_assert_int_ge(size, min(_i, 4));
		ck_assert_int_le(size, _i);
	}
	finish(&this);
}
END_TEST

START_TEST(grows_at_once_on_a_long_path)
{
	gateway_t this = gateway(LARGEST, 0.5, 100, 100, _i);

	ck_assert_int_eq(move(&this, 200), LARGEST);
	finish(&this);
}
END_TEST

START_TEST(grows_if_paths_differ)
{
	gateway_t this = gateway(LARGEST, 0.5, 5, 300, _i);

	ck_assert_int_ge(move(&this, 2000), LARGEST / 4);
	finish(&this);
}
END_TEST

START_TEST(stays_small_if_they_wait_for_each_other)
{
	gateway_t this = gateway(LARGEST, 6, 0, 1, _i);
	int i;

	move(&this, 100);
	for (i = 0; i < 100; i++)
	{
		ck_assert_int_le(move(&this, 20), 8);
	}
	finish(&this);
}
END_TEST

START_TEST(shrinks_when_the_gateway_gets_busy)
{
	gateway_t this = gateway(LARGEST, 0.5, 50, 60, _i);

	ck_assert_int_eq(move(&this, 500), LARGEST);
	this.busy = 15;
	ck_assert_int_le(move(&this, 4000), 8);
	this.busy = 0.5;
	ck_assert_int_ge(move(&this, 4000), LARGEST / 2);
	finish(&this);
}
END_TEST

START_TEST(grows_with_far_ones_after_near_ones)
{
	gateway_t this = gateway(LARGEST, 0.5, 1, 3, _i);
	double start;

	move(&this, 300);
	this.near = 180;
	this.far = 220;
	move(&this, 1000);
	start = this.now;
	move(&this, 1000);
	/* 64 at a time would take 3.1 seconds, 4 at a time 50 */
	ck_assert_int_le(this.now - start, 8000);
	finish(&this);
}
END_TEST

START_TEST(is_not_misled_by_busy_moments)
{
	gateway_t this = gateway(LARGEST, 6, 0, 1, _i);
	u_int sum = 0;
	int i;

	move(&this, 200);
	for (i = 0; i < 100; i++)
	{
		/* somebody else needs the CPU every now and then */
		this.busy = i % 2 ? 6 : 24;
		sum += move(&this, 20 + _i);
	}
	ck_assert_int_le(sum / 100, 8);
	finish(&this);
}
END_TEST

Suite *window_suite(void)
{
	Suite *suite = suite_create("window");
	TCase *tc;

	tc = add_case(suite, "limits");
	tcase_add_loop_test(tc, stays_between_its_limits, 1, 100);
	tc = add_case(suite, "sizes");
	tcase_add_loop_test(tc, grows_at_once_on_a_long_path, 0, SEEDS);
	tcase_add_loop_test(tc, grows_if_paths_differ, 0, SEEDS);
	tcase_add_loop_test(tc, stays_small_if_they_wait_for_each_other, 0, SEEDS);
	tcase_add_loop_test(tc, shrinks_when_the_gateway_gets_busy, 0, SEEDS);
	tcase_add_loop_test(tc, grows_with_far_ones_after_near_ones, 0, SEEDS);
	tcase_add_loop_test(tc, is_not_misled_by_busy_moments, 0, SEEDS);

	return suite;
}
