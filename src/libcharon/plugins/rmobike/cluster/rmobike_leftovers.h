/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_leftovers rmobike_leftovers
 * @{ @ingroup rmobike
 *
 * IKE_SAs that this node should give to the other one though nobody said so:
 * those that the ha plugin dropped, those whose clients don't come, and all
 * that are left when the daemon ends.
 */

#ifndef RMOBIKE_LEFTOVERS_H_
#define RMOBIKE_LEFTOVERS_H_

#include "cluster/rmobike_handover.h"

typedef struct rmobike_leftovers_t rmobike_leftovers_t;

/**
 * Looks after them. Thread safe.
 */
struct rmobike_leftovers_t {

	/**
	 * Notices what the ha plugin drops and takes, and the end.
	 */
	listener_t listener;

	/**
	 * The other node is there again: give it back what was taken from it if the
	 * clients don't come.
	 */
	void (*reconsider)(rmobike_leftovers_t *this);

	/**
	 * Destroy a rmobike_leftovers_t.
	 */
	void (*destroy)(rmobike_leftovers_t *this);
};

/**
 * Create it.
 *
 * @param channel		channel to the other node
 * @param refs			follows IKE_SAs
 * @param ownership		which IKE_SAs are ours
 * @param handover		gives IKE_SAs
 * @param ghosts		removes what no client has
 */
rmobike_leftovers_t *rmobike_leftovers_create(rmobike_channel_t *channel,
											  rmobike_refs_t *refs,
											  rmobike_ownership_t *ownership,
											  rmobike_handover_t *handover,
											  rmobike_ghosts_t *ghosts);

#endif /** RMOBIKE_LEFTOVERS_H_ @}*/
