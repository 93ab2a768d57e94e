/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_udp.h"

#include <library.h>

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <sys/socket.h>

/**
 * Hops a packet may take.
 */
#define HOPS 64

/**
 * Add to a ones' complement sum.
 */
static uint32_t add_sum(uint32_t sum, chunk_t data)
{
	size_t i;

	for (i = 0; i + 1 < data.len; i += 2)
	{
		sum += untoh16(data.ptr + i);
	}
	if (data.len % 2)
	{
		sum += data.ptr[data.len - 1] << 8;
	}
	while (sum >> 16)
	{
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/**
 * Get the checksum of a UDP datagram with its pseudo header.
 */
static uint16_t get_checksum(host_t *me, host_t *other, chunk_t datagram)
{
	uint32_t sum = IPPROTO_UDP + datagram.len;

	sum = add_sum(sum, me->get_address(me));
	sum = add_sum(sum, other->get_address(other));
	sum = ~add_sum(sum, datagram) & 0xffff;
	/* 0 would mean that there is none */
	return htons(sum ?: 0xffff);
}

/**
 * Write an IPv4 header.
 */
static void write_ip4(u_char *pos, host_t *me, host_t *other, uint8_t dscp,
					  size_t len)
{
	struct ip header = {
		.ip_v = 4,
		.ip_hl = sizeof(header) / 4,
		.ip_tos = dscp << 2,
		.ip_len = htons(len),
		.ip_ttl = HOPS,
		.ip_p = IPPROTO_UDP,
	};

	memcpy(&header.ip_src, me->get_address(me).ptr, sizeof(header.ip_src));
	memcpy(&header.ip_dst, other->get_address(other).ptr,
		   sizeof(header.ip_dst));
	memcpy(pos, &header, sizeof(header));
}

/**
 * Write an IPv6 header.
 */
static void write_ip6(u_char *pos, host_t *me, host_t *other, uint8_t dscp,
					  size_t len)
{
	struct ip6_hdr header = {
		/* version, traffic class (DSCP and two bits more), flow label */
		.ip6_flow = htonl(6 << 28 | dscp << 22),
		.ip6_plen = htons(len - sizeof(header)),
		.ip6_nxt = IPPROTO_UDP,
		.ip6_hlim = HOPS,
	};

	memcpy(&header.ip6_src, me->get_address(me).ptr, sizeof(header.ip6_src));
	memcpy(&header.ip6_dst, other->get_address(other).ptr,
		   sizeof(header.ip6_dst));
	memcpy(pos, &header, sizeof(header));
}

/*
 * Described in header
 */
chunk_t rmobike_udp_build(host_t *me, host_t *other, uint8_t dscp, chunk_t data)
{
	struct udphdr udp = {
		.source = htons(me->get_port(me)),
		.dest = htons(other->get_port(other)),
		.len = htons(sizeof(udp) + data.len),
	};
	bool ip4 = me->get_family(me) == AF_INET;
	size_t offset = ip4 ? sizeof(struct ip) : sizeof(struct ip6_hdr);
	chunk_t packet;

	/* the length in IPv6 headers does not include the header */
	if (data.len > UINT16_MAX - sizeof(udp) - (ip4 ? offset : 0))
	{
		return chunk_empty;
	}
	packet = chunk_alloc(offset + sizeof(udp) + data.len);
	memcpy(packet.ptr + offset, &udp, sizeof(udp));
	memcpy(packet.ptr + offset + sizeof(udp), data.ptr, data.len);
	udp.check = get_checksum(me, other, chunk_skip(packet, offset));
	memcpy(packet.ptr + offset, &udp, sizeof(udp));
	if (ip4)
	{
		write_ip4(packet.ptr, me, other, dscp, packet.len);
	}
	else
	{
		write_ip6(packet.ptr, me, other, dscp, packet.len);
	}
	return packet;
}
