/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_rescue rmobike_rescue
 * @{ @ingroup rmobike
 *
 * The request of charon's own that is in the air when the responder leaves its
 * address.
 *
 * With a window of one (RFC 7296, 2.3) a switch has to wait for the answer to a
 * request of the responder, and the update for one to a request of the
 * initiator. If the address is gone, neither can arrive. So a copy of each
 * request is kept until it is answered. The responder sends it from the old
 * address, which is where the peer expects it from; a peer with rmobike_echo
 * answers at the new address, too. If that does not help it takes all paths
 * that are left. The initiator sends it to the new address, which it was asked
 * to go to.
 */

#ifndef RMOBIKE_RESCUE_H_
#define RMOBIKE_RESCUE_H_

#include "exchange/rmobike_raw_socket.h"
#include "sa/rmobike_records.h"

#include <bus/listeners/listener.h>

typedef struct rmobike_rescue_t rmobike_rescue_t;

/**
 * Listener on the bus.
 */
struct rmobike_rescue_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * As responder: the address of an IKE_SA is gone. If a request of charon's
	 * own is in the air, send it from there, now and several times until it is
	 * answered. Requests that follow are sent like that anyway. Doesn't block,
	 * the packets are sent by jobs.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param to		address that the IKE_SA is about to switch to, cloned;
	 *					tried as source as well after a while
	 */
	void (*leave)(rmobike_rescue_t *this, ike_sa_t *ike_sa, host_t *to);

	/**
	 * As initiator: the responder asked for a switch, and that was accepted. If
	 * a request of charon's own is in the air, or is sent before the IKE_SA
	 * moved there, send it there, too.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param to		address and port that the IKE_SA is about to switch to,
	 *					cloned
	 */
	void (*follow)(rmobike_rescue_t *this, ike_sa_t *ike_sa, host_t *to);

	/**
	 * As initiator: send the request of charon's own that is in the air to
	 * another address, once.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param to		address and port
	 * @return			FALSE if there is none, or no source address for it
	 */
	bool (*send_to)(rmobike_rescue_t *this, ike_sa_t *ike_sa, host_t *to);

	/**
	 * Destroy a rmobike_rescue_t, after it was removed from the bus and all
	 * jobs ended.
	 */
	void (*destroy)(rmobike_rescue_t *this);
};

/**
 * Create it.
 *
 * @param records	records of IKE_SAs
 * @param raw_socket	sends from addresses that are gone, NULL if nothing can
 */
rmobike_rescue_t *rmobike_rescue_create(rmobike_records_t *records,
										rmobike_raw_socket_t *raw_socket);

#endif /** RMOBIKE_RESCUE_H_ @}*/
