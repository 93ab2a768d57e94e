/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_ghosts rmobike_ghosts
 * @{ @ingroup rmobike
 *
 * Copies of IKE_SAs that nobody has, as the ha plugin lost something.
 */

#ifndef RMOBIKE_GHOSTS_H_
#define RMOBIKE_GHOSTS_H_

#include "cluster/rmobike_channel.h"
#include "cluster/rmobike_ownership.h"

#include <sa/ike_sa.h>

/**
 * Remove copies that a client does not have anymore: another IKE_SA with its
 * virtual IP is known to be at the other node, and no two have the same. Looks
 * at all IKE_SAs, in jobs of its own.
 *
 * @param channel		if it is deaf nothing is done anymore
 * @param ike_sa		that other one, checked out
 */
void rmobike_ghosts_remove(rmobike_channel_t *channel, ike_sa_t *ike_sa);

/**
 * Remove an IKE_SA that is ours, but only here (RMOBIKE_ONLY_HERE), and whose
 * client did not come, if the other node has told of another one of the same
 * peer with its virtual IP. Looks at those of the peer, in a job.
 *
 * @param channel		if it is deaf nothing is done anymore
 * @param ownership		which IKE_SAs are ours
 * @param ike_sa		the doubtful one, checked out
 */
void rmobike_ghosts_doubt(rmobike_channel_t *channel,
						  rmobike_ownership_t *ownership, ike_sa_t *ike_sa);

#endif /** RMOBIKE_GHOSTS_H_ @}*/
