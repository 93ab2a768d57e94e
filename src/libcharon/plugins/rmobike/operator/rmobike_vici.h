/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_vici rmobike_vici
 * @{ @ingroup rmobike
 *
 * The operator's door: commands and events on the daemon's vici socket, as
 * documented in docs/vici.md.
 */

#ifndef RMOBIKE_VICI_H_
#define RMOBIKE_VICI_H_

#include "operator/rmobike_commands.h"

typedef struct rmobike_vici_t rmobike_vici_t;

/**
 * Commands and events, registered as long as this exists.
 */
struct rmobike_vici_t {

	/**
	 * Unregister commands and events, destroy a rmobike_vici_t.
	 */
	void (*destroy)(rmobike_vici_t *this);
};

/**
 * Register commands and events on the socket of the vici plugin, which has to
 * be loaded; or, if that can't be extended, on a socket of our own.
 *
 * @param commands	what they need, copied; create_builder is not used
 * @return			NULL if neither is possible
 */
rmobike_vici_t *rmobike_vici_create(const rmobike_commands_t *commands);

#endif /** RMOBIKE_VICI_H_ @}*/
