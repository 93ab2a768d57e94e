/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include "base/rmobike_parse.h"

/**
 * Result that is none of a valid value.
 */
#define UNTOUCHED 4711

/**
 * Result of a value that is not valid.
 */
#define INVALID -1

/**
 * Numbers from 0 to 1000.
 */
static const struct {
	char *value;
	int number;
} numbers[] = {
	{ "0", 0 },
	{ "1", 1 },
	{ "09", 9 },
	{ "000000000000000000000000000010", 10 },
	{ "999", 999 },
	{ "1000", 1000 },
	{ "0x0", 0 },
	{ "0x3e8", 1000 },
	{ "0x3E8", 1000 },
	{ "", INVALID },
	{ "x", INVALID },
	{ "1001", INVALID },
	{ "0x3e9", INVALID },
	{ "0x", INVALID },
	{ "3e8", INVALID },
	{ "1e2", INVALID },
	{ "-0", INVALID },
	{ "-1", INVALID },
	{ "+1", INVALID },
	{ " 1", INVALID },
	{ "1 ", INVALID },
	{ "1.0", INVALID },
	{ "1,000", INVALID },
	{ "five", INVALID },
	/* what would be left of them in 32 and 64 bits */
	{ "4294967296", INVALID },
	{ "4294967297", INVALID },
	{ "18446744073709551615", INVALID },
	{ "18446744073709551616", INVALID },
	{ "18446744073709551617", INVALID },
	{ "99999999999999999999999999999999", INVALID },
};

START_TEST(reads_numbers)
{
	bool valid = numbers[_i].number != INVALID;
	u_int number = UNTOUCHED;

	ck_assert(rmobike_parse_number(numbers[_i].value, 0, 1000, &number) ==
			  valid);
	ck_assert_int_eq(number, valid ? numbers[_i].number : UNTOUCHED);
}
END_TEST

START_TEST(numbers_have_bounds)
{
	char value[16];
	u_int number, min, max;
	bool valid;

	snprintf(value, sizeof(value), "%d", _i);
	for (min = 0; min < 5; min++)
	{
		for (max = min; max < 5; max++)
		{
			valid = (u_int)_i >= min && (u_int)_i <= max;
			number = UNTOUCHED;
			ck_assert(rmobike_parse_number(value, min, max, &number) == valid);
			ck_assert_int_eq(number, valid ? _i : UNTOUCHED);
		}
	}
}
END_TEST

START_TEST(largest_number_is_a_number)
{
	u_int number = 0;

	ck_assert(rmobike_parse_number("4294967295", 0, UINT_MAX, &number));
	ck_assert(number == UINT_MAX);
	ck_assert(!rmobike_parse_number("4294967296", 0, UINT_MAX, &number));
	ck_assert(!rmobike_parse_number("-1", 0, UINT_MAX, &number));
}
END_TEST

/**
 * Times from a tenth of a second to ten seconds.
 */
static const struct {
	char *value;
	int ms;
} times[] = {
	{ "0.1", 100 },
	{ "0.10", 100 },
	{ "0.1009", 100 },
	{ "0.123", 123 },
	{ "1", 1000 },
	{ "01", 1000 },
	{ "000000009", 9000 },
	{ "2.5", 2500 },
	{ "2.05", 2050 },
	{ "2.005", 2005 },
	{ "2.00099999999999999999999999", 2000 },
	{ "10", 10000 },
	{ "10.0", 10000 },
	{ "10.0009", 10000 },
	{ "", INVALID },
	{ ".", INVALID },
	{ "x", INVALID },
	{ "0", INVALID },
	{ "0.0999", INVALID },
	{ "10.001", INVALID },
	{ "11", INVALID },
	{ ".5", INVALID },
	{ "1.", INVALID },
	{ "1.x", INVALID },
	{ "1.5.", INVALID },
	{ "1..5", INVALID },
	{ "1,5", INVALID },
	{ "-1", INVALID },
	{ "+1", INVALID },
	{ " 1", INVALID },
	{ "1 ", INVALID },
	{ "1s", INVALID },
	{ "1ms", INVALID },
	{ "1e0", INVALID },
	{ "0x1", INVALID },
	{ "inf", INVALID },
	/* what would be left of them in 32 and 64 bits, in milliseconds */
	{ "4294969", INVALID },
	{ "999999999", INVALID },
	{ "1000000001", INVALID },
	{ "18446744073709553", INVALID },
};

START_TEST(reads_seconds)
{
	bool valid = times[_i].ms != INVALID;
	u_int ms = UNTOUCHED;

	ck_assert(rmobike_parse_seconds(times[_i].value, 100, 10000, &ms) == valid);
	ck_assert_int_eq(ms, valid ? times[_i].ms : UNTOUCHED);
}
END_TEST

/**
 * What strongSwan takes for yes and no.
 */
static const struct {
	char *value;
	int yes;
} words[] = {
	{ "yes", TRUE },
	{ "Yes", TRUE },
	{ "true", TRUE },
	{ "enabled", TRUE },
	{ "1", TRUE },
	{ "no", FALSE },
	{ "NO", FALSE },
	{ "false", FALSE },
	{ "disabled", FALSE },
	{ "0", FALSE },
	{ "", INVALID },
	{ "2", INVALID },
	{ "y", INVALID },
	{ "on", INVALID },
	{ "yes ", INVALID },
	{ "yesno", INVALID },
};

START_TEST(reads_yes_and_no)
{
	bool before[] = { FALSE, TRUE }, valid = words[_i].yes != INVALID, yes;
	size_t i;

	for (i = 0; i < countof(before); i++)
	{
		yes = before[i];
		ck_assert(rmobike_parse_bool(words[_i].value, &yes) == valid);
		ck_assert_int_eq(yes, valid ? words[_i].yes : before[i]);
	}
}
END_TEST

Suite *parse_suite(void)
{
	Suite *suite = suite_create("parse");
	TCase *tc;

	tc = add_case(suite, "values");
	tcase_add_loop_test(tc, reads_numbers, 0, countof(numbers));
	tcase_add_loop_test(tc, numbers_have_bounds, 0, 6);
	tcase_add_test(tc, largest_number_is_a_number);
	tcase_add_loop_test(tc, reads_seconds, 0, countof(times));
	tcase_add_loop_test(tc, reads_yes_and_no, 0, countof(words));

	return suite;
}
