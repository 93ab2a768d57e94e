/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_message_ids rmobike_message_ids
 * @{ @ingroup rmobike
 *
 * Message IDs of IKE_SAs that either node may have used: those that the client
 * has taken are found out by fillers, those of its own requests are heard, and
 * answers to what the other node asked are none of ours.
 */

#ifndef RMOBIKE_MESSAGE_IDS_H_
#define RMOBIKE_MESSAGE_IDS_H_

#include "cluster/rmobike_ownership.h"
#include "exchange/rmobike_raw_socket.h"
#include "sa/rmobike_refs.h"

typedef struct rmobike_message_ids_t rmobike_message_ids_t;

/**
 * Thread safe.
 */
struct rmobike_message_ids_t {

	/**
	 * Notices which message IDs are used.
	 */
	listener_t listener;

	/**
	 * Have the client take requests for message IDs of ours that may be used up
	 * or not, as the other node can't tell for certain.
	 *
	 * @param ike_sa	IKE_SA, checked out, that was released by the other node
	 */
	void (*fill)(rmobike_message_ids_t *this, ike_sa_t *ike_sa);

	/**
	 * The same for one that the other node did not release.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param served	TRUE if it was served here, so that we know the last ID
	 */
	void (*fill_orphan)(rmobike_message_ids_t *this, ike_sa_t *ike_sa,
						bool served);

	/**
	 * Ask no more with the message IDs that the other node used up on an IKE_SA
	 * that is served here. Nobody knows whether its requests came to the
	 * client, so it gets others that it may take instead. If we have asked for
	 * something with one of them it gets some time to answer first.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param next		ID that the other node would have used next, not above
	 *					ours if it used none
	 */
	void (*catch_up)(rmobike_message_ids_t *this, ike_sa_t *ike_sa,
					 uint32_t next);

	/**
	 * Destroy a rmobike_message_ids_t.
	 */
	void (*destroy)(rmobike_message_ids_t *this);
};

/**
 * Create it.
 *
 * @param raw_socket	sends from addresses of the other node
 * @param refs			follows IKE_SAs
 * @param ownership		knows which IDs were used
 */
rmobike_message_ids_t *rmobike_message_ids_create(
											rmobike_raw_socket_t *raw_socket,
											rmobike_refs_t *refs,
											rmobike_ownership_t *ownership);

#endif /** RMOBIKE_MESSAGE_IDS_H_ @}*/
