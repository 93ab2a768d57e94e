/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * Suites of exchanges. Each test makes its own world and leaves it to us to
 * destroy.
 */

#ifndef EXCHANGE_TESTS_H_
#define EXCHANGE_TESTS_H_

#include "world.h"

#include <check.h>

/** Every kind of message, as patterns for the trace */
#define SWITCH_REQ(to) "* <- * INFORMATIONAL req * {SWITCH=" to " ADD_*}"
#define EMPTY_RESP "* INFORMATIONAL resp * {}"
#define UPDATE_REQ "* -> * INFORMATIONAL req * {UPD_SA_ADDR *}"

/** Create a suite with one test case */
Suite *exchange_suite(const char *name, TCase **tcase);

Suite *suite_stock();
Suite *suite_switch();
Suite *suite_refuse();
Suite *suite_outcome();
Suite *suite_loss();
Suite *suite_rekey();
Suite *suite_moves();
Suite *suite_gone();
Suite *suite_turns();
Suite *suite_unanswered();
Suite *suite_ends();
Suite *suite_seek();
Suite *suite_hostile();
Suite *suite_agree();
Suite *suite_many();
Suite *suite_commands();
Suite *suite_kernel();
Suite *suite_rescue();
Suite *suite_alive();

#endif /** EXCHANGE_TESTS_H_ */
