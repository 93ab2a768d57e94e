/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_turns rmobike_turns
 * @{ @ingroup rmobike
 *
 * IKE_SAs that have to leave, and wait for their turn if there are many.
 *
 * An address is gone for all IKE_SAs at the same moment. If all peers are asked
 * at once, thousands of answers wait for each other until the requests are sent
 * again, and all of them wait for that, too.
 */

#ifndef RMOBIKE_TURNS_H_
#define RMOBIKE_TURNS_H_

#include "rmobike_peers.h"

typedef struct rmobike_turns_t rmobike_turns_t;

/**
 * It is the turn of an IKE_SA that waited. Called in a job of its own.
 *
 * @param user		supplied user data
 * @param id		unique ID of the IKE_SA, which may be gone; has to be
 *					followed by skipped() or begun()
 */
typedef void (*rmobike_turn_t)(void *user, uint32_t id);

/**
 * Thread safe, nothing blocks.
 */
struct rmobike_turns_t {

	/**
	 * An IKE_SA has to leave.
	 *
	 * @param id		unique ID
	 * @return			TRUE if it is its turn, to be followed by skipped() or
	 *					begun(); FALSE if it waits from now on, or already did
	 */
	bool (*enter)(rmobike_turns_t *this, uint32_t id);

	/**
	 * The IKE_SA whose turn it is doesn't have to leave, or can't.
	 */
	void (*skipped)(rmobike_turns_t *this);

	/**
	 * The switch of the IKE_SA whose turn it is begins.
	 *
	 * @param serial	its serial number
	 * @return			TRUE if others are waiting
	 */
	bool (*begun)(rmobike_turns_t *this, u_int serial);

	/**
	 * A switch ended, maybe one of these.
	 *
	 * @param ended		what became of it
	 */
	void (*ended)(rmobike_turns_t *this, const rmobike_switch_t *ended);

	/**
	 * Destroy a rmobike_turns_t, after all jobs are gone.
	 */
	void (*destroy)(rmobike_turns_t *this);
};

/**
 * Create it.
 *
 * @param cb		called for those that waited
 * @param user		data to pass
 */
rmobike_turns_t *rmobike_turns_create(rmobike_turn_t cb, void *user);

#endif /** RMOBIKE_TURNS_H_ @}*/
