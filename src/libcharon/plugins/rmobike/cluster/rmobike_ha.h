/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_ha rmobike_ha
 * @{ @ingroup rmobike
 *
 * All that we know of strongSwan's ha plugin, which keeps a copy of each IKE_SA
 * at the other node.
 */

#ifndef RMOBIKE_HA_H_
#define RMOBIKE_HA_H_

#include <daemon.h>

typedef struct rmobike_ha_socket_t rmobike_ha_socket_t;
typedef struct rmobike_ha_message_t rmobike_ha_message_t;

/**
 * Sends a message to the other node, without blocking. Only reads its octets.
 */
typedef void (*rmobike_ha_push_t)(rmobike_ha_socket_t *this,
								  rmobike_ha_message_t *message);

/**
 * Returns the octets of a message, which still belong to it.
 */
typedef chunk_t (*rmobike_ha_encoding_t)(rmobike_ha_message_t *this);

/**
 * Waits for messages of the other node and returns one, to be destroyed.
 */
typedef rmobike_ha_message_t *(*rmobike_ha_pull_t)(rmobike_ha_socket_t *this);

/**
 * Its socket, the same in all versions.
 */
struct rmobike_ha_socket_t {
	/** sends, without blocking */
	rmobike_ha_push_t push;
	/** waits for a message */
	rmobike_ha_pull_t pull;
	void (*destroy)(rmobike_ha_socket_t *this);
};

/**
 * One of its messages, or one of ours that can be sent and nothing else.
 */
struct rmobike_ha_message_t {
	/** methods; get_encoding() is where rmobike_ha_get_encoding() says, then
	 * comes destroy() */
	rmobike_ha_encoding_t methods[6];
	/** octets, of ours */
	chunk_t encoding;
};

/**
 * Get the socket by which it sends messages.
 *
 * @return			NULL if the plugin is not there, or not what we know
 */
rmobike_ha_socket_t *rmobike_ha_get_socket(void);

/**
 * Get the octets of a message.
 *
 * @param message	one of the plugin's messages
 * @return			octets, which still belong to it
 */
chunk_t rmobike_ha_get_encoding(rmobike_ha_message_t *message);

/**
 * Destroy one of the plugin's messages.
 *
 * @param message	message that was received
 */
void rmobike_ha_message_destroy(rmobike_ha_message_t *message);

/**
 * Make a message that can be sent.
 *
 * @param message	receives it
 * @param encoding	its octets, have to exist as long
 */
void rmobike_ha_message_init(rmobike_ha_message_t *message, chunk_t encoding);

/**
 * Do nodes whose messages are of a version know everything that was negotiated
 * for an SA? If not they can't have a copy, or do nothing with it.
 *
 * @param version	version of messages
 * @param proposal	proposal that was chosen, NULL if none was so far
 * @param mode		mode of a CHILD_SA, 0 for an IKE_SA
 */
bool rmobike_ha_knows(u_int version, proposal_t *proposal, ipsec_mode_t mode);

/**
 * Complain if it is about to send keys through a public network.
 */
void rmobike_ha_check(void);

/**
 * Is an IKE_SA its own one, which protects what it tells the other node?
 *
 * @param ike_sa	IKE_SA, checked out
 */
bool rmobike_ha_is_link(ike_sa_t *ike_sa);

/**
 * Have it tell the other node the addresses, virtual ones as well, and
 * conditions of an IKE_SA, which it only does by itself when that is
 * established.
 *
 * @param ike_sa	IKE_SA, checked out
 * @return			FALSE if the plugin is not there, or not what we know
 */
bool rmobike_ha_push(ike_sa_t *ike_sa);

/**
 * Is a virtual IP of the peer, if it has any, one that no other peer gets from
 * the other node? charon's own pools know of their node's leases only; those of
 * the plugin, DHCP, RADIUS and SQL servers are the same for both.
 *
 * @param ike_sa	IKE_SA, checked out
 * @return			FALSE if it comes from another pool
 */
bool rmobike_ha_has_pools(ike_sa_t *ike_sa);

#endif /** RMOBIKE_HA_H_ @}*/
