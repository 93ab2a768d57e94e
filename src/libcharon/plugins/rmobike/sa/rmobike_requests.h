/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_requests rmobike_requests
 * @{ @ingroup rmobike
 *
 * Copies of requests that are not answered yet, and where their IKE_SA is about
 * to go.
 */

#ifndef RMOBIKE_REQUESTS_H_
#define RMOBIKE_REQUESTS_H_

#include "sa/rmobike_records.h"

#include <daemon.h>

typedef struct rmobike_requests_t rmobike_requests_t;
typedef struct rmobike_sent_t rmobike_sent_t;

/**
 * A request that is not answered yet.
 */
struct rmobike_sent_t {

	/** message ID */
	uint32_t mid;
	/** packet_t, several if it is fragmented; NULL if there is no request */
	linked_list_t *packets;
	/** address and port that the IKE_SA is about to go to, or NULL */
	host_t *to;
	/** monotonic time until which that is so */
	time_t until;
	/** monotonic time when it was sent, or when it was last due */
	time_t sent;
};

/**
 * The request of each IKE_SA. Thread safe, nothing blocks.
 */
struct rmobike_requests_t {

	/**
	 * Keep a request instead of the last one of the IKE_SA.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID
	 * @param packets	list of packet_t, adopted
	 * @param here		where the IKE_SA is
	 * @return			TRUE if it is still about to go somewhere else
	 */
	bool (*keep)(rmobike_requests_t *this, uint32_t id, uint32_t mid,
				 linked_list_t *packets, host_t *here);

	/**
	 * Forget a request that was answered.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID
	 */
	void (*answered)(rmobike_requests_t *this, uint32_t id, uint32_t mid);

	/**
	 * Note where an IKE_SA is about to go, for the request in the air and those
	 * of the next seconds.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID of the next request that can be answered
	 * @param to		address and port, cloned
	 * @return			TRUE if that request is in the air
	 */
	bool (*leaving)(rmobike_requests_t *this, uint32_t id, uint32_t mid,
					host_t *to);

	/**
	 * Get a copy of a request.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID
	 * @return			copy, to be freed with rmobike_sent_destroy(), NULL
	 *					if it is not in the air
	 */
	rmobike_sent_t *(*get)(rmobike_requests_t *this, uint32_t id,
						   uint32_t mid);

	/**
	 * The peer is heard: check if a request has to be sent again because of
	 * that. It is not if it was sent a moment ago, or was due then.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID
	 * @return			TRUE if it is in the air for long enough
	 */
	bool (*is_due)(rmobike_requests_t *this, uint32_t id, uint32_t mid);

	/**
	 * Destroy a rmobike_requests_t.
	 */
	void (*destroy)(rmobike_requests_t *this);
};

/**
 * Free a request.
 *
 * @param this		request, may be NULL
 */
void rmobike_sent_destroy(rmobike_sent_t *this);

/**
 * The peer is heard: check if a request has to be sent again because of that,
 * since it may wait for charon's next retransmission for more than a minute.
 *
 * @param sent		monotonic time when it was sent, or was last due; set to the
 *					current one if it is due
 * @return			TRUE if that is more than a moment ago
 */
bool rmobike_inflight_is_due(time_t *sent);

/**
 * Get the packets of a message that was just encoded.
 *
 * @param ike_sa	IKE_SA of the message
 * @param message	message
 * @return			packet_t, owned by the caller
 */
linked_list_t *rmobike_requests_packets(ike_sa_t *ike_sa, message_t *message);

/**
 * Create it.
 *
 * @param records	records of IKE_SAs
 */
rmobike_requests_t *rmobike_requests_create(rmobike_records_t *records);

#endif /** RMOBIKE_REQUESTS_H_ @}*/
