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

/** The first request of a responder with three addresses: go from OLD to NEW */
#define ASKED CLIENT " <- " OLD " INFORMATIONAL req 0 " \
	"{SWITCH=" NEW " ADD_4_ADDR ADD_4_ADDR}"

/** The update that follows, both of its messages */
#define UPDATED(id) \
	CLIENT " -> " NEW " INFORMATIONAL req " id " {UPD_SA_ADDR *}", \
	CLIENT " <- " NEW " INFORMATIONAL resp " id " {*}"

/** Make a world as world_establish() does, and give a switch to NEW a second */
#define establish_and_switch(...) ({ \
	world_establish(__VA_ARGS__); \
	world_switch(NEW); \
	world_run(1000); \
})

/** However it ended: both ends agree, and nothing is left to do */
#define assert_agreed() ({ \
	ck_assert_str_eq(world_disagreement() ?: "", ""); \
	ck_assert_uint_eq(world_tasks(), 0); \
})

/** Races of a switch and something else, which begins up to 40 ms before or
 * after it, in steps of 4. In the second half of them both ends are busy. */
#define STEPS 21
#define RACES (2 * STEPS)

/** How many milliseconds after the switch the other one begins, in race i */
static inline int race_offset(int i)
{
	return (i % STEPS - STEPS / 2) * 4;
}

/** Ask the initiator to switch, in so many milliseconds */
void switch_later(u_int ms, char *to);

/** The suites: each adds its tests to a test case of its own */
void suite_stock(TCase *tcase);
void suite_homing(TCase *tcase);
void suite_switch(TCase *tcase);
void suite_refuse(TCase *tcase);
void suite_lead(TCase *tcase);
void suite_outcome(TCase *tcase);
void suite_loss(TCase *tcase);
void suite_rekey(TCase *tcase);
void suite_moves(TCase *tcase);
void suite_changes(TCase *tcase);
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
void suite_cluster(TCase *tcase);

#endif /** EXCHANGE_TESTS_H_ */
