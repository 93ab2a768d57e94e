/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_raw_socket rmobike_raw_socket
 * @{ @ingroup rmobike
 *
 * Sends from an address that this machine does not have anymore: that is the
 * one a NAT in front of the peer lets through
 * (draft-smyslov-ipsecme-ikev2-r-mobike: "even if it is already unavailable").
 */

#ifndef RMOBIKE_RAW_SOCKET_H_
#define RMOBIKE_RAW_SOCKET_H_

#include <daemon.h>

typedef struct rmobike_raw_socket_t rmobike_raw_socket_t;

/**
 * Sends a packet from an address in another way.
 *
 * @param user		supplied user data
 * @param packet	packet as for charon->sender, not adopted
 * @param me		source address and port
 * @param other		destination address and port
 * @return			FALSE if it can't
 */
typedef bool (*rmobike_relay_t)(void *user, packet_t *packet, host_t *me,
								host_t *other);

/**
 * Raw sockets, opened when they are needed first. Thread safe.
 */
struct rmobike_raw_socket_t {

	/**
	 * Send an IKE packet. Doesn't block.
	 *
	 * @param packet	packet as for charon->sender, not adopted
	 * @param me		source address and port
	 * @param other		destination address and port, same family
	 * @return			FALSE if it can't be sent
	 */
	bool (*send)(rmobike_raw_socket_t *this, packet_t *packet, host_t *me,
				 host_t *other);

	/**
	 * Try another way first, before anything is sent.
	 *
	 * @param relay		sends packets if it can
	 * @param user		data to pass
	 */
	void (*set_relay)(rmobike_raw_socket_t *this, rmobike_relay_t relay,
					  void *user);

	/**
	 * Destroy a rmobike_raw_socket_t.
	 */
	void (*destroy)(rmobike_raw_socket_t *this);
};

/**
 * Create it; to be called while the daemon may still keep capabilities.
 */
rmobike_raw_socket_t *rmobike_raw_socket_create(void);

#endif /** RMOBIKE_RAW_SOCKET_H_ @}*/
