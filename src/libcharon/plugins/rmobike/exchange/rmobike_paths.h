/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_paths rmobike_paths
 * @{ @ingroup rmobike
 *
 * The paths that are left if there is no answer on the one of the IKE_SA. What
 * is in the air at either end, of charon or ours, is sent on all of them then:
 * nothing else can be sent before it is answered (RFC 7296, 2.3).
 */

#ifndef RMOBIKE_PATHS_H_
#define RMOBIKE_PATHS_H_

#include "exchange/rmobike_raw_socket.h"

#include <daemon.h>

typedef enum rmobike_silence_t rmobike_silence_t;

/**
 * Which paths of a request were silent, and so which ones it takes.
 */
enum rmobike_silence_t {
	/** none, it takes the one that it is meant for */
	RMOBIKE_SILENT_NONE,
	/** that one, it takes the other one of a switch as well */
	RMOBIKE_SILENT_PATH,
	/** both, it takes all that are left */
	RMOBIKE_SILENT_BOTH,
};

/**
 * As initiator: get the addresses, four at most, where the responder may be
 * besides the one that the IKE_SA is at: those that it announced.
 *
 * @param ike_sa	IKE_SA, checked out
 * @return			host_t, with ports; empty if accept is none; owned by the
 *					caller
 */
linked_list_t *rmobike_paths_to_responder(ike_sa_t *ike_sa);

/**
 * As responder: get our addresses, four at most, that the initiator may hear us
 * from besides the one that the IKE_SA is at.
 *
 * @param ike_sa	IKE_SA, checked out
 * @return			host_t, with ports, owned by the caller
 */
linked_list_t *rmobike_paths_from_responder(ike_sa_t *ike_sa);

/**
 * Send a copy of a packet.
 *
 * @param packet	packet, cloned
 * @param me		source, cloned
 * @param other		destination, cloned
 */
void rmobike_paths_send(packet_t *packet, host_t *me, host_t *other);

/**
 * As initiator: send packets to an address of the responder.
 *
 * @param ike_sa	IKE_SA
 * @param packets	packet_t
 * @param to		address and port
 * @return			FALSE if there is no source address for it
 */
bool rmobike_paths_send_to(ike_sa_t *ike_sa, linked_list_t *packets,
						   host_t *to);

/**
 * As responder: send a packet from the address of the IKE_SA, even if that is
 * gone, and from others if it is silent.
 *
 * @param ike_sa	IKE_SA, checked out
 * @param raw_socket	sends from addresses that are gone, NULL if nothing can
 * @param packet	packet
 * @param to		address that the IKE_SA is about to go to, or NULL
 * @param silent	which paths are silent
 */
void rmobike_paths_send_from(ike_sa_t *ike_sa, rmobike_raw_socket_t *raw_socket,
							 packet_t *packet, host_t *to,
							 rmobike_silence_t silent);

/**
 * As responder: tell in a message which addresses we have (RFC 4555, 3.6),
 * eight at most.
 *
 * @param message	message, not encrypted yet
 * @param at		the one where the message is made, which is not told
 * @param first		the one that is told first
 */
void rmobike_paths_announce(message_t *message, host_t *at, host_t *first);

/**
 * Check if an address is one of several.
 *
 * @param addresses	host_t, ports don't matter, or NULL
 * @param address	address to look for
 * @return			TRUE if it is
 */
bool rmobike_paths_include(linked_list_t *addresses, host_t *address);

/**
 * Free a list of addresses.
 *
 * @param addresses	host_t, or NULL
 */
void rmobike_paths_destroy(linked_list_t *addresses);

#endif /** RMOBIKE_PATHS_H_ @}*/
