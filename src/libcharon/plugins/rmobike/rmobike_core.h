/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_core rmobike_core
 * @{ @ingroup rmobike
 *
 * Makes the parts of the plugin and puts them together. The plugin uses it, and
 * so do the tests.
 */

#ifndef RMOBIKE_CORE_H_
#define RMOBIKE_CORE_H_

#include "exchange/rmobike_raw_socket.h"
#include "operator/rmobike_commands.h"
#include "sa/rmobike_refs.h"

typedef struct rmobike_core_t rmobike_core_t;

/**
 * The parts of the plugin.
 */
struct rmobike_core_t {

	/**
	 * What the operator's commands need, valid as long as this.
	 */
	rmobike_commands_t commands;

	/**
	 * Follows IKE_SAs that are rekeyed.
	 */
	rmobike_refs_t *refs;

	/**
	 * Register all parts with charon's bus, or unregister them.
	 *
	 * @param reg		TRUE to register
	 */
	void (*listen)(rmobike_core_t *this, bool reg);

	/**
	 * Read the options again.
	 */
	void (*reload)(rmobike_core_t *this);

	/**
	 * Count what is known of IKE_SAs.
	 *
	 * @return			0 if there are none
	 */
	u_int (*get_count)(rmobike_core_t *this);

	/**
	 * Destroy a rmobike_core_t, when all IKE_SAs are gone.
	 */
	void (*destroy)(rmobike_core_t *this);
};

/**
 * Create all parts. There can be only one, as some replace methods of charon.
 *
 * @param raw_socket	sends from addresses that are gone, adopted, NULL if
 *						that can't be done
 */
rmobike_core_t *rmobike_core_create(rmobike_raw_socket_t *raw_socket);

#endif /** RMOBIKE_CORE_H_ @}*/
