/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_relay rmobike_relay
 * @{ @ingroup rmobike
 *
 * The other node sends IKE packets for us from its own addresses, as long as it
 * is alive: networks may not let anybody else do so.
 */

#ifndef RMOBIKE_RELAY_H_
#define RMOBIKE_RELAY_H_

#include "cluster/rmobike_channel.h"

#include <daemon.h>

/**
 * Begin to send what the other node wants to be sent. To be called before the
 * channel is started.
 *
 * @param channel	channel to the other node
 */
void rmobike_relay_serve(rmobike_channel_t *channel);

/**
 * Have the other node send a packet.
 *
 * @param channel	channel to the other node
 * @param packet	packet as for charon->sender, not adopted
 * @param me		source address and port, one of the other node
 * @param other		destination address and port
 * @return			FALSE if it can't be told
 */
bool rmobike_relay_send(rmobike_channel_t *channel, packet_t *packet,
						host_t *me, host_t *other);

#endif /** RMOBIKE_RELAY_H_ @}*/
