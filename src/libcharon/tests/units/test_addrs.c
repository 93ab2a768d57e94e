/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "base/rmobike_addrs.h"

/**
 * Create a list, fail the test if it is not valid.
 */
static rmobike_addrs_t *addrs(const char *list)
{
	rmobike_addrs_t *addrs;
	char why[128] = "";

	addrs = rmobike_addrs_create(list, why, sizeof(why));
	ck_assert_msg(addrs != NULL, "'%s': %s", list, why);
	return addrs;
}

/**
 * Lists, an address, and the position of the first entry that includes it.
 */
static const struct {
	const char *list;
	const char *address;
	int index;
} lookups[] = {
	/* addresses */
	{ "192.0.2.1", "192.0.2.1", 0 },
	{ "192.0.2.1", "192.0.2.0", -1 },
	{ "192.0.2.1", "192.0.2.2", -1 },
	{ "2001:db8::1", "2001:db8::1", 0 },
	{ "2001:DB8:0:0::1", "2001:db8::1", 0 },
	{ "2001:db8::1", "2001:db8::2", -1 },
	{ "::ffff:192.0.2.1", "::ffff:c000:201", 0 },
	/* subnets, whatever is in their host part */
	{ "192.0.2.0/24", "192.0.2.0", 0 },
	{ "192.0.2.0/24", "192.0.2.255", 0 },
	{ "192.0.2.0/24", "192.0.1.255", -1 },
	{ "192.0.2.0/24", "192.0.3.0", -1 },
	{ "192.0.2.77/24", "192.0.2.1", 0 },
	{ "192.0.2.0/31", "192.0.2.1", 0 },
	{ "192.0.2.0/31", "192.0.2.2", -1 },
	{ "192.0.2.1/32", "192.0.2.1", 0 },
	{ "192.0.2.1/32", "192.0.2.2", -1 },
	{ "0.0.0.0/0", "0.0.0.0", 0 },
	{ "0.0.0.0/0", "255.255.255.255", 0 },
	{ "2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 0 },
	{ "2001:db8::/32", "2001:db9::", -1 },
	{ "2001:db8::8/125", "2001:db8::f", 0 },
	{ "2001:db8::8/125", "2001:db8::10", -1 },
	{ "2001:db8::1/128", "2001:db8::1", 0 },
	{ "::/0", "::", 0 },
	{ "::/0", "ffff::1", 0 },
	/* ranges, both ends included */
	{ "192.0.2.5-192.0.2.7", "192.0.2.4", -1 },
	{ "192.0.2.5-192.0.2.7", "192.0.2.5", 0 },
	{ "192.0.2.5-192.0.2.7", "192.0.2.6", 0 },
	{ "192.0.2.5-192.0.2.7", "192.0.2.7", 0 },
	{ "192.0.2.5-192.0.2.7", "192.0.2.8", -1 },
	{ "192.0.2.5-192.0.2.5", "192.0.2.5", 0 },
	{ "9.255.255.255-10.0.0.0", "10.0.0.0", 0 },
	{ "2001:db8::5-2001:db8::1:0", "2001:db8::ffff", 0 },
	{ "2001:db8::5-2001:db8::1:0", "2001:db8::1:1", -1 },
	/* one family is not the other */
	{ "0.0.0.0/0", "::", -1 },
	{ "0.0.0.0/0", "::ffff:192.0.2.1", -1 },
	{ "::/0", "192.0.2.1", -1 },
	/* lists: the first entry that includes it counts */
	{ "", "192.0.2.1", -1 },
	{ "192.0.2.1,2001:db8::/32,192.0.2.5-192.0.2.7", "192.0.2.1", 0 },
	{ "192.0.2.1,2001:db8::/32,192.0.2.5-192.0.2.7", "2001:db8::9", 1 },
	{ "192.0.2.1,2001:db8::/32,192.0.2.5-192.0.2.7", "192.0.2.6", 2 },
	{ "192.0.2.1,2001:db8::/32,192.0.2.5-192.0.2.7", "192.0.2.2", -1 },
	{ "192.0.2.0/24,192.0.2.1", "192.0.2.1", 0 },
	{ "192.0.2.1,192.0.2.0/24", "192.0.2.2", 1 },
	/* all sorts of separators */
	{ "192.0.2.1, 192.0.2.2", "192.0.2.2", 1 },
	{ "192.0.2.1 192.0.2.2", "192.0.2.2", 1 },
	{ "\t192.0.2.1\n,\r\n192.0.2.2 ", "192.0.2.2", 1 },
	{ ",,192.0.2.1,, ,192.0.2.2,", "192.0.2.2", 1 },
};

START_TEST(finds_the_first_entry_that_includes_an_address)
{
	rmobike_addrs_t *list = addrs(lookups[_i].list);
	host_t *address = host(lookups[_i].address);

	ck_assert_msg(list->index(list, address) == lookups[_i].index,
				  "%s in '%s' at %d", lookups[_i].address, lookups[_i].list,
				  list->index(list, address));
	ck_assert(list->includes(list, address) == (lookups[_i].index >= 0));
	address->destroy(address);
	list->destroy(list);
}
END_TEST

START_TEST(ignores_the_port)
{
	rmobike_addrs_t *list = addrs("192.0.2.1");
	host_t *address = host("192.0.2.1");

	address->set_port(address, 4500);
	ck_assert(list->includes(list, address));
	address->set_port(address, 0);
	ck_assert(list->includes(list, address));
	address->destroy(address);
	list->destroy(list);
}
END_TEST

/**
 * Lists and the number of their entries.
 */
static const struct {
	const char *list;
	int count;
} counts[] = {
	{ NULL, 0 },
	{ "", 0 },
	{ " ", 0 },
	{ " ,\t,\r\n, ", 0 },
	{ "192.0.2.1", 1 },
	{ "192.0.2.0/24", 1 },
	{ "192.0.2.1-192.0.2.9", 1 },
	{ "192.0.2.1,192.0.2.1", 2 },
	{ "192.0.2.1, 2001:db8::/32 192.0.2.5-192.0.2.7,", 3 },
};

START_TEST(counts_entries)
{
	rmobike_addrs_t *list = addrs(counts[_i].list);

	ck_assert_int_eq(list->count(list), counts[_i].count);
	list->destroy(list);
}
END_TEST

START_TEST(lists_may_be_long)
{
	char text[16 * 1024] = "", *pos = text;
	rmobike_addrs_t *list;
	host_t *address;
	int i;

	for (i = 0; i < 1000; i++)
	{
		pos += sprintf(pos, "10.0.%d.%d,", i / 256, i % 256);
	}
	list = addrs(text);
	address = host("10.0.3.231");
	ck_assert_int_eq(list->count(list), 1000);
	ck_assert_int_eq(list->index(list, address), 999);
	address->destroy(address);
	list->destroy(list);
}
END_TEST

#define AN_ENTRY	"an address, subnet (a/24) or range (a-b)"
#define A_PREFIX	"an address with a valid prefix length"
#define A_RANGE		"a range (a-b) from a lower to a higher address"

/**
 * Lists that are not valid, the entry to blame and what would do.
 */
static const struct {
	const char *list;
	const char *entry;
	const char *expected;
} flaws[] = {
	{ "gateway.example.org", "gateway.example.org", AN_ENTRY },
	{ "192.0.2", "192.0.2", AN_ENTRY },
	{ "192.0.2.256", "192.0.2.256", AN_ENTRY },
	{ "192.0.2.1.", "192.0.2.1.", AN_ENTRY },
	{ "192.0.2.1;192.0.2.2", "192.0.2.1;192.0.2.2", AN_ENTRY },
	{ "192.0.2.1:500", "192.0.2.1:500", AN_ENTRY },
	{ "[2001:db8::1]", "[2001:db8::1]", AN_ENTRY },
	{ "2001:db8::1::", "2001:db8::1::", AN_ENTRY },
	{ "fe80::1%lo", "fe80::1%lo", AN_ENTRY },
	{ "%any", "%any", AN_ENTRY },
	{ "%any4", "%any4", AN_ENTRY },
	{ "%any6", "%any6", AN_ENTRY },
	{ "any", "any", AN_ENTRY },
	{ "*", "*", AN_ENTRY },
	{ ":", ":", AN_ENTRY },
	{ "''", "", AN_ENTRY },
	{ "%any/0", "%any/0", A_PREFIX },
	{ "/", "/", A_PREFIX },
	{ "/24", "/24", A_PREFIX },
	{ "192.0.2.0/", "192.0.2.0/", A_PREFIX },
	{ "192.0.2.0/33", "192.0.2.0/33", A_PREFIX },
	{ "192.0.2.0/-1", "192.0.2.0/-1", A_RANGE },
	{ "192.0.2.0/+8", "192.0.2.0/+8", A_PREFIX },
	{ "192.0.2.0/1+", "192.0.2.0/1+", A_PREFIX },
	{ "192.0.2.0/2.4", "192.0.2.0/2.4", A_PREFIX },
	{ "192.0.2.0/24x", "192.0.2.0/24x", A_PREFIX },
	{ "192.0.2.0/24/24", "192.0.2.0/24/24", A_PREFIX },
	{ "192.0.2.0/255.255.255.0", "192.0.2.0/255.255.255.0", A_PREFIX },
	{ "192.0.2.0/4294967297", "192.0.2.0/4294967297", A_PREFIX },
	{ "2001:db8::/129", "2001:db8::/129", A_PREFIX },
	{ "-", "-", A_RANGE },
	{ "192.0.2.1-", "192.0.2.1-", A_RANGE },
	{ "-192.0.2.1", "-192.0.2.1", A_RANGE },
	{ "192.0.2.1-5", "192.0.2.1-5", A_RANGE },
	{ "192.0.2.2-192.0.2.1", "192.0.2.2-192.0.2.1", A_RANGE },
	{ "2001:db8::2-2001:db8::1", "2001:db8::2-2001:db8::1", A_RANGE },
	{ "192.0.2.1-2001:db8::1", "192.0.2.1-2001:db8::1", A_RANGE },
	{ "1000::1-192.0.2.1", "1000::1-192.0.2.1", A_RANGE },
	{ "0.0.0.0-%any", "0.0.0.0-%any", A_RANGE },
	{ "192.0.2.1-192.0.2.2-192.0.2.3", "192.0.2.1-192.0.2.2-192.0.2.3",
	  A_RANGE },
	{ "192.0.2.1 - 192.0.2.2", "-", A_RANGE },
	/* all have to be valid, the first that isn't is to blame */
	{ "192.0.2.1,nobody", "nobody", AN_ENTRY },
	{ "nobody,192.0.2.1", "nobody", AN_ENTRY },
	{ "192.0.2.1,nobody,192.0.2.0/99", "nobody", AN_ENTRY },
	{ "192.0.2.1, 192.0.2.0/99 ,nobody", "192.0.2.0/99", A_PREFIX },
};

START_TEST(says_which_entry_is_bad_and_what_would_do)
{
	char why[128] = "", expected[128];

	snprintf(expected, sizeof(expected), "'%s' is not %s", flaws[_i].entry,
			 flaws[_i].expected);
	ck_assert(!rmobike_addrs_create(flaws[_i].list, why, sizeof(why)));
	ck_assert_str_eq(why, expected);
}
END_TEST

START_TEST(reason_fits_its_buffer)
{
	char text[1024], *why;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	why = malloc(_i);
	ck_assert(!rmobike_addrs_create(text, why, _i));
	if (_i)
	{
		ck_assert_uint_eq(strlen(why), _i - 1);
	}
	free(why);
}
END_TEST

START_TEST(nobody_has_to_know_why)
{
	ck_assert(!rmobike_addrs_create("nobody", NULL, 0));
}
END_TEST

START_TEST(does_not_change_the_text)
{
	const char list[] = "192.0.2.1, 192.0.2.0/24 192.0.2.1-192.0.2.9";
	char text[sizeof(list)];
	rmobike_addrs_t *parsed;

	memcpy(text, list, sizeof(text));
	parsed = addrs(text);
	ck_assert_str_eq(text, list);
	parsed->destroy(parsed);
}
END_TEST

START_TEST(tells_addresses_from_subnets)
{
	rmobike_addrs_t *list = addrs("192.0.2.1, 192.0.2.0/24 2001:db8::1 "
								  "192.0.2.3-192.0.2.4");
	linked_list_t *hosts = list->get_hosts(list);
	host_t *first, *second;

	ck_assert_int_eq(hosts->get_count(hosts), 2);
	hosts->get_first(hosts, (void**)&first);
	hosts->get_last(hosts, (void**)&second);
	ck_assert_int_eq(list->index(list, first), 0);
	ck_assert_int_eq(list->index(list, second), 2);
	hosts->destroy_offset(hosts, offsetof(host_t, destroy));
	list->destroy(list);
}
END_TEST

Suite *addrs_suite(void)
{
	Suite *suite = suite_create("addrs");
	TCase *tc;

	tc = add_case(suite, "lookup");
	tcase_add_loop_test(tc, finds_the_first_entry_that_includes_an_address,
						0, countof(lookups));
	tcase_add_test(tc, ignores_the_port);
	tcase_add_loop_test(tc, counts_entries, 0, countof(counts));
	tcase_add_test(tc, lists_may_be_long);
	tcase_add_test(tc, tells_addresses_from_subnets);

	tc = add_case(suite, "flaws");
	tcase_add_loop_test(tc, says_which_entry_is_bad_and_what_would_do,
						0, countof(flaws));
	tcase_add_loop_test(tc, reason_fits_its_buffer, 0, 64);
	tcase_add_test(tc, nobody_has_to_know_why);
	tcase_add_test(tc, does_not_change_the_text);

	return suite;
}
