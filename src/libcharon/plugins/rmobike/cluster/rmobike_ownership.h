/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_ownership rmobike_ownership
 * @{ @ingroup rmobike
 *
 * Which IKE_SAs this node serves, besides what their states say: one that is
 * established is ours, one that is passive (IKE_PASSIVE) the other node's. The
 * ha plugin's view is the same.
 */

#ifndef RMOBIKE_OWNERSHIP_H_
#define RMOBIKE_OWNERSHIP_H_

#include "sa/rmobike_records.h"

#include <daemon.h>

typedef struct rmobike_ownership_t rmobike_ownership_t;
typedef enum rmobike_owned_t rmobike_owned_t;

/**
 * What is known of an IKE_SA.
 */
enum rmobike_owned_t {
	/** we gave it to the other node, or the ha plugin did, and its client is
	 * not known to be there */
	RMOBIKE_RELEASED = (1 << 0),
	/** it became ours, but its client is not here yet */
	RMOBIKE_ARRIVING = (1 << 1),
	/** as before, by order of the other node, which sends for us */
	RMOBIKE_ORDERED = (1 << 2),
	/** charon does not know what was responded to the client's last request, as
	 * the other node did, or we changed message IDs; until the next one */
	RMOBIKE_FORGOTTEN = (1 << 3),
	/** its CHILD_SAs were not rekeyed since it arrived */
	RMOBIKE_UNREKEYED = (1 << 4),
	/** the other node does not know yet that the client arrived */
	RMOBIKE_UNTOLD = (1 << 5),
	/** it was ours at least once, so we may have sent any message ID */
	RMOBIKE_SERVED = (1 << 6),
	/** the other node's copy is going to be compared with it */
	RMOBIKE_UNCHECKED = (1 << 7),
	/** something is going to be done about that copy */
	RMOBIKE_REPAIRING = (1 << 8),
	/** we released it in vain, the other node does not know it */
	RMOBIKE_DOUBTED = (1 << 9),
	/** our request was to be sent again while it was released */
	RMOBIKE_MISSED = (1 << 10),
	/** it is going to be looked whether the client came */
	RMOBIKE_WAITING = (1 << 11),
};

/**
 * By unique ID of the IKE_SA. Thread safe, nothing blocks.
 */
struct rmobike_ownership_t {

	/**
	 * Get what is known of an IKE_SA.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @return			what is true, rmobike_owned_t
	 */
	u_int (*get)(rmobike_ownership_t *this, uint32_t id);

	/**
	 * Change what is known of an IKE_SA.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param set		what is true from now on, rmobike_owned_t
	 * @param clear		what is not anymore, rmobike_owned_t
	 * @return			what was true before
	 */
	u_int (*change)(rmobike_ownership_t *this, uint32_t id, u_int set,
					u_int clear);

	/**
	 * Note that a new request of the client came here. The ha plugin tells the
	 * other node of it, too, but not where it was.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		its message ID
	 */
	void (*hear)(rmobike_ownership_t *this, uint32_t id, uint32_t mid);

	/**
	 * Tell which of the client's requests was the last one to come here.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param ago		receives how many milliseconds ago
	 * @return			the message ID after it, 0 if none did
	 */
	uint32_t (*get_heard)(rmobike_ownership_t *this, uint32_t id,
						  uint32_t *ago);

	/**
	 * Note that the client is here, whatever it asked the other node for.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	void (*settle)(rmobike_ownership_t *this, ike_sa_t *ike_sa);

	/**
	 * Did the client ask the other node for something since then, or since it
	 * asked us? The ha plugin tells that, without a word to anybody here.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @return			TRUE if it did
	 */
	bool (*is_overtaken)(rmobike_ownership_t *this, ike_sa_t *ike_sa);

	/**
	 * Note that we sent a request.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		its message ID
	 * @param type		its exchange type
	 */
	void (*ask)(rmobike_ownership_t *this, uint32_t id, uint32_t mid,
				exchange_type_t type);

	/**
	 * Was our last request one of another exchange than a response with its
	 * message ID? Then the client answered to the other node.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		message ID of the response
	 * @param type		its exchange type
	 * @return			TRUE if so
	 */
	bool (*is_foreign)(rmobike_ownership_t *this, uint32_t id, uint32_t mid,
					   exchange_type_t type);

	/**
	 * Forget that, as the other node knows better which one is next.
	 *
	 * @param id		unique ID of the IKE_SA
	 */
	void (*forget_asked)(rmobike_ownership_t *this, uint32_t id);

	/**
	 * Tell which message ID comes after those that we have used for requests.
	 * The ha plugin tells both nodes of them, but not whose they are.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @return			message ID, 0 if there was none
	 */
	uint32_t (*get_asked)(rmobike_ownership_t *this, uint32_t id);

	/**
	 * Keep a response that was sent in charon's place.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		its message ID
	 * @param packet	response, adopted
	 */
	void (*keep)(rmobike_ownership_t *this, uint32_t id, uint32_t mid,
				 packet_t *packet);

	/**
	 * Get a response that was kept.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param mid		its message ID
	 * @return			packet, to be destroyed, NULL if there is none
	 */
	packet_t *(*get_kept)(rmobike_ownership_t *this, uint32_t id, uint32_t mid);

	/**
	 * Note up to which message ID the other node has used them.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param next		the one after, 0 to ask only
	 * @return			that of the most that was noted so far, 0 if none was
	 */
	uint32_t (*spend)(rmobike_ownership_t *this, uint32_t id, uint32_t next);

	/**
	 * Have the message IDs not be behind what was sent and received here, if
	 * nothing is in the air, or was: while both nodes serve an IKE_SA, ha has
	 * this one take over the IDs of the other one, which nobody asked for.
	 *
	 * @param ike_sa	IKE_SA that is served here, checked out
	 */
	void (*restore_ids)(rmobike_ownership_t *this, ike_sa_t *ike_sa);

	/**
	 * Count how many times in a row the other node's copy was another one.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param differs	FALSE if it is the same now
	 * @return			how many times it was before
	 */
	u_int (*count_differing)(rmobike_ownership_t *this, uint32_t id,
							 bool differs);

	/**
	 * Have an IKE_SA be nobody's, until the other node takes it: nothing is
	 * under way on it, it is passive.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	void (*release)(rmobike_ownership_t *this, ike_sa_t *ike_sa);

	/**
	 * Is an IKE_SA released, and not served again by anybody's order?
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @return			TRUE if it is
	 */
	bool (*is_released)(rmobike_ownership_t *this, ike_sa_t *ike_sa);

	/**
	 * Destroy a rmobike_ownership_t.
	 */
	void (*destroy)(rmobike_ownership_t *this);
};

/**
 * Is it an IKE_SA that nodes take from each other: IKEv2, initiated by a
 * client, not by the other node?
 *
 * @param ike_sa	IKE_SA, checked out
 */
bool rmobike_ownership_concerns(ike_sa_t *ike_sa);

/**
 * Send our request again that was to be sent again while the IKE_SA was
 * released (RMOBIKE_MISSED): charon has no more timer for it. Implements
 * rmobike_errand_t.
 *
 * @param user		not used
 * @param ike_sa	IKE_SA, checked out
 * @return			DESTROY_ME if it was sent too many times
 */
status_t rmobike_ownership_ask_again(void *user, ike_sa_t *ike_sa);

/**
 * Is the address that an IKE_SA uses one of ours?
 *
 * @param ike_sa	IKE_SA, checked out
 */
bool rmobike_ownership_is_here(ike_sa_t *ike_sa);

/**
 * Are there tasks in a queue of an IKE_SA?
 *
 * @param ike_sa	IKE_SA, checked out
 * @param queue		which one, that of the request in the air is
 *					TASK_QUEUE_ACTIVE
 */
bool rmobike_ownership_has_tasks(ike_sa_t *ike_sa, task_queue_t queue);

/**
 * Create it.
 *
 * @param records	records of IKE_SAs
 */
rmobike_ownership_t *rmobike_ownership_create(rmobike_records_t *records);

#endif /** RMOBIKE_OWNERSHIP_H_ @}*/
