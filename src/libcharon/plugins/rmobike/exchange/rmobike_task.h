/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_task rmobike_task
 * @{ @ingroup rmobike
 *
 * What our two exchanges have in common.
 *
 * charon only starts types of tasks that it knows. TASK_IKE_MOBIKE comes before
 * all others and chooses the path of each packet, the first and all later ones,
 * in ike_mobike_t.transmit(); so that is what charon takes our tasks for.
 */

#ifndef RMOBIKE_TASK_H_
#define RMOBIKE_TASK_H_

#include "base/rmobike_options.h"
#include "exchange/rmobike_paths.h"

#include <sa/ikev2/tasks/ike_mobike.h>

typedef struct rmobike_task_t rmobike_task_t;

/**
 * Size of what stands between the public part and ours, see below.
 */
#define RMOBIKE_TASK_ZEROES 256

/**
 * Base of a task. Used with the IKE_SA checked out only.
 */
struct rmobike_task_t {

	/**
	 * What charon sees; build() and process() are set by the exchange.
	 */
	ike_mobike_t mobike;

	/**
	 * charon's own MOBIKE task reads flags of its private structure from any
	 * queued task of the type: it has to find them unset.
	 */
	u_char zeroes[RMOBIKE_TASK_ZEROES];

	/**
	 * IKE_SA the task belongs to, changes when it is rekeyed.
	 */
	ike_sa_t *ike_sa;

	/**
	 * Send the request on the path, or paths, that it is to take now; FALSE if
	 * there is none, it is deferred until charon notices a change then.
	 */
	bool (*send)(rmobike_task_t *this, packet_t *packet);

	/**
	 * The path was silent for a while, or all are; called before the request is
	 * sent again, may be NULL.
	 */
	void (*expired)(rmobike_task_t *this);

	/**
	 * When that is, in milliseconds after the first packet, and once more after
	 * the second time.
	 */
	u_int expires;

	/**
	 * How often that was since the request was built.
	 */
	rmobike_silence_t silent;

	/**
	 * TRUE if the answer may have to wait for other IKE_SAs: the request is not
	 * sent again as soon then, as nothing is interrupted meanwhile.
	 */
	bool patient;

	/**
	 * The request in the air, NULL if none was sent yet.
	 */
	packet_t *packet;

	/**
	 * When that was, or when it was last due, see below; monotonic time.
	 */
	time_t sent;

	/**
	 * TRUE if charon noticed a change of addresses or routes while our request
	 * was in the air.
	 */
	bool roamed;

	/**
	 * What charon expects this task to do because it is the queued MOBIKE task.
	 */
	struct {
		/** announce our addresses */
		bool addresses;
		/** check paths */
		bool roam;
		/** detect changes of NAT mappings */
		bool dpd;
	} wanted;
};

/**
 * Initialize the base of a task.
 *
 * @param this		zeroed base
 * @param ike_sa	IKE_SA
 * @param send		sends the request, see above
 */
void rmobike_task_init(rmobike_task_t *this, ike_sa_t *ike_sa,
					   bool (*send)(rmobike_task_t*, packet_t*));

/**
 * Free what the base owns.
 */
void rmobike_task_deinit(rmobike_task_t *this);

/**
 * To be called in build(): what charon wanted this task to do besides is queued
 * as a task of charon's own, to run afterwards.
 *
 * @param moves		TRUE if this task chooses a path anew, so that there is no
 *					need for charon to look for one
 */
void rmobike_task_start(rmobike_task_t *this, bool moves);

/**
 * Finish build() without an exchange, for a task that became pointless.
 *
 * @param message	message to be dropped
 * @return			what build() has to return
 */
status_t rmobike_task_skip(message_t *message);

/**
 * Move the base to another IKE_SA.
 *
 * @param ike_sa	IKE_SA that replaces the old one
 */
void rmobike_task_migrate(rmobike_task_t *this, ike_sa_t *ike_sa);

/**
 * Find a MOBIKE task in a queue of an IKE_SA.
 *
 * @param ike_sa	IKE_SA
 * @param queue		where to look for it
 * @param build		what it has to have as build(), NULL for any, be it one of
 *					ours or of charon
 * @return			the first one, NULL if there is none
 */
task_t *rmobike_task_find(ike_sa_t *ike_sa, task_queue_t queue,
						  status_t (*build)(task_t*, message_t*));

/**
 * Check if the exchange that an IKE_SA initiates at the moment is one of ours.
 *
 * @param ike_sa	IKE_SA
 * @return			TRUE if it is
 */
bool rmobike_task_is_active(ike_sa_t *ike_sa);

/**
 * Send the request in the air again, now and a few times more.
 *
 * @return			FALSE if there is no path
 */
bool rmobike_task_resend(rmobike_task_t *this);

/**
 * If a request of ours is in the air on an IKE_SA, and not a patient one, send
 * it again soon, in a job of its own.
 *
 * @param ike_sa	IKE_SA
 */
void rmobike_task_hurry(ike_sa_t *ike_sa);

/**
 * The peer is heard: if a request of ours is in the air on an IKE_SA, and due
 * (rmobike_inflight_is_due()), send it again a few times, in jobs of their own.
 *
 * @param ike_sa	IKE_SA, checked out
 */
void rmobike_task_heard(ike_sa_t *ike_sa);

/**
 * Send a request of ours once more, if it is in the air.
 *
 * @param ike_sa	IKE_SA, checked out
 * @param mid		message ID
 * @return			FALSE if it is not
 */
bool rmobike_task_again(ike_sa_t *ike_sa, uint32_t mid);

/**
 * Tell the peer which addresses we have, once what is under way was answered.
 * Like charon, have a MOBIKE task that waits do so if there is one: it tells
 * what there is when it starts.
 *
 * @param ike_sa	IKE_SA, checked out
 * @return			charon's task that was queued for that, NULL if one of those
 *					that wait does it
 */
task_t *rmobike_task_announce(ike_sa_t *ike_sa);

/**
 * The peer updated the path, so there is one that works: charon needs not look
 * for another one. What it queued for that is taken back, and what it sent
 * already takes the path of the IKE_SA from now on, as its response has to be
 * waited for (RFC 7296, 2.3). Our addresses are announced instead.
 *
 * @param ike_sa	IKE_SA, checked out, that processes the update
 * @return			TRUE if something was sent already
 */
bool rmobike_task_settle(ike_sa_t *ike_sa);

#endif /** RMOBIKE_TASK_H_ @}*/
