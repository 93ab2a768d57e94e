/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_roam rmobike_roam
 * @{ @ingroup rmobike
 *
 * Watches addresses: if the one that an IKE_SA uses is gone, asks its peer to
 * switch to the best that remains.
 *
 * charon as responder would send from another address, which a NAT in front of
 * the peer drops, and delete the IKE_SA when there is no answer. So the method
 * roam() of each IKE_SA whose peer can be asked is replaced: it is called, with
 * the IKE_SA checked out, after addresses or routes changed. If no address is
 * left to try charon may do that after all, until the peer updates the path.
 */

#ifndef RMOBIKE_ROAM_H_
#define RMOBIKE_ROAM_H_

#include "rmobike_asker.h"
#include "rmobike_candidates.h"
#include "rmobike_pacer.h"
#include "rmobike_peers.h"
#include "rmobike_refs.h"
#include "rmobike_unanswered.h"

#include <bus/listeners/listener.h>

typedef struct rmobike_roam_t rmobike_roam_t;

/**
 * Listener on the bus; there can be one.
 */
struct rmobike_roam_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * An IKE_SA was rekeyed: its address may be gone meanwhile.
	 *
	 * @param new		new IKE_SA
	 */
	void (*rekeyed)(rmobike_roam_t *this, ike_sa_t *new);

	/**
	 * Destroy a rmobike_roam_t, after it was removed from the bus and all
	 * IKE_SAs are gone.
	 */
	void (*destroy)(rmobike_roam_t *this);
};

/**
 * Create it.
 *
 * @param peers		records of IKE_SAs, tell what became of a switch
 * @param asker		starts switches
 * @param candidates	chooses addresses
 * @param unanswered	sees to it that they can
 * @param refs		follows IKE_SAs
 * @param pacer		tells whose turn it is if there are many
 */
rmobike_roam_t *rmobike_roam_create(rmobike_peers_t *peers,
									rmobike_asker_t *asker,
									rmobike_candidates_t *candidates,
									rmobike_unanswered_t *unanswered,
									rmobike_refs_t *refs,
									rmobike_pacer_t *pacer);

#endif /** RMOBIKE_ROAM_H_ @}*/
