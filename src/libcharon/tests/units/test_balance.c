/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "test_options.h"

#include "base/rmobike_options_balance.h"

#define ONE "address = 192.0.2.1\n"
#define TWO "address = 192.0.2.2\n"

/**
 * What is in the section "balance", what is read, as "address=weight ...
 * hysteresis", and all complaints.
 */
static const struct {
	const char *text;
	const char *expected;
	const char *complaints[COMPLAINTS_MAX];
} sections[] = {
	{ "", "10", { } },
	{ "addresses { }", "10", { } },
	{ "hysteresis = 0\n addresses { a { " ONE " } }", "192.0.2.1=1 0", { } },
	{ "hysteresis = 100\n addresses { a { " ONE "weight = 3 }\n"
	  "b { address = 2001:db8::1\n weight = 0 } }",
	  "192.0.2.1=3 2001:db8::1=0 100", { } },
	{ "addresses { a { " ONE "weight = 10000 } }", "192.0.2.1=10000 10", { } },
	/* addresses */
	{ "addresses { a { weight = 3 } b { " ONE " } }", "192.0.2.1=1 10",
	  { "balance.addresses.a={}: an address in it" } },
	{ "addresses { a { address = 192.0.2.1.1 } b { " ONE " } }",
	  "192.0.2.1=1 10",
	  { "balance.addresses.a.address=192.0.2.1.1: an IP address" } },
	{ "addresses { a { address = 192.0.2.0/24 } }", "10",
	  { "balance.addresses.a.address=192.0.2.0/24: an IP address" } },
	{ "addresses { a { address = 0.0.0.0 } b { address = \"::\" } }", "10",
	  { "balance.addresses.a.address=0.0.0.0: an IP address",
		"balance.addresses.b.address=::: an IP address" } },
	{ "addresses { a { " ONE "weight = 2 } b { " ONE " } }", "192.0.2.1=2 10",
	  { "balance.addresses.b.address=192.0.2.1: an address that no other "
		"section has" } },
	/* weights */
	{ "addresses { a { " ONE "weight = many } b { " TWO " } }",
	  "192.0.2.2=1 10", { "balance.addresses.a.weight=many: 0 to 10000" } },
	{ "addresses { a { " ONE "weight = 10001 } b { " TWO "weight = -1 } }",
	  "10", { "balance.addresses.a.weight=10001: 0 to 10000",
			  "balance.addresses.b.weight=-1: 0 to 10000" } },
	{ "addresses { a { " ONE "weight = 1.5 } }", "10",
	  { "balance.addresses.a.weight=1.5: 0 to 10000" } },
	/* both */
	{ "addresses { a { address = x\n weight = y } }", "10",
	  { "balance.addresses.a.address=x: an IP address",
		"balance.addresses.a.weight=y: 0 to 10000" } },
	/* hysteresis */
	{ "hysteresis = 101", "10",
	  { "balance.hysteresis=101: 0 to 100 percent" } },
	{ "hysteresis = -1", "10", { "balance.hysteresis=-1: 0 to 100 percent" } },
	{ "hysteresis = 5%", "10", { "balance.hysteresis=5%: 0 to 100 percent" } },
	/* what does not belong there */
	{ "histeresis = 5", "10", { "balance.histeresis=5: hysteresis" } },
	{ "address { }", "10", { "balance.address={}: no section but addresses" } },
	{ "addresses { a = 192.0.2.1 }", "10",
	  { "balance.addresses.a=192.0.2.1: the section of an address" } },
	{ "addresses { a { " ONE "wieght = 3 } }", "192.0.2.1=1 10",
	  { "balance.addresses.a.wieght=3: one of address, weight" } },
	{ "addresses { a { " ONE "weight { } } }", "192.0.2.1=1 10",
	  { "balance.addresses.a.weight={}: no section" } },
};

START_TEST(reads_what_is_configured)
{
	rmobike_weights_t *weights;
	settings_t *settings;
	char text[512], found[256];
	size_t len = 0;
	u_int hysteresis;
	int i;

	snprintf(text, sizeof(text), "balance { %s }", sections[_i].text);
	settings = parse_section(text);
	weights = rmobike_options_balance_load(settings, "charon", &hysteresis,
										   NULL, NULL);
	for (i = 0; i < weights->count(weights); i++)
	{
		len += snprintf(found + len, sizeof(found) - len, "%H=%u ",
						weights->get_address(weights, i),
						weights->get_weight(weights, i));
	}
	snprintf(found + len, sizeof(found) - len, "%u", hysteresis);
	ck_assert_str_eq(found, sections[_i].expected);
	weights->destroy(weights);
	settings->destroy(settings);
}
END_TEST

START_TEST(check_of_all_options_looks_inside)
{
	char text[512];
	int i;

	snprintf(text, sizeof(text), "balance { %s }", sections[_i].text);
	check_options(text);
	for (i = 0; i < complaints.count; i++)
	{
		ck_assert_msg(sections[_i].complaints[i] != NULL, "'%s' is too much",
					  complaints.text[i]);
		ck_assert_str_eq(complaints.text[i], sections[_i].complaints[i]);
	}
	ck_assert(!sections[_i].complaints[i]);
}
END_TEST

START_TEST(complains_about_too_many_addresses)
{
	char text[8192] = "balance { addresses {\n";
	size_t len = strlen(text);
	int i;

	for (i = 0; i < _i; i++)
	{
		len += snprintf(text + len, sizeof(text) - len,
						"a%d { address = 192.0.2.%d }\n", i, i + 1);
	}
	snprintf(text + len, sizeof(text) - len, "} }");
	check_options(text);
	ck_assert_int_eq(complaints.count, _i > RMOBIKE_WEIGHTS_MAX);
	if (complaints.count)
	{
		ck_assert_str_eq(complaints.text[0],
						 "balance.addresses.a64={}: at most 64 addresses");
	}
}
END_TEST

START_TEST(complains_about_names_it_can_not_look_up)
{
	char name[128 + 1], text[512];

	memset(name, 'x', sizeof(name));
	name[_i] = '\0';
	snprintf(text, sizeof(text), "balance { addresses { %s { " ONE " } } }",
			 name);
	check_options(text);
	ck_assert_int_eq(complaints.count, _i == 128);
	if (complaints.count)
	{
		ck_assert(strstr(complaints.text[0], "={}: a shorter name"));
	}
}
END_TEST

Suite *balance_suite(void)
{
	Suite *suite = suite_create("balance");
	TCase *tc;

	tc = add_case(suite, "configuration");
	tcase_add_loop_test(tc, reads_what_is_configured, 0, countof(sections));
	tcase_add_loop_test(tc, check_of_all_options_looks_inside,
						0, countof(sections));
	tcase_add_loop_test(tc, complains_about_too_many_addresses,
						RMOBIKE_WEIGHTS_MAX, RMOBIKE_WEIGHTS_MAX + 2);
	tcase_add_loop_test(tc, complains_about_names_it_can_not_look_up,
						127, 129);

	return suite;
}
