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

/** The suites: each adds its tests to a test case of its own */
void suite_stock(TCase *tcase);
void suite_switch(TCase *tcase);
void suite_refuse(TCase *tcase);
void suite_outcome(TCase *tcase);
void suite_loss(TCase *tcase);
void suite_rekey(TCase *tcase);
void suite_moves(TCase *tcase);
void suite_gone(TCase *tcase);
void suite_turns(TCase *tcase);
void suite_unanswered(TCase *tcase);
void suite_ends(TCase *tcase);
void suite_seek(TCase *tcase);
void suite_hostile(TCase *tcase);
void suite_agree(TCase *tcase);
void suite_many(TCase *tcase);
void suite_commands(TCase *tcase);
void suite_kernel(TCase *tcase);
void suite_rescue(TCase *tcase);
void suite_alive(TCase *tcase);

#endif /** EXCHANGE_TESTS_H_ */
