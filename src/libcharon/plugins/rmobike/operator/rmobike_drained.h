/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_drained rmobike_drained
 * @{ @ingroup rmobike
 *
 * Addresses of ours where nobody shall be, and where those shall go who come
 * there.
 */

#ifndef RMOBIKE_DRAINED_H_
#define RMOBIKE_DRAINED_H_

#include "base/rmobike_weights.h"

#include <collections/linked_list.h>

typedef struct rmobike_drained_t rmobike_drained_t;

/**
 * Thread safe.
 */
struct rmobike_drained_t {

	/**
	 * Add an address, or have those who come there go elsewhere from now on.
	 *
	 * @param address	address of ours, cloned
	 * @param targets	where to go, cloned; NULL if that is not said
	 * @return			FALSE if it was there already
	 */
	bool (*add)(rmobike_drained_t *this, host_t *address,
				rmobike_weights_t *targets);

	/**
	 * Remove an address.
	 *
	 * @param address	address of ours
	 * @return			FALSE if it is not there
	 */
	bool (*remove)(rmobike_drained_t *this, host_t *address);

	/**
	 * Check if an address is there.
	 *
	 * @param address	address of ours
	 * @param targets	receives where those go who come there, to be destroyed,
	 *					NULL if that was not said; may be NULL
	 * @return			TRUE if it is
	 */
	bool (*has)(rmobike_drained_t *this, host_t *address,
				rmobike_weights_t **targets);

	/**
	 * Get all addresses.
	 *
	 * @return			list of host_t, to be destroyed with them
	 */
	linked_list_t *(*get_all)(rmobike_drained_t *this);

	/**
	 * Destroy a rmobike_drained_t.
	 */
	void (*destroy)(rmobike_drained_t *this);
};

/**
 * Create it, nothing is drained.
 */
rmobike_drained_t *rmobike_drained_create(void);

#endif /** RMOBIKE_DRAINED_H_ @}*/
