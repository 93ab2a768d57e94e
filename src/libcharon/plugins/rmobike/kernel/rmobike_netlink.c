/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_keys.h"
#include "kernel/rmobike_netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Described in header
 */
void *rmobike_netlink_start(rmobike_netlink_t *request, uint16_t type,
							uint16_t flags, size_t len)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = NLM_F_REQUEST | flags;
	request->header.nlmsg_len = NLMSG_LENGTH(len);
	return NLMSG_DATA(&request->header);
}

/*
 * Described in header
 */
bool rmobike_netlink_add(rmobike_netlink_t *request, uint16_t type,
						 const void *data, size_t len)
{
	struct rtattr *attr;
	size_t offset = NLMSG_ALIGN(request->header.nlmsg_len);

	if (offset + RTA_SPACE(len) > sizeof(*request))
	{
		return FALSE;
	}
	attr = (struct rtattr*)(request->data + offset);
	attr->rta_type = type;
	attr->rta_len = RTA_LENGTH(len);
	memcpy(RTA_DATA(attr), data, len);
	request->header.nlmsg_len = offset + RTA_SPACE(len);
	return TRUE;
}

/**
 * Receive a reply, the kernel has sent it already
 */
static bool receive_reply(int fd, rmobike_netlink_t *reply)
{
	struct nlmsgerr *error;
	ssize_t len;

	len = recv(fd, reply, sizeof(*reply), 0);
	if (len < 0)
	{
		return FALSE;
	}
	if (!NLMSG_OK(&reply->header, (size_t)len))
	{
		errno = EMSGSIZE;
		return FALSE;
	}
	if (reply->header.nlmsg_type == NLMSG_ERROR)
	{
		error = NLMSG_DATA(&reply->header);
		if (error->error)
		{
			DBG2(DBG_KNL, "XFRM request %u failed: %s",
				 error->msg.nlmsg_type, strerror(-error->error));
			errno = -error->error;
			return FALSE;
		}
	}
	return TRUE;
}

/**
 * Send requests, receive the replies to them until one failed
 */
static u_int transact(rmobike_netlink_t *requests, u_int count,
					  rmobike_netlink_t *reply)
{
	struct sockaddr_nl kernel = {
		.nl_family = AF_NETLINK,
	};
	struct iovec parts[count];
	struct msghdr message = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_iov = parts,
		.msg_iovlen = count,
	};
	u_int i, done = 0;
	int fd, error;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	if (fd < 0)
	{
		return 0;
	}
	for (i = 0; i < count; i++)
	{
		parts[i] = (struct iovec){
			.iov_base = &requests[i],
			.iov_len = NLMSG_ALIGN(requests[i].header.nlmsg_len),
		};
	}
	if (sendmsg(fd, &message, 0) >= 0)
	{
		while (done < count && receive_reply(fd, reply))
		{
			done++;
		}
	}
	error = errno;
	close(fd);
	errno = error;
	return done;
}

/*
 * Described in header
 */
bool rmobike_netlink_transact(rmobike_netlink_t *request,
							  rmobike_netlink_t *reply)
{
	return transact(request, 1, reply) == 1;
}

/*
 * Described in header
 */
u_int rmobike_netlink_batch(rmobike_netlink_t *requests, u_int count)
{
	rmobike_netlink_t reply;

	return transact(requests, count, &reply);
}

/*
 * Described in header
 */
void *rmobike_netlink_find(rmobike_netlink_t *message, size_t fixed,
						   uint16_t type)
{
	struct rtattr *attr = (struct rtattr*)(message->data + NLMSG_SPACE(fixed));
	size_t len = message->header.nlmsg_len - NLMSG_SPACE(fixed);

	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
	{
		if (attr->rta_type == type)
		{
			return RTA_DATA(attr);
		}
	}
	return NULL;
}

/*
 * Described in header
 */
void rmobike_netlink_address(xfrm_address_t *address, host_t *host)
{
	chunk_t data = host->get_address(host);

	memset(address, 0, sizeof(*address));
	memcpy(address, data.ptr, min(data.len, sizeof(*address)));
}

/*
 * Described in header
 */
bool rmobike_netlink_has_keys(rmobike_netlink_t *sa)
{
	size_t fixed = NLMSG_SPACE(sizeof(struct xfrm_usersa_info));
	static bool told = FALSE;

	if (rmobike_keys_given(chunk_create(sa->data + fixed,
										sa->header.nlmsg_len - fixed)))
	{
		return TRUE;
	}
	if (!told)
	{
		told = TRUE;
		DBG1(DBG_KNL, "the kernel keeps the keys of SAs to itself (lockdown), "
			 "no SA is added with what it tells");
	}
	return FALSE;
}

/*
 * Described in header
 */
bool rmobike_netlink_mark(rmobike_netlink_t *request, mark_t mark)
{
	struct xfrm_mark value = {
		.v = mark.value,
		.m = mark.mask,
	};

	return rmobike_netlink_add(request, XFRMA_MARK, &value, sizeof(value));
}

/*
 * Described in header
 */
bool rmobike_netlink_get_sa(kernel_ipsec_sa_id_t *id, rmobike_netlink_t *reply)
{
	struct xfrm_usersa_id *sa;
	rmobike_netlink_t request;

	sa = rmobike_netlink_start(&request, XFRM_MSG_GETSA, 0, sizeof(*sa));
	rmobike_netlink_address(&sa->daddr, id->dst);
	sa->spi = id->spi;
	sa->family = id->dst->get_family(id->dst);
	sa->proto = id->proto;
	return rmobike_netlink_mark(&request, id->mark) &&
		   rmobike_netlink_transact(&request, reply) &&
		   reply->header.nlmsg_type == XFRM_MSG_NEWSA;
}
