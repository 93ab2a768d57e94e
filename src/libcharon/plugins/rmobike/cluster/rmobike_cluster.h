/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_cluster rmobike_cluster
 * @{ @ingroup rmobike
 *
 * Two nodes with addresses of their own: strongSwan's ha plugin keeps a passive
 * copy of each IKE_SA at the other node, this brings their clients there. Makes
 * the parts; nobody else knows of nodes.
 */

#ifndef RMOBIKE_CLUSTER_H_
#define RMOBIKE_CLUSTER_H_

#include "exchange/rmobike_raw_socket.h"
#include "responder/rmobike_ask.h"
#include "sa/rmobike_refs.h"
#include "sa/rmobike_switches.h"

typedef struct rmobike_cluster_t rmobike_cluster_t;

/**
 * What it needs of others.
 */
typedef struct {
	/** records of IKE_SAs */
	rmobike_records_t *records;
	/** follows IKE_SAs */
	rmobike_refs_t *refs;
	/** what was asked for */
	rmobike_switches_t *switches;
	/** asks peers */
	rmobike_ask_t *ask;
	/** sends from addresses of the other node */
	rmobike_raw_socket_t *raw_socket;
} rmobike_cluster_rooms_t;

/**
 * What an operator wants to know.
 */
typedef struct {
	/** the other node's address of the channel, NULL if there is no channel */
	host_t *remote;
	/** TRUE if it is alive */
	bool alive;
	/** seconds since it is or is not, 0 if it never was */
	u_int since;
	/** IKE_SAs that are served here, and copies of the other node's */
	u_int here, copies;
	/** of the first, those whose clients are not here yet, and those that the
	 * other node does not know of */
	u_int arriving, untold;
	/** what made this node take all last, NULL if nothing did */
	const char *takeover;
	/** how many seconds ago that was, and how many IKE_SAs it took */
	u_int ago, taken;
} rmobike_cluster_status_t;

/**
 * The cluster.
 */
struct rmobike_cluster_t {

	/**
	 * Register with charon's bus, or unregister. Before those who look at what
	 * is announced.
	 *
	 * @param reg		TRUE to register
	 */
	void (*listen)(rmobike_cluster_t *this, bool reg);

	/**
	 * Get what an operator wants to know. Looks at all IKE_SAs, not to be
	 * called with one checked out.
	 *
	 * @param status	receives it, the address is valid as long as this
	 */
	void (*get_status)(rmobike_cluster_t *this,
					   rmobike_cluster_status_t *status);

	/**
	 * Take all IKE_SAs of the other node, because an operator knows that it is
	 * dead.
	 *
	 * @param why		receives why not
	 * @param len		size of that buffer
	 * @return			FALSE if it is alive
	 */
	bool (*take_over)(rmobike_cluster_t *this, char *why, size_t len);

	/**
	 * Destroy a rmobike_cluster_t, after all jobs are gone.
	 */
	void (*destroy)(rmobike_cluster_t *this);
};

/**
 * Create it.
 *
 * @param rooms		what it needs
 * @return			NULL if no cluster is configured
 */
rmobike_cluster_t *rmobike_cluster_create(const rmobike_cluster_rooms_t *rooms);

#endif /** RMOBIKE_CLUSTER_H_ @}*/
