/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "base/rmobike_notify.h"

/**
 * Longest data that is tried.
 */
#define LEN_MAX 64

/**
 * Get data that has no octet to spare, for ASan to see reads beyond it.
 */
static chunk_t data_create(size_t len)
{
	chunk_t data = chunk_alloc(len);
	size_t i;

	for (i = 0; i < len; i++)
	{
		data.ptr[i] = 0x52 + i;
	}
	return data;
}

START_TEST(capability_is_the_octet_R)
{
	chunk_t data = rmobike_notify_capability();

	ck_assert_uint_eq(data.len, 1);
	ck_assert_uint_eq(data.ptr[0], 'R');
	ck_assert(rmobike_notify_is_capability(data));
}
END_TEST

/* REFUSED: MOBIKE-4.2.1-1 */
START_TEST(no_other_octet_is_a_capability)
{
	u_char octet = _i;

	ck_assert(rmobike_notify_is_capability(chunk_from_thing(octet)) ==
			  (octet == 'R'));
}
END_TEST

/* REFUSED */
START_TEST(only_one_octet_is_a_capability)
{
	chunk_t data = data_create(_i);

	ck_assert(rmobike_notify_is_capability(data) == (_i == 1));
	chunk_free(&data);
}
END_TEST

/* REQ: MOBIKE-4.2.1-1 */
START_TEST(plain_mobike_has_no_capability)
{
	ck_assert(!rmobike_notify_is_capability(chunk_empty));
}
END_TEST

/* REQ */
START_TEST(switch_has_4_or_16_octets)
{
	chunk_t data = data_create(_i);
	const char *why = NULL;
	host_t *host;

	host = rmobike_notify_parse_switch(FALSE, data, 4500, &why);
	if (_i == 4 || _i == 16)
	{
		ck_assert(host != NULL);
		ck_assert(why == NULL);
		ck_assert_int_eq(host->get_family(host), _i == 4 ? AF_INET : AF_INET6);
		ck_assert(chunk_equals(host->get_address(host), data));
		host->destroy(host);
	}
	else
	{
		ck_assert(host == NULL);
		ck_assert_str_eq(why, "has no address of 4 or 16 octets");
	}
	chunk_free(&data);
}
END_TEST

/* REQ */
START_TEST(switch_keeps_the_given_port)
{
	static const uint16_t ports[] = { 0, 500, 4500, 65535 };
	chunk_t data = data_create(4);
	host_t *host;

	host = rmobike_notify_parse_switch(FALSE, data, ports[_i], NULL);
	ck_assert_uint_eq(host->get_port(host), ports[_i]);
	host->destroy(host);
	chunk_free(&data);
}
END_TEST

START_TEST(switch_has_no_spi)
{
	chunk_t data = data_create(4);
	const char *why = NULL;

	ck_assert(!rmobike_notify_parse_switch(TRUE, data, 4500, &why));
	ck_assert_str_eq(why, "has an SPI, expected none");
	chunk_free(&data);
}
END_TEST

START_TEST(nobody_has_to_know_why)
{
	ck_assert(!rmobike_notify_parse_switch(FALSE, chunk_empty, 4500, NULL));
}
END_TEST

START_TEST(parsing_leaves_addresses_to_the_policy)
{
	static const char *addresses[] = { "0.0.0.0", "255.255.255.255",
									   "224.0.0.1", "::", "::1", "ff02::1" };
	host_t *sent = host(addresses[_i]), *received;

	received = rmobike_notify_parse_switch(FALSE, sent->get_address(sent),
										   500, NULL);
	ck_assert(sent->equals(sent, received));
	received->destroy(received);
	sent->destroy(sent);
}
END_TEST

/* REFUSED */
START_TEST(type_is_for_private_use)
{
	ck_assert_uint_eq(RMOBIKE_NOTIFY_TYPE_MIN, 40960);
	ck_assert_uint_eq(RMOBIKE_NOTIFY_TYPE_MAX, 65535);
	ck_assert_uint_eq(RMOBIKE_NOTIFY_TYPE_DEFAULT, 41042);
}
END_TEST

Suite *notify_suite(void)
{
	Suite *suite = suite_create("notify");
	TCase *tc;

	tc = add_case(suite, "capability");
	tcase_add_test(tc, capability_is_the_octet_R);
	tcase_add_loop_test(tc, no_other_octet_is_a_capability, 0, 256);
	tcase_add_loop_test(tc, only_one_octet_is_a_capability, 0, LEN_MAX + 1);
	tcase_add_test(tc, plain_mobike_has_no_capability);

	tc = add_case(suite, "switch");
	tcase_add_loop_test(tc, switch_has_4_or_16_octets, 0, LEN_MAX + 1);
	tcase_add_loop_test(tc, switch_keeps_the_given_port, 0, 4);
	tcase_add_test(tc, switch_has_no_spi);
	tcase_add_test(tc, nobody_has_to_know_why);
	tcase_add_loop_test(tc, parsing_leaves_addresses_to_the_policy, 0, 6);
	tcase_add_test(tc, type_is_for_private_use);

	return suite;
}
