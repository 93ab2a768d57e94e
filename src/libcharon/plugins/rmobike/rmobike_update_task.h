/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_update_task rmobike_update_task
 * @{ @ingroup rmobike
 *
 * The initiator's exchange: UPDATE_SA_ADDRESSES towards the new address of the
 * responder (RFC 4555, 3.5), before it a return routability check of the new
 * path (RFC 4555, 3.7) where that is wanted.
 *
 *     initiator                              responder
 *     [ INFORMATIONAL {COOKIE2}                -> new address
 *       INFORMATIONAL {COOKIE2}                <-             ]
 *     INFORMATIONAL {UPDATE_SA_ADDRESSES,
 *                    NAT_DETECTION_*, COOKIE2} -> new address
 *     INFORMATIONAL {NAT_DETECTION_*, COOKIE2} <-
 *
 * If the new address stays silent, the same request goes to the old address,
 * too. If it is answered from there, the IKE_SA stays where it was; after an
 * update a second one to the old address makes both ends agree about that.
 */

#ifndef RMOBIKE_UPDATE_TASK_H_
#define RMOBIKE_UPDATE_TASK_H_

#include "rmobike_accepted.h"
#include "rmobike_stats.h"

#include <daemon.h>

/**
 * Queue the exchange on an IKE_SA; one that is still queued is replaced.
 *
 * @param ike_sa		IKE_SA, checked out
 * @param accepted		records, which tell if there is a newer one
 * @param stats			counts what became of it
 * @param serial		serial number of the accepted request in those records
 * @param to			address and port of the responder, cloned
 * @param check			TRUE to check the path before anything else uses it
 * @param path_timeout	how long the new path may stay silent, in milliseconds
 */
void rmobike_update_task_queue(ike_sa_t *ike_sa, rmobike_accepted_t *accepted,
							   rmobike_stats_t *stats, u_int serial,
							   host_t *to, bool check, u_int path_timeout);

/**
 * Queue the exchange that is under way on an IKE_SA, if any, on the one that
 * replaces it: whether the responder handled it, and moved which of them, can't
 * be known.
 *
 * @param old			rekeyed IKE_SA, checked out
 * @param new			new IKE_SA, checked out
 */
void rmobike_update_task_resume(ike_sa_t *old, ike_sa_t *new);

/**
 * Get the source address that packets of an IKE_SA to an address would have.
 *
 * @param ike_sa		IKE_SA
 * @param to			destination
 * @return				source with the IKE_SA's port, NULL if there is none
 */
host_t *rmobike_update_task_source(ike_sa_t *ike_sa, host_t *to);

#endif /** RMOBIKE_UPDATE_TASK_H_ @}*/
