/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Runs all suites of exchanges, or what CK_RUN_SUITE names. Set TESTS_VERBOSITY
 * to see what charon logs.
 */

#include "exchange_tests.h"

#include <stdlib.h>

/*
 * Described in header
 */
void world_failed(const char *file, int line, const char *why)
{
	ck_abort_msg("%s:%d: %s", file, line, why);
}

/*
 * Described in header
 */
Suite *exchange_suite(const char *name, TCase **tcase)
{
	Suite *suite;

	suite = suite_create(name);
	*tcase = tcase_create(name);
	tcase_add_checked_fixture(*tcase, NULL, world_destroy);
	tcase_set_timeout(*tcase, 60);
	suite_add_tcase(suite, *tcase);
	return suite;
}

int main(int argc, char *argv[])
{
	static Suite *(*suites[])() = {
		suite_stock, suite_switch, suite_refuse, suite_outcome, suite_loss,
		suite_rekey, suite_moves, suite_gone, suite_turns, suite_unanswered,
		suite_ends, suite_seek, suite_hostile, suite_agree, suite_many,
		suite_commands, suite_kernel, suite_rescue, suite_alive,
	};
	SRunner *runner;
	int failed, run, i;

	runner = srunner_create(NULL);
	for (i = 0; i < countof(suites); i++)
	{
		srunner_add_suite(runner, suites[i]());
	}
	srunner_run_all(runner, CK_ENV);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	printf("%d exchanges run, %d failed\n", run, failed);
	return run && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
