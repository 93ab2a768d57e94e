/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_standby rmobike_standby
 * @{ @ingroup rmobike
 *
 * What the other node knows of IKE_SAs that are here. That a client is here is
 * told until the other node notes it. And nothing of what the ha plugin told
 * gets lost: some time after each exchange the other node compares its copy. If
 * that is another one, the CHILD_SAs are rekeyed, or the IKE_SA if there is
 * none: then the ha plugin tells of all that is new.
 */

#ifndef RMOBIKE_STANDBY_H_
#define RMOBIKE_STANDBY_H_

#include "cluster/rmobike_channel.h"
#include "cluster/rmobike_interpreter.h"
#include "cluster/rmobike_ownership.h"
#include "sa/rmobike_refs.h"

#include <daemon.h>

typedef struct rmobike_standby_t rmobike_standby_t;

/**
 * Tells it. Thread safe; the other node is asked by messages, nothing waits.
 */
struct rmobike_standby_t {

	/**
	 * Notices exchanges.
	 */
	listener_t listener;

	/**
	 * Tell the other node that the client of an IKE_SA is here.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	void (*tell)(rmobike_standby_t *this, ike_sa_t *ike_sa);

	/**
	 * The same, unless it is being told, as it seems to believe something else.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	void (*claim)(rmobike_standby_t *this, ike_sa_t *ike_sa);

	/**
	 * The other node answered to that.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param why		how its copy is, RMOBIKE_MAIL_SYNCHRONIZED and so on
	 */
	void (*noted)(rmobike_standby_t *this, ike_sa_t *ike_sa, uint8_t why);

	/**
	 * Tell the other node of all that it doesn't know yet. In a job of its own.
	 */
	void (*tell_all)(rmobike_standby_t *this);

	/**
	 * Destroy a rmobike_standby_t.
	 */
	void (*destroy)(rmobike_standby_t *this);
};

/**
 * Create it.
 *
 * @param channel		channel to the other node, NULL if there is none
 * @param interpreter	which IKE_SAs the other node can't have, or NULL as well
 * @param refs			follows IKE_SAs
 * @param ownership		which IKE_SAs are ours
 * @param options		what is configured, has to exist as long
 */
rmobike_standby_t *rmobike_standby_create(rmobike_channel_t *channel,
										  rmobike_interpreter_t *interpreter,
										  rmobike_refs_t *refs,
										  rmobike_ownership_t *ownership,
										  rmobike_options_cluster_t *options);

#endif /** RMOBIKE_STANDBY_H_ @}*/
