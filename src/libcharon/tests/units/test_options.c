/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "test_options.h"

struct complaints_t complaints;

/**
 * Collect complaints.
 */
static void complain(void *user, const char *key, const char *value,
					 const char *expected)
{
	ck_assert_ptr_eq(user, &complaints);
	ck_assert_int_lt(complaints.count, COMPLAINTS_MAX);
	snprintf(complaints.text[complaints.count++], sizeof(complaints.text[0]),
			 "%s=%s: %s", key, value, expected);
}

/*
 * Described in header
 */
settings_t *parse_conf(const char *text)
{
	settings_t *settings = settings_create(NULL);

	ck_assert_msg(settings->load_string(settings, (char*)text, FALSE),
				  "'%s' does not parse", text);
	return settings;
}

/*
 * Described in header
 */
settings_t *parse_section(const char *text)
{
	char buf[4096];

	snprintf(buf, sizeof(buf), "charon { plugins { rmobike { %s\n } } }", text);
	return parse_conf(buf);
}

/*
 * Described in header
 */
rmobike_options_t *read_options(const char *text, const char *connection)
{
	settings_t *settings = parse_section(text);
	rmobike_options_t *options;

	complaints.count = 0;
	options = rmobike_options_create(settings, "charon", connection, complain,
									 &complaints);
	settings->destroy(settings);
	return options;
}

/*
 * Described in header
 */
void check_settings(settings_t *settings, const char *ns)
{
	complaints.count = 0;
	rmobike_options_check(settings, ns, complain, &complaints);
}

/*
 * Described in header
 */
void check_options(const char *text)
{
	settings_t *settings = parse_section(text);

	check_settings(settings, "charon");
	settings->destroy(settings);
}

/*
 * Described in header
 */
const char *option(rmobike_options_t *options, const char *key)
{
	static char buf[128];

	if (streq(key, "advertise"))
	{
		return options->advertise ? "yes" : "no";
	}
	if (streq(key, "accept"))
	{
		return enum_to_name(rmobike_accept_names, options->accept);
	}
	if (streq(key, "reply_path"))
	{
		return options->reply_on_request ? "request" : "new";
	}
	if (streq(key, "path_check"))
	{
		return enum_to_name(rmobike_path_check_names, options->path_check);
	}
	if (streq(key, "socket"))
	{
		return options->socket;
	}
	if (streq(key, "auto_switch"))
	{
		return options->auto_switch ? "yes" : "no";
	}
	if (streq(key, "upgrade_redirect"))
	{
		return options->upgrade_redirect ? "yes" : "no";
	}
	snprintf(buf, sizeof(buf), "%u",
		streq(key, "path_timeout") ? options->path_timeout :
		streq(key, "notify_type") ? options->notify_type :
		streq(key, "timeout") ? options->timeout :
		streq(key, "max_switches") ? options->max_switches :
		streq(key, "switch_interval") ? options->switch_interval :
		streq(key, "prefer") ? (u_int)options->prefer->count(options->prefer) :
		streq(key, "prefer_after") ? options->prefer_after :
		streq(key, "drained") ?
					(u_int)options->drained->count(options->drained) :
		(u_int)options->accept_addresses->count(options->accept_addresses));
	return buf;
}

/**
 * Defaults, and what is complained about if a value is not valid.
 */
static const struct {
	const char *key;
	const char *value;
	const char *expected;
	/** what it is then, if not the default */
	const char *instead;
} defaults[] = {
	{ "advertise", "yes", "yes or no" },
	{ "accept", "any", "announced, none or any", "announced" },
	{ "accept_addresses", "0", "addresses, but 'x' is not an address, "
	  "subnet (a/24) or range (a-b)" },
	{ "reply_path", "new", "new or request" },
	{ "path_check", "unannounced", "unannounced or always" },
	{ "path_timeout", "3000", "0.1 to 60 seconds" },
	{ "notify_type", "41042", "40960 to 65535" },
	{ "timeout", "10000", "1 to 165 seconds" },
	{ "auto_switch", "yes", "yes or no" },
	{ "prefer", "0", "addresses, but 'x' is not an address, subnet (a/24) or "
	  "range (a-b)" },
	{ "prefer_after", "0", "0 to 3600 seconds" },
	{ "drained", "0", "addresses, but 'x' is not an address, subnet (a/24) or "
	  "range (a-b)" },
	{ "max_switches", "5", "0 to 1000" },
	{ "switch_interval", "300", "1 to 86400 seconds" },
	{ "upgrade_redirect", "no", "yes or no" },
	{ "socket", "unix:///run/charon.rmobike",
	  "a URI, e.g. unix:///run/charon.rmobike" },
};

START_TEST(has_defaults)
{
	static const char *connections[] = { NULL, "home" };
	rmobike_options_t *options;
	size_t i;

	for (i = 0; i < countof(connections); i++)
	{
		options = read_options("", connections[i]);
		ck_assert_str_eq(option(options, defaults[_i].key), defaults[_i].value);
		ck_assert_int_eq(complaints.count, 0);
		rmobike_options_destroy(options);
	}
}
END_TEST

START_TEST(unset_is_default)
{
	rmobike_options_t *options;
	char text[128];

	snprintf(text, sizeof(text), "%s =", defaults[_i].key);
	options = read_options(text, NULL);
	ck_assert_str_eq(option(options, defaults[_i].key), defaults[_i].value);
	ck_assert_int_eq(complaints.count, 0);
	rmobike_options_destroy(options);
}
END_TEST

START_TEST(complains_about_key_value_and_what_would_do)
{
	rmobike_options_t *options;
	char text[512];

	snprintf(text, sizeof(text), "%s = x", defaults[_i].key);
	options = read_options(text, NULL);
	ck_assert_str_eq(option(options, defaults[_i].key),
					 defaults[_i].instead ?: defaults[_i].value);
	rmobike_options_destroy(options);

	snprintf(text, sizeof(text), "%s=x: %s", defaults[_i].key,
			 defaults[_i].expected);
	ck_assert_int_eq(complaints.count, 1);
	ck_assert_str_eq(complaints.text[0], text);
}
END_TEST

/**
 * A value, as strongswan.conf has it or without the quotes around it, and what
 * it means or what holds instead.
 */
typedef struct {
	const char *key;
	const char *value;
	const char *meaning;
} value_t;

/**
 * Check what an option is, and how many complaints there are about the text.
 */
static void check_option(const char *text, const value_t *value, int count)
{
	rmobike_options_t *options;

	options = read_options(text, NULL);
	ck_assert_str_eq(option(options, value->key), value->meaning);
	ck_assert_int_eq(complaints.count, count);
	rmobike_options_destroy(options);

	check_options(text);
	ck_assert_int_eq(complaints.count, count);
}

/**
 * Valid values.
 */
static const value_t valid[] = {
	{ "advertise", "no", "no" },
	{ "advertise", "No", "no" },
	{ "advertise", "false", "no" },
	{ "advertise", "disabled", "no" },
	{ "advertise", "0", "no" },
	{ "advertise", "yes", "yes" },
	{ "advertise", "TRUE", "yes" },
	{ "advertise", "enabled", "yes" },
	{ "advertise", "1", "yes" },
	{ "accept", "announced", "announced" },
	{ "accept", "none", "none" },
	{ "accept", "any", "any" },
	{ "accept", "Any", "any" },
	{ "accept_addresses", "\"\"", "0" },
	{ "accept_addresses", "192.0.2.1", "1" },
	{ "accept_addresses", "192.0.2.1,2001:db8::/32", "2" },
	{ "accept_addresses", "192.0.2.1, 2001:db8::/32 10.0.0.1-10.0.0.9", "3" },
	{ "reply_path", "new", "new" },
	{ "reply_path", "request", "request" },
	{ "reply_path", "Request", "request" },
	{ "path_check", "unannounced", "unannounced" },
	{ "path_check", "always", "always" },
	{ "path_timeout", "0.1", "100" },
	{ "path_timeout", "0.25", "250" },
	{ "path_timeout", "0.1239", "123" },
	{ "path_timeout", "1.5", "1500" },
	{ "path_timeout", "1.05", "1050" },
	{ "path_timeout", "1.005", "1005" },
	{ "path_timeout", "007", "7000" },
	{ "path_timeout", "60", "60000" },
	{ "path_timeout", "60.000", "60000" },
	{ "notify_type", "40960", "40960" },
	{ "notify_type", "65535", "65535" },
	{ "notify_type", "0xa053", "41043" },
	{ "timeout", "1", "1000" },
	{ "timeout", "2.75", "2750" },
	{ "timeout", "165", "165000" },
	{ "auto_switch", "no", "no" },
	{ "auto_switch", "yes", "yes" },
	{ "prefer", "\"\"", "0" },
	{ "prefer", "192.0.2.2", "1" },
	{ "prefer", "192.0.2.2, 2001:db8::2, 192.0.2.0/24", "3" },
	{ "prefer_after", "0", "0" },
	{ "prefer_after", "3600", "3600" },
	{ "drained", "\"\"", "0" },
	{ "drained", "192.0.2.1, 2001:db8::/64", "2" },
	{ "max_switches", "0", "0" },
	{ "max_switches", "1", "1" },
	{ "max_switches", "1000", "1000" },
	{ "max_switches", "0x10", "16" },
	{ "switch_interval", "1", "1" },
	{ "switch_interval", "86400", "86400" },
	{ "upgrade_redirect", "yes", "yes" },
	{ "upgrade_redirect", "no", "no" },
	{ "socket", "tcp://127.0.0.1:4502", "tcp://127.0.0.1:4502" },
};

START_TEST(reads_valid_values)
{
	char text[128];

	snprintf(text, sizeof(text), "%s = %s", valid[_i].key, valid[_i].value);
	check_option(text, &valid[_i], 0);
}
END_TEST

/**
 * Values that are not valid.
 */
static const value_t invalid[] = {
	{ "advertise", "", "yes" },
	{ "advertise", "2", "yes" },
	{ "advertise", "y", "yes" },
	{ "advertise", "nope", "yes" },
	{ "accept", "", "announced" },
	{ "accept", "all", "announced" },
	{ "accept", "anybody", "announced" },
	{ "accept", "none,any", "announced" },
	{ "accept_addresses", "192.0.2.1,x", "0" },
	{ "accept_addresses", "gateway.example.org", "0" },
	{ "reply_path", "", "new" },
	{ "reply_path", "old", "new" },
	{ "path_check", "", "unannounced" },
	{ "path_check", "never", "unannounced" },
	{ "path_timeout", "", "3000" },
	{ "path_timeout", "0", "3000" },
	{ "path_timeout", "0.099", "3000" },
	{ "path_timeout", "60.001", "3000" },
	{ "path_timeout", "61", "3000" },
	{ "path_timeout", "-1", "3000" },
	{ "path_timeout", "+1", "3000" },
	{ "path_timeout", " 1", "3000" },
	{ "path_timeout", "1s", "3000" },
	{ "path_timeout", "1.", "3000" },
	{ "path_timeout", ".5", "3000" },
	{ "path_timeout", "1,5", "3000" },
	{ "path_timeout", "1.5s", "3000" },
	{ "path_timeout", "1.5.5", "3000" },
	{ "path_timeout", "1e1", "3000" },
	{ "path_timeout", "0x10", "3000" },
	{ "path_timeout", "nan", "3000" },
	{ "path_timeout", "4294967.296", "3000" },
	{ "path_timeout", "4294968", "3000" },
	{ "path_timeout", "18446744073709552", "3000" },
	{ "path_timeout", "18446744073709551626", "3000" },
	{ "notify_type", "", "41042" },
	{ "notify_type", "0", "41042" },
	{ "notify_type", "16400", "41042" },
	{ "notify_type", "40959", "41042" },
	{ "notify_type", "65536", "41042" },
	{ "notify_type", "-24494", "41042" },
	{ "notify_type", "+50000", "41042" },
	{ "notify_type", " 50000", "41042" },
	{ "notify_type", "50000 x", "41042" },
	{ "notify_type", "50000.0", "41042" },
	{ "notify_type", "0x", "41042" },
	{ "notify_type", "a053", "41042" },
	{ "notify_type", "4295017296", "41042" },
	{ "notify_type", "99999999999999999999999", "41042" },
	{ "timeout", "0.999", "10000" },
	{ "timeout", "165.001", "10000" },
	{ "timeout", "never", "10000" },
	{ "auto_switch", "", "yes" },
	{ "auto_switch", "never", "yes" },
	{ "prefer", "192.0.2.2 192.0.2.300", "0" },
	{ "prefer", "eth0", "0" },
	{ "prefer_after", "3601", "0" },
	{ "prefer_after", "-1", "0" },
	{ "prefer_after", "1.5", "0" },
	{ "drained", "192.0.2.1 eth0", "0" },
	{ "max_switches", "", "5" },
	{ "max_switches", "1001", "5" },
	{ "max_switches", "-1", "5" },
	{ "max_switches", "2.5", "5" },
	{ "max_switches", "4294967296", "5" },
	{ "max_switches", "18446744073709551616", "5" },
	{ "max_switches", "unlimited", "5" },
	{ "switch_interval", "", "300" },
	{ "switch_interval", "0", "300" },
	{ "switch_interval", "86401", "300" },
	{ "switch_interval", "0.5", "300" },
	{ "switch_interval", "5m", "300" },
	{ "switch_interval", "4294967297", "300" },
	{ "upgrade_redirect", "", "no" },
	{ "upgrade_redirect", "always", "no" },
	{ "socket", "", "unix:///run/charon.rmobike" },
	{ "socket", "/run/other", "unix:///run/charon.rmobike" },
};

START_TEST(uses_defaults_instead_of_invalid_values)
{
	char text[128];

	snprintf(text, sizeof(text), "%s = \"%s\"", invalid[_i].key,
			 invalid[_i].value);
	check_option(text, &invalid[_i], 1);
}
END_TEST

START_TEST(nobody_has_to_listen_to_complaints)
{
	settings_t *settings = parse_section("accept = x\n typo = x\n section { }\n"
									   "connections { home { accept = y } }");
	rmobike_options_t *options;

	options = rmobike_options_create(settings, "charon", "home", NULL, NULL);
	rmobike_options_destroy(options);
	rmobike_options_check(settings, "charon", NULL, NULL);
	rmobike_options_destroy(NULL);
	settings->destroy(settings);
}
END_TEST

START_TEST(addresses_are_those_configured)
{
	rmobike_options_t *options;
	host_t *in, *out;

	options = read_options("accept_addresses = 192.0.2.0/24", NULL);
	in = host("192.0.2.2");
	out = host("192.0.3.2");
	ck_assert(options->accept_addresses->includes(options->accept_addresses,
												  in));
	ck_assert(!options->accept_addresses->includes(options->accept_addresses,
												   out));
	in->destroy(in);
	out->destroy(out);
	rmobike_options_destroy(options);
}
END_TEST

START_TEST(preferred_addresses_have_an_order)
{
	rmobike_options_t *options;
	host_t *first, *last;

	options = read_options("prefer = 192.0.2.2, 192.0.2.0/24", NULL);
	first = host("192.0.2.2");
	last = host("192.0.2.1");
	ck_assert_int_eq(options->prefer->index(options->prefer, first), 0);
	ck_assert_int_eq(options->prefer->index(options->prefer, last), 1);
	/* whom we follow is another matter */
	ck_assert_str_eq(option(options, "accept_addresses"), "0");
	first->destroy(first);
	last->destroy(last);
	rmobike_options_destroy(options);
}
END_TEST

START_TEST(options_outlive_a_reload)
{
	settings_t *settings = parse_section("socket = tcp://a");
	rmobike_options_t *before, *after;

	before = rmobike_options_create(settings, "charon", NULL, NULL, NULL);
	ck_assert(settings->load_string(settings, "charon { plugins { rmobike { "
						"socket = tcp://b\n accept = none } } }", FALSE));
	after = rmobike_options_create(settings, "charon", NULL, NULL, NULL);
	settings->destroy(settings);

	ck_assert_str_eq(before->socket, "tcp://a");
	ck_assert_int_eq(before->accept, RMOBIKE_ACCEPT_ANY);
	ck_assert_str_eq(after->socket, "tcp://b");
	ck_assert_int_eq(after->accept, RMOBIKE_ACCEPT_NONE);
	rmobike_options_destroy(before);
	rmobike_options_destroy(after);
}
END_TEST

Suite *options_suite(void)
{
	Suite *suite = suite_create("options");
	TCase *tc;

	tc = add_case(suite, "values");
	tcase_add_loop_test(tc, has_defaults, 0, countof(defaults));
	tcase_add_loop_test(tc, unset_is_default, 0, countof(defaults));
	tcase_add_loop_test(tc, complains_about_key_value_and_what_would_do,
						0, countof(defaults));
	tcase_add_loop_test(tc, reads_valid_values, 0, countof(valid));
	tcase_add_loop_test(tc, uses_defaults_instead_of_invalid_values,
						0, countof(invalid));
	tcase_add_test(tc, nobody_has_to_listen_to_complaints);
	tcase_add_test(tc, addresses_are_those_configured);
	tcase_add_test(tc, preferred_addresses_have_an_order);
	tcase_add_test(tc, options_outlive_a_reload);

	return suite;
}
