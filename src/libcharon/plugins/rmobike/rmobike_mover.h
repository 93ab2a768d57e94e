/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_mover rmobike_mover
 * @{ @ingroup rmobike
 *
 * Selects IKE_SAs and starts a switch on each.
 */

#ifndef RMOBIKE_MOVER_H_
#define RMOBIKE_MOVER_H_

#include "rmobike_addrs.h"
#include "rmobike_peers.h"
#include "rmobike_seamless.h"
#include "rmobike_source.h"

#include <daemon.h>

typedef struct rmobike_mover_t rmobike_mover_t;
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
};

/**
 * Thread safe.
 */
struct rmobike_mover_t {

	/**
	 * Ask the peers of all matching IKE_SAs to switch to another address. Each
	 * of these switches ends in the records, some even before this returns.
	 *
	 * Waits for IKE_SAs that are in use, so must not be called with one checked
	 * out.
	 *
	 * @param selector	which IKE_SAs
	 * @param to		address of this machine to switch to
	 * @param tag		operator's text for the records, NULL for none
	 * @param why		receives the reason if nothing can be started
	 * @param len		size of that buffer
	 * @return			number of matching IKE_SAs, 0 on errors
	 */
	u_int (*start)(rmobike_mover_t *this, const rmobike_selector_t *selector,
				   host_t *to, const char *tag, char *why, size_t len);

	/**
	 * Ask the peer of an IKE_SA to switch to another address.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param to		address of this machine to switch to
	 * @param tag		text for the records, NULL for none
	 * @return			serial number of the switch, which may have ended already
	 */
	u_int (*start_one)(rmobike_mover_t *this, ike_sa_t *ike_sa, host_t *to,
					   const char *tag);

	/**
	 * Ask again, on the IKE_SA that replaced the one it was asked on. charon
	 * initiates what is queued.
	 *
	 * @param ike_sa	new IKE_SA, checked out
	 * @param serial	serial number of the switch
	 */
	void (*resume)(rmobike_mover_t *this, ike_sa_t *ike_sa, u_int serial);

	/**
	 * Destroy a rmobike_mover_t, after all jobs and timers are gone.
	 */
	void (*destroy)(rmobike_mover_t *this);
};

/**
 * Create a mover.
 *
 * @param peers		records of IKE_SAs
 * @param seamless	moves CHILD_SAs without a gap, NULL to leave that to charon
 * @param source	sends from addresses that are gone, NULL not to
 */
rmobike_mover_t *rmobike_mover_create(rmobike_peers_t *peers,
									  rmobike_seamless_t *seamless,
									  rmobike_source_t *source);

#endif /** RMOBIKE_MOVER_H_ @}*/
