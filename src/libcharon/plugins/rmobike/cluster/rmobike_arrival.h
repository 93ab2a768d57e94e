/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_arrival rmobike_arrival
 * @{ @ingroup rmobike
 *
 * The client of an IKE_SA that this node took has come, by an authenticated
 * update (RFC 4555, 3.5): so it is ours, whatever the other node believes. That
 * is told to the other node; to everybody in this daemon who
 * wants to know who is connected; and seconds later the CHILD_SAs are rekeyed,
 * as half of their sequence numbers is gone.
 *
 * Besides tells the ha plugin of all other changes of addresses, which it
 * doesn't notice.
 */

#ifndef RMOBIKE_ARRIVAL_H_
#define RMOBIKE_ARRIVAL_H_

#include "cluster/rmobike_ownership.h"
#include "cluster/rmobike_standby.h"
#include "sa/rmobike_refs.h"

#include <daemon.h>

typedef struct rmobike_arrival_t rmobike_arrival_t;

/**
 * Knows what is to be done. Thread safe.
 */
struct rmobike_arrival_t {

	/**
	 * Notices updates.
	 */
	listener_t listener;

	/**
	 * The client of an IKE_SA has come, or never left.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	void (*arrived)(rmobike_arrival_t *this, ike_sa_t *ike_sa);

	/**
	 * Destroy a rmobike_arrival_t.
	 */
	void (*destroy)(rmobike_arrival_t *this);
};

/**
 * Create it.
 *
 * @param standby		tells the other node
 * @param refs			follows IKE_SAs
 * @param ownership		which IKE_SAs are ours
 * @param options		what is configured, has to exist as long
 */
rmobike_arrival_t *rmobike_arrival_create(rmobike_standby_t *standby,
										  rmobike_refs_t *refs,
										  rmobike_ownership_t *ownership,
										  rmobike_options_cluster_t *options);

#endif /** RMOBIKE_ARRIVAL_H_ @}*/
