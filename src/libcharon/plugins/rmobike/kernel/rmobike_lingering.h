/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_lingering rmobike_lingering
 * @{ @ingroup rmobike
 *
 * SAs that another one at a new address has taken over from, but packets may be
 * under way that chose them: each is deleted half a second later.
 */

#ifndef RMOBIKE_LINGERING_H_
#define RMOBIKE_LINGERING_H_

#include <daemon.h>

typedef struct rmobike_lingering_t rmobike_lingering_t;

/**
 * SAs by destination, protocol and SPI. Thread safe.
 */
struct rmobike_lingering_t {

	/**
	 * Delete an SA later.
	 *
	 * @param id		the SA, cloned; its source does not matter
	 */
	void (*add)(rmobike_lingering_t *this, kernel_ipsec_sa_id_t *id);

	/**
	 * Delete an SA now if it would be later, as there will be another one like
	 * that. Returns when it is gone.
	 *
	 * @param id		the SA; source and mark do not matter
	 */
	void (*end)(rmobike_lingering_t *this, kernel_ipsec_sa_id_t *id);

	/**
	 * Destroy a rmobike_lingering_t, deletes all SAs. No jobs may run any more.
	 */
	void (*destroy)(rmobike_lingering_t *this);
};

/**
 * Create it.
 */
rmobike_lingering_t *rmobike_lingering_create(void);

#endif /** RMOBIKE_LINGERING_H_ @}*/
