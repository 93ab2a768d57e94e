/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * What the parts of a simulation share.
 */

#ifndef SIMULATE_H_
#define SIMULATE_H_

#include "world.h"

/** Addresses of the responder */
#define ADDRESSES 3
extern char *addresses[ADDRESSES];

/** How often another address is the only one left, and from when on that is so,
 * in seconds since the one before */
#define DROUGHTS 3
#define DROUGHT 85

/** From now on one address after the other is the only one that is needed */
void drought_forecast();

/** All addresses are there and can be reached again */
void drought_end();

#endif /** SIMULATE_H_ */
