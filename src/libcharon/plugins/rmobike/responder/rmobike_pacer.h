/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_pacer rmobike_pacer
 * @{ @ingroup rmobike
 *
 * IKE_SAs that have something to ask or to tell wait here for their turn.
 *
 * If all peers are asked at once, thousands of answers wait for each other
 * until the requests are sent again, and all of them wait for that, too. Who is
 * next, and whether another one may start, rmobike_lanes knows.
 *
 * The way of one of them: enter(), or fill() for all of a move; when it may
 * start enter() returns its turn, or later a function is called; begun() tells
 * what it asked then; and when that ended another one may start.
 */

#ifndef RMOBIKE_PACER_H_
#define RMOBIKE_PACER_H_

#include "responder/rmobike_lanes.h"

typedef struct rmobike_pacer_t rmobike_pacer_t;

/**
 * It is the turn of an IKE_SA. Called without any lock of ours, in a job or by
 * the thread that called fill() or whatever has it cancelled.
 *
 * @param user		supplied user data
 * @param turn		to be passed to begun() unless there is nothing to ask,
 *					valid until this returns
 * @param ike_sa	IKE_SA, checked out; NULL if it is gone, or cancelled
 * @param cancelled	why it won't have its turn, static text; NULL if it has
 * @return			DESTROY_ME to destroy it, anything else to check it in
 */
typedef status_t (*rmobike_turn_cb_t)(void *user, rmobike_turn_t *turn,
									  ike_sa_t *ike_sa, const char *cancelled);

/**
 * The switch of an IKE_SA that had its turn ended.
 *
 * @param turn		its turn, valid until this returns; its reference to the
 *					IKE_SA may be taken
 * @param ended		the switch
 */
typedef void (*rmobike_turn_ended_t)(rmobike_turn_t *turn,
									 const rmobike_switch_t *ended);

/**
 * Thread safe, nothing but fill() blocks.
 */
struct rmobike_pacer_t {

	/**
	 * Set what to call for those in a lane. To be called before there are any.
	 *
	 * @param lane		lane
	 * @param cb		function to call if it is their turn
	 * @param ended		function to call if their switch ended, or NULL
	 * @param user		data to pass to the first one
	 */
	void (*set_cb)(rmobike_pacer_t *this, rmobike_lane_t lane,
				   rmobike_turn_cb_t cb, rmobike_turn_ended_t ended,
				   void *user);

	/**
	 * An IKE_SA has to leave, or to tell its peer something.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param lane		RMOBIKE_LEAVE or RMOBIKE_TELL
	 * @return			its turn, which it has at once, until leave(); NULL if
	 *					it waits from now on, or already did
	 */
	rmobike_turn_t *(*enter)(rmobike_pacer_t *this, ike_sa_t *ike_sa,
							 rmobike_lane_t lane);

	/**
	 * The turn that enter() returned is over.
	 *
	 * @param turn		turn, on which begun() was called unless there was
	 *					nothing to ask
	 */
	void (*leave)(rmobike_pacer_t *this, rmobike_turn_t *turn);

	/**
	 * Reserve the lane of moves, unless another one has something to start.
	 *
	 * @param pace		how fast the move may go, cloned
	 * @param why		receives the reason if it can't be reserved
	 * @param len		size of that buffer
	 * @return			TRUE if reserved, until fill() is called
	 */
	bool (*reserve)(rmobike_pacer_t *this, const rmobike_pace_t *pace,
					char *why, size_t len);

	/**
	 * Fill the reserved lane, and run the first ones: not to be called with an
	 * IKE_SA checked out.
	 *
	 * @param turns		list of rmobike_turn_t, adopted
	 */
	void (*fill)(rmobike_pacer_t *this, linked_list_t *turns);

	/**
	 * Cancel those of the move that wait.
	 *
	 * @param in_flight	receives how many of moves are under way
	 * @return			number of those that won't be started
	 */
	u_int (*cancel)(rmobike_pacer_t *this, u_int *in_flight);

	/**
	 * Count those of the move that wait.
	 *
	 * @param in_flight	receives how many of moves are under way
	 * @return			number of those that were not started yet
	 */
	u_int (*get_count)(rmobike_pacer_t *this, u_int *in_flight);

	/**
	 * The IKE_SA whose turn it is begins: it is under way until its switch
	 * ends, or ended() is called.
	 *
	 * @param turn		its turn
	 * @param key		serial number of its switch, or the address of its task
	 * @return			TRUE if the answer may have to wait for other IKE_SAs
	 */
	bool (*begun)(rmobike_pacer_t *this, rmobike_turn_t *turn, uintptr_t key);

	/**
	 * A task ended, maybe one of these.
	 *
	 * @param key		its address
	 * @param answered	FALSE if how long it took tells nothing about others
	 */
	void (*ended)(rmobike_pacer_t *this, uintptr_t key, bool answered);

	/**
	 * Destroy a rmobike_pacer_t, after all jobs and timers are gone.
	 */
	void (*destroy)(rmobike_pacer_t *this);
};

/**
 * Create a pacer.
 *
 * @param switches	records of IKE_SAs, tell what ended
 * @param refs		follows those that are rekeyed while they wait
 */
rmobike_pacer_t *rmobike_pacer_create(rmobike_switches_t *switches,
									  rmobike_refs_t *refs);

#endif /** RMOBIKE_PACER_H_ @}*/
