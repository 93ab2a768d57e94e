/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_announce rmobike_announce
 * @{ @ingroup rmobike
 *
 * Announces the addresses of the other node to clients as additional ones of
 * ours (RFC 4555, 3.6): so they may be asked to go there, and look there by
 * themselves if this node is silent. The address at which the nodes reach each
 * other is not announced, unless clients reach the other node there.
 */

#ifndef RMOBIKE_ANNOUNCE_H_
#define RMOBIKE_ANNOUNCE_H_

#include "base/rmobike_options_cluster.h"

#include <daemon.h>

typedef struct rmobike_announce_t rmobike_announce_t;

/**
 * Listens to messages.
 */
struct rmobike_announce_t {

	/**
	 * Registered before those who look at what is announced.
	 */
	listener_t listener;

	/**
	 * Destroy a rmobike_announce_t.
	 */
	void (*destroy)(rmobike_announce_t *this);
};

/**
 * Create it.
 *
 * @param options	addresses of the nodes, have to exist as long
 */
rmobike_announce_t *rmobike_announce_create(
								const rmobike_options_cluster_t *options);

#endif /** RMOBIKE_ANNOUNCE_H_ @}*/
