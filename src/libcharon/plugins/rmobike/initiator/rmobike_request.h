/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_request rmobike_request
 * @{ @ingroup rmobike
 *
 * As initiator: decides what becomes of a SWITCH_TO_IP_ADDRESS.
 */

#ifndef RMOBIKE_REQUEST_H_
#define RMOBIKE_REQUEST_H_

#include "exchange/rmobike_rescue.h"
#include "initiator/rmobike_mapping.h"
#include "sa/rmobike_accepted.h"
#include "sa/rmobike_stats.h"

typedef struct rmobike_request_t rmobike_request_t;

/**
 * Thread safe as far as one IKE_SA is checked out once.
 */
struct rmobike_request_t {

	/**
	 * Look for SWITCH_TO_IP_ADDRESS in a message that was decrypted and
	 * verified. If it is acceptable the update is queued, and the response to
	 * this message has a path of its own, see rmobike_accepted_t.get_path();
	 * everything else is counted, and logged now and then.
	 *
	 * The list of addresses that comes along is handled by charon afterwards,
	 * so an address that nothing but this message announces is not announced,
	 * and its path is checked.
	 *
	 * charon would follow the source of such a list, whether it comes along or
	 * not. It does not get to know that: if policy lets us go there an update
	 * is queued.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param message	request or response
	 */
	void (*handle)(rmobike_request_t *this, ike_sa_t *ike_sa,
				   message_t *message);

	/**
	 * Destroy a rmobike_request_t.
	 */
	void (*destroy)(rmobike_request_t *this);
};

/**
 * Create it.
 *
 * @param accepted		records of what we were asked for and accepted
 * @param rescue		sends what is in the air where we were asked to go
 * @param stats			counts what we were asked for
 * @param mapping		tells the responder where we are
 */
rmobike_request_t *rmobike_request_create(rmobike_accepted_t *accepted,
										  rmobike_rescue_t *rescue,
										  rmobike_stats_t *stats,
										  rmobike_mapping_t *mapping);

#endif /** RMOBIKE_REQUEST_H_ @}*/
