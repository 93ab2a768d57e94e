/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_clock rmobike_clock
 * @{ @ingroup rmobike
 *
 * Milliseconds of the monotonic clock, and turns that are a while apart. Pure
 * functions, callable from any thread.
 */

#ifndef RMOBIKE_CLOCK_H_
#define RMOBIKE_CLOCK_H_

#include <utils/utils.h>

/**
 * Get the time.
 *
 * @return				monotonic time in milliseconds
 */
uint64_t rmobike_clock_now(void);

/**
 * Find out when it is the turn of one of many that want the same after the same
 * time.
 *
 * @param last			turn of the one before, monotonic time in milliseconds,
 *						0 at first; set to the turn of this one
 * @param now			now, the same
 * @param ms			milliseconds until the turn, at least
 * @param apart			milliseconds between two turns, at least
 * @return				milliseconds until the turn
 */
u_int rmobike_clock_turn(uint64_t *last, uint64_t now, u_int ms, u_int apart);

#endif /** RMOBIKE_CLOCK_H_ @}*/
