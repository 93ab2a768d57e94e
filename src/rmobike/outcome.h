/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_outcome outcome
 * @{ @ingroup rmobike
 *
 * How switches end: the daemon's events, printed and counted.
 */

#ifndef OUTCOME_H_
#define OUTCOME_H_

#include "message.h"

/** most target addresses that are counted one by one */
#define TALLY_TARGETS 64

typedef enum outcome_t outcome_t;
typedef struct tally_t tally_t;

/**
 * States that end a switch, those that achieve what was asked for first.
 */
enum outcome_t {
	OUTCOME_DONE,
	OUTCOME_REDIRECTED,
	OUTCOME_PLANNED,
	OUTCOME_REFUSED,
	OUTCOME_TIMEOUT,
	OUTCOME_FAILED,
	OUTCOME_INELIGIBLE,
	OUTCOME_CANCELLED,
	/** number of outcomes */
	OUTCOME_COUNT,
};

/**
 * Number of switches, by their outcome.
 */
struct tally_t {
	/** switches to come to an end */
	unsigned int matches;
	/** those that did */
	unsigned int ended;
	/** the same, for each outcome */
	unsigned int of[OUTCOME_COUNT];
	/** addresses that something was moved to, or would be */
	struct {
		char *address;
		unsigned int count;
	} targets[TALLY_TARGETS];
};

/**
 * Get the outcome that an event tells.
 *
 * @param event			event
 * @return				outcome, OUTCOME_FAILED for a state that we don't know
 */
outcome_t outcome_get(message_t *event);

/**
 * Print an event as a line.
 *
 * @param event			event
 * @param prefix		what to print before it
 */
void outcome_print(message_t *event, const char *prefix);

/**
 * Count an event.
 *
 * @param tally			where to
 * @param outcome		its outcome
 * @param event			event
 */
void tally_add(tally_t *tally, outcome_t outcome, message_t *event);

/**
 * Get how many achieved what was asked for.
 *
 * @param tally			switches
 * @return				number of these
 */
unsigned int tally_good(tally_t *tally);

/**
 * Forget all that was counted.
 *
 * @param tally			what to begin anew
 */
void tally_clear(tally_t *tally);

/**
 * Print lines, or a JSON object, that sum them up.
 *
 * @param tally			switches
 * @param ms			time they took
 */
void tally_print(tally_t *tally, uint64_t ms);

#endif /** OUTCOME_H_ @}*/
