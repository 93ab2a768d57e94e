/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_unanswered rmobike_unanswered
 * @{ @ingroup rmobike
 *
 * As responder: the request of charon's own that is in the air when the address
 * of its IKE_SA is gone.
 *
 * With a window of one (RFC 7296, 2.3) a switch has to wait for the answer. But
 * charon can't send the request from there anymore, and the answer to what was
 * sent before arrives nowhere. So a copy of each request is kept until it is
 * answered, and sent from the old address, which is where the peer expects it
 * from; a peer with rmobike_echo answers at the new address, too.
 */

#ifndef RMOBIKE_UNANSWERED_H_
#define RMOBIKE_UNANSWERED_H_

#include "rmobike_source.h"

#include <bus/listeners/listener.h>

typedef struct rmobike_unanswered_t rmobike_unanswered_t;

/**
 * Listener on the bus.
 */
struct rmobike_unanswered_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * The address of an IKE_SA is gone: if a request of charon's own is in the
	 * air, send it from there, now and several times until it is answered.
	 * Requests that follow are sent like that anyway. Doesn't block, the
	 * packets are sent by jobs.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param to		address that the IKE_SA is about to switch to, cloned;
	 *					tried as source as well after a while
	 */
	void (*rescue)(rmobike_unanswered_t *this, ike_sa_t *ike_sa, host_t *to);

	/**
	 * Get the number of IKE_SAs that a request is kept for.
	 */
	u_int (*get_count)(rmobike_unanswered_t *this);

	/**
	 * Destroy a rmobike_unanswered_t, after it was removed from the bus and all
	 * jobs ended.
	 */
	void (*destroy)(rmobike_unanswered_t *this);
};

/**
 * Create it.
 *
 * @param source	sends from addresses that are gone, NULL if nothing can
 */
rmobike_unanswered_t *rmobike_unanswered_create(rmobike_source_t *source);

#endif /** RMOBIKE_UNANSWERED_H_ @}*/
