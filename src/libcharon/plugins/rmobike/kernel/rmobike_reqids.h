/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_reqids rmobike_reqids
 * @{ @ingroup rmobike
 *
 * How many CHILD_SAs have the same reqid, as they have while one is rekeyed.
 * The kernel tells SAs apart by it and their addresses when it moves them.
 */

#ifndef RMOBIKE_REQIDS_H_
#define RMOBIKE_REQIDS_H_

#include <daemon.h>

typedef struct rmobike_reqids_t rmobike_reqids_t;

/**
 * Listener on the bus. Thread safe, nothing blocks.
 */
struct rmobike_reqids_t {

	/**
	 * Implements listener_t interface: only CHILD_SAs that were installed while
	 * it was registered are counted, and moved by the kernel.
	 */
	listener_t listener;

	/**
	 * Check if there is only one CHILD_SA with a reqid.
	 *
	 * @param reqid		reqid
	 * @return			TRUE if there is one
	 */
	bool (*is_unique)(rmobike_reqids_t *this, uint32_t reqid);

	/**
	 * Destroy a rmobike_reqids_t, after it was removed from the bus.
	 */
	void (*destroy)(rmobike_reqids_t *this);
};

/**
 * Create it.
 */
rmobike_reqids_t *rmobike_reqids_create(void);

#endif /** RMOBIKE_REQIDS_H_ @}*/
