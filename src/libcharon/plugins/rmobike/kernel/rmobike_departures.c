/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_departures.h"

#include <daemon.h>

#include <threading/mutex.h>

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct private_rmobike_departures_t private_rmobike_departures_t;

/**
 * Private data
 */
struct private_rmobike_departures_t {

	/**
	 * Public interface
	 */
	rmobike_departures_t public;

	/**
	 * Socket that the kernel tells changes of addresses to, -1 if there is none
	 */
	int fd;

	/**
	 * To be called, with this
	 */
	rmobike_departures_cb_t cb;
	void *user;

	/**
	 * When an address was removed last, and when charon called roam()
	 */
	timeval_t departed, roamed;

	/**
	 * Protects these
	 */
	mutex_t *mutex;
};

/**
 * Note that something happened
 */
static void happened(private_rmobike_departures_t *this, timeval_t *when)
{
	this->mutex->lock(this->mutex);
	time_monotonic(when);
	this->mutex->unlock(this->mutex);
}

/**
 * Was that a moment ago, and after something else?
 */
static bool was_lately(private_rmobike_departures_t *this, timeval_t *when,
					   timeval_t *before)
{
	timeval_t now, end;
	bool lately;

	this->mutex->lock(this->mutex);
	time_monotonic(&now);
	end = *when;
	timeval_add_ms(&end, RMOBIKE_DEPARTURES_ROAM);
	lately = timerisset(when) && timercmp(&now, &end, <=) &&
			 (!before || timercmp(before, when, <));
	this->mutex->unlock(this->mutex);
	return lately;
}

/**
 * Get the address that a message is about
 */
static host_t *get_address(struct nlmsghdr *message)
{
	struct ifaddrmsg *info = NLMSG_DATA(message);
	struct rtattr *attr, *found = NULL;
	size_t len;

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
	{
		return NULL;
	}
	attr = IFA_RTA(info);
	len = IFA_PAYLOAD(message);
	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
	{
		/* the other one is the peer's if there are two */
		if (attr->rta_type == IFA_LOCAL ||
			(attr->rta_type == IFA_ADDRESS && !found))
		{
			found = attr;
		}
	}
	return found ? host_create_from_chunk(info->ifa_family,
						chunk_create(RTA_DATA(found), RTA_PAYLOAD(found)), 0)
				 : NULL;
}

/**
 * Tell what a datagram says
 */
static void tell(private_rmobike_departures_t *this, void *data, size_t len)
{
	struct nlmsghdr *message = data;
	host_t *address;

	for (; NLMSG_OK(message, len); message = NLMSG_NEXT(message, len))
	{
		if (message->nlmsg_type == RTM_DELADDR)
		{
			address = get_address(message);
			if (address)
			{
				happened(this, &this->departed);
				this->cb(this->user, address);
				address->destroy(address);
			}
		}
	}
}

CALLBACK(receive, bool,
	private_rmobike_departures_t *this, int fd, watcher_event_t event)
{
	union {
		struct nlmsghdr header;
		u_char data[8192];
	} buffer;
	struct sockaddr_nl from;
	socklen_t from_len = sizeof(from);
	ssize_t len;

	len = recvfrom(fd, &buffer, sizeof(buffer), MSG_DONTWAIT,
				   (struct sockaddr*)&from, &from_len);
	/* what was lost charon hears of; others than the kernel may send, too */
	if (len > 0 && from_len == sizeof(from) && !from.nl_pid)
	{
		tell(this, &buffer, len);
	}
	return TRUE;
}

METHOD(kernel_listener_t, roam, bool,
	private_rmobike_departures_t *this, bool address)
{
	if (address)
	{
		happened(this, &this->roamed);
	}
	return TRUE;
}

METHOD(rmobike_departures_t, roam_follows, bool,
	private_rmobike_departures_t *this)
{
	return was_lately(this, &this->departed, &this->roamed);
}

METHOD(rmobike_departures_t, has_roamed, bool,
	private_rmobike_departures_t *this)
{
	return was_lately(this, &this->roamed, NULL);
}

METHOD(rmobike_departures_t, listen_, void,
	private_rmobike_departures_t *this, rmobike_departures_cb_t cb, void *user)
{
	struct sockaddr_nl groups = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR,
	};
	int fd;

	if (!lib->settings->get_bool(lib->settings,
						"%s.plugins.kernel-netlink.roam_events", TRUE, lib->ns))
	{
		return;
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || bind(fd, (struct sockaddr*)&groups, sizeof(groups)))
	{
		DBG1(DBG_KNL, "the loss of addresses is noticed 100 ms later, no "
			 "socket to hear of it: %s", strerror(errno));
		if (fd >= 0)
		{
			close(fd);
		}
		return;
	}
	this->fd = fd;
	this->cb = cb;
	this->user = user;
	charon->kernel->add_listener(charon->kernel, &this->public.listener);
	lib->watcher->add(lib->watcher, fd, WATCHER_READ, receive, this);
}

METHOD(rmobike_departures_t, unlisten, void,
	private_rmobike_departures_t *this)
{
	if (this->fd >= 0)
	{
		lib->watcher->remove(lib->watcher, this->fd);
		charon->kernel->remove_listener(charon->kernel, &this->public.listener);
		close(this->fd);
		this->fd = -1;
	}
}

METHOD(rmobike_departures_t, destroy, void,
	private_rmobike_departures_t *this)
{
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_departures_t *rmobike_departures_create()
{
	private_rmobike_departures_t *this;

	INIT(this,
		.public = {
			.listener = {
				.roam = _roam,
			},
			.listen = _listen_,
			.unlisten = _unlisten,
			.roam_follows = _roam_follows,
			.has_roamed = _has_roamed,
			.destroy = _destroy,
		},
		.fd = -1,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);

	return &this->public;
}
