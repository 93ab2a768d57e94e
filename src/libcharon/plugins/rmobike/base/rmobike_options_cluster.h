/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_options_cluster rmobike_options_cluster
 * @{ @ingroup rmobike
 *
 * What is configured of a cluster of two nodes, with complaints about bad
 * values.
 */

#ifndef RMOBIKE_OPTIONS_CLUSTER_H_
#define RMOBIKE_OPTIONS_CLUSTER_H_

#include "base/rmobike_parse.h"

#include <collections/linked_list.h>
#include <networking/host.h>

typedef struct rmobike_options_cluster_t rmobike_options_cluster_t;

/**
 * Options of the section.
 */
struct rmobike_options_cluster_t {
	/** addresses at which clients reach the other node, host_t, empty if there
	 * is no cluster */
	linked_list_t *peers;
	/** our end and the other one of the channel between the nodes, with the
	 * port, NULL if not configured */
	host_t *local, *remote;
	/** UDP port of both ends */
	uint16_t port;
	/** authenticates the channel, NULL if there is none */
	char *secret;
	/** milliseconds from one sign of life to the next */
	u_int heartbeat;
	/** milliseconds of silence after which the other node is taken for dead, 0
	 * to leave that to others */
	u_int timeout;
	/** take IKE_SAs over from a node that is dead */
	bool takeover;
	/** names of interfaces on which virtual IPs that arrive are announced,
	 * char*, may be empty */
	linked_list_t *garp;
	/** seconds after a move until its CHILD_SAs are rekeyed */
	u_int rekey_delay;
};

/**
 * Read what is configured in <ns>.plugins.rmobike.cluster. If any address is
 * not valid there is no cluster.
 *
 * @param settings		settings to read from
 * @param ns			namespace, lib->ns
 * @param complain		called once for each value that is not valid and each
 *						option and section that is not known, NULL to be silent
 * @param user			data to pass to complain
 * @return				options, never NULL, to be destroyed
 */
rmobike_options_cluster_t *rmobike_options_cluster_load(settings_t *settings,
												const char *ns,
												rmobike_complain_t complain,
												void *user);

/**
 * Destroy these options.
 */
void rmobike_options_cluster_destroy(rmobike_options_cluster_t *this);

#endif /** RMOBIKE_OPTIONS_CLUSTER_H_ @}*/
