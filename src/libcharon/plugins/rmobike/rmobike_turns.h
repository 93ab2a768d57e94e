/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_turns rmobike_turns
 * @{ @ingroup rmobike
 *
 * IKE_SAs that have to leave, or to tell their peers which addresses are left,
 * and wait for their turn if there are many.
 *
 * An address is gone for all IKE_SAs at the same moment. If all peers are asked
 * at once, thousands of answers wait for each other until the requests are sent
 * again, and all of them wait for that, too.
 */

#ifndef RMOBIKE_TURNS_H_
#define RMOBIKE_TURNS_H_

#include "rmobike_peers.h"
#include "rmobike_refs.h"

typedef struct rmobike_turns_t rmobike_turns_t;

/**
 * It is the turn of an IKE_SA that waited. Called in a job of its own.
 *
 * @param user		supplied user data
 * @param ike_sa	IKE_SA, checked out; has to be followed by skipped() or
 *					begun()
 * @return			DESTROY_ME to destroy it, anything else to check it in
 */
typedef status_t (*rmobike_turn_t)(void *user, ike_sa_t *ike_sa);

/**
 * Thread safe, nothing blocks.
 */
struct rmobike_turns_t {

	/**
	 * An IKE_SA has to leave, or to tell its peer something.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param urgent	TRUE if it has to leave, those come first
	 * @return			TRUE if it is its turn, to be followed by skipped() or
	 *					begun(); FALSE if it waits from now on, or already did
	 */
	bool (*enter)(rmobike_turns_t *this, ike_sa_t *ike_sa, bool urgent);

	/**
	 * The IKE_SA whose turn it is has nothing to do anymore, or can't.
	 */
	void (*skipped)(rmobike_turns_t *this);

	/**
	 * The IKE_SA whose turn it is begins.
	 *
	 * @param key		serial number of its switch, or the address of its task
	 * @return			TRUE if others are waiting
	 */
	bool (*begun)(rmobike_turns_t *this, uintptr_t key);

	/**
	 * A switch or task ended, maybe one of these.
	 *
	 * @param key		serial number, or address
	 * @param ms		how long it took, see rmobike_flights_t.ended()
	 */
	void (*ended)(rmobike_turns_t *this, uintptr_t key, double ms);

	/**
	 * Destroy a rmobike_turns_t, after all jobs are gone.
	 */
	void (*destroy)(rmobike_turns_t *this);
};

/**
 * Create it.
 *
 * @param refs		follows those that are rekeyed while they wait
 * @param cb		called for those that waited
 * @param user		data to pass
 */
rmobike_turns_t *rmobike_turns_create(rmobike_refs_t *refs, rmobike_turn_t cb,
									  void *user);

#endif /** RMOBIKE_TURNS_H_ @}*/
