/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * The tests of the rmobike plugin: decisions, and exchanges of two ends of
 * IKE_SAs, each of them destroyed by the fixture of their suite.
 */

#include <test_runner.h>

#include "exchanges/exchange_tests.h"
#include "units/unit_tests.h"

/** s a single test may take, they compute all the time */
#define TIMEOUT 60

/**
 * Create the suite of some exchanges.
 */
static test_suite_t *create_exchanges(const char *name,
									  void (*add_tests)(test_case_t *tcase))
{
	test_suite_t *suite;
	test_case_t *tcase;

	suite = test_suite_create(name);
	tcase = test_case_create(name);
	tcase_add_checked_fixture(tcase, NULL, world_destroy);
	test_case_set_timeout(tcase, TIMEOUT);
	add_tests(tcase);
	test_suite_add_case(suite, tcase);
	return suite;
}

#define UNIT_SUITE(x)
#define EXCHANGE_SUITE(x) \
static test_suite_t *create_##x(void) \
{ \
	return create_exchanges(#x, suite_##x); \
}
#include "rmobike_tests.h"
#undef UNIT_SUITE
#undef EXCHANGE_SUITE

static test_configuration_t tests[] = {
#define UNIT_SUITE(x) { .suite = x##_suite },
#define EXCHANGE_SUITE(x) { .suite = create_##x },
#include "rmobike_tests.h"
	{ .suite = NULL },
};

/**
 * Tests load the plugins that they need.
 */
static bool test_init(bool init)
{
	if (init)
	{
		plugin_loader_add_plugindirs(PLUGINDIR, PLUGINS);
	}
	return TRUE;
}

int main(int argc, char *argv[])
{
	return test_runner_run("rmobike", tests, test_init);
}
