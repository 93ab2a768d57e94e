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

#include "initiator/rmobike_advice.h"
#include "initiator/rmobike_echo.h"
#include "initiator/rmobike_request.h"
#include "kernel/rmobike_seamless.h"
#include "operator/rmobike_redirect.h"
#include "responder/rmobike_address_lost.h"
#include "responder/rmobike_ask.h"
#include "sa/rmobike_accepted.h"
#include "sa/rmobike_records.h"
#include "sa/rmobike_switches.h"

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
	rmobike_switches_t *switches;
	/** what we were asked for and accepted */
	rmobike_accepted_t *accepted;
	/** moves CHILD_SAs without a gap */
	rmobike_seamless_t *seamless;
	/** decides about what we are asked for */
	rmobike_request_t *request;
	/** asks again for what was asked of an IKE_SA being rekeyed */
	rmobike_ask_t *ask;
	/** tells why there is no MOBIKE */
	rmobike_advice_t *advice;
	/** answers to other addresses as well */
	rmobike_echo_t *echo;
	/** watches our addresses */
	rmobike_address_lost_t *address_lost;
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
