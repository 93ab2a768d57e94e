/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "kernel/rmobike_keys.h"

#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

/**
 * What the kernel tells about an SA.
 */
static u_char buffer[1024] __attribute__((aligned(RTA_ALIGNTO)));
static chunk_t told;

static void setup()
{
	told = chunk_create(buffer, 0);
}

/**
 * Add an attribute.
 */
static void add_data(uint16_t type, void *data, size_t len)
{
	struct rtattr *attr = (struct rtattr*)(told.ptr + told.len);

	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(attr), data, len);
	told.len += RTA_SPACE(len);
}

/**
 * Add an algorithm with a key of so many octets, all zero but for the last.
 */
static void add(uint16_t type, u_int len, u_char last)
{
	u_char data[256] = {};
	struct xfrm_algo *alg = (void*)data;
	size_t fixed = sizeof(struct xfrm_algo_auth);

	if (type == XFRMA_ALG_CRYPT || type == XFRMA_ALG_AUTH)
	{
		fixed = sizeof(*alg);
	}
	/* at the same place in all of them */
	alg->alg_key_len = len * 8;
	if (len)
	{
		data[fixed + len - 1] = last;
	}
	add_data(type, data, fixed + len);
}

/**
 * Kinds of algorithms that have keys.
 */
static const uint16_t kinds[] = {
	XFRMA_ALG_CRYPT, XFRMA_ALG_AUTH, XFRMA_ALG_AUTH_TRUNC, XFRMA_ALG_AEAD,
};

START_TEST(test_keys_are_there)
{
	add(kinds[_i], 20, 1);
	ck_assert(rmobike_keys_given(told));
}
END_TEST

START_TEST(test_key_of_zeros_is_none)
{
	add(kinds[_i], 20, 0);
	ck_assert(!rmobike_keys_given(told));
}
END_TEST

/*
 * One key is not enough, in whichever order they are.
 */
START_TEST(test_each_key_is_needed)
{
	add(XFRMA_ALG_AUTH_TRUNC, 32, _i);
	add(XFRMA_ALG_CRYPT, 16, !_i);
	ck_assert(!rmobike_keys_given(told));
}
END_TEST

/*
 * Null encryption has a key of no octets.
 */
START_TEST(test_null_encryption_needs_no_key)
{
	add(XFRMA_ALG_AUTH_TRUNC, 32, 1);
	add(XFRMA_ALG_CRYPT, 0, 0);
	ck_assert(rmobike_keys_given(told));
}
END_TEST

/*
 * A key that is said to be longer than the attribute is not read beyond that.
 */
START_TEST(test_key_that_is_cut_off_is_none)
{
	struct xfrm_algo_aead aead = {
		.alg_key_len = 160,
	};

	add_data(XFRMA_ALG_AEAD, &aead, sizeof(aead) - _i);
	add_data(XFRMA_IF_ID, "\xff\xff\xff\xff", 4);
	ck_assert(!rmobike_keys_given(told));
}
END_TEST

/*
 * Described in header
 */
Suite *keys_suite()
{
	Suite *s = suite_create("keys of SAs in the kernel");
	TCase *tc;

	tc = add_case(s, "keys");
	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, test_keys_are_there, 0, countof(kinds));
	tcase_add_loop_test(tc, test_key_of_zeros_is_none, 0, countof(kinds));
	tcase_add_loop_test(tc, test_each_key_is_needed, 0, 2);
	tcase_add_test(tc, test_null_encryption_needs_no_key);
	tcase_add_loop_test(tc, test_key_that_is_cut_off_is_none, 0, 2);
	return s;
}
