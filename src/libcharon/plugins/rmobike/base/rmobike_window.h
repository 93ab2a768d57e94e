/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_window rmobike_window
 * @{ @ingroup rmobike
 *
 * How many switches at a time are worth it, learned from how long they take.
 *
 * If twice as many take as long as before, more of them end per second. If each
 * of them takes twice as long, they only wait for each other: for the CPU of
 * this machine, for a link, or for whoever answers. More of them then would
 * have requests sent again whose answers are on their way, and everything else
 * here would wait, too. How long a path is doesn't matter for that.
 */

#ifndef RMOBIKE_WINDOW_H_
#define RMOBIKE_WINDOW_H_

#include <library.h>

typedef struct rmobike_window_t rmobike_window_t;

/**
 * Not thread safe.
 */
struct rmobike_window_t {

	/**
	 * Get how many switches may be under way for now.
	 *
	 * @return			number, never 0
	 */
	u_int (*get_size)(rmobike_window_t *this);

	/**
	 * Get how long they took lately.
	 *
	 * @return			median in milliseconds, 0 if there were too few
	 */
	double (*get_usual)(rmobike_window_t *this);

	/**
	 * A switch was done, or the peer answered that it isn't.
	 *
	 * @param ms		how long it took, in milliseconds
	 */
	void (*add)(rmobike_window_t *this, double ms);

	/**
	 * Destroy a rmobike_window_t.
	 */
	void (*destroy)(rmobike_window_t *this);
};

/**
 * Create a window.
 *
 * @param start		how large it is at first, unless it may not get that large
 * @param max		how large it may get, at least 1
 */
rmobike_window_t *rmobike_window_create(u_int start, u_int max);

#endif /** RMOBIKE_WINDOW_H_ @}*/
