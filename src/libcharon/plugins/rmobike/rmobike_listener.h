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
#include "rmobike_echo.h"
#include "rmobike_judge.h"
#include "rmobike_peers.h"
#include "rmobike_records.h"
#include "rmobike_redirect.h"
#include "rmobike_roam.h"
#include "rmobike_seamless.h"

#include <bus/listeners/listener.h>

typedef struct rmobike_listener_t rmobike_listener_t;
typedef struct rmobike_rooms_t rmobike_rooms_t;

/**
 * Who has to know what happens to IKE_SAs.
 */
struct rmobike_rooms_t {
	/** all that is known of them */
	rmobike_records_t *records;
	/** what we asked for */
	rmobike_peers_t *peers;
	/** what we were asked for and accepted */
	rmobike_accepted_t *accepted;
	/** moves CHILD_SAs without a gap */
	rmobike_seamless_t *seamless;
	/** decides about what we are asked for */
	rmobike_judge_t *judge;
	/** asks again for what was asked of an IKE_SA being rekeyed */
	rmobike_asker_t *asker;
	/** answers to other addresses as well */
	rmobike_echo_t *echo;
	/** watches our addresses */
	rmobike_roam_t *roam;
	/** takes over redirection */
	rmobike_redirect_t *redirect;
};

/**
 * Listener on the bus, the only one that follows IKE_SAs from their beginning
 * through rekeyings to their end. Hooks are called with the IKE_SA checked out
 * and don't block.
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
 * @param rooms		who has to know, copied
 */
rmobike_listener_t *rmobike_listener_create(const rmobike_rooms_t *rooms);

#endif /** RMOBIKE_LISTENER_H_ @}*/
