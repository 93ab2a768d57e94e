/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_ghosts rmobike_ghosts
 * @{ @ingroup rmobike
 *
 * IKE_SAs that no client has, as the ha plugin lost something, or could not
 * tell it. No two clients have the same virtual IP, so it is that which tells.
 */

#ifndef RMOBIKE_GHOSTS_H_
#define RMOBIKE_GHOSTS_H_

#include "cluster/rmobike_channel.h"
#include "cluster/rmobike_ownership.h"

#include <sa/ike_sa.h>

typedef struct rmobike_ghosts_t rmobike_ghosts_t;

/**
 * Removes them, in jobs that look at all IKE_SAs. Thread safe.
 */
struct rmobike_ghosts_t {

	/**
	 * Remove copies with the virtual IP of an IKE_SA that is known to be at the
	 * other node.
	 *
	 * @param ike_sa	that other one, checked out
	 */
	void (*remove)(rmobike_ghosts_t *this, ike_sa_t *ike_sa);

	/**
	 * The other node does not know an IKE_SA whose client did not come. Remove
	 * it if there is a copy of another one of the other node's with its virtual
	 * IP: the client rekeyed it, or left, while nobody could tell so. Each time
	 * that it is in doubt again.
	 *
	 * @param ike_sa	IKE_SA that is ours, checked out
	 */
	void (*doubt)(rmobike_ghosts_t *this, ike_sa_t *ike_sa);

	/**
	 * Destroy a rmobike_ghosts_t, after all jobs.
	 */
	void (*destroy)(rmobike_ghosts_t *this);
};

/**
 * Create it.
 *
 * @param channel		if it is deaf nothing is done anymore
 * @param ownership		which IKE_SAs are ours
 */
rmobike_ghosts_t *rmobike_ghosts_create(rmobike_channel_t *channel,
										rmobike_ownership_t *ownership);

#endif /** RMOBIKE_GHOSTS_H_ @}*/
