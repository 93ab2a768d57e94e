/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_listener rmobike_listener
 * @{ @ingroup rmobike
 *
 * Connects charon's bus to the exchanges and the records.
 *
 * | hook | as initiator | as responder |
 * |---|---|---|
 * | message, IKE_AUTH request | adds 'R' to MOBIKE_SUPPORTED | notes it |
 * | message, INFORMATIONAL | follows SWITCH_TO_IP_ADDRESS, or not | |
 * | message, address list | follows its source, or not | |
 * | message, any request | | the switch may be refused |
 * | ike_update | | the switch is done |
 * | ike_rekey | carries what is pending over | same |
 * | ike_state_change | forgets a destroyed IKE_SA | same |
 */

#ifndef RMOBIKE_LISTENER_H_
#define RMOBIKE_LISTENER_H_

#include "rmobike_accepted.h"
#include "rmobike_asker.h"
#include "rmobike_peers.h"
#include "rmobike_judge.h"
#include "rmobike_seamless.h"

#include <bus/listeners/listener.h>

typedef struct rmobike_listener_t rmobike_listener_t;

/**
 * Listener on the bus. Hooks are called with the IKE_SA checked out and don't
 * block.
 */
struct rmobike_listener_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * Destroy a rmobike_listener_t, after it was removed from the bus.
	 */
	void (*destroy)(rmobike_listener_t *this);
};

/**
 * Create a listener.
 *
 * @param peers		records of what we asked for
 * @param accepted	records of what we were asked for and accepted
 * @param seamless	moves CHILD_SAs without a gap, NULL to leave that to charon
 * @param judge		decides about what we are asked for
 * @param asker		asks again for what was asked of an IKE_SA being rekeyed
 */
rmobike_listener_t *rmobike_listener_create(rmobike_peers_t *peers,
											rmobike_accepted_t *accepted,
											rmobike_seamless_t *seamless,
											rmobike_judge_t *judge,
											rmobike_asker_t *asker);

#endif /** RMOBIKE_LISTENER_H_ @}*/
