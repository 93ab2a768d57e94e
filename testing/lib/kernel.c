/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Preloaded into a daemon, makes another kernel of the one there is:
 *
 *   TEST_KERNEL=locked   locked down (lockdown=confidentiality): the keys of
 *                        IPsec SAs are zero when the kernel tells about them
 *   TEST_KERNEL=old      before Linux 7.2: XFRM_MSG_MIGRATE_STATE is unknown
 *   TEST_KERNEL=offload  all IPsec SAs are offloaded to hardware; requests that
 *                        would end this are told on the standard error
 *   TEST_KERNEL=slow     takes its time after an IPsec SA was deleted, or
 *                        replaced with a policy, packets pass meanwhile
 *   TEST_KERNEL=locked,old
 */

/* SO_PROTOCOL, SO_DOMAIN */
#define _GNU_SOURCE

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/**
 * What Linux 7.2 calls XFRM_MSG_MIGRATE_STATE, and what even that doesn't know
 */
#define MIGRATE_STATE (XFRM_MSG_GETDEFAULT + 1)
#define UNKNOWN (XFRM_MSG_BASE + 0x80)

/**
 * How slow it is, in microseconds
 */
#define TIME 20000

ssize_t recv(int fd, void *buf, size_t len, int flags);
ssize_t sendmsg(int fd, const struct msghdr *msg, int flags);
ssize_t sendto(int fd, const void *buf, size_t len, int flags,
			   const struct sockaddr *addr, socklen_t addr_len);

/**
 * Is it another kernel in this respect, and is this a socket to it?
 */
static bool is(int fd, const char *what)
{
	const char *kernel = getenv("TEST_KERNEL");
	int domain = 0, protocol = 0;
	socklen_t len = sizeof(int);

	return kernel && strstr(kernel, what) &&
		   !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) &&
		   !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len) &&
		   domain == AF_NETLINK && protocol == NETLINK_XFRM;
}

/**
 * What the kernel does to keys then
 */
static void redact(struct rtattr *attr)
{
	struct xfrm_algo *alg = RTA_DATA(attr);
	struct xfrm_algo_auth *auth = RTA_DATA(attr);
	struct xfrm_algo_aead *aead = RTA_DATA(attr);

	switch (attr->rta_type)
	{
		case XFRMA_ALG_CRYPT:
		case XFRMA_ALG_AUTH:
			memset(alg->alg_key, 0, alg->alg_key_len / 8);
			break;
		case XFRMA_ALG_AUTH_TRUNC:
			memset(auth->alg_key, 0, auth->alg_key_len / 8);
			break;
		case XFRMA_ALG_AEAD:
			memset(aead->alg_key, 0, aead->alg_key_len / 8);
			break;
	}
}

/**
 * An SA that the kernel tells about
 */
static void redact_sa(struct nlmsghdr *header)
{
	size_t fixed = NLMSG_SPACE(sizeof(struct xfrm_usersa_info));
	struct rtattr *attr = (struct rtattr*)((char*)header + fixed);
	size_t len = header->nlmsg_len - fixed;

	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
	{
		redact(attr);
	}
}

/**
 * Add to an SA that it is offloaded, if there is nothing behind it, and room
 */
static ssize_t offload_sa(struct nlmsghdr *header, ssize_t got, size_t room)
{
	struct xfrm_user_offload offload = {
		.ifindex = 1,
	};
	size_t len = NLMSG_ALIGN(header->nlmsg_len);
	struct rtattr *attr = (struct rtattr*)((char*)header + len);

	if (got != (ssize_t)header->nlmsg_len ||
		len + RTA_LENGTH(sizeof(offload)) > room)
	{
		return got;
	}
	attr->rta_type = XFRMA_OFFLOAD_DEV;
	attr->rta_len = RTA_LENGTH(sizeof(offload));
	memcpy(RTA_DATA(attr), &offload, sizeof(offload));
	header->nlmsg_len = len + attr->rta_len;
	return header->nlmsg_len;
}

/**
 * Is an SA added without offload?
 */
static bool lacks_offload(struct nlmsghdr *header)
{
	size_t fixed = NLMSG_SPACE(sizeof(struct xfrm_usersa_info));
	struct rtattr *attr = (struct rtattr*)((char*)header + fixed);
	size_t len = header->nlmsg_len - fixed;

	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
	{
		if (attr->rta_type == XFRMA_OFFLOAD_DEV)
		{
			return false;
		}
	}
	return true;
}

/**
 * Does a request end the offload of an SA? The kernel is not trusted to go on.
 */
static bool ends_offload(struct nlmsghdr *header)
{
	struct xfrm_usersa_id *id = NLMSG_DATA(header);

	switch (header->nlmsg_type)
	{
		case XFRM_MSG_NEWSA:
			return lacks_offload(header);
		case XFRM_MSG_MIGRATE:
			return true;
		case MIGRATE_STATE:
			/* the other one just asks if it is known */
			return ntohl(id->spi) != 1;
		default:
			return false;
	}
}

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	struct nlmsghdr *header = buf;
	ssize_t got = recvfrom(fd, buf, len, flags, NULL, NULL);
	size_t left = got > 0 ? got : 0;
	bool locked = is(fd, "locked"), offload = is(fd, "offload");

	for (; (locked || offload) && NLMSG_OK(header, left);
		 header = NLMSG_NEXT(header, left))
	{
		if (header->nlmsg_type == XFRM_MSG_NEWSA)
		{
			if (locked)
			{
				redact_sa(header);
			}
			if (offload && (void*)header == buf)
			{
				return offload_sa(header, got, len);
			}
		}
	}
	return got;
}

/**
 * Send one message after the other
 */
static ssize_t send_slowly(int fd, const struct msghdr *msg, int flags)
{
	struct nlmsghdr *header;
	struct msghdr one = *msg;
	ssize_t sent = 0, all = 0;
	size_t i;

	for (i = 0; i < msg->msg_iovlen && sent >= 0; i++)
	{
		header = msg->msg_iov[i].iov_base;
		one.msg_iov = &msg->msg_iov[i];
		one.msg_iovlen = 1;
		sent = syscall(SYS_sendmsg, fd, &one, flags);
		all += sent;
		if (header->nlmsg_type == XFRM_MSG_DELSA ||
			header->nlmsg_type == XFRM_MSG_MIGRATE)
		{
			usleep(TIME);
		}
	}
	return sent < 0 ? sent : all;
}

/**
 * Each part is a message
 */
ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	bool old = is(fd, "old"), offload = is(fd, "offload");
	struct nlmsghdr *header;
	size_t i;

	for (i = 0; (old || offload) && i < msg->msg_iovlen; i++)
	{
		header = msg->msg_iov[i].iov_base;
		if (offload && ends_offload(header))
		{
			fprintf(stderr, "request %u ends offload\n", header->nlmsg_type);
		}
		if (old && header->nlmsg_type == MIGRATE_STATE)
		{
			header->nlmsg_type = UNKNOWN;
		}
	}
	return is(fd, "slow") ? send_slowly(fd, msg, flags)
						  : syscall(SYS_sendmsg, fd, msg, flags);
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags,
			   const struct sockaddr *addr, socklen_t addr_len)
{
	struct iovec part = {
		.iov_base = (void*)buf,
		.iov_len = len,
	};
	struct msghdr msg = {
		.msg_name = (void*)addr,
		.msg_namelen = addr_len,
		.msg_iov = &part,
		.msg_iovlen = 1,
	};

	return sendmsg(fd, &msg, flags);
}
