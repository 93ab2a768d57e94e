/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_queue rmobike_queue
 * @{ @ingroup rmobike
 *
 * The IKE_SAs of a move: which wait for their turn, how many are under way, and
 * whether another one may start. Starts nothing itself.
 */

#ifndef RMOBIKE_QUEUE_H_
#define RMOBIKE_QUEUE_H_

#include "rmobike_selector.h"

typedef struct rmobike_queue_t rmobike_queue_t;
typedef struct rmobike_pace_t rmobike_pace_t;

/**
 * How fast IKE_SAs may leave a queue.
 */
struct rmobike_pace_t {
	/** how many switches may be under way; see rmobike_window why there are
	 * fewer, unless they take long */
	u_int max_in_flight;
	/** how many may start per second, 0 for any number */
	u_int rate;
	/** how many may end other than done before the rest is not started anymore,
	 * 0 for any number */
	u_int max_failures;
};

/**
 * Thread safe. A move begins with reserve() and fill(). Each of its IKE_SAs
 * then either leaves by next(), followed by skipped(), or by begun() and later
 * ended(); or in one of the lists of those that won't be started.
 */
struct rmobike_queue_t {

	/**
	 * Reserve the queue for a move, unless another one has something to start.
	 *
	 * @param why		receives the reason if it has
	 * @param len		size of that buffer
	 * @return			TRUE if reserved, until fill() is called
	 */
	bool (*reserve)(rmobike_queue_t *this, char *why, size_t len);

	/**
	 * Fill a reserved queue.
	 *
	 * @param items		list of rmobike_selected_t, owned by the queue then
	 * @param pace		how fast they may leave it
	 */
	void (*fill)(rmobike_queue_t *this, linked_list_t *items,
				 const rmobike_pace_t *pace);

	/**
	 * Get the next one if it may start.
	 *
	 * @param wake_up	receives when to call woken_up(), {} if there is no need
	 * @return			IKE_SA to be destroyed, NULL if none may start
	 */
	rmobike_selected_t *(*next)(rmobike_queue_t *this, timeval_t *wake_up);

	/**
	 * The time is over that next() told, so that one may tell another.
	 */
	void (*woken_up)(rmobike_queue_t *this);

	/**
	 * One that next() returned ended without having been asked.
	 *
	 * @param failed	TRUE if that is a failure
	 * @return			list of those that won't be started as too many failed,
	 *					to be destroyed, or NULL
	 */
	linked_list_t *(*skipped)(rmobike_queue_t *this, bool failed);

	/**
	 * The switch of one that next() returned is under way.
	 *
	 * @param serial	its serial number
	 */
	void (*begun)(rmobike_queue_t *this, u_int serial);

	/**
	 * A switch ended.
	 *
	 * @param ended		what became of it
	 * @param cancelled	receives a list as skipped() returns it, or NULL
	 * @return			TRUE if it was one of ours, so another one may start
	 */
	bool (*ended)(rmobike_queue_t *this, const rmobike_switch_t *ended,
				  linked_list_t **cancelled);

	/**
	 * Take all that wait out of the queue.
	 *
	 * @param in_flight	receives how many are under way
	 * @return			list of those that won't be started, to be destroyed
	 */
	linked_list_t *(*cancel)(rmobike_queue_t *this, u_int *in_flight);

	/**
	 * Count those that wait.
	 *
	 * @param in_flight	receives how many are under way
	 * @return			number of those that were not started yet
	 */
	u_int (*get_count)(rmobike_queue_t *this, u_int *in_flight);

	/**
	 * Destroy a rmobike_queue_t.
	 */
	void (*destroy)(rmobike_queue_t *this);
};

/**
 * Create an empty queue.
 */
rmobike_queue_t *rmobike_queue_create(void);

#endif /** RMOBIKE_QUEUE_H_ @}*/
