/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_traffic traffic
 * @{ @ingroup rmobike
 *
 * How much went through the CHILD_SAs that there are, for each local address.
 * From charon's own list of IKE_SAs.
 */

#ifndef TRAFFIC_H_
#define TRAFFIC_H_

#include "command.h"

typedef struct traffic_t traffic_t;

/**
 * Traffic of a local address.
 */
struct traffic_t {
	/** next one in the list */
	traffic_t *next;
	/** local address */
	char *address;
	/** octets received */
	unsigned long long in;
	/** octets sent */
	unsigned long long out;
};

/**
 * Ask the daemon.
 *
 * @param conn			connection
 * @return				list, NULL if there is none or it can't tell
 */
traffic_t *traffic_get(command_conn_t *conn);

/**
 * Find an address.
 *
 * @param list			list
 * @param address		local address
 * @return				its traffic, NULL if there is none
 */
traffic_t *traffic_find(traffic_t *list, const char *address);

/**
 * Release a list.
 *
 * @param list			list, may be NULL
 */
void traffic_destroy(traffic_t *list);

#endif /** TRAFFIC_H_ @}*/
