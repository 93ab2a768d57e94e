/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "base/rmobike_profile.h"

/**
 * A node with two addresses.
 */
static rmobike_profile_t profile;

static void setup(void)
{
	host_t *address;

	profile = (rmobike_profile_t){
		.version = "6.0.1",
		.ha = 4,
		.interprets = TRUE,
		.spi_min = 0xc1000000,
		.spi_max = 0xc7ffffff,
		.sas = rmobike_weights_create(NULL, NULL, 0),
	};
	address = host("192.0.2.1");
	ck_assert(profile.sas->add(profile.sas, address, 70000));
	address->destroy(address);
	address = host("2001:db8::1");
	ck_assert(profile.sas->add(profile.sas, address, 0));
	address->destroy(address);
}

static void teardown(void)
{
	rmobike_profile_clear(&profile);
}

START_TEST(what_is_told_is_heard)
{
	rmobike_profile_t heard;
	host_t *address;
	chunk_t data;
	int i;

	data = rmobike_profile_write(&profile);
	ck_assert(rmobike_profile_read(data, &heard));
	ck_assert_str_eq(heard.version, "6.0.1");
	ck_assert_int_eq(heard.ha, 4);
	ck_assert(heard.interprets);
	ck_assert(heard.spi_min == 0xc1000000 && heard.spi_max == 0xc7ffffff);
	ck_assert_int_eq(heard.sas->count(heard.sas), 2);
	for (i = 0; i < 2; i++)
	{
		address = profile.sas->get_address(profile.sas, i);
		ck_assert_int_eq(heard.sas->find(heard.sas, address), i);
		ck_assert_int_eq(heard.sas->get_weight(heard.sas, i),
						 profile.sas->get_weight(profile.sas, i));
	}
	rmobike_profile_clear(&heard);
	chunk_free(&data);
}
END_TEST

START_TEST(what_is_cut_off_is_not_heard)
{
	rmobike_profile_t heard;
	chunk_t data, longer;
	size_t len;

	data = rmobike_profile_write(&profile);
	for (len = 0; len < data.len - 1; len++)
	{
		ck_assert_msg(!rmobike_profile_read(chunk_create(data.ptr, len),
											&heard), "%zu octets", len);
	}
	/* older versions don't tell whether they translate */
	ck_assert(rmobike_profile_read(chunk_create(data.ptr, len), &heard));
	ck_assert(!heard.interprets);
	rmobike_profile_clear(&heard);
	/* later versions may tell more */
	longer = chunk_cata("cc", data, chunk_from_chars(1, 2, 3));
	ck_assert(rmobike_profile_read(longer, &heard));
	ck_assert_int_eq(heard.sas->count(heard.sas), 2);
	rmobike_profile_clear(&heard);
	chunk_free(&data);
}
END_TEST

START_TEST(odd_versions_and_addresses_are_not_heard)
{
	uint8_t version[16 + RMOBIKE_PROFILE_VERSION] = {
		RMOBIKE_PROFILE_VERSION,
	};
	uint8_t address[64] = {
		1, '6', 3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 4, 1, 2, 3, 4, 0, 0, 0, 0, 0,
	};
	const uint8_t odd[] = { 3, 5, 15, 17, 32 };
	rmobike_profile_t heard;
	int i;

	memset(version + 1, '6', RMOBIKE_PROFILE_VERSION);
	ck_assert(!rmobike_profile_read(chunk_from_thing(version), &heard));
	ck_assert(rmobike_profile_read(chunk_from_thing(address), &heard));
	rmobike_profile_clear(&heard);
	for (i = 0; i < (int)countof(odd); i++)
	{
		address[12] = odd[i];
		ck_assert(!rmobike_profile_read(chunk_from_thing(address), &heard));
	}
	address[12] = 4;
	address[1] = '\n';
	ck_assert(!rmobike_profile_read(chunk_from_thing(address), &heard));
}
END_TEST

/**
 * Another node, and what speaks against moving IKE_SAs there.
 */
static const struct {
	u_int ha;
	bool interprets;
	uint32_t spi_min, spi_max;
	const char *conflict;
} others[] = {
	{ 4, FALSE, 0xc8000000, 0xcfffffff, NULL },
	{ 4, FALSE, 0x00000100, 0xc0ffffff, NULL },
	{ 4, FALSE, 0xc7ffffff, 0xcfffffff, "SPIs" },
	{ 4, FALSE, 0xc0000000, 0xc1000000, "SPIs" },
	{ 4, FALSE, 0xc0000000, 0xcfffffff, "SPIs" },
	{ 4, TRUE, 0xc2000000, 0xc3000000, "SPIs" },
	{ 3, TRUE, 0xc8000000, 0xcfffffff, NULL },
	{ 5, TRUE, 0xc8000000, 0xcfffffff, NULL },
	{ 5, TRUE, 0xc2000000, 0xc3000000, "SPIs" },
	{ 3, FALSE, 0xc8000000, 0xcfffffff, "another version" },
	{ 5, FALSE, 0xc8000000, 0xcfffffff, "another version" },
	{ 2, TRUE, 0xc8000000, 0xcfffffff, "another version" },
	{ 6, TRUE, 0xc8000000, 0xcfffffff, "another version" },
};

START_TEST(nodes_have_to_fit)
{
	rmobike_profile_t other = {
		.ha = others[_i].ha,
		.interprets = others[_i].interprets,
		.spi_min = others[_i].spi_min,
		.spi_max = others[_i].spi_max,
	};
	const char *there, *back;

	there = rmobike_profile_conflict(&profile, &other);
	back = rmobike_profile_conflict(&other, &profile);
	ck_assert(there == back);
	ck_assert(others[_i].conflict ? there && strstr(there, others[_i].conflict)
								  : !there);
}
END_TEST

START_TEST(both_nodes_have_to_translate)
{
	rmobike_profile_t other = {
		.ha = 5,
		.interprets = TRUE,
		.spi_min = 0xc8000000,
		.spi_max = 0xcfffffff,
	};

	ck_assert(!rmobike_profile_conflict(&profile, &other));
	profile.interprets = FALSE;
	ck_assert(rmobike_profile_conflict(&profile, &other) != NULL);
	ck_assert(rmobike_profile_conflict(&other, &profile) != NULL);
}
END_TEST

/*
 * Described in header
 */
Suite *profile_suite(void)
{
	Suite *suite = suite_create("profile");
	TCase *tc;

	tc = add_case(suite, "profile");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_told_is_heard);
	tcase_add_test(tc, what_is_cut_off_is_not_heard);
	tcase_add_test(tc, odd_versions_and_addresses_are_not_heard);
	tcase_add_loop_test(tc, nodes_have_to_fit, 0, countof(others));
	tcase_add_test(tc, both_nodes_have_to_translate);
	return suite;
}
