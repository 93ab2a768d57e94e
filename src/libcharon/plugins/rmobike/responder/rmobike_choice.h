/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_choice rmobike_choice
 * @{ @ingroup rmobike
 *
 * The addresses of this machine that come into question for an IKE_SA, which of
 * them its peer knows of, and which it did not go to lately.
 */

#ifndef RMOBIKE_CHOICE_H_
#define RMOBIKE_CHOICE_H_

#include "responder/rmobike_drained.h"
#include "sa/rmobike_records.h"

#include <daemon.h>

#include <bus/listeners/listener.h>

typedef struct rmobike_choice_t rmobike_choice_t;

/**
 * Listener on the bus. Thread safe, nothing blocks.
 */
struct rmobike_choice_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * Choose the best address for an IKE_SA other than the one it uses; one
	 * that is drained only if there is no other.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param exclude	list of host_t that don't come into question, or NULL
	 * @return			address, NULL if there is none
	 */
	host_t *(*choose)(rmobike_choice_t *this, ike_sa_t *ike_sa,
					  linked_list_t *exclude);

	/**
	 * Get the addresses of this machine that any IKE_SA could be at.
	 *
	 * @param usable	TRUE for those only that are not drained
	 * @return			list of host_t, to be destroyed with them
	 */
	linked_list_t *(*get_local)(rmobike_choice_t *this, bool usable);

	/**
	 * A peer did not go to an address, which is not chosen anymore.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param address	address, cloned
	 */
	void (*add_tried)(rmobike_choice_t *this, uint32_t id, host_t *address);

	/**
	 * All addresses come into question again.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @return			TRUE if there was one that did not
	 */
	bool (*forget_tried)(rmobike_choice_t *this, uint32_t id);

	/**
	 * Destroy a rmobike_choice_t, after it was removed from the bus.
	 */
	void (*destroy)(rmobike_choice_t *this);
};

/**
 * Create it.
 *
 * @param records	records of IKE_SAs
 * @param drained	knows where nobody shall be
 */
rmobike_choice_t *rmobike_choice_create(rmobike_records_t *records,
										rmobike_drained_t *drained);

#endif /** RMOBIKE_CHOICE_H_ @}*/
