/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_flights rmobike_flights
 * @{ @ingroup rmobike
 *
 * The switches under way that somebody starts many of, and whether another one
 * may start.
 */

#ifndef RMOBIKE_FLIGHTS_H_
#define RMOBIKE_FLIGHTS_H_

#include "rmobike_peers.h"
#include "rmobike_window.h"

typedef struct rmobike_flights_t rmobike_flights_t;

/**
 * Not thread safe. Each of them begins with start(), which is followed by
 * either skipped(), or begun() and later ended().
 */
struct rmobike_flights_t {

	/**
	 * Another occasion: how fast the last ones were doesn't count anymore, and
	 * those still under way don't tell how fast these are.
	 *
	 * @param window	how many are worth it, adopted
	 */
	void (*restart)(rmobike_flights_t *this, rmobike_window_t *window);

	/**
	 * May another one start? Those that take much longer than others, and half
	 * a second at least, don't prevent it.
	 *
	 * @param due		if not, set to when the next one may even if none ends,
	 *					unless it is set to an earlier time already
	 * @return			TRUE if it may
	 */
	bool (*fits)(rmobike_flights_t *this, timeval_t *due);

	/**
	 * One is about to start.
	 */
	void (*start)(rmobike_flights_t *this);

	/**
	 * One that was about to start doesn't.
	 */
	void (*skipped)(rmobike_flights_t *this);

	/**
	 * One that was about to start is under way.
	 *
	 * @param key		what it is known by: the serial number of a switch, or
	 *					the address of a task
	 */
	void (*begun)(rmobike_flights_t *this, uintptr_t key);

	/**
	 * A switch or a task ended.
	 *
	 * @param key		what it is known by
	 * @param ms		how long it took, 0 to have it measured, negative if
	 *					that tells nothing about others
	 * @param current	receives TRUE if it began since restart()
	 * @return			TRUE if it is one of these
	 */
	bool (*ended)(rmobike_flights_t *this, uintptr_t key, double ms,
				  bool *current);

	/**
	 * Is one about to start?
	 *
	 * @return			TRUE if one is
	 */
	bool (*is_starting)(rmobike_flights_t *this);

	/**
	 * Count those under way, and those about to start.
	 *
	 * @return			number, with those from before restart()
	 */
	u_int (*get_count)(rmobike_flights_t *this);

	/**
	 * Destroy a rmobike_flights_t.
	 */
	void (*destroy)(rmobike_flights_t *this);
};

/**
 * How long a switch took, for those to come.
 *
 * @param ended		what became of it
 * @return			milliseconds, negative if that tells nothing about others
 */
double rmobike_flights_ms(const rmobike_switch_t *ended);

/**
 * Create it without a window, restart() has to be called first.
 */
rmobike_flights_t *rmobike_flights_create(void);

#endif /** RMOBIKE_FLIGHTS_H_ @}*/
