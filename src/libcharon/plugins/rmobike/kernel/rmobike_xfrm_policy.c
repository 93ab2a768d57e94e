/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_netlink.h"
#include "kernel/rmobike_xfrm_policy.h"

#include <linux/udp.h>
#include <string.h>

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
bool rmobike_xfrm_policy_selector(struct xfrm_selector *sel,
								  traffic_selector_t *src,
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

/**
 * Append an interface ID, if any
 */
static bool add_if_id(rmobike_netlink_t *request, uint32_t if_id)
{
	return !if_id ||
		   rmobike_netlink_add(request, XFRMA_IF_ID, &if_id, sizeof(if_id));
}

/**
 * Start a request to change the addresses of a policy and of its SA
 */
static bool start_migrate(const rmobike_xfrm_move_t *move,
						  const struct xfrm_userpolicy_id *id,
						  rmobike_netlink_t *request)
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

	policy = rmobike_netlink_start(request, XFRM_MSG_MIGRATE, NLM_F_ACK,
								   sizeof(*policy));
	*policy = *id;
	rmobike_netlink_address(&migrate.old_saddr, move->src);
	rmobike_netlink_address(&migrate.old_daddr, move->dst);
	rmobike_netlink_address(&migrate.new_saddr, move->new_src);
	rmobike_netlink_address(&migrate.new_daddr, move->new_dst);

	return rmobike_netlink_add(request, XFRMA_MIGRATE, &migrate,
							   sizeof(migrate)) &&
		   (!move->encap || rmobike_netlink_add(request, XFRMA_ENCAP, &encap,
												sizeof(encap))) &&
		   add_if_id(request, move->if_id);
}

/**
 * Start requests to add and to delete a policy that no packet matches, with the
 * SA that is to be moved
 */
static bool start_stand_in(const rmobike_xfrm_move_t *move, uint32_t spi,
						   struct xfrm_userpolicy_id *id,
						   rmobike_netlink_t *add, rmobike_netlink_t *delete)
{
	struct xfrm_userpolicy_id *gone;
	struct xfrm_userpolicy_info *info;
	struct xfrm_user_tmpl tmpl = {
		.id.proto = move->proto,
		.family = move->src->get_family(move->src),
		.reqid = move->reqid,
		.mode = XFRM_MODE_TUNNEL,
		.aalgos = ~0,
		.ealgos = ~0,
		.calgos = ~0,
	};

	*id = (struct xfrm_userpolicy_id){
		.sel = {
			.family = AF_INET,
			.prefixlen_s = 32,
			.prefixlen_d = 32,
			/* from and to the same address, of those that are reserved (RFC
			 * 1112, section 4), one for each SA */
			.saddr.a4 = htonl(0xf0000000 | (ntohl(spi) & 0x0fffffff)),
			.daddr.a4 = htonl(0xf0000000 | (ntohl(spi) & 0x0fffffff)),
		},
		.dir = move->dir,
	};
	info = rmobike_netlink_start(add, XFRM_MSG_NEWPOLICY, NLM_F_ACK,
								 sizeof(*info));
	info->sel = id->sel;
	info->dir = id->dir;
	info->action = XFRM_POLICY_BLOCK;
	info->lft.soft_byte_limit = info->lft.hard_byte_limit = XFRM_INF;
	info->lft.soft_packet_limit = info->lft.hard_packet_limit = XFRM_INF;
	rmobike_netlink_address(&tmpl.saddr, move->src);
	rmobike_netlink_address(&tmpl.id.daddr, move->dst);

	gone = rmobike_netlink_start(delete, XFRM_MSG_DELPOLICY, NLM_F_ACK,
								 sizeof(*gone));
	*gone = *id;
	return rmobike_netlink_add(add, XFRMA_TMPL, &tmpl, sizeof(tmpl)) &&
		   add_if_id(add, move->if_id) && add_if_id(delete, move->if_id);
}

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

/**
 * Is there an SA as those that we ask to be moved? The kernel takes others for
 * moved: in another mode, from another port, or offloaded to hardware.
 */
static bool is_plain(const rmobike_xfrm_move_t *move, uint32_t spi)
{
	struct xfrm_usersa_info *info;
	rmobike_netlink_t sa;
	bool plain = FALSE;

	if (get_sa(move->dst, move->proto, spi, &sa))
	{
		info = NLMSG_DATA(&sa.header);
		plain = info->mode == XFRM_MODE_TUNNEL &&
				!rmobike_netlink_find(&sa, sizeof(*info), XFRMA_OFFLOAD_DEV) &&
				rmobike_netlink_has_port(rmobike_netlink_find(&sa,
											sizeof(*info), XFRMA_ENCAP),
										 move->src);
	}
	rmobike_netlink_wipe(&sa);
	return plain;
}

/**
 * Does an SA have its new addresses?
 */
static bool has_moved(const rmobike_xfrm_move_t *move, uint32_t spi)
{
	struct xfrm_usersa_info *info;
	xfrm_address_t address;
	rmobike_netlink_t sa;
	bool moved = FALSE;

	if (get_sa(move->new_dst, move->proto, spi, &sa))
	{
		info = NLMSG_DATA(&sa.header);
		rmobike_netlink_address(&address, move->new_src);
		moved = memeq(&address, &info->saddr,
					  move->new_src->get_address(move->new_src).len);
	}
	rmobike_netlink_wipe(&sa);
	return moved;
}

/*
 * Described in header
 */
struct xfrm_user_tmpl *rmobike_xfrm_policy_start_update(
											const kernel_ipsec_policy_id_t *id,
											rmobike_netlink_t *request)
{
	struct xfrm_userpolicy_id *policy;
	rmobike_netlink_t query;

	policy = rmobike_netlink_start(&query, XFRM_MSG_GETPOLICY, 0,
								   sizeof(*policy));
	policy->dir = id->dir;
	if (!rmobike_xfrm_policy_selector(&policy->sel, id->src_ts, id->dst_ts) ||
		!rmobike_netlink_mark(&query, id->mark) ||
		!add_if_id(&query, id->if_id) ||
		!rmobike_netlink_transact(&query, request) ||
		request->header.nlmsg_type != XFRM_MSG_NEWPOLICY)
	{
		return NULL;
	}
	request->header.nlmsg_type = XFRM_MSG_UPDPOLICY;
	request->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	return rmobike_netlink_find(request, sizeof(struct xfrm_userpolicy_info),
								XFRMA_TMPL);
}

/**
 * Start a request to have a policy refer to another source, or to any
 */
static bool start_turn(const rmobike_xfrm_move_t *move, host_t *src,
					   rmobike_netlink_t *request)
{
	kernel_ipsec_policy_id_t id = {
		.dir = move->dir,
		.src_ts = move->src_ts,
		.dst_ts = move->dst_ts,
		.if_id = move->if_id,
		.mark = move->mark,
	};
	struct xfrm_user_tmpl *tmpl;

	tmpl = rmobike_xfrm_policy_start_update(&id, request);
	if (!tmpl || (src && tmpl->reqid != move->reqid))
	{	/* another CHILD_SA may have the same selectors */
		return FALSE;
	}
	memset(&tmpl->saddr, 0, sizeof(tmpl->saddr));
	if (src)
	{
		rmobike_netlink_address(&tmpl->saddr, src);
	}
	return TRUE;
}

/*
 * Described in header
 */
bool rmobike_xfrm_policy_move(const rmobike_xfrm_move_t *moves, u_int count,
							  uint32_t spi)
{
	enum {
		ADD,
		REPLACE,
		AHEAD,
		POLICIES,
	};
	kernel_ipsec_sa_id_t sa = {
		.dst = moves->new_dst,
		.proto = moves->proto,
		.spi = spi,
	};
	struct xfrm_userpolicy_id id;
	rmobike_netlink_t *requests, delete;
	u_int i, last = POLICIES;
	bool moved = FALSE;

	if (!count || !is_plain(moves, spi))
	{
		return FALSE;
	}
	requests = malloc((POLICIES + count + 1) * sizeof(*requests));
	if (start_stand_in(moves, spi, &id, &requests[ADD], &delete) &&
		start_migrate(moves, &id, &requests[REPLACE]) &&
		rmobike_xfrm_start_jump(&sa, &requests[AHEAD]))
	{
		for (i = 0; i < count; i++)
		{	/* others are turned when charon adds them */
			last += start_turn(&moves[i], moves[i].new_src, &requests[last]);
		}
		requests[last++] = delete;
		moved = rmobike_netlink_batch(requests, last) > AHEAD &&
				has_moved(moves, spi);
	}
	free(requests);
	return moved;
}

/*
 * Described in header
 */
bool rmobike_xfrm_policy_turn(const rmobike_xfrm_move_t *moves, u_int count,
							  uint32_t spi)
{
	enum {
		ADD,
		REPLACE,
		DELETE,
		REQUESTS,
	};
	rmobike_netlink_t requests[REQUESTS], policy, reply;
	struct xfrm_userpolicy_id id;
	u_int i;

	if (!count || !is_plain(moves, spi) ||
		!start_stand_in(moves, spi, &id, &requests[ADD], &requests[DELETE]) ||
		!start_migrate(moves, &id, &requests[REPLACE]))
	{
		return FALSE;
	}
	for (i = 0; i < count; i++)
	{
		if (!start_turn(&moves[i], NULL, &policy) ||
			!rmobike_netlink_transact(&policy, &reply))
		{
			return FALSE;
		}
	}
	return rmobike_netlink_batch(requests, REQUESTS) > REPLACE;
}
