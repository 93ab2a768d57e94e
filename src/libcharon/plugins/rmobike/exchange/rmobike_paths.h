/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_paths rmobike_paths
 * @{ @ingroup rmobike
 *
 * The paths that are left if there is no answer on the one of the IKE_SA. What
 * is in the air at either end, of charon or ours, takes them all then: nothing
 * else can be sent before it is answered (RFC 7296, 2.3).
 */

#ifndef RMOBIKE_PATHS_H_
#define RMOBIKE_PATHS_H_

#include <daemon.h>

/**
 * As initiator: get the addresses, four at most, where the responder may be
 * besides the one that the IKE_SA is at: those that it announced.
 *
 * @param ike_sa	IKE_SA, checked out
 * @return			host_t, with ports; empty if accept is none; owned by the
 *					caller
 */
linked_list_t *rmobike_paths_to_responder(ike_sa_t *ike_sa);

/**
 * As responder: get our addresses, four at most, that the initiator may hear us
 * from besides the one that the IKE_SA is at.
 *
 * @param ike_sa	IKE_SA, checked out
 * @return			host_t, with ports, owned by the caller
 */
linked_list_t *rmobike_paths_from_responder(ike_sa_t *ike_sa);

/**
 * Check if an address is one of several.
 *
 * @param addresses	host_t, ports don't matter, or NULL
 * @param address	address to look for
 * @return			TRUE if it is
 */
bool rmobike_paths_include(linked_list_t *addresses, host_t *address);

/**
 * Free a list of addresses.
 *
 * @param addresses	host_t, or NULL
 */
void rmobike_paths_destroy(linked_list_t *addresses);

#endif /** RMOBIKE_PATHS_H_ @}*/
