/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "test_options.h"

#include "base/rmobike_weights.h"

/**
 * Parse a list, fail the test if it is not valid.
 */
static rmobike_weights_t *parse(const char *list)
{
	rmobike_weights_t *weights;
	char why[128] = "";

	weights = rmobike_weights_create(list, why, sizeof(why));
	ck_assert_msg(weights != NULL, "'%s': %s", list, why);
	return weights;
}

/**
 * Fail the test unless a list is as expected, and destroy it.
 */
static void expect(rmobike_weights_t *weights, const char *expected)
{
	char text[512] = "";
	size_t len = 0;
	int i;

	for (i = 0; i < weights->count(weights); i++)
	{
		len += snprintf(text + len, sizeof(text) - len, "%s%H=%u",
						i ? " " : "", weights->get_address(weights, i),
						weights->get_weight(weights, i));
	}
	ck_assert_str_eq(text, expected);
	weights->destroy(weights);
}

/**
 * Lists, and what is in them.
 */
static const struct {
	const char *list;
	const char *expected;
} valid[] = {
	{ "192.0.2.1", "192.0.2.1=1" },
	{ "2001:db8::1=3", "2001:db8::1=3" },
	{ "192.0.2.1,192.0.2.2", "192.0.2.1=1 192.0.2.2=1" },
	{ " 192.0.2.1=2 , 192.0.2.2 ", "192.0.2.1=2 192.0.2.2=1" },
	{ "192.0.2.1=0,2001:db8::1=10000", "192.0.2.1=0 2001:db8::1=10000" },
	{ "192.0.2.1=00007", "192.0.2.1=7" },
};

START_TEST(reads_addresses_with_weights)
{
	expect(parse(valid[_i].list), valid[_i].expected);
}
END_TEST

START_TEST(clones_are_the_same)
{
	rmobike_weights_t *weights = parse(valid[_i].list);
	rmobike_weights_t *clone = weights->clone(weights);

	weights->destroy(weights);
	expect(clone, valid[_i].expected);
}
END_TEST

/**
 * Lists that are not valid, and why.
 */
static const struct {
	const char *list;
	const char *why;
} invalid[] = {
	{ "", "no address given" },
	{ " ", "no address given" },
	{ "eth0", "'eth0' is not an IP address" },
	{ "0.0.0.0", "'0.0.0.0' is not an IP address" },
	{ "::", "'::' is not an IP address" },
	{ "192.0.2.0/24", "'192.0.2.0/24' is not an IP address" },
	{ "192.0.2.1,x", "'x' is not an IP address" },
	{ "x,192.0.2.1", "'x' is not an IP address" },
	{ "=1", "'' is not an IP address" },
	{ "192.0.2.1=", "'' is not a weight from 0 to 10000" },
	{ "192.0.2.1=x", "'x' is not a weight from 0 to 10000" },
	{ "192.0.2.1=-1", "'-1' is not a weight from 0 to 10000" },
	{ "192.0.2.1=1.5", "'1.5' is not a weight from 0 to 10000" },
	{ "192.0.2.1=10001", "'10001' is not a weight from 0 to 10000" },
	{ "192.0.2.1=4294967297",
	  "'4294967297' is not a weight from 0 to 10000" },
	{ "192.0.2.1=1=2", "'1=2' is not a weight from 0 to 10000" },
	{ "192.0.2.1,192.0.2.1", "'192.0.2.1' is listed twice" },
	{ "2001:db8::1,2001:db8:0::1=2", "'2001:db8:0::1' is listed twice" },
};

START_TEST(says_what_is_wrong_with_a_list)
{
	char why[128] = "";

	ck_assert(!rmobike_weights_create(invalid[_i].list, why, sizeof(why)));
	ck_assert_str_eq(why, invalid[_i].why);
}
END_TEST

START_TEST(has_room_for_some_addresses)
{
	rmobike_weights_t *weights;
	char list[2048] = "", why[128] = "";
	size_t len = 0;
	int i;

	for (i = 0; i < _i; i++)
	{
		len += snprintf(list + len, sizeof(list) - len, "%s192.0.2.%d",
						i ? "," : "", i);
	}
	weights = rmobike_weights_create(list, why, sizeof(why));
	if (_i > RMOBIKE_WEIGHTS_MAX)
	{
		ck_assert(!weights);
		ck_assert_str_eq(why, "more than 64 addresses");
		return;
	}
	ck_assert_int_eq(weights->count(weights), _i);
	weights->destroy(weights);
}
END_TEST

START_TEST(finds_addresses_whatever_their_port)
{
	rmobike_weights_t *weights = parse("192.0.2.1, 192.0.2.2=0, 2001:db8::1");
	host_t *in = host("192.0.2.2"), *out = host("192.0.2.3");

	in->set_port(in, 4500);
	ck_assert_int_eq(weights->find(weights, in), 1);
	ck_assert_int_eq(weights->find(weights, out), -1);
	in->destroy(in);
	out->destroy(out);
	weights->destroy(weights);
}
END_TEST

/**
 * How many are at some addresses, and who gets the next one; '-' if an address
 * can't be used.
 */
static const struct {
	const char *list;
	u_int load[3];
	const char *usable;
	int current;
	int expected;
} choices[] = {
	{ "192.0.2.1,192.0.2.2", { 0, 0 }, "++", -1, 0 },
	{ "192.0.2.1,192.0.2.2", { 1, 0 }, "++", -1, 1 },
	{ "192.0.2.1,192.0.2.2", { 1, 1 }, "++", -1, 0 },
	{ "192.0.2.1,192.0.2.2", { 9, 0 }, "+-", -1, 0 },
	{ "192.0.2.1,192.0.2.2", { 9, 0 }, "--", -1, -1 },
	/* who is somewhere may stay if that is as good */
	{ "192.0.2.1,192.0.2.2", { 0, 0 }, "++", 1, 1 },
	{ "192.0.2.1,192.0.2.2", { 0, 1 }, "++", 1, 0 },
	{ "192.0.2.1,192.0.2.2", { 0, 0 }, "+-", 1, 0 },
	{ "192.0.2.1,192.0.2.2=0", { 9, 0 }, "++", 1, 0 },
	/* by weight */
	{ "192.0.2.1=1,192.0.2.2=3", { 0, 0 }, "++", -1, 1 },
	{ "192.0.2.1=1,192.0.2.2=3", { 0, 1 }, "++", -1, 1 },
	{ "192.0.2.1=1,192.0.2.2=3", { 0, 3 }, "++", -1, 0 },
	{ "192.0.2.1=1,192.0.2.2=3", { 1, 3 }, "++", -1, 1 },
	{ "192.0.2.1=0,192.0.2.2=0", { 0, 0 }, "++", -1, -1 },
	{ "192.0.2.1=0,192.0.2.2=1", { 0, 99 }, "++", -1, 1 },
	{ "192.0.2.1=0,192.0.2.2=1", { 0, 99 }, "+-", -1, -1 },
	/* no overflow */
	{ "192.0.2.1=10000,192.0.2.2=1", { 4000000000u, 500000 }, "++", -1, 0 },
	{ "192.0.2.1=10000,192.0.2.2=1", { 4000000000u, 300000 }, "++", -1, 1 },
	{ "192.0.2.1,192.0.2.2,192.0.2.3", { 5, 4, 3 }, "+++", -1, 2 },
	{ "192.0.2.1,192.0.2.2,192.0.2.3", { 5, 4, 3 }, "++-", -1, 1 },
};

START_TEST(chooses_who_has_least_for_its_weight)
{
	rmobike_weights_t *weights = parse(choices[_i].list);
	bool usable[3];
	int i;

	for (i = 0; i < weights->count(weights); i++)
	{
		usable[i] = choices[_i].usable[i] == '+';
	}
	ck_assert_int_eq(weights->choose(weights, choices[_i].load, usable,
									 choices[_i].current),
					 choices[_i].expected);
	weights->destroy(weights);
}
END_TEST

/**
 * Numbers divided by weights.
 */
static const struct {
	const char *list;
	u_int total;
	u_int share[3];
} shares[] = {
	{ "192.0.2.1", 7, { 7 } },
	{ "192.0.2.1,192.0.2.2", 0, { 0, 0 } },
	{ "192.0.2.1,192.0.2.2", 4, { 2, 2 } },
	{ "192.0.2.1,192.0.2.2", 5, { 3, 2 } },
	{ "192.0.2.1=1,192.0.2.2=3", 4, { 1, 3 } },
	{ "192.0.2.1=1,192.0.2.2=3", 1, { 0, 1 } },
	{ "192.0.2.1=1,192.0.2.2=3", 2, { 1, 1 } },
	{ "192.0.2.1=1,192.0.2.2=3", 3, { 1, 2 } },
	{ "192.0.2.1=0,192.0.2.2=1", 5, { 0, 5 } },
	{ "192.0.2.1=0,192.0.2.2=0", 5, { 0, 0 } },
	{ "192.0.2.1,192.0.2.2,192.0.2.3", 5, { 2, 2, 1 } },
	{ "192.0.2.1=10000,192.0.2.2=10000,192.0.2.3=1", 4000000000u,
	  { 1999900005, 1999900005, 199990 } },
};

START_TEST(divides_without_a_rest)
{
	rmobike_weights_t *weights = parse(shares[_i].list);
	u_int share[RMOBIKE_WEIGHTS_MAX];
	int i;

	weights->divide(weights, shares[_i].total, share);
	for (i = 0; i < weights->count(weights); i++)
	{
		ck_assert_uint_eq(share[i], shares[_i].share[i]);
	}
	weights->destroy(weights);
}
END_TEST

/**
 * How many the first of some addresses may have, with a hysteresis.
 */
static const struct {
	const char *list;
	u_int load[3];
	u_int percent;
	bool overloaded;
} loads[] = {
	{ "192.0.2.1,192.0.2.2", { 10, 10 }, 0, FALSE },
	/* one more is never too many */
	{ "192.0.2.1,192.0.2.2", { 11, 9 }, 0, FALSE },
	{ "192.0.2.1,192.0.2.2", { 12, 8 }, 0, TRUE },
	{ "192.0.2.1,192.0.2.2", { 2, 0 }, 10, FALSE },
	{ "192.0.2.1,192.0.2.2", { 3, 0 }, 10, FALSE },
	{ "192.0.2.1,192.0.2.2", { 4, 0 }, 10, TRUE },
	{ "192.0.2.1,192.0.2.2", { 110, 90 }, 10, FALSE },
	{ "192.0.2.1,192.0.2.2", { 111, 89 }, 10, TRUE },
	{ "192.0.2.1,192.0.2.2", { 0, 99 }, 0, FALSE },
	/* but one is where nobody shall be */
	{ "192.0.2.1=0,192.0.2.2", { 1, 5 }, 100, TRUE },
	{ "192.0.2.1=0,192.0.2.2", { 0, 5 }, 0, FALSE },
	{ "192.0.2.1=3,192.0.2.2=1", { 30, 10 }, 0, FALSE },
	{ "192.0.2.1=1,192.0.2.2=3", { 30, 10 }, 100, TRUE },
	{ "192.0.2.1=1,192.0.2.2=3", { 20, 20 }, 100, FALSE },
};

START_TEST(tells_who_has_too_many)
{
	rmobike_weights_t *weights = parse(loads[_i].list);

	ck_assert(weights->is_overloaded(weights, loads[_i].load, 0,
									 loads[_i].percent) ==
			  loads[_i].overloaded);
	weights->destroy(weights);
}
END_TEST

Suite *weights_suite(void)
{
	Suite *suite = suite_create("weights");
	TCase *tc;

	tc = add_case(suite, "lists");
	tcase_add_loop_test(tc, reads_addresses_with_weights, 0, countof(valid));
	tcase_add_loop_test(tc, clones_are_the_same, 0, countof(valid));
	tcase_add_loop_test(tc, says_what_is_wrong_with_a_list,
						0, countof(invalid));
	tcase_add_loop_test(tc, has_room_for_some_addresses, RMOBIKE_WEIGHTS_MAX,
						RMOBIKE_WEIGHTS_MAX + 2);
	tcase_add_test(tc, finds_addresses_whatever_their_port);

	tc = add_case(suite, "decisions");
	tcase_add_loop_test(tc, chooses_who_has_least_for_its_weight,
						0, countof(choices));
	tcase_add_loop_test(tc, divides_without_a_rest, 0, countof(shares));
	tcase_add_loop_test(tc, tells_who_has_too_many, 0, countof(loads));

	return suite;
}
