/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * The faults of the matrix.
 */

#ifndef MATRIX_H_
#define MATRIX_H_

#include "world.h"

/** Most things that happen during a fault */
#define STEPS_MAX 8

/** Something that happens */
typedef struct {
	void (*what)(void *arg);
	void *arg;
	/** ms until then, and so many more for each variant; neither is at once */
	u_int after, each;
} step_t;

/** What can go wrong during a switch from OLD to NEW */
typedef struct {
	/** heading of this fault and those that follow, NULL if no other one */
	char *group;
	/** what it is, as Markdown */
	char *name;
	/** the world it happens in */
	world_conf_t conf;
	/** the fate of so many (1) packets that match */
	char *pattern;
	fate_t fate;
	u_int count;
	/** how many times it is played (1), each with another seed */
	u_int variants;
	/** what happened before, if anything */
	step_t before;
	/** start the switch and cause the fault, if it takes more than a switch */
	step_t steps[STEPS_MAX];
	/** the same for another exchange, which begins before, during and after
	 * the switch */
	step_t meet[STEPS_MAX];
	/** not with busy ends, which drop all fragments but one in this model */
	bool quick;
	/** no ESP to count as there is no CHILD_SA */
	bool idle;
	/** why the SA may end, NULL if it must not */
	char *ends;
} fault_t;

/** All of them, the last one has no name */
extern fault_t matrix_faults[];

/* --- matrix_watch.c ------------------------------------------------------ */

/** Have a look at both ends, and begin to send ESP unless there is none */
void watch_begin(bool idle);

/** Watch both ends for a minute, every ms at first */
void watch_run();

/** What happened to the SA? */
const char *watch_describe(fault_t *fault);

/** Since when both ends agree, in ms since world_mark() */
double watch_agreed();

/* --- matrix_hostile.c ---------------------------------------------------- */

/** Notify type of SWITCH_TO_IP_ADDRESS */
#define MATRIX_SWITCH 41042

/* clang-format off */

/** A message that asks for a switch to an IPv4 address */
#define FORGED(from, exchange, response, ...) \
	(&(forged_t){ from, exchange, response, 0, 0, MATRIX_SWITCH, \
				  { (u_char[]){ __VA_ARGS__ }, 4 }, FALSE })

/* clang-format on */

/** The next message of that kind asks for it */
void hostile_forge(forged_t *forged);

/** An address, by variant: as many octets; with a protocol ID or an SPI */
void hostile_any_length(void *null);
void hostile_any_header(void *null);

/** Name another address when the last one was answered, a thousand in all */
void hostile_flood(void *null);

/** To and fro, twenty times */
void hostile_ping_pong(void *null);

/* --- matrix.c ------------------------------------------------------------ */

/** Which variant of a fault is played */
extern int matrix_variant;

/** Start a switch */
void matrix_switch(void *to);

#endif /** MATRIX_H_ */
