/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_selector rmobike_selector
 * @{ @ingroup rmobike
 *
 * Selects IKE_SAs.
 */

#ifndef RMOBIKE_SELECTOR_H_
#define RMOBIKE_SELECTOR_H_

#include "base/rmobike_addrs.h"
#include "base/rmobike_weights.h"
#include "responder/rmobike_ask.h"
#include "responder/rmobike_lanes.h"
#include "sa/rmobike_refs.h"

#include <daemon.h>

typedef struct rmobike_selector_t rmobike_selector_t;

/**
 * Which IKE_SAs are meant: all criteria that are set have to match.
 */
struct rmobike_selector_t {
	/** any, has no effect on the other criteria */
	bool all;
	/** name of the connection, NULL for any */
	const char *ike;
	/** unique ID, 0 for any */
	uint32_t ike_id;
	/** address of the peer, NULL for any */
	rmobike_addrs_t *peer_ip;
	/** (EAP) identity of the peer, with wildcards, NULL for any */
	identification_t *peer_id;
	/** our address, NULL for any */
	host_t *local_ip;
	/** how many IKE_SAs may leave each of the addresses in targets, indexed as
	 * these, NULL for any number */
	u_int *surplus;
	/** what else has to be so, asks no kernel; NULL for nothing */
	bool (*wanted)(void *user, ike_sa_t *ike_sa);
	/** data to pass */
	void *user;
};

/**
 * Select IKE_SAs. Locks the table of IKE_SAs, and waits for those in use, so
 * must not be called with one checked out.
 *
 * @param this		criteria; surplus is counted down
 * @param ask		knows which are not meant by anything
 * @param refs		creates references to IKE_SAs
 * @param targets	addresses that surplus is indexed by, and the first of which
 *					is noted as the one to go to; may be NULL
 * @param tag		text to note, or NULL
 * @return			list of rmobike_turn_t, to be destroyed
 */
linked_list_t *rmobike_selector_select(const rmobike_selector_t *this,
									   rmobike_ask_t *ask,
									   rmobike_refs_t *refs,
									   rmobike_weights_t *targets,
									   const char *tag);

#endif /** RMOBIKE_SELECTOR_H_ @}*/
