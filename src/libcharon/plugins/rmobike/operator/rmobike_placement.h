/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_placement rmobike_placement
 * @{ @ingroup rmobike
 *
 * Decides which of our addresses IKE_SAs belong to: not to drained ones, and
 * to balanced ones by their weight.
 */

#ifndef RMOBIKE_PLACEMENT_H_
#define RMOBIKE_PLACEMENT_H_

#include "sa/rmobike_census.h"
#include "operator/rmobike_mover.h"
#include "responder/rmobike_ask.h"
#include "responder/rmobike_choice.h"
#include "sa/rmobike_refs.h"

#include <bus/listeners/listener.h>

typedef struct rmobike_placement_t rmobike_placement_t;

/**
 * An address is drained by command, or no more.
 *
 * @param user		supplied user data
 * @param address	address of ours
 * @param drained	TRUE if it is
 * @param reason	why, NULL if that was not said
 */
typedef void (*rmobike_drained_cb_t)(void *user, host_t *address, bool drained,
									 const char *reason);

/**
 * Listener on the bus. Thread safe.
 */
struct rmobike_placement_t {

	/**
	 * Implements listener_t interface: asks newcomers to go where they belong.
	 */
	listener_t listener;

	/**
	 * Move everything off an address, newcomers too, until undrain(). With a
	 * dry run the address is not marked.
	 *
	 * @param address	address of ours
	 * @param reason	why, NULL if that is not said
	 * @param move		how, and where to; the selector is not used
	 * @param matches	receives the number of selected IKE_SAs
	 * @param why		receives the reason for a failure
	 * @param len		size of that buffer
	 * @return			FALSE if the move can't be started
	 */
	bool (*drain)(rmobike_placement_t *this, host_t *address,
				  const char *reason, const rmobike_move_t *move,
				  u_int *matches, char *why, size_t len);

	/**
	 * Let IKE_SAs use an address again.
	 *
	 * @param address	address of ours
	 * @param why		receives the reason for a failure
	 * @param len		size of that buffer
	 * @return			FALSE if it was not drained, or is still
	 */
	bool (*undrain)(rmobike_placement_t *this, host_t *address, char *why,
					size_t len);

	/**
	 * Set a function to call if an address is drained or not anymore.
	 *
	 * @param cb		function, NULL for none
	 * @param user		data to pass
	 */
	void (*watch)(rmobike_placement_t *this, rmobike_drained_cb_t cb,
				  void *user);

	/**
	 * Move as few IKE_SAs as bring each balanced address to its share.
	 *
	 * @param move		how; selector and targets are not used
	 * @param matches	receives the number of selected IKE_SAs
	 * @param why		receives the reason for a failure
	 * @param len		size of that buffer
	 * @return			FALSE if the move can't be started
	 */
	bool (*balance)(rmobike_placement_t *this, const rmobike_move_t *move,
					u_int *matches, char *why, size_t len);

	/**
	 * Get the weight of an address.
	 *
	 * @param address	address of ours
	 * @return			weight, -1 if it is not balanced
	 */
	int (*get_weight)(rmobike_placement_t *this, host_t *address);

	/**
	 * Read weights again.
	 */
	void (*reload)(rmobike_placement_t *this);

	/**
	 * Destroy a rmobike_placement_t, after it was removed from the bus.
	 */
	void (*destroy)(rmobike_placement_t *this);
};

/**
 * Create it.
 *
 * @param ask		asks newcomers
 * @param mover		moves many
 * @param choice		knows the best address for an IKE_SA
 * @param drained	knows where nobody shall be
 * @param census	knows how many are where
 * @param refs		follows newcomers that are rekeyed
 */
rmobike_placement_t *rmobike_placement_create(rmobike_ask_t *ask,
											  rmobike_mover_t *mover,
											  rmobike_choice_t *choice,
											  rmobike_drained_t *drained,
											  rmobike_census_t *census,
											  rmobike_refs_t *refs);

#endif /** RMOBIKE_PLACEMENT_H_ @}*/
