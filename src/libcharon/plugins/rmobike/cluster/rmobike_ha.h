/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_ha rmobike_ha
 * @{ @ingroup rmobike
 *
 * All that we know of strongSwan's ha plugin, which keeps a copy of each IKE_SA
 * at the other node.
 */

#ifndef RMOBIKE_HA_H_
#define RMOBIKE_HA_H_

#include <daemon.h>

/**
 * Complain if it is about to send keys through a public network.
 */
void rmobike_ha_check(void);

/**
 * Is an IKE_SA its own one, which protects what it tells the other node?
 *
 * @param ike_sa	IKE_SA, checked out
 */
bool rmobike_ha_is_link(ike_sa_t *ike_sa);

/**
 * Have it tell the other node the addresses, virtual ones as well, and
 * conditions of an IKE_SA, which it only does by itself when that is
 * established.
 *
 * @param ike_sa	IKE_SA, checked out
 * @return			FALSE if the plugin is not there, or not what we know
 */
bool rmobike_ha_push(ike_sa_t *ike_sa);

/**
 * Is a virtual IP of the peer, if it has any, one that no other peer gets from
 * the other node? charon's own pools know of their node's leases only; those of
 * the plugin, DHCP, RADIUS and SQL servers are the same for both.
 *
 * @param ike_sa	IKE_SA, checked out
 * @return			FALSE if it comes from another pool
 */
bool rmobike_ha_has_pools(ike_sa_t *ike_sa);

#endif /** RMOBIKE_HA_H_ @}*/
