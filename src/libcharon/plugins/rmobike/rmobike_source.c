/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_source.h"

#include <threading/mutex.h>

#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/capability.h>
#endif

/**
 * Tells IKE from ESP, RFC 3948 (2.2)
 */
static u_char non_esp_marker[4] = {};

/**
 * Hops a packet may take
 */
#define HOPS 64

typedef struct private_rmobike_source_t private_rmobike_source_t;

/**
 * Private data
 */
struct private_rmobike_source_t {

	/**
	 * Public interface
	 */
	rmobike_source_t public;

	/**
	 * Sockets for IPv4 and IPv6, -1 if not open
	 */
	int fds[2];

	/**
	 * Protects them while they are opened
	 */
	mutex_t *mutex;
};

/**
 * Add to a ones' complement sum
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
 * Checksum of a UDP datagram with its pseudo header
 */
static uint16_t udp_checksum(host_t *me, host_t *other, chunk_t datagram)
{
	uint32_t sum = IPPROTO_UDP + datagram.len;

	sum = add_sum(sum, me->get_address(me));
	sum = add_sum(sum, other->get_address(other));
	sum = ~add_sum(sum, datagram) & 0xffff;
	return htons(sum ?: 0xffff);
}

/**
 * Write an IPv4 header; the kernel adds ID and checksum
 */
static void write_ip4(u_char *pos, host_t *me, host_t *other, size_t len)
{
	struct ip header = {
		.ip_v = 4,
		.ip_hl = sizeof(header) / 4,
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
 * Write an IPv6 header
 */
static void write_ip6(u_char *pos, host_t *me, host_t *other, size_t len)
{
	struct ip6_hdr header = {
		.ip6_flow = htonl(6 << 28),
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
chunk_t rmobike_source_build(host_t *me, host_t *other, chunk_t data)
{
	struct udphdr udp = {
		.source = htons(me->get_port(me)),
		.dest = htons(other->get_port(other)),
		.len = htons(sizeof(udp) + data.len),
	};
	bool ip4 = me->get_family(me) == AF_INET;
	size_t offset = ip4 ? sizeof(struct ip) : sizeof(struct ip6_hdr);
	chunk_t packet;

	if (data.len > UINT16_MAX - offset - sizeof(udp))
	{
		return chunk_empty;
	}
	packet = chunk_alloc(offset + sizeof(udp) + data.len);
	memcpy(packet.ptr + offset, &udp, sizeof(udp));
	memcpy(packet.ptr + offset + sizeof(udp), data.ptr, data.len);
	udp.check = udp_checksum(me, other, chunk_skip(packet, offset));
	memcpy(packet.ptr + offset, &udp, sizeof(udp));
	if (ip4)
	{
		write_ip4(packet.ptr, me, other, packet.len);
	}
	else
	{
		write_ip6(packet.ptr, me, other, packet.len);
	}
	return packet;
}

/**
 * Open a socket that takes IP headers. IKE must not be subject to IPsec.
 */
static int open_socket(int family)
{
	int fd;

	fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (fd < 0)
	{
		DBG1(DBG_NET, "can't send from addresses that are gone: %s",
			 strerror(errno));
		return -1;
	}
	if (!charon->kernel->bypass_socket(charon->kernel, fd, family))
	{
		DBG1(DBG_NET, "installing bypass policy for raw socket failed");
	}
	return fd;
}

/**
 * Get the socket for a family
 */
static int get_socket(private_rmobike_source_t *this, int family)
{
	int *fd = &this->fds[family == AF_INET6], result;

	this->mutex->lock(this->mutex);
	if (*fd < 0)
	{
		*fd = open_socket(family);
	}
	result = *fd;
	this->mutex->unlock(this->mutex);
	return result;
}

METHOD(rmobike_source_t, send_, bool,
	private_rmobike_source_t *this, packet_t *packet, host_t *me, host_t *other)
{
	u_char buf[sizeof(struct sockaddr_in6)];
	struct sockaddr *address = (struct sockaddr*)buf;
	chunk_t marker = chunk_empty, data, raw;
	host_t *to;
	bool success;
	int fd;

	fd = get_socket(this, me->get_family(me));
	if (fd < 0 || me->get_family(me) != other->get_family(other))
	{
		return FALSE;
	}
	if (me->get_port(me) != IKEV2_UDP_PORT &&
		other->get_port(other) != IKEV2_UDP_PORT)
	{
		marker = chunk_from_thing(non_esp_marker);
	}
	data = chunk_cat("cc", marker, packet->get_data(packet));
	raw = rmobike_source_build(me, other, data);
	chunk_free(&data);

	/* raw IPv6 sockets don't take a port */
	to = other->clone(other);
	to->set_port(to, 0);
	memcpy(buf, to->get_sockaddr(to), *to->get_sockaddr_len(to));
	success = raw.len && sendto(fd, raw.ptr, raw.len, 0, address,
						*to->get_sockaddr_len(to)) == (ssize_t)raw.len;
	if (!success)
	{
		DBG1(DBG_NET, "sending from %#H, which is gone, to %#H failed: %s",
			 me, other, strerror(errno));
	}
	to->destroy(to);
	chunk_free(&raw);
	return success;
}

METHOD(rmobike_source_t, destroy, void,
	private_rmobike_source_t *this)
{
	int i;

	for (i = 0; i < (int)countof(this->fds); i++)
	{
		if (this->fds[i] >= 0)
		{
			close(this->fds[i]);
		}
	}
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_source_t *rmobike_source_create(void)
{
	private_rmobike_source_t *this;

	INIT(this,
		.public = {
			.send = _send_,
			.destroy = _destroy,
		},
		.fds = { -1, -1 },
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
#ifdef CAP_NET_RAW
	if (!lib->caps->keep(lib->caps, CAP_NET_RAW))
	{
		DBG1(DBG_NET, "without CAP_NET_RAW, rmobike can't send from addresses "
			 "that are gone");
	}
#endif
	return &this->public;
}
