/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_xfrm.h"
#include "rmobike_netlink.h"

#include <linux/udp.h>
#include <string.h>

/**
 * Query an SA; fails for those with a mark, which is part of their identity
 */
static bool get_sa(host_t *dst, uint8_t proto, uint32_t spi,
				   rmobike_netlink_t *reply)
{
	kernel_ipsec_sa_id_t id = {
		.dst = dst,
		.proto = proto,
		.spi = spi,
	};

	return rmobike_netlink_get_sa(&id, reply);
}

/*
 * Described in header
 */
bool rmobike_xfrm_exists(host_t *src, host_t *dst, uint8_t proto, uint32_t spi)
{
	struct xfrm_usersa_info *info;
	xfrm_address_t address;
	rmobike_netlink_t reply;
	bool exists;

	exists = get_sa(dst, proto, spi, &reply);
	if (exists && src)
	{
		info = NLMSG_DATA(&reply.header);
		rmobike_netlink_address(&address, src);
		exists = memeq(&address, &info->saddr, src->get_address(src).len);
	}
	memwipe(&reply, sizeof(reply));
	return exists;
}

/**
 * Copy the attributes of an SA, as far as another SA can have the same
 */
static bool copy_attributes(rmobike_netlink_t *request, rmobike_netlink_t *sa)
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
				if (!rmobike_netlink_add(request, attr->rta_type,
										 RTA_DATA(attr), RTA_PAYLOAD(attr)))
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
	rmobike_netlink_t request, sa;
	bool success;

	if (dst->get_family(dst) != new_dst->get_family(new_dst) ||
		!get_sa(dst, proto, spi, &sa) || !rmobike_netlink_has_keys(&sa))
	{
		return FALSE;
	}
	info = rmobike_netlink_start(&request, XFRM_MSG_NEWSA, NLM_F_ACK,
								 sizeof(*info));
	memcpy(info, NLMSG_DATA(&sa.header), sizeof(*info));
	rmobike_netlink_address(&info->id.daddr, new_dst);
	/* counters are an attribute when adding, and so is the time of creation,
	 * from which lifetimes count */
	success = copy_attributes(&request, &sa) &&
			  rmobike_netlink_add(&request, XFRMA_LTIME_VAL, &info->curlft,
								  sizeof(info->curlft)) &&
			  rmobike_netlink_transact(&request, &sa);
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
	rmobike_netlink_t request, reply;

	id = rmobike_netlink_start(&request, XFRM_MSG_DELSA, NLM_F_ACK,
							   sizeof(*id));
	rmobike_netlink_address(&id->daddr, dst);
	id->spi = spi;
	id->family = dst->get_family(dst);
	id->proto = proto;
	return rmobike_netlink_transact(&request, &reply);
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
	rmobike_netlink_address(address, net);
	net->destroy(net);
	if (from == to)
	{
		*port = htons(from);
		*port_mask = 0xffff;
		return TRUE;
	}
	return from == 0 && to == 0xffff;
}

/*
 * Described in header
 */
bool rmobike_xfrm_selector(struct xfrm_selector *sel, traffic_selector_t *src,
						   traffic_selector_t *dst)
{
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
	rmobike_netlink_t request, reply;

	policy = rmobike_netlink_start(&request, XFRM_MSG_MIGRATE, NLM_F_ACK,
								   sizeof(*policy));
	if (!rmobike_xfrm_selector(&policy->sel, move->src_ts, move->dst_ts))
	{
		return FALSE;
	}
	policy->dir = move->dir;
	rmobike_netlink_address(&migrate.old_saddr, move->src);
	rmobike_netlink_address(&migrate.old_daddr, move->dst);
	rmobike_netlink_address(&migrate.new_saddr, move->new_src);
	rmobike_netlink_address(&migrate.new_daddr, move->new_dst);

	return rmobike_netlink_add(&request, XFRMA_MIGRATE, &migrate,
							   sizeof(migrate)) &&
		   (!move->encap || rmobike_netlink_add(&request, XFRMA_ENCAP, &encap,
												sizeof(encap))) &&
		   (!move->if_id ||
			rmobike_netlink_add(&request, XFRMA_IF_ID, &move->if_id,
								sizeof(move->if_id))) &&
		   rmobike_netlink_transact(&request, &reply);
}
