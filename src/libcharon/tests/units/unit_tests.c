/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "unit_tests.h"

#include <sys/socket.h>

/**
 * Nobody here has a daemon, but parts of the plugin log by this if the headers
 * of a version of strongSwan have them do so
 */
void *charon __attribute__((weak));

/*
 * Described in header
 */
TCase *add_case(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return tc;
}

/*
 * Described in header
 */
host_t *host(const char *address)
{
	host_t *host;

	host = host_create_from_string_and_family((char*)address,
							strchr(address, ':') ? AF_INET6 : AF_INET, 500);
	ck_assert_msg(host != NULL, "'%s' in a test is no address", address);
	return host;
}

/* strongSwan's own tree has a runner for all of its tests */
#ifndef RMOBIKE_IN_TREE

/**
 * What libcrypto keeps until the process ends is found or not as addresses
 * happen to be, don't let LeakSanitizer blame us for that.
 */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libcrypto.so\n";
}

int main(void)
{
	SRunner *runner;
	int failed;

	if (!library_init("", "unit_tests"))
	{
		library_deinit();
		return EXIT_FAILURE;
	}
	runner = srunner_create(notify_suite());
	srunner_add_suite(runner, addrs_suite());
	srunner_add_suite(runner, policy_suite());
	srunner_add_suite(runner, udp_suite());
	srunner_add_suite(runner, parse_suite());
	srunner_add_suite(runner, options_suite());
	srunner_add_suite(runner, options_sections_suite());
	srunner_add_suite(runner, settings_suite());
	srunner_add_suite(runner, weights_suite());
	srunner_add_suite(runner, balance_suite());
	srunner_add_suite(runner, cluster_suite());
	srunner_add_suite(runner, seal_suite());
	srunner_add_suite(runner, profile_suite());
	srunner_add_suite(runner, dialect_suite());
	srunner_add_suite(runner, dialect_captured_suite());
	srunner_add_suite(runner, window_suite());
	srunner_add_suite(runner, lanes_suite());
	srunner_add_suite(runner, keys_suite());
	srunner_add_suite(runner, netlink_suite());
	srunner_add_suite(runner, replay_suite());
	srunner_add_suite(runner, clock_suite());

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	library_deinit();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif /* RMOBIKE_IN_TREE */
