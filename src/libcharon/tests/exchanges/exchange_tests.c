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

/**
 * Implements the callback of switch_later()
 */
static void start_switch(void *to)
{
	world_switch(to);
}

/*
 * Described in header
 */
void switch_later(u_int ms, char *to)
{
	world_later(ms, start_switch, to);
}

/* strongSwan's own tree has a runner for all of its tests */
#ifndef RMOBIKE_IN_TREE

/** All of them, in the order in which they run */
static const struct {
	const char *name;
	void (*add_tests)(TCase *tcase);
} suites[] = {
	{ "stock", suite_stock },
	{ "switch", suite_switch },
	{ "refuse", suite_refuse },
	{ "lead", suite_lead },
	{ "outcome", suite_outcome },
	{ "loss", suite_loss },
	{ "rekey", suite_rekey },
	{ "moves", suite_moves },
	{ "changes", suite_changes },
	{ "gone", suite_gone },
	{ "turns", suite_turns },
	{ "unanswered", suite_unanswered },
	{ "ends", suite_ends },
	{ "seek", suite_seek },
	{ "hostile", suite_hostile },
	{ "agree", suite_agree },
	{ "many", suite_many },
	{ "commands", suite_commands },
	{ "kernel", suite_kernel },
	{ "rescue", suite_rescue },
	{ "alive", suite_alive },
	{ "cluster", suite_cluster },
	{ "homing", suite_homing },
};

/**
 * Create a suite with one test case.
 */
static Suite *create_suite(int i)
{
	Suite *suite;
	TCase *tcase;

	suite = suite_create(suites[i].name);
	tcase = tcase_create(suites[i].name);
	tcase_add_checked_fixture(tcase, NULL, world_destroy);
	tcase_set_timeout(tcase, 60);
	suites[i].add_tests(tcase);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(int argc, char *argv[])
{
	SRunner *runner;
	int failed, run, i;

	runner = srunner_create(NULL);
	for (i = 0; i < countof(suites); i++)
	{
		srunner_add_suite(runner, create_suite(i));
	}
	srunner_run_all(runner, CK_ENV);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	printf("%d exchanges run, %d failed\n", run, failed);
	return run && !failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif /* RMOBIKE_IN_TREE */
