/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_xfrm.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/udp.h>
#include <linux/xfrm.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/**
 * Large enough for an SA with all its attributes
 */
#define BUFFER_SIZE 4096

typedef union buffer_t buffer_t;

/**
 * A netlink message
 */
union buffer_t {
	struct nlmsghdr header;
	u_char data[BUFFER_SIZE];
};

/**
 * Start a request, returns its fixed part
 */
static void *start_request(buffer_t *request, uint16_t type, uint16_t flags,
						   size_t len)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = NLM_F_REQUEST | flags;
	request->header.nlmsg_len = NLMSG_LENGTH(len);
	return NLMSG_DATA(&request->header);
}

/**
 * Append an attribute
 */
static bool add_attribute(buffer_t *request, uint16_t type, const void *data,
						  size_t len)
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
 * Send a request, receive the first message of the reply. The kernel handles
 * it before send() returns, so this doesn't wait for anything.
 */
static bool transact(buffer_t *request, buffer_t *reply)
{
	struct sockaddr_nl kernel = {
		.nl_family = AF_NETLINK,
	};
	struct nlmsgerr *error;
	ssize_t len;
	int fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	if (fd < 0)
	{
		return FALSE;
	}
	len = sendto(fd, request, request->header.nlmsg_len, 0,
				 (struct sockaddr*)&kernel, sizeof(kernel));
	if (len >= 0)
	{
		len = recv(fd, reply, sizeof(*reply), 0);
	}
	close(fd);
	if (len < 0 || !NLMSG_OK(&reply->header, (size_t)len))
	{
		return FALSE;
	}
	if (reply->header.nlmsg_type == NLMSG_ERROR)
	{
		error = NLMSG_DATA(&reply->header);
		if (error->error)
		{
			DBG2(DBG_KNL, "XFRM request %u failed: %s",
				 request->header.nlmsg_type, strerror(-error->error));
		}
		return error->error == 0;
	}
	return TRUE;
}

/**
 * Convert an address
 */
static void set_address(xfrm_address_t *address, host_t *host)
{
	chunk_t data = host->get_address(host);

	memset(address, 0, sizeof(*address));
	memcpy(address, data.ptr, min(data.len, sizeof(*address)));
}

/**
 * Query an SA; fails for those with a mark, which is part of their identity
 */
static bool get_sa(host_t *dst, uint8_t proto, uint32_t spi, buffer_t *reply)
{
	struct xfrm_usersa_id *id;
	buffer_t request;

	id = start_request(&request, XFRM_MSG_GETSA, 0, sizeof(*id));
	set_address(&id->daddr, dst);
	id->spi = spi;
	id->family = dst->get_family(dst);
	id->proto = proto;
	return transact(&request, reply) &&
		   reply->header.nlmsg_type == XFRM_MSG_NEWSA;
}

/*
 * Described in header
 */
bool rmobike_xfrm_exists(host_t *src, host_t *dst, uint8_t proto, uint32_t spi)
{
	struct xfrm_usersa_info *info;
	xfrm_address_t address;
	buffer_t reply;
	bool exists;

	exists = get_sa(dst, proto, spi, &reply);
	if (exists && src)
	{
		info = NLMSG_DATA(&reply.header);
		set_address(&address, src);
		exists = memeq(&address, &info->saddr, src->get_address(src).len);
	}
	memwipe(&reply, sizeof(reply));
	return exists;
}

/**
 * Copy the attributes of an SA, as far as another SA can have the same
 */
static bool copy_attributes(buffer_t *request, buffer_t *sa)
{
	struct rtattr *attr;
	size_t len;

	attr = (struct rtattr*)(sa->data +
							NLMSG_SPACE(sizeof(struct xfrm_usersa_info)));
	len = sa->header.nlmsg_len - NLMSG_SPACE(sizeof(struct xfrm_usersa_info));
	for (; RTA_OK(attr, len); attr = RTA_NEXT(attr, len))
	{
		switch (attr->rta_type)
		{
			case XFRMA_OFFLOAD_DEV:
				return FALSE;
			case XFRMA_LASTUSED:
				continue;
			default:
				if (!add_attribute(request, attr->rta_type, RTA_DATA(attr),
								   RTA_PAYLOAD(attr)))
				{
					return FALSE;
				}
		}
	}
	return TRUE;
}

/*
 * Described in header
 */
bool rmobike_xfrm_copy(host_t *dst, uint8_t proto, uint32_t spi,
					   host_t *new_dst)
{
	struct xfrm_usersa_info *info;
	buffer_t request, sa;
	bool success;

	if (dst->get_family(dst) != new_dst->get_family(new_dst) ||
		!get_sa(dst, proto, spi, &sa))
	{
		return FALSE;
	}
	info = start_request(&request, XFRM_MSG_NEWSA, NLM_F_ACK, sizeof(*info));
	memcpy(info, NLMSG_DATA(&sa.header), sizeof(*info));
	set_address(&info->id.daddr, new_dst);
	/* counters are an attribute when adding, and so is the time of creation,
	 * from which lifetimes count */
	success = copy_attributes(&request, &sa) &&
			  add_attribute(&request, XFRMA_LTIME_VAL, &info->curlft,
							sizeof(info->curlft)) &&
			  transact(&request, &sa);
	memwipe(&request, sizeof(request));
	memwipe(&sa, sizeof(sa));
	return success;
}

/*
 * Described in header
 */
bool rmobike_xfrm_delete(host_t *dst, uint8_t proto, uint32_t spi)
{
	struct xfrm_usersa_id *id;
	buffer_t request, reply;

	id = start_request(&request, XFRM_MSG_DELSA, NLM_F_ACK, sizeof(*id));
	set_address(&id->daddr, dst);
	id->spi = spi;
	id->family = dst->get_family(dst);
	id->proto = proto;
	return transact(&request, &reply);
}

/**
 * Convert one end of a selector; only what needs no rounding, so that it is
 * for certain the same as that of the installed policy
 */
static bool set_end(traffic_selector_t *ts, xfrm_address_t *address,
					uint8_t *prefix, uint16_t *port, uint16_t *port_mask)
{
	uint16_t from = ts->get_from_port(ts), to = ts->get_to_port(ts);
	host_t *net;

	if (!ts->to_subnet(ts, &net, prefix))
	{
		net->destroy(net);
		return FALSE;
	}
	set_address(address, net);
	net->destroy(net);
	if (from == to)
	{
		*port = htons(from);
		*port_mask = 0xffff;
		return TRUE;
	}
	return from == 0 && to == 0xffff;
}

/**
 * Convert a selector
 */
static bool set_selector(struct xfrm_selector *sel,
						 const rmobike_xfrm_move_t *move)
{
	traffic_selector_t *src = move->src_ts, *dst = move->dst_ts;

	sel->family = src->get_type(src) == TS_IPV4_ADDR_RANGE ? AF_INET : AF_INET6;
	sel->proto = max(src->get_protocol(src), dst->get_protocol(dst));
	if (!set_end(src, &sel->saddr, &sel->prefixlen_s, &sel->sport,
				 &sel->sport_mask) ||
		!set_end(dst, &sel->daddr, &sel->prefixlen_d, &sel->dport,
				 &sel->dport_mask))
	{
		return FALSE;
	}
	/* types and codes of ICMP are in the ports, in a form of their own */
	return (sel->proto != IPPROTO_ICMP && sel->proto != IPPROTO_ICMPV6) ||
		   (!sel->sport_mask && !sel->dport_mask);
}

/*
 * Described in header
 */
bool rmobike_xfrm_move(const rmobike_xfrm_move_t *move)
{
	struct xfrm_userpolicy_id *policy;
	struct xfrm_user_migrate migrate = {
		.proto = move->proto,
		.mode = XFRM_MODE_TUNNEL,
		.reqid = move->reqid,
		.old_family = move->src->get_family(move->src),
		.new_family = move->new_src->get_family(move->new_src),
	};
	struct xfrm_encap_tmpl encap = {
		.encap_type = UDP_ENCAP_ESPINUDP,
		.encap_sport = htons(move->new_src->get_port(move->new_src)),
		.encap_dport = htons(move->new_dst->get_port(move->new_dst)),
	};
	buffer_t request, reply;

	policy = start_request(&request, XFRM_MSG_MIGRATE, NLM_F_ACK,
						   sizeof(*policy));
	if (!set_selector(&policy->sel, move))
	{
		return FALSE;
	}
	policy->dir = move->dir;
	set_address(&migrate.old_saddr, move->src);
	set_address(&migrate.old_daddr, move->dst);
	set_address(&migrate.new_saddr, move->new_src);
	set_address(&migrate.new_daddr, move->new_dst);

	return add_attribute(&request, XFRMA_MIGRATE, &migrate, sizeof(migrate)) &&
		   (!move->encap || add_attribute(&request, XFRMA_ENCAP, &encap,
										  sizeof(encap))) &&
		   (!move->if_id || add_attribute(&request, XFRMA_IF_ID, &move->if_id,
										  sizeof(move->if_id))) &&
		   transact(&request, &reply);
}
