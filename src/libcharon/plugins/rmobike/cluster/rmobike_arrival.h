/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_arrival rmobike_arrival
 * @{ @ingroup rmobike
 *
 * The client of an IKE_SA that this node took has come, by an authenticated
 * update (RFC 4555, 3.5): so it is ours, whatever the other node believes. That
 * is told to the other node until it notes it; to everybody in this daemon who
 * wants to know who is connected; and seconds later the CHILD_SAs are rekeyed,
 * as half of their sequence numbers is gone.
 *
 * Besides tells the ha plugin of all other changes of addresses, which it
 * doesn't notice, and sees that nothing of what it told got lost: some time
 * after each exchange the other node compares its copy. If that is another one,
 * the CHILD_SAs are rekeyed, or the IKE_SA if there is none: then it is told
 * again.
 */

#ifndef RMOBIKE_ARRIVAL_H_
#define RMOBIKE_ARRIVAL_H_

#include "cluster/rmobike_channel.h"
#include "cluster/rmobike_ownership.h"
#include "sa/rmobike_refs.h"

#include <daemon.h>

typedef struct rmobike_arrival_t rmobike_arrival_t;

/**
 * Knows what is to be done. Thread safe.
 */
struct rmobike_arrival_t {

	/**
	 * Notices updates and exchanges.
	 */
	listener_t listener;

	/**
	 * The client of an IKE_SA has come, or never left.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	void (*arrived)(rmobike_arrival_t *this, ike_sa_t *ike_sa);

	/**
	 * Tell the other node that the client of an IKE_SA is here, as it seems to
	 * believe something else.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	void (*claim)(rmobike_arrival_t *this, ike_sa_t *ike_sa);

	/**
	 * Tell the other node of all that it doesn't know yet. In a job of its own.
	 */
	void (*tell_all)(rmobike_arrival_t *this);

	/**
	 * Destroy a rmobike_arrival_t.
	 */
	void (*destroy)(rmobike_arrival_t *this);
};

/**
 * Create it.
 *
 * @param channel		channel to the other node, NULL if there is none
 * @param refs			follows IKE_SAs
 * @param ownership		which IKE_SAs are ours
 * @param options		what is configured, has to exist as long
 */
rmobike_arrival_t *rmobike_arrival_create(rmobike_channel_t *channel,
										  rmobike_refs_t *refs,
										  rmobike_ownership_t *ownership,
										  rmobike_options_cluster_t *options);

#endif /** RMOBIKE_ARRIVAL_H_ @}*/
