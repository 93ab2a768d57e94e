/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_udp rmobike_udp
 * @{ @ingroup rmobike
 *
 * The octets of UDP packets, for raw sockets that take IP headers. Pure
 * functions, callable from any thread.
 */

#ifndef RMOBIKE_UDP_H_
#define RMOBIKE_UDP_H_

#include <networking/host.h>
#include <utils/chunk.h>

/**
 * Write the IP and UDP header of a packet and its UDP checksum (RFC 768, 791,
 * 8200). ID and checksum of IPv4 headers are 0, the kernel fills them in.
 *
 * @param me			source address and port
 * @param other			destination address and port, same family
 * @param dscp			differentiated services code point, 0 to 63 (RFC 2474)
 * @param data			UDP data
 * @return				headers and data, allocated; empty if data is too long
 *						for a packet of that family
 */
chunk_t rmobike_udp_build(host_t *me, host_t *other, uint8_t dscp,
						  chunk_t data);

#endif /** RMOBIKE_UDP_H_ @}*/
