/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * The faults of the matrix.
 */

#ifndef MATRIX_H_
#define MATRIX_H_

#include "world.h"

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
	void (*before)(int variant);
	/** start the switch and cause the fault */
	void (*play)(int variant);
	/** another exchange, begun before, during and after the switch */
	void (*meet)(void *null);
	/** not with busy ends, which drop all fragments but one in this model */
	bool quick;
	/** no ESP to count as there is no CHILD_SA */
	bool idle;
	/** why the SA may end, NULL if it must not */
	char *ends;
} fault_t;

/** All of them, the last one has no name */
extern fault_t matrix_faults[];

/** Start a switch, may be passed to world_later() */
void matrix_switch(void *to);

#endif /** MATRIX_H_ */
