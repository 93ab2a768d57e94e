/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "test_options.h"

/** Two of them */
#define ADDRESSES "192.0.2.1, 192.0.2.2"

/**
 * Global options and those of the connection "home", and which ones hold.
 * Options of the same kind share a row.
 */
static const struct {
	const char *keys[3];
	const char *global;
	const char *home;
	const char *meaning;
	int complaints;
} overrides[] = {
	{ { "advertise", "auto_switch" }, "no", NULL, "no", 0 },
	{ { "advertise", "auto_switch" }, "no", "yes", "yes", 0 },
	{ { "advertise", "auto_switch" }, "yes", "no", "no", 0 },
	{ { "advertise", "auto_switch" }, "no", "x", "no", 1 },
	{ { "accept" }, "any", NULL, "any", 0 },
	{ { "accept" }, "any", "none", "none", 0 },
	{ { "accept" }, "none", "any", "any", 0 },
	/* never any if somebody wanted it to be different */
	{ { "accept" }, "any", "x", "announced", 1 },
	{ { "accept" }, "announced", "x", "announced", 1 },
	{ { "accept" }, "none", "x", "none", 1 },
	{ { "accept_addresses", "prefer" }, ADDRESSES, NULL, "2", 0 },
	{ { "accept_addresses", "prefer" }, ADDRESSES, "192.0.2.3", "1", 0 },
	/* unset is not empty */
	{ { "accept_addresses", "prefer" }, ADDRESSES, "", "2", 0 },
	{ { "accept_addresses", "prefer" }, ADDRESSES, "\"\"", "0", 0 },
	{ { "accept_addresses", "prefer" }, ADDRESSES, "x", "0", 1 },
	{ { "reply_path" }, "request", NULL, "request", 0 },
	{ { "reply_path" }, "request", "new", "new", 0 },
	{ { "reply_path" }, "new", "request", "request", 0 },
	{ { "reply_path" }, "request", "x", "request", 1 },
	{ { "path_check" }, "always", NULL, "always", 0 },
	{ { "path_check" }, "always", "unannounced", "unannounced", 0 },
	{ { "path_check" }, "unannounced", "always", "always", 0 },
	{ { "path_check" }, "always", "x", "always", 1 },
	{ { "max_switches" }, "3", NULL, "3", 0 },
	{ { "max_switches" }, "3", "0", "0", 0 },
	{ { "max_switches" }, "0", "3", "3", 0 },
	{ { "max_switches" }, "3", "x", "3", 1 },
	{ { "switch_interval" }, "60", NULL, "60", 0 },
	{ { "switch_interval" }, "60", "3600", "3600", 0 },
	{ { "switch_interval" }, "60", "0", "60", 1 },
	/* these are the same for all connections */
	{ { "upgrade_redirect" }, "yes", "no", "yes", 0 },
	{ { "path_timeout" }, "5", "6", "5000", 0 },
	{ { "notify_type" }, "50000", "50001", "50000", 0 },
	{ { "timeout" }, "20", "21", "20000", 0 },
	{ { "socket" }, "tcp://a", "tcp://b", "tcp://a", 0 },
};

START_TEST(connections_override_global_options)
{
	typeof(overrides[0]) *row = &overrides[_i];
	rmobike_options_t *options;
	char text[256];
	int i;

	for (i = 0; row->keys[i]; i++)
	{
		snprintf(text, sizeof(text), "%s = %s\nconnections { home { %s%s%s } }",
				 row->keys[i], row->global, row->home ? row->keys[i] : "",
				 row->home ? " = " : "", row->home ?: "");
		options = read_options(text, "home");
		ck_assert_str_eq(option(options, row->keys[i]), row->meaning);
		ck_assert_int_eq(complaints.count, row->complaints);
		rmobike_options_destroy(options);
	}
}
END_TEST

START_TEST(connections_complain_about_their_own_values_only)
{
	static const char text[] = "accept = x\nreply_path = y\n"
							   "connections { home { accept = z } }";

	rmobike_options_destroy(read_options(text, "home"));
	ck_assert_int_eq(complaints.count, 1);
	ck_assert_str_eq(complaints.text[0], "connections.home.accept=z: "
					 "announced, none or any");

	rmobike_options_destroy(read_options(text, "work"));
	ck_assert_int_eq(complaints.count, 0);

	rmobike_options_destroy(read_options(text, NULL));
	ck_assert_int_eq(complaints.count, 2);
}
END_TEST

/**
 * Sections of connections, and names that these sections are for or not.
 */
static const struct {
	const char *sections;
	const char *connection;
	const char *accept;
} names[] = {
	{ "home { accept = none }", "home", "none" },
	{ "home { accept = none }", "work", "any" },
	{ "home { accept = none }", "Home", "any" },
	{ "home { accept = none }", "hom", "any" },
	{ "home { accept = none }", "", "any" },
	{ "accept = none", "", "any" },
	{ "home { } work { accept = none }", "work", "none" },
	{ "a%s%d { accept = none }", "a%s%d", "none" },
	/* names that a section can't have */
	{ "gw { name = gw.example.org\n accept = none }", "gw.example.org",
	  "none" },
	{ "gw { name = \"my home {#1}\"\n accept = none }", "my home {#1}",
	  "none" },
	{ "gw { name = gw.example.org\n accept = none }", "gw", "any" },
	{ "gw { accept = none }", "gw.accept", "any" },
	{ "gw { example { accept = none } }", "gw.example", "any" },
	/* the first one counts */
	{ "a { name = x\n accept = none } b { name = x\n accept = any }", "x",
	  "none" },
};

START_TEST(finds_the_section_of_a_connection)
{
	rmobike_options_t *options;
	char text[256];

	snprintf(text, sizeof(text), "connections { %s }", names[_i].sections);
	options = read_options(text, names[_i].connection);
	ck_assert_str_eq(option(options, "accept"), names[_i].accept);
	rmobike_options_destroy(options);
}
END_TEST

START_TEST(section_set_by_a_program_may_have_dots)
{
	settings_t *settings = settings_create(NULL);
	rmobike_options_t *options;

	settings->set_str(settings, "charon.plugins.rmobike.connections.%s.accept",
					  "none", "gw.example.org");
	options = rmobike_options_create(settings, "charon", "gw.example.org",
									 NULL, NULL);
	ck_assert_str_eq(option(options, "accept"), "none");
	rmobike_options_destroy(options);
	settings->destroy(settings);
}
END_TEST

/**
 * A configuration of two daemons, of which one falls back to the other's.
 */
static settings_t *fallback_conf(void)
{
	settings_t *settings = parse_conf(
		"charon-systemd {\n"
		"	plugins {\n"
		"		rmobike {\n"
		"			path_check = always\n"
		"			typo = 1\n"
		"			connections {\n"
		"				both {\n"
		"					accept = none\n"
		"				}\n"
		"				own {\n"
		"					accept = x\n"
		"				}\n"
		"			}\n"
		"		}\n"
		"	}\n"
		"}\n"
		"charon {\n"
		"	plugins {\n"
		"		rmobike {\n"
		"			path_check = x\n"
		"			typo = 2\n"
		"			tpyo = 3\n"
		"			timeout = 20\n"
		"			connections {\n"
		"				both {\n"
		"					accept = any\n"
		"					reply_path = request\n"
		"				}\n"
		"				general {\n"
		"					accept = any\n"
		"					advertise = y\n"
		"				}\n"
		"			}\n"
		"		}\n"
		"	}\n"
		"}\n");

	settings->add_fallback(settings, "%s", "charon", "charon-systemd");
	return settings;
}

/**
 * What holds for a daemon, and for its connections.
 */
static const struct {
	const char *daemon;
	const char *connection;
	const char *key;
	const char *meaning;
} fallbacks[] = {
	{ "charon-systemd", NULL, "path_check", "always" },
	{ "charon-systemd", NULL, "timeout", "20000" },
	{ "charon-systemd", NULL, "accept", "any" },
	{ "charon-systemd", "both", "accept", "none" },
	{ "charon-systemd", "both", "reply_path", "request" },
	{ "charon-systemd", "both", "timeout", "20000" },
	{ "charon-systemd", "general", "accept", "any" },
	{ "charon", "both", "accept", "any" },
	{ "charon", "both", "path_check", "unannounced" },
};

START_TEST(charon_systemd_falls_back_to_charon)
{
	settings_t *settings = fallback_conf();
	rmobike_options_t *options;

	options = rmobike_options_create(settings, (char*)fallbacks[_i].daemon,
									 fallbacks[_i].connection, NULL, NULL);
	ck_assert_str_eq(option(options, fallbacks[_i].key), fallbacks[_i].meaning);
	rmobike_options_destroy(options);
	settings->destroy(settings);
}
END_TEST

START_TEST(checks_what_is_fallen_back_to)
{
	settings_t *settings = fallback_conf();

	check_settings(settings, "charon-systemd");
	ck_assert_int_eq(complaints.count, 4);
	ck_assert(strpfx(complaints.text[0], "typo=1: "));
	ck_assert(strpfx(complaints.text[1], "tpyo=3: "));
	ck_assert(strpfx(complaints.text[2], "connections.own.accept=x: "));
	ck_assert(strpfx(complaints.text[3], "connections.general.advertise=y: "));
	settings->destroy(settings);
}
END_TEST

#define ANY_OPTION "one of load, advertise, accept, accept_addresses, " \
	"reply_path, path_check, path_timeout, notify_type, timeout, " \
	"auto_switch, prefer, prefer_after, drained, max_switches, " \
	"switch_interval, upgrade_redirect, socket"
#define CONNECTION_OPTION "one of name, advertise, accept, " \
	"accept_addresses, reply_path, path_check, auto_switch, prefer, " \
	"max_switches, switch_interval"

/**
 * Sections of the plugin and all complaints about them.
 */
static const struct {
	const char *text;
	const char *complaints[COMPLAINTS_MAX];
} checks[] = {
	{ "", { } },
	{ "load = yes", { } },
	{ "load = 7", { } },
	{ "connections { }", { } },
	{ "connections { home { } }", { } },
	{ "balance { hysteresis = 5\n addresses { } }", { } },
	{ "connections { home { accept = none\n name = x } }", { } },
	/* unknown options */
	{ "acept = any", { "acept=any: " ANY_OPTION } },
	{ "name = x", { "name=x: " ANY_OPTION } },
	{ "Accept = any", { "Accept=any: " ANY_OPTION } },
	{ "connections = x", { "connections=x: " ANY_OPTION } },
	{ "connections { home { acept = any } }",
	  { "connections.home.acept=any: " CONNECTION_OPTION } },
	{ "connections { home { timeout = 5\n load = yes } }",
	  { "connections.home.timeout=5: " CONNECTION_OPTION,
		"connections.home.load=yes: " CONNECTION_OPTION } },
	/* options of no connection */
	{ "connections { accept = none }",
	  { "connections.accept=none: the section of a connection" } },
	/* unknown sections */
	{ "connection { home { accept = x } }",
	  { "connection={}: no section but balance, cluster and connections" } },
	{ "accept { }",
	  { "accept={}: no section but balance, cluster and connections" } },
	{ "connections { home { balance { } } }",
	  { "connections.home.balance={}: no section" } },
	{ "connections { home { accept { } } }",
	  { "connections.home.accept={}: no section" } },
	{ "connections { connections { connections { } } }",
	  { "connections.connections.connections={}: no section" } },
	/* connections are told apart by their names */
	{ "connections { a { name = x } b { name = x } }",
	  { "connections.b.name=x: a name that no other section has" } },
	{ "connections { a { name = b } b { } }",
	  { "connections.b.name=b: a name that no other section has" } },
	{ "connections { a { name = b } b { name = a } }", { } },
	/* all there is, once */
	{ "accept = a\n connections { x { accept = b } y { accept = c } z { } }",
	  { "accept=a: announced, none or any",
		"connections.x.accept=b: announced, none or any",
		"connections.y.accept=c: announced, none or any" } },
	{ "accept_addresses = 192.0.2.1-\n connections { x { } y { } }",
	  { "accept_addresses=192.0.2.1-: addresses, but '192.0.2.1-' is not "
		"a range (a-b) from a lower to a higher address" } },
};

START_TEST(checks_everything_once)
{
	int i;

	check_options(checks[_i].text);
	for (i = 0; i < complaints.count; i++)
	{
		ck_assert_msg(checks[_i].complaints[i] != NULL, "'%s' is too much",
					  complaints.text[i]);
		ck_assert_str_eq(complaints.text[i], checks[_i].complaints[i]);
	}
	ck_assert(!checks[_i].complaints[i]);
}
END_TEST

START_TEST(complains_about_sections_it_can_not_look_up)
{
	char name[128 + 1], text[256];

	memset(name, 'x', sizeof(name));
	name[_i] = '\0';
	snprintf(text, sizeof(text), "connections { %s { accept = any } }", name);

	check_options(text);
	ck_assert_int_eq(complaints.count, _i == 128);
	if (_i == 128)
	{
		ck_assert(strstr(complaints.text[0],
						 "={}: a shorter name of the section, and in it that "
						 "of the connection as value of name"));
	}
	else
	{
		rmobike_options_t *options = read_options(text, name);

		ck_assert_str_eq(option(options, "accept"), "any");
		rmobike_options_destroy(options);
	}
}
END_TEST

Suite *options_sections_suite(void)
{
	Suite *suite = suite_create("options in sections");
	TCase *tc;

	tc = add_case(suite, "connections");
	tcase_add_loop_test(tc, connections_override_global_options,
						0, countof(overrides));
	tcase_add_test(tc, connections_complain_about_their_own_values_only);
	tcase_add_loop_test(tc, finds_the_section_of_a_connection,
						0, countof(names));
	tcase_add_test(tc, section_set_by_a_program_may_have_dots);

	tc = add_case(suite, "check");
	tcase_add_loop_test(tc, checks_everything_once, 0, countof(checks));
	tcase_add_loop_test(tc, complains_about_sections_it_can_not_look_up,
						126, 129);

	tc = add_case(suite, "fallback");
	tcase_add_loop_test(tc, charon_systemd_falls_back_to_charon,
						0, countof(fallbacks));
	tcase_add_test(tc, checks_what_is_fallen_back_to);

	return suite;
}
