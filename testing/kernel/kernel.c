/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Preloaded into a daemon, makes another kernel of the one there is:
 *
 *   TEST_KERNEL=locked   locked down (lockdown=confidentiality): the keys of
 *                        IPsec SAs are zero when the kernel tells about them
 *   TEST_KERNEL=old      before Linux 7.2: XFRM_MSG_MIGRATE_STATE is unknown
 *   TEST_KERNEL=locked,old
 */

/* SO_PROTOCOL, SO_DOMAIN */
#define _GNU_SOURCE

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/**
 * What Linux 7.2 calls XFRM_MSG_MIGRATE_STATE, and what even that doesn't know
 */
#define MIGRATE_STATE (XFRM_MSG_GETDEFAULT + 1)
#define UNKNOWN (XFRM_MSG_BASE + 0x80)

ssize_t recv(int fd, void *buf, size_t len, int flags);
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

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	struct nlmsghdr *header = buf;
	ssize_t got = recvfrom(fd, buf, len, flags, NULL, NULL);
	size_t left = got > 0 ? got : 0;

	if (is(fd, "locked"))
	{
		for (; NLMSG_OK(header, left); header = NLMSG_NEXT(header, left))
		{
			if (header->nlmsg_type == XFRM_MSG_NEWSA)
			{
				redact_sa(header);
			}
		}
	}
	return got;
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags,
			   const struct sockaddr *addr, socklen_t addr_len)
{
	struct nlmsghdr header;
	struct iovec parts[] = {
		{ .iov_base = &header, .iov_len = sizeof(header) },
		{ .iov_base = (char*)buf + sizeof(header) },
	};
	struct msghdr msg = {
		.msg_name = (void*)addr,
		.msg_namelen = addr_len,
		.msg_iov = parts,
		.msg_iovlen = 2,
	};

	if (len < sizeof(header) || !is(fd, "old"))
	{
		parts[0] = (struct iovec){ .iov_base = (void*)buf, .iov_len = len };
		msg.msg_iovlen = 1;
		return sendmsg(fd, &msg, flags);
	}
	memcpy(&header, buf, sizeof(header));
	parts[1].iov_len = len - sizeof(header);
	if (header.nlmsg_type == MIGRATE_STATE)
	{
		header.nlmsg_type = UNKNOWN;
	}
	return sendmsg(fd, &msg, flags);
}
