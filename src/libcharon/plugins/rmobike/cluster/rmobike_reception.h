/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_reception rmobike_reception
 * @{ @ingroup rmobike
 *
 * What the other node says about an IKE_SA: it releases it
 * (rmobike_handover.h), or its client is there (rmobike_arrival.h).
 */

#ifndef RMOBIKE_RECEPTION_H_
#define RMOBIKE_RECEPTION_H_

#include "base/rmobike_options_cluster.h"
#include "cluster/rmobike_channel.h"
#include "cluster/rmobike_ghosts.h"
#include "cluster/rmobike_ownership.h"
#include "cluster/rmobike_takeover.h"
#include "sa/rmobike_refs.h"
#include "sa/rmobike_switches.h"

typedef struct rmobike_reception_t rmobike_reception_t;

/**
 * Hears it, has no other methods.
 */
struct rmobike_reception_t {

	/**
	 * Destroy a rmobike_reception_t, after the channel.
	 */
	void (*destroy)(rmobike_reception_t *this);
};

/**
 * Create it.
 *
 * @param channel		channel to the other node, not started yet
 * @param refs			follows IKE_SAs
 * @param switches		to end them
 * @param ownership		which IKE_SAs are ours
 * @param takeover		takes what the other node releases
 * @param message_ids	knows what to do about message IDs
 * @param standby		tells what is here
 * @param ghosts		removes what no client has
 * @param options		who is first if both are as good
 */
rmobike_reception_t *rmobike_reception_create(rmobike_channel_t *channel,
											  rmobike_refs_t *refs,
											  rmobike_switches_t *switches,
											  rmobike_ownership_t *ownership,
											  rmobike_takeover_t *takeover,
											rmobike_message_ids_t *message_ids,
											  rmobike_standby_t *standby,
											  rmobike_ghosts_t *ghosts,
									const rmobike_options_cluster_t *options);

#endif /** RMOBIKE_RECEPTION_H_ @}*/
