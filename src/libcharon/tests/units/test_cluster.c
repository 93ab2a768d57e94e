/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "test_options.h"

#include "base/rmobike_options_cluster.h"

#define PEERS "peers = 192.0.2.2, 2001:db8::2\n"
#define SECRET "secret = sixteen-letters!\n"

/**
 * What is in the section "cluster", what is read, as "peers local remote secret
 * heartbeat timeout takeover interfaces rekey_delay", and all complaints.
 */
static const struct {
	const char *text;
	const char *expected;
	const char *complaints[COMPLAINTS_MAX];
} sections[] = {
	{ "", "- - - 100 350 1 5", { } },
	{ PEERS SECRET "local = 10.0.0.1\n remote = 10.0.0.2\n port = 99\n",
	  "192.0.2.2 2001:db8::2 10.0.0.1[99] 10.0.0.2[99] sixteen-letters! "
	  "100 350 1 5", { } },
	{ PEERS "local = fd00::1\n remote = fd00::2",
	  "192.0.2.2 2001:db8::2 fd00::1[4511] fd00::2[4511] - 100 350 1 5", { } },
	{ PEERS "heartbeat = 0.01\n timeout = 2.5\n takeover = no\n garp = a b,c\n"
	  "rekey_delay = 60", "192.0.2.2 2001:db8::2 - - - 10 2500 0 a b c 60",
	  { } },
	{ "timeout = 0\n garp = no", "- - - 100 0 1 5", { } },
	/* addresses, without one that is needed there is no cluster */
	{ "peers = 192.0.2.2, elsewhere", "- - - 100 350 1 5",
	  { "cluster.peers=192.0.2.2, elsewhere: IP addresses" } },
	{ "peers = 0.0.0.0", "- - - 100 350 1 5",
	  { "cluster.peers=0.0.0.0: IP addresses" } },
	{ PEERS "local = here", "- - - 100 350 1 5",
	  { "cluster.local=here: an IP address" } },
	{ PEERS "remote = ::", "- - - 100 350 1 5",
	  { "cluster.remote=::: an IP address" } },
	/* others are as if not configured */
	{ PEERS "secret = short", "192.0.2.2 2001:db8::2 - - - 100 350 1 5",
	  { "cluster.secret=...: at least 16 characters" } },
	{ "port = 0", "- - - 100 350 1 5", { "cluster.port=0: 1 to 65535" } },
	{ "heartbeat = 0", "- - - 100 350 1 5",
	  { "cluster.heartbeat=0: 0.01 to 60 seconds" } },
	{ "timeout = 601", "- - - 100 350 1 5",
	  { "cluster.timeout=601: 0 to 600 seconds" } },
	{ "takeover = maybe", "- - - 100 350 1 5",
	  { "cluster.takeover=maybe: yes or no" } },
	{ "garp = yes", "- - - 100 350 1 5",
	  { "cluster.garp=yes: no or names of interfaces" } },
	{ "garp = a-name-that-is-too-long", "- - - 100 350 1 5",
	  { "cluster.garp=a-name-that-is-too-long: no or names of interfaces" } },
	{ "rekey_delay = 0", "- - - 100 350 1 5",
	  { "cluster.rekey_delay=0: 1 to 3600 seconds" } },
	/* what doesn't fit together */
	{ "heartbeat = 0.5", "- - - 500 1000 1 5",
	  { "cluster.timeout=350 ms: at least twice the heartbeat, which is used "
		"instead" } },
	/* what does not belong there */
	{ "peer = 192.0.2.2", "- - - 100 350 1 5",
	  { "cluster.peer=192.0.2.2: one of peers, local, remote, port, secret, "
		"heartbeat, timeout, takeover, garp, rekey_delay" } },
	{ "peers { }", "- - - 100 350 1 5", { "cluster.peers={}: no section" } },
};

/**
 * Write what was read.
 */
static void describe(rmobike_options_cluster_t *options, char *buf, size_t len)
{
	enumerator_t *enumerator;
	host_t *host;
	size_t used = 0;
	char *name;

	enumerator = options->peers->create_enumerator(options->peers);
	while (enumerator->enumerate(enumerator, &host))
	{
		used += snprintf(buf + used, len - used, "%H ", host);
	}
	enumerator->destroy(enumerator);
	used += options->local && options->local->get_port(options->local)
			? snprintf(buf + used, len - used, "%#H ", options->local)
			: snprintf(buf + used, len - used, "- ");
	used += options->remote && options->remote->get_port(options->remote)
			? snprintf(buf + used, len - used, "%#H ", options->remote)
			: snprintf(buf + used, len - used, "- ");
	used += snprintf(buf + used, len - used, "%s %u %u %d ",
					 options->secret ?: "-", options->heartbeat,
					 options->timeout, options->takeover);
	enumerator = options->garp->create_enumerator(options->garp);
	while (enumerator->enumerate(enumerator, &name))
	{
		used += snprintf(buf + used, len - used, "%s ", name);
	}
	enumerator->destroy(enumerator);
	snprintf(buf + used, len - used, "%u", options->rekey_delay);
}

START_TEST(reads_what_is_configured)
{
	rmobike_options_cluster_t *options;
	settings_t *settings;
	char text[512], found[256];

	snprintf(text, sizeof(text), "cluster { %s }", sections[_i].text);
	settings = parse_section(text);
	options = rmobike_options_cluster_load(settings, "charon", NULL, NULL);
	describe(options, found, sizeof(found));
	ck_assert_str_eq(found, sections[_i].expected);
	rmobike_options_cluster_destroy(options);
	settings->destroy(settings);
}
END_TEST

START_TEST(check_of_all_options_looks_inside)
{
	char text[512];
	int i;

	snprintf(text, sizeof(text), "cluster { %s }", sections[_i].text);
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

START_TEST(channel_is_where_that_of_ha_is)
{
	rmobike_options_cluster_t *options;
	host_t *local = host("10.0.0.1"), *remote = host("10.0.0.3");
	settings_t *settings;

	settings = settings_create_string(
					"charon { plugins { ha { local = 10.0.0.1\n"
					"remote = 10.0.0.2 } rmobike { cluster {"
					"remote = 10.0.0.3 } } } }");
	options = rmobike_options_cluster_load(settings, "charon", NULL, NULL);
	ck_assert_int_eq(options->local->get_port(options->local), 4511);
	ck_assert(options->local->ip_equals(options->local, local));
	ck_assert(options->remote->ip_equals(options->remote, remote));
	rmobike_options_cluster_destroy(options);
	settings->destroy(settings);
	local->destroy(local);
	remote->destroy(remote);
}
END_TEST

Suite *cluster_suite(void)
{
	Suite *suite = suite_create("cluster");
	TCase *tc = add_case(suite, "options");

	tcase_add_loop_test(tc, reads_what_is_configured, 0, countof(sections));
	tcase_add_loop_test(tc, check_of_all_options_looks_inside, 0,
						countof(sections));
	tcase_add_test(tc, channel_is_where_that_of_ha_is);
	return suite;
}
