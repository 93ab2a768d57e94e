/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_ghosts rmobike_ghosts
 * @{ @ingroup rmobike
 *
 * Copies of IKE_SAs that nobody has, as the ha plugin lost something or told it
 * twice. Both functions look at all IKE_SAs, in jobs of their own.
 */

#ifndef RMOBIKE_GHOSTS_H_
#define RMOBIKE_GHOSTS_H_

#include "cluster/rmobike_channel.h"

#include <sa/ike_sa.h>

/**
 * Remove copies that a client does not have anymore: another IKE_SA with its
 * virtual IP is known to be at the other node, and no two have the same.
 *
 * @param channel		if it is deaf nothing is done anymore
 * @param ike_sa		that other one, checked out
 */
void rmobike_ghosts_remove(rmobike_channel_t *channel, ike_sa_t *ike_sa);

/**
 * When this node has got all copies that it asks for when it starts, remove one
 * of each two of the same IKE_SA. The ha plugin is told of what begins before
 * it asks, and gets that again as an answer. Before strongSwan 6 it has both
 * then.
 *
 * @param channel		if it is deaf nothing is done anymore
 * @param heartbeat		of the cluster, in milliseconds: it may ask some of
 *						these later
 */
void rmobike_ghosts_remove_twins(rmobike_channel_t *channel, u_int heartbeat);

#endif /** RMOBIKE_GHOSTS_H_ @}*/
