/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "kernel/rmobike_replay.h"

/**
 * Sequence numbers that tests look at.
 */
#define RANGE 400

/**
 * An SA with memory for both forms, and what it has received as a plain list.
 */
typedef struct {
	rmobike_replay_t replay;
	struct xfrm_replay_state small;
	struct {
		struct xfrm_replay_state_esn head;
		uint32_t bmp[RANGE / 32 + 1];
	} large;
	uint64_t base;
	bool seen[RANGE];
} sa_t;

/**
 * Forms and sizes of windows, and where sequence numbers start: the last ones
 * come across 2^32.
 */
static struct {
	bool large;
	u_int window;
	uint64_t base;
} forms[] = {
	{ FALSE,  32, 0 },
	{ FALSE,   8, 1000 },
	{ FALSE,  32, 0xfffffe00 },
	{ TRUE,   32, 0 },
	{ TRUE,   64, 1000 },
	{ TRUE,  100, 4711 },
	{ TRUE,  128, 0xffffff00 },
};

/**
 * Create an SA that received nothing yet.
 */
static void init(sa_t *this, int form)
{
	*this = (sa_t){
		.base = forms[form].base,
	};
	this->replay.window = forms[form].window;
	if (forms[form].large)
	{
		this->replay.large = &this->large.head;
		this->replay.esn = TRUE;
		this->large.head.bmp_len = countof(this->large.bmp);
		this->large.head.replay_window = forms[form].window;
	}
	else
	{
		this->replay.small = &this->small;
	}
}

/**
 * Last sequence number, relative to the first.
 */
static int top(sa_t *this)
{
	int i = RANGE - 1;

	while (i >= 0 && !this->seen[i])
	{
		i--;
	}
	return i;
}

/**
 * Put what was received into the form that the kernel has it in, as it says
 * in net/xfrm/xfrm_replay.c: bit n of the small one is n before the last, the
 * large one is a ring in which the last is at its number minus one.
 */
static void store(sa_t *this)
{
	int i, window = this->replay.window, last = top(this);
	uint64_t seq = this->base + last;
	u_int bit;

	this->small.seq = seq;
	this->large.head.seq = seq;
	this->large.head.seq_hi = seq >> 32;
	this->small.bitmap = 0;
	memset(this->large.bmp, 0, sizeof(this->large.bmp));
	for (i = 0; i < window; i++)
	{
		if (last - i < 0 || !this->seen[last - i])
		{
			continue;
		}
		this->small.bitmap |= i < 32 ? 1U << i : 0;
		bit = ((uint32_t)seq - 1) % window;
		bit = (bit + window - i) % window;
		this->large.bmp[bit / 32] |= 1U << bit % 32;
	}
}

/**
 * Would the kernel take a packet?
 */
static bool accepts(sa_t *this, int number)
{
	uint64_t seq = this->base + number, last;
	u_int window = this->replay.window, bit;

	last = this->replay.large ?
				(uint64_t)this->large.head.seq_hi << 32 | this->large.head.seq :
				this->small.seq;
	if (seq > last)
	{
		return TRUE;
	}
	if (last - seq >= window)
	{
		return FALSE;
	}
	if (this->replay.small)
	{
		return !(this->small.bitmap & 1U << (last - seq));
	}
	bit = ((uint32_t)last - 1) % window;
	bit = (bit + window - (u_int)(last - seq)) % window;
	return !(this->large.bmp[bit / 32] & 1U << bit % 32);
}

/**
 * Have two SAs receive packets at random, some of them after later ones.
 */
static void receive(sa_t *a, sa_t *b, int form, int seed)
{
	int i, last_a, last_b;

	srandom(seed);
	init(a, form);
	init(b, form);
	last_a = 2 + random() % (RANGE - 2);
	last_b = 2 + random() % (RANGE - 2);
	for (i = 1; i < RANGE; i++)
	{
		a->seen[i] = i <= last_a && random() % 3;
		b->seen[i] = i <= last_b && random() % 3;
	}
	a->seen[last_a] = b->seen[last_b] = TRUE;
	store(a);
	store(b);
}

START_TEST(takes_none_again_that_any_of_both_received)
{
	sa_t a, b;
	int seed, i;

	for (seed = 0; seed < 500; seed++)
	{
		receive(&a, &b, _i, seed);
		rmobike_replay_merge(&a.replay, &b.replay);
		for (i = 1; i < RANGE; i++)
		{
			ck_assert(!accepts(&a, i) || (!a.seen[i] && !b.seen[i]));
		}
	}
}
END_TEST

START_TEST(takes_what_none_of_both_received)
{
	sa_t a, b;
	int seed, i, last;

	for (seed = 0; seed < 500; seed++)
	{
		receive(&a, &b, _i, seed);
		last = max(top(&a), top(&b));
		rmobike_replay_merge(&a.replay, &b.replay);
		for (i = max(1, last - (int)a.replay.window + 1); i < RANGE; i++)
		{
			/* what is too old for the other SA might have been received */
			if (!a.seen[i] && !b.seen[i] && accepts(&b, i) &&
				i > top(&a) - (int)a.replay.window)
			{
				ck_assert(accepts(&a, i));
			}
		}
	}
}
END_TEST

START_TEST(tells_if_nothing_is_new)
{
	sa_t a, b;

	receive(&a, &b, _i, 1);
	rmobike_replay_merge(&a.replay, &b.replay);
	ck_assert(!rmobike_replay_merge(&a.replay, &b.replay));
	b = a;
	ck_assert(!rmobike_replay_merge(&a.replay, &a.replay));
}
END_TEST

START_TEST(has_no_window_to_merge)
{
	sa_t a, b;

	receive(&a, &b, _i, 1);
	a.replay.window = a.large.head.replay_window = 0;
	ck_assert(!rmobike_replay_merge(&a.replay, &b.replay));
}
END_TEST

START_TEST(takes_nothing_after_close_but_what_is_new)
{
	sa_t a, b;
	int i, last;

	receive(&a, &b, _i, 2);
	last = top(&a);
	rmobike_replay_close(&a.replay);
	for (i = 1; i < RANGE; i++)
	{
		ck_assert_int_eq(accepts(&a, i), i > last);
	}
}
END_TEST

START_TEST(jumps_to_later_numbers)
{
	sa_t a;

	init(&a, _i);
	a.small.oseq = a.large.head.oseq = 5;
	ck_assert(rmobike_replay_jump(&a.replay, 1000));
	ck_assert_int_eq(a.replay.small ? a.small.oseq : a.large.head.oseq, 1005);
	ck_assert_int_eq(a.large.head.oseq_hi, 0);
}
END_TEST

START_TEST(jumps_across_32_bits_only_with_extended_numbers)
{
	sa_t a;

	init(&a, _i);
	a.small.oseq = a.large.head.oseq = 0xfffffff0;
	ck_assert_int_eq(rmobike_replay_jump(&a.replay, 0x20), forms[_i].large);
	ck_assert_int_eq(a.large.head.oseq_hi, forms[_i].large);
	ck_assert_int_eq(a.replay.small ? a.small.oseq : a.large.head.oseq,
					 forms[_i].large ? 0x10 : 0xfffffff0);

	init(&a, _i);
	a.replay.esn = FALSE;
	a.small.oseq = a.large.head.oseq = 0xfffffff0;
	ck_assert(!rmobike_replay_jump(&a.replay, 0x20));
}
END_TEST

/**
 * Last sequence number that was sent
 */
static uint32_t *sent(sa_t *this)
{
	return this->replay.small ? &this->small.oseq : &this->large.head.oseq;
}

/* REQ: HA-5.2-1 */
START_TEST(raises_to_numbers_that_nobody_used)
{
	sa_t sas[2];
	uint32_t last;
	int i;

	init(&sas[0], _i);
	init(&sas[1], _i);
	*sent(&sas[0]) = *sent(&sas[1]) = 0;
	last = *sent(&sas[0]) += 100;
	for (i = 1; i <= RMOBIKE_REPLAY_HANDS; i++)
	{
		ck_assert(rmobike_replay_raise(&sas[i % 2].replay, FALSE));
		ck_assert(*sent(&sas[i % 2]) > last);
		last = *sent(&sas[i % 2]) += 100;
	}
	ck_assert(!rmobike_replay_raise(&sas[i % 2].replay, FALSE));
	ck_assert_int_eq(sas[0].large.head.oseq_hi + sas[1].large.head.oseq_hi, 0);
}
END_TEST

START_TEST(raises_what_is_ours_beyond_the_other_one)
{
	sa_t first, second;

	init(&first, _i);
	init(&second, _i);
	*sent(&first) = *sent(&second) = 0;
	ck_assert(rmobike_replay_raise(&second.replay, FALSE));
	*sent(&second) += 100;
	/* it was the first one to have it, but had nothing to send */
	ck_assert(rmobike_replay_raise(&first.replay, TRUE));
	ck_assert(*sent(&first) > *sent(&second));
}
END_TEST

Suite *replay_suite()
{
	Suite *suite = suite_create("replay");
	TCase *tcase;

	tcase = add_case(suite, "merge");
	tcase_add_loop_test(tcase, takes_none_again_that_any_of_both_received, 0,
						countof(forms));
	tcase_add_loop_test(tcase, takes_what_none_of_both_received, 0,
						countof(forms));
	tcase_add_loop_test(tcase, tells_if_nothing_is_new, 0, countof(forms));
	tcase_add_loop_test(tcase, has_no_window_to_merge, 0, countof(forms));

	tcase = add_case(suite, "close");
	tcase_add_loop_test(tcase, takes_nothing_after_close_but_what_is_new, 0,
						countof(forms));

	tcase = add_case(suite, "jump");
	tcase_add_loop_test(tcase, jumps_to_later_numbers, 0, countof(forms));
	tcase_add_loop_test(tcase, jumps_across_32_bits_only_with_extended_numbers,
						0, countof(forms));

	tcase = add_case(suite, "raise");
	tcase_add_loop_test(tcase, raises_to_numbers_that_nobody_used, 0,
						countof(forms));
	tcase_add_loop_test(tcase, raises_what_is_ours_beyond_the_other_one, 0,
						countof(forms));
	return suite;
}
