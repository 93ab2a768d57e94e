/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_takeover rmobike_takeover
 * @{ @ingroup rmobike
 *
 * What becomes of an IKE_SA that this node takes from the other one, whoever
 * decided that: its copy here becomes active (IKE_PASSIVE -> IKE_ESTABLISHED),
 * its client is asked to come to an address of ours, and when it has come the
 * rest of the world is told.
 *
 * The client hears us from the address of the other node, see rmobike_relay_t
 * and rmobike_raw_socket.h.
 */

#ifndef RMOBIKE_TAKEOVER_H_
#define RMOBIKE_TAKEOVER_H_

#include "cluster/rmobike_arrival.h"
#include "cluster/rmobike_channel.h"
#include "cluster/rmobike_message_ids.h"
#include "cluster/rmobike_ownership.h"
#include "responder/rmobike_ask.h"
#include "sa/rmobike_refs.h"

typedef struct rmobike_takeover_t rmobike_takeover_t;

/**
 * Called by a job when all IKE_SAs of the other node were taken.
 *
 * @param user		supplied user data
 * @param why		how it was known that the other node is dead, static
 * @param taken		how many there were
 */
typedef void (*rmobike_taken_t)(void *user, const char *why, u_int taken);

/**
 * Takes over. Thread safe.
 */
struct rmobike_takeover_t {

	/**
	 * Notices IKE_SAs that become active.
	 */
	listener_t listener;

	/**
	 * Take an IKE_SA that the other node released.
	 *
	 * @param ike_sa	IKE_SA, checked out, passive, with the message IDs that
	 *					it has at the other node
	 * @param to		address of ours that the client is to go to, or NULL
	 * @param unsettled	TRUE if the last message IDs are not certain
	 */
	void (*take)(rmobike_takeover_t *this, ike_sa_t *ike_sa, host_t *to,
				 bool unsettled);

	/**
	 * Go on to serve an IKE_SA whose client asked here last, though the other
	 * node has taken it as well, and the ha plugin may have dropped it for
	 * that. Both have sent with its CHILD_SAs and told the LAN, and one may
	 * know of CHILD_SAs that the other one has deleted, so that is as if it
	 * just came.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	void (*keep)(rmobike_takeover_t *this, ike_sa_t *ike_sa);

	/**
	 * Take all IKE_SAs of the other node, which is dead. In jobs of their own.
	 *
	 * @param why		how that is known, static text
	 */
	void (*take_all)(rmobike_takeover_t *this, const char *why);

	/**
	 * Call a function when that was done; before anything is taken.
	 *
	 * @param cb		function
	 * @param user		data to pass
	 */
	void (*watch)(rmobike_takeover_t *this, rmobike_taken_t cb, void *user);

	/**
	 * Tell when that was last.
	 *
	 * @param ago		receives how many seconds ago
	 * @param taken		receives how many IKE_SAs were taken
	 * @return			how it was known, NULL if it never was
	 */
	const char *(*get_last)(rmobike_takeover_t *this, u_int *ago, u_int *taken);

	/**
	 * Destroy a rmobike_takeover_t.
	 */
	void (*destroy)(rmobike_takeover_t *this);
};

/**
 * Create it.
 *
 * @param channel		channel to the other node, or NULL
 * @param ask			asks clients to come
 * @param message_ids	message IDs that nobody knows for certain
 * @param refs			follows IKE_SAs
 * @param ownership		which IKE_SAs are ours
 * @param arrival		knows what is to be done when a client has come
 * @param stats			counts
 */
rmobike_takeover_t *rmobike_takeover_create(rmobike_channel_t *channel,
											rmobike_ask_t *ask,
											rmobike_message_ids_t *message_ids,
											rmobike_refs_t *refs,
											rmobike_ownership_t *ownership,
											rmobike_arrival_t *arrival,
											rmobike_stats_t *stats);

#endif /** RMOBIKE_TAKEOVER_H_ @}*/
