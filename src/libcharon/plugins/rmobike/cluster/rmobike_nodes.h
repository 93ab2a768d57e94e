/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_nodes rmobike_nodes
 * @{ @ingroup rmobike
 *
 * What the two nodes tell each other of themselves with each sign of life: who
 * they are, and how many IKE_SAs are where. And whether one can go to the other
 * node.
 */

#ifndef RMOBIKE_NODES_H_
#define RMOBIKE_NODES_H_

#include "base/rmobike_profile.h"
#include "cluster/rmobike_channel.h"
#include "cluster/rmobike_interpreter.h"
#include "sa/rmobike_census.h"

#include <daemon.h>

typedef struct rmobike_nodes_t rmobike_nodes_t;

/**
 * Thread safe, nothing blocks.
 */
struct rmobike_nodes_t {

	/**
	 * Find out why an IKE_SA can't go to the other node.
	 *
	 * @param ike_sa	IKE_SA, checked out; NULL for any at all
	 * @return			reason, static; NULL if nothing speaks against it
	 */
	const char *(*refuse)(rmobike_nodes_t *this, ike_sa_t *ike_sa);

	/**
	 * Get what is known of the other node.
	 *
	 * @param version	receives its version of strongSwan, "" if not known, in
	 *					a buffer of RMOBIKE_PROFILE_VERSION
	 * @return			why no IKE_SA can go there, static; NULL if they can, or
	 *					if nothing is known
	 */
	const char *(*get_other)(rmobike_nodes_t *this, char *version);

	/**
	 * What the other node told is not true anymore.
	 */
	void (*forget)(rmobike_nodes_t *this);

	/**
	 * Destroy a rmobike_nodes_t, after the channel.
	 */
	void (*destroy)(rmobike_nodes_t *this);
};

/**
 * Create it.
 *
 * @param channel	channel to the other node, not started yet
 * @param census	knows how many IKE_SAs are here, is told how many are there
 * @param interpreter	is told which version the other node understands
 */
rmobike_nodes_t *rmobike_nodes_create(rmobike_channel_t *channel,
									  rmobike_census_t *census,
									  rmobike_interpreter_t *interpreter);

#endif /** RMOBIKE_NODES_H_ @}*/
