/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_seek rmobike_seek
 * @{ @ingroup rmobike
 *
 * As initiator: the responder does not answer anymore. It may have lost its
 * address in a network that lets no packets from that address out, so that it
 * can't ask for a switch. An initiator may change addresses whenever it wants
 * to (RFC 4555, 3.5); charon does not, as long as there is a route.
 *
 * So requests that charon sends again, dead peer detection for instance, go to
 * the addresses that the responder announced as well, somewhat later than to
 * the old one. The IKE_SA moves to the one that answers.
 */

#ifndef RMOBIKE_SEEK_H_
#define RMOBIKE_SEEK_H_

#include "exchange/rmobike_rescue.h"
#include "sa/rmobike_accepted.h"
#include "sa/rmobike_stats.h"

#include <bus/listeners/listener.h>

typedef struct rmobike_seek_t rmobike_seek_t;

/**
 * Listener on the bus.
 */
struct rmobike_seek_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * Destroy a rmobike_seek_t, after it was removed from the bus and all jobs
	 * ended.
	 */
	void (*destroy)(rmobike_seek_t *this);
};

/**
 * Create it.
 *
 * @param records	records of IKE_SAs
 * @param accepted	what the responder asks for goes first
 * @param rescue		has the request in the air
 * @param stats		counts updates
 */
rmobike_seek_t *rmobike_seek_create(rmobike_records_t *records,
									rmobike_accepted_t *accepted,
									rmobike_rescue_t *rescue,
									rmobike_stats_t *stats);

#endif /** RMOBIKE_SEEK_H_ @}*/
