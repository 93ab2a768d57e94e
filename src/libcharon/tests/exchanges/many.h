/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Many IKE_SAs in a world.
 */

#ifndef MANY_H_
#define MANY_H_

#include "exchange_tests.h"

/** So many that not all may be under way at the same moment */
#define MANY 40

/** How many are under way at first, see rmobike_lanes.c */
#define WINDOW 16

/** A list of addresses */
#define LIST "* <- * INFORMATIONAL req * {ADD_*"

/** Create so many more IKE_SAs */
void many_initiate(u_int count);

/** Create a world with so many IKE_SAs */
void many_establish(u_int count, world_conf_t conf);

#endif /** MANY_H_ */
