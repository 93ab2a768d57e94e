/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_udp.h"
#include "exchange/rmobike_raw_socket.h"

#include <threading/mutex.h>

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/capability.h>
#endif

/**
 * Tells IKE from ESP, RFC 3948 (2.2)
 */
static u_char non_esp_marker[4] = {};

typedef struct private_rmobike_raw_socket_t private_rmobike_raw_socket_t;

/**
 * Private data
 */
struct private_rmobike_raw_socket_t {

	/**
	 * Public interface
	 */
	rmobike_raw_socket_t public;

	/**
	 * Sockets for IPv4 and IPv6, -1 if not open
	 */
	int fds[2];

	/**
	 * Another way to send, or NULL
	 */
	rmobike_relay_t relay;

	/**
	 * Data for that
	 */
	void *relay_data;

	/**
	 * Protects them while they are opened
	 */
	mutex_t *mutex;
};

/**
 * Mark packets as charon's own sockets do, routes may depend on it.
 */
static void set_mark(int fd)
{
#ifdef SO_MARK
	char *fwmark;
	mark_t mark;

	fwmark = lib->settings->get_str(lib->settings,
							"%s.plugins.socket-default.fwmark", NULL, lib->ns);
	if (fwmark && mark_from_string(fwmark, MARK_OP_NONE, &mark) &&
		setsockopt(fd, SOL_SOCKET, SO_MARK, &mark.value, sizeof(mark.value)))
	{
		DBG1(DBG_NET, "unable to mark packets from addresses that are gone: %s",
			 strerror(errno));
	}
#endif
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
	set_mark(fd);
	if (!charon->kernel->bypass_socket(charon->kernel, fd, family))
	{
		DBG1(DBG_NET, "installing bypass policy for raw socket failed");
	}
	return fd;
}

/**
 * Get the socket for a family
 */
static int get_socket(private_rmobike_raw_socket_t *this, int family)
{
	int *fd = &this->fds[family == AF_INET6], opened = -1, result;

	this->mutex->lock(this->mutex);
	result = *fd;
	this->mutex->unlock(this->mutex);
	if (result < 0)
	{
		opened = open_socket(family);
		this->mutex->lock(this->mutex);
		if (*fd < 0)
		{
			*fd = opened;
			opened = -1;
		}
		result = *fd;
		this->mutex->unlock(this->mutex);
	}
	if (opened >= 0)
	{	/* another thread was faster */
		close(opened);
	}
	return result;
}

METHOD(rmobike_raw_socket_t, send_, bool,
	private_rmobike_raw_socket_t *this, packet_t *packet, host_t *me,
	host_t *other)
{
	u_char buf[sizeof(struct sockaddr_in6)];
	struct sockaddr *address = (struct sockaddr*)buf;
	chunk_t marker = chunk_empty, data, raw;
	host_t *to;
	bool success;
	int fd;

	if (this->relay && this->relay(this->relay_data, packet, me, other))
	{
		return TRUE;
	}
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
	raw = rmobike_udp_build(me, other, packet->get_dscp(packet), data);
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

METHOD(rmobike_raw_socket_t, set_relay, void,
	private_rmobike_raw_socket_t *this, rmobike_relay_t relay, void *user)
{
	this->relay = relay;
	this->relay_data = user;
}

METHOD(rmobike_raw_socket_t, destroy, void,
	private_rmobike_raw_socket_t *this)
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
rmobike_raw_socket_t *rmobike_raw_socket_create(void)
{
	private_rmobike_raw_socket_t *this;

	INIT(this,
		.public = {
			.send = _send_,
			.set_relay = _set_relay,
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
