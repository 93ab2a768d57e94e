/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_unit_tests rmobike_unit_tests
 * @{ @ingroup rmobike
 *
 * What needs no daemon: the suites of unit_tests and what they share.
 */

#ifndef UNIT_TESTS_H_
#define UNIT_TESTS_H_

#include <library.h>

#include <check.h>

/**
 * Create the suite of each module.
 *
 * @return				suite, to be run
 */
Suite *notify_suite(void);
Suite *addrs_suite(void);
Suite *policy_suite(void);
Suite *udp_suite(void);
Suite *parse_suite(void);
Suite *options_suite(void);
Suite *options_sections_suite(void);
Suite *settings_suite(void);
Suite *weights_suite(void);
Suite *balance_suite(void);
Suite *cluster_suite(void);
Suite *seal_suite(void);
Suite *profile_suite(void);
Suite *dialect_suite(void);
Suite *dialect_captured_suite(void);
Suite *window_suite(void);
Suite *lanes_suite(void);
Suite *keys_suite(void);
Suite *netlink_suite(void);
Suite *replay_suite(void);
Suite *clock_suite(void);

/**
 * Add a test case to a suite.
 *
 * @param suite			suite to add to
 * @param name			name of the test case
 * @return				test case, to add tests to
 */
TCase *add_case(Suite *suite, const char *name);

/**
 * Create a host from a numeric address, fail the test if it is none.
 *
 * @param address		address
 * @return				host, port is 500
 */
host_t *host(const char *address);

#endif /** UNIT_TESTS_H_ @}*/
