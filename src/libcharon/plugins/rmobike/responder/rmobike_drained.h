/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_drained rmobike_drained
 * @{ @ingroup rmobike
 *
 * Addresses of ours where nobody shall be, by command or by the option drained,
 * and where those shall go who come there.
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
	 * @param reason	why, cloned; NULL if that is not said
	 */
	void (*add)(rmobike_drained_t *this, host_t *address,
				rmobike_weights_t *targets, const char *reason);

	/**
	 * Remove an address, which may still be there by configuration.
	 *
	 * @param address	address of ours
	 * @return			FALSE if it was not added
	 */
	bool (*remove)(rmobike_drained_t *this, host_t *address);

	/**
	 * Check if an address is there.
	 *
	 * @param address	address of ours
	 * @param targets	receives where those go who come there, to be destroyed,
	 *					NULL if that was not said; may be NULL
	 * @param reason	receives why, to be freed, NULL if that was not said;
	 *					may be NULL
	 * @return			TRUE if it is
	 */
	bool (*has)(rmobike_drained_t *this, host_t *address,
				rmobike_weights_t **targets, char **reason);

	/**
	 * Get all addresses that were added.
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
 * Why an address is there that the option drained has
 */
#define RMOBIKE_DRAINED_CONFIGURED "by configuration"

/**
 * Create it, no address was added.
 */
rmobike_drained_t *rmobike_drained_create(void);

#endif /** RMOBIKE_DRAINED_H_ @}*/
