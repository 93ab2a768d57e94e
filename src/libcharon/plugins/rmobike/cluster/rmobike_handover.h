/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_handover rmobike_handover
 * @{ @ingroup rmobike
 *
 * An IKE_SA goes to the other node because somebody wants it to; the other end
 * is rmobike_reception.
 *
 *     this node            the other one
 *     nothing under way
 *     -> passive
 *     RELEASE  --------->  its copy is the same? takes the message IDs
 *              <---------  TAKEN (or REJECTED: -> established)
 *                          -> established, asks the client to come
 *              <---------  ARRIVED (or RELEASE, if it doesn't)
 *     NOTED    --------->
 *
 * There is no moment at which both send: this node is passive before it tells
 * so. What it has in the kernel goes on forwarding meanwhile. If nobody answers
 * to a RELEASE the IKE_SA is taken back; should the other node have it, too,
 * the one that the client sends its next request to keeps it (its message ID is
 * higher).
 */

#ifndef RMOBIKE_HANDOVER_H_
#define RMOBIKE_HANDOVER_H_

#include "cluster/rmobike_channel.h"
#include "cluster/rmobike_ghosts.h"
#include "cluster/rmobike_standby.h"
#include "sa/rmobike_refs.h"
#include "sa/rmobike_switches.h"

typedef struct rmobike_handover_t rmobike_handover_t;

/**
 * Releases IKE_SAs. Thread safe.
 */
struct rmobike_handover_t {

	/**
	 * Bring an IKE_SA to an address of the other node, implements
	 * rmobike_elsewhere_t.go().
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param serial	serial number of the switch, which ends sooner or later
	 * @param to		address of the other node
	 */
	void (*go)(rmobike_handover_t *this, ike_sa_t *ike_sa, u_int serial,
			   host_t *to);

	/**
	 * Give an IKE_SA to the other node because we can't, or must not, serve it:
	 * whatever is under way on it.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	void (*give_up)(rmobike_handover_t *this, ike_sa_t *ike_sa);

	/**
	 * Destroy a rmobike_handover_t.
	 */
	void (*destroy)(rmobike_handover_t *this);
};

/**
 * Create it.
 *
 * @param channel		channel to the other node
 * @param switches		to end them
 * @param refs			follows IKE_SAs
 * @param ownership		which IKE_SAs are ours
 * @param standby		tells what stays here
 * @param ghosts		removes what no client has
 */
rmobike_handover_t *rmobike_handover_create(rmobike_channel_t *channel,
											rmobike_switches_t *switches,
											rmobike_refs_t *refs,
											rmobike_ownership_t *ownership,
											rmobike_standby_t *standby,
											rmobike_ghosts_t *ghosts);

#endif /** RMOBIKE_HANDOVER_H_ @}*/
