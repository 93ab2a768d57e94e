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

#include "base/rmobike_profile.h"
#include "exchange/rmobike_raw_socket.h"
#include "responder/rmobike_ask.h"
#include "sa/rmobike_census.h"
#include "sa/rmobike_stats.h"
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
	/** knows how many are where */
	rmobike_census_t *census;
	/** counts */
	rmobike_stats_t *stats;
} rmobike_cluster_rooms_t;

/**
 * Called when something happened to the other node, by one of charon's threads.
 * Must not wait for IKE_SAs.
 *
 * @param user		supplied user data
 * @param remote	its address
 * @param state		"alive", "silent", or "taken" if its IKE_SAs are ours now
 * @param why		how it was known to be dead, static; NULL unless taken
 * @param taken		how many IKE_SAs were taken
 */
typedef void (*rmobike_cluster_cb_t)(void *user, host_t *remote,
									 const char *state, const char *why,
									 u_int taken);

/**
 * What an operator wants to know.
 */
typedef struct {
	/** the other node's address of the channel, NULL if there is no channel */
	host_t *remote;
	/** addresses at which clients reach it, host_t */
	linked_list_t *peers;
	/** TRUE if it is alive */
	bool alive;
	/** seconds since it is or is not, 0 if it never was */
	u_int since;
	/** its version of strongSwan, "" if it is not known */
	char version[RMOBIKE_PROFILE_VERSION];
	/** why no IKE_SA can go there, NULL if they can */
	const char *conflict;
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
	 * @param status	receives it, the addresses are valid as long as this
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
	 * Call a function when something happened to the other node.
	 *
	 * @param cb		function, NULL for none anymore
	 * @param user		data to pass
	 */
	void (*watch)(rmobike_cluster_t *this, rmobike_cluster_cb_t cb, void *user);

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
