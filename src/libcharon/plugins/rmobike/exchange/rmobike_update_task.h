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
 * too, and if both are to all that the responder announced. From then on, or if
 * our own address changed meanwhile, its answer proves nothing about a path,
 * nor does it tell where the responder is now: after a check the IKE_SA stays
 * or there is another one, with another cookie; an update is followed by one
 * that takes a single path, so that both ends agree.
 */

#ifndef RMOBIKE_UPDATE_TASK_H_
#define RMOBIKE_UPDATE_TASK_H_

#include "base/rmobike_options.h"
#include "base/rmobike_policy.h"
#include "sa/rmobike_accepted.h"
#include "sa/rmobike_stats.h"

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
 * Check if the exchange is queued on an IKE_SA.
 *
 * @param ike_sa		IKE_SA, checked out
 * @param agree			TRUE if the responder may be elsewhere than we believe:
 *						if it is queued it has to end with an update then, also
 *						if its check fails
 * @return				TRUE if it is
 */
bool rmobike_update_task_is_queued(ike_sa_t *ike_sa, bool agree);

/**
 * Decide what to do about an address of the responder.
 *
 * @param ike_sa		IKE_SA, checked out
 * @param accepted		records, which tell how many there were lately
 * @param options		options of the IKE_SA
 * @param accept		which addresses are acceptable
 * @param to			address
 * @return				what policy says
 */
rmobike_verdict_t rmobike_update_task_judge(ike_sa_t *ike_sa,
											rmobike_accepted_t *accepted,
											rmobike_options_t *options,
											rmobike_accept_t accept,
											host_t *to);

/**
 * Decide as for a switch whether to go to an address without having been asked,
 * and count that for max_switches.
 *
 * @param ike_sa		IKE_SA, checked out
 * @param accepted		records, which tell how many there were lately
 * @param to			address
 * @param check			receives TRUE if the path has to be checked first
 * @return				that address, or where the IKE_SA is if it has to stay;
 *						owned by the caller
 */
host_t *rmobike_update_task_go(ike_sa_t *ike_sa, rmobike_accepted_t *accepted,
							   host_t *to, bool *check);

/**
 * A request that took several paths was answered. The source of the answer is
 * not to be trusted, and the responder may have handled the request as it came
 * by any path. Queue an update of the address that it seems to be at, as policy
 * allows, with a check of its own or without; of the current one otherwise.
 * Others count for max_switches. Nothing is to be done if an update is queued.
 *
 * @param ike_sa		IKE_SA, checked out
 * @param accepted		records, which tell how many there were lately
 * @param stats			counts what becomes of it
 * @param from			source of the answer, one of the addresses that the
 *						request was sent to; cloned
 * @param changed		TRUE if the request may have moved the responder, so
 *						that there has to be an update in any case
 */
void rmobike_update_task_settle(ike_sa_t *ike_sa, rmobike_accepted_t *accepted,
								rmobike_stats_t *stats, host_t *from,
								bool changed);

/**
 * The responder is at an address: if we move, charon looks for it at those that
 * it knows only.
 *
 * @param ike_sa		IKE_SA, checked out
 * @param address		address of the responder, cloned
 */
void rmobike_update_task_know(ike_sa_t *ike_sa, host_t *address);

/**
 * Queue the exchange that is under way on an IKE_SA, if any, on the one that
 * replaces it: whether the responder handled it, and moved which of them, can't
 * be known.
 *
 * @param old			rekeyed IKE_SA, checked out
 * @param new			new IKE_SA, checked out
 */
void rmobike_update_task_resume(ike_sa_t *old, ike_sa_t *new);

#endif /** RMOBIKE_UPDATE_TASK_H_ @}*/
