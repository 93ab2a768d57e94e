/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_keys.h"
#include "kernel/rmobike_netlink.h"

#include <threading/mutex.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/**
 * How many sockets are kept, not more threads than that ask at the same time
 * for long
 */
#define KEPT 16

/**
 * Sockets that nobody uses, all that was sent to them was received
 */
static int kept[KEPT];

/**
 * How many there are
 */
static u_int count_kept;

/**
 * Protects them
 */
static mutex_t *mutex;

/*
 * Described in header
 */
void *rmobike_netlink_start(rmobike_netlink_t *request, uint16_t type,
							uint16_t flags, size_t len)
{
	/* what follows is cleared when it is added */
	memset(request, 0, NLMSG_SPACE(len));
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
	memset(RTA_DATA(attr) + len, 0, RTA_SPACE(len) - RTA_LENGTH(len));
	request->header.nlmsg_len = offset + RTA_SPACE(len);
	return TRUE;
}

/*
 * Described in header
 */
void rmobike_netlink_wipe(rmobike_netlink_t *message)
{
	memwipe(message, min(message->header.nlmsg_len, sizeof(*message)));
	message->header.nlmsg_len = 0;
}

/**
 * Get a socket that nobody else uses
 */
static int get_socket(void)
{
	int fd = -1, on = 1;

	mutex->lock(mutex);
	if (count_kept)
	{
		fd = kept[--count_kept];
	}
	mutex->unlock(mutex);
	if (fd < 0)
	{
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
		/* errors don't repeat the request, with its keys */
		if (fd >= 0)
		{
			setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
		}
	}
	return fd;
}

/**
 * Let others use a socket
 */
static void put_socket(int fd)
{
	mutex->lock(mutex);
	if (count_kept < KEPT)
	{
		kept[count_kept++] = fd;
		fd = -1;
	}
	mutex->unlock(mutex);
	if (fd >= 0)
	{
		close(fd);
	}
}

/**
 * Receive a reply, the kernel has sent it already. Returns 0, or why the
 * request failed; FALSE in received if that was not the kernel's reply.
 */
static int receive_reply(int fd, rmobike_netlink_t *reply, bool *received)
{
	struct nlmsgerr *error;
	ssize_t len;

	len = recv(fd, reply, sizeof(*reply), 0);
	*received = len >= 0 && NLMSG_OK(&reply->header, (size_t)len);
	if (!*received)
	{
		reply->header.nlmsg_len = max(len, 0);
		return len < 0 ? errno : EMSGSIZE;
	}
	if (reply->header.nlmsg_type == NLMSG_ERROR)
	{
		error = NLMSG_DATA(&reply->header);
		if (error->error)
		{
			DBG2(DBG_KNL, "XFRM request %u failed: %s",
				 error->msg.nlmsg_type, strerror(-error->error));
			return -error->error;
		}
	}
	return 0;
}

/**
 * Send requests, receive the replies to all of them. Returns how many were done
 * until one failed, and has errno say why that did.
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
	int fd, failed = 0, error;
	bool received;

	reply->header.nlmsg_len = 0;
	fd = get_socket();
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
	received = sendmsg(fd, &message, 0) >= 0;
	failed = received ? 0 : errno;
	for (i = 0; i < count && received; i++)
	{
		error = receive_reply(fd, reply, &received);
		failed = failed ?: error;
		done += !failed;
	}
	if (received)
	{
		put_socket(fd);
	}
	else
	{	/* somebody else would take what is still to come for theirs */
		close(fd);
	}
	errno = failed;
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

	reply->header.nlmsg_len = 0;
	sa = rmobike_netlink_start(&request, XFRM_MSG_GETSA, 0, sizeof(*sa));
	rmobike_netlink_address(&sa->daddr, id->dst);
	sa->spi = id->spi;
	sa->family = id->dst->get_family(id->dst);
	sa->proto = id->proto;
	return rmobike_netlink_mark(&request, id->mark) &&
		   rmobike_netlink_transact(&request, reply) &&
		   reply->header.nlmsg_type == XFRM_MSG_NEWSA;
}

/*
 * Described in header
 */
bool rmobike_netlink_has_port(const struct xfrm_encap_tmpl *encap, host_t *src)
{
	return !encap || encap->encap_sport == htons(src->get_port(src));
}

/*
 * Described in header
 */
void rmobike_netlink_ports(struct xfrm_encap_tmpl *encap, host_t *src,
						   host_t *new_src, host_t *new_dst)
{
	if (rmobike_netlink_has_port(encap, src))
	{
		encap->encap_sport = htons(new_src->get_port(new_src));
	}
	encap->encap_dport = htons(new_dst->get_port(new_dst));
}

/*
 * Described in header
 */
void rmobike_netlink_init(void)
{
	mutex = mutex_create(MUTEX_TYPE_DEFAULT);
}

/*
 * Described in header
 */
void rmobike_netlink_deinit(void)
{
	while (count_kept)
	{
		close(kept[--count_kept]);
	}
	mutex->destroy(mutex);
	mutex = NULL;
}
