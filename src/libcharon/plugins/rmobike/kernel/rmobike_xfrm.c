/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_netlink.h"
#include "kernel/rmobike_replay.h"
#include "kernel/rmobike_xfrm.h"

#include <linux/udp.h>
#include <string.h>

/**
 * How many packets may be sent by an SA from when it is copied until the last
 * one that had chosen it is gone. That takes milliseconds. An SA can be moved
 * 16,384 times until its sequence numbers are used up.
 */
#define JUMP (1 << 18)

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

/**
 * Find an attribute of an SA
 */
static void *find_in_sa(rmobike_netlink_t *sa, uint16_t type)
{
	return rmobike_netlink_find(sa, sizeof(struct xfrm_usersa_info), type);
}

/**
 * Find the sequence numbers in a message with an SA
 */
static bool get_replay(rmobike_netlink_t *sa, rmobike_replay_t *replay)
{
	struct xfrm_usersa_info *info = NLMSG_DATA(&sa->header);

	*replay = (rmobike_replay_t){
		.small = find_in_sa(sa, XFRMA_REPLAY_VAL),
		.window = min(info->replay_window, 32),
		.large = find_in_sa(sa, XFRMA_REPLAY_ESN_VAL),
		.esn = info->flags & XFRM_STATE_ESN,
	};
	if (replay->large)
	{
		replay->small = NULL;
	}
	return replay->small || replay->large;
}

/**
 * Start a request to add an SA like one that there is
 */
static bool start_copy(kernel_ipsec_sa_id_t *id, rmobike_netlink_t *request,
					   rmobike_replay_t *replay)
{
	struct xfrm_usersa_info *info;
	rmobike_netlink_t sa;
	bool success;

	info = rmobike_netlink_start(request, XFRM_MSG_NEWSA, NLM_F_ACK,
								 sizeof(*info));
	if (!rmobike_netlink_get_sa(id, &sa))
	{
		return FALSE;
	}
	if (!rmobike_netlink_has_keys(&sa))
	{
		memwipe(&sa, sizeof(sa));
		return FALSE;
	}
	memcpy(info, NLMSG_DATA(&sa.header), sizeof(*info));
	/* counters are an attribute when adding, and so is the time of creation,
	 * from which lifetimes count */
	success = copy_attributes(request, &sa) &&
			  rmobike_netlink_add(request, XFRMA_LTIME_VAL, &info->curlft,
								  sizeof(info->curlft)) &&
			  get_replay(request, replay);
	memwipe(&sa, sizeof(sa));
	return success;
}

/*
 * Described in header
 */
bool rmobike_xfrm_copy(kernel_ipsec_sa_id_t *id, host_t *new_dst)
{
	struct xfrm_usersa_info *info;
	rmobike_netlink_t request, reply;
	rmobike_replay_t replay;
	bool success = FALSE;

	if (id->dst->get_family(id->dst) == new_dst->get_family(new_dst) &&
		start_copy(id, &request, &replay))
	{
		info = NLMSG_DATA(&request.header);
		rmobike_netlink_address(&info->id.daddr, new_dst);
		/* all of these were sent to the old address */
		rmobike_replay_close(&replay);
		success = rmobike_netlink_transact(&request, &reply);
	}
	memwipe(&request, sizeof(request));
	return success;
}

/*
 * Described in header
 */
bool rmobike_xfrm_copy_ahead(const rmobike_xfrm_move_t *move, uint32_t spi)
{
	struct xfrm_usersa_info *info;
	struct xfrm_encap_tmpl *encap;
	kernel_ipsec_sa_id_t id = {
		.dst = move->dst,
		.proto = move->proto,
		.spi = spi,
	};
	rmobike_netlink_t request, reply;
	rmobike_replay_t replay;
	bool success = FALSE;

	if (move->dst->get_family(move->dst) ==
			move->new_dst->get_family(move->new_dst) &&
		start_copy(&id, &request, &replay) &&
		rmobike_replay_jump(&replay, JUMP))
	{
		info = NLMSG_DATA(&request.header);
		rmobike_netlink_address(&info->saddr, move->new_src);
		rmobike_netlink_address(&info->id.daddr, move->new_dst);
		encap = find_in_sa(&request, XFRMA_ENCAP);
		if (encap)
		{
			encap->encap_sport = htons(move->new_src->get_port(move->new_src));
			encap->encap_dport = htons(move->new_dst->get_port(move->new_dst));
		}
		success = move->encap == (encap != NULL) &&
				  rmobike_netlink_transact(&request, &reply);
	}
	memwipe(&request, sizeof(request));
	return success;
}

/**
 * Start a request to set the sequence numbers of an SA
 */
static bool start_set_replay(kernel_ipsec_sa_id_t *id, rmobike_replay_t *replay,
							 rmobike_netlink_t *request)
{
	struct xfrm_aevent_id *event;

	event = rmobike_netlink_start(request, XFRM_MSG_NEWAE,
								  NLM_F_ACK | NLM_F_REPLACE, sizeof(*event));
	rmobike_netlink_address(&event->sa_id.daddr, id->dst);
	event->sa_id.spi = id->spi;
	event->sa_id.family = id->dst->get_family(id->dst);
	event->sa_id.proto = id->proto;
	if (!rmobike_netlink_mark(request, id->mark))
	{
		return FALSE;
	}
	if (replay->large)
	{
		return rmobike_netlink_add(request, XFRMA_REPLAY_ESN_VAL, replay->large,
						sizeof(*replay->large) +
						replay->large->bmp_len * sizeof(uint32_t));
	}
	return rmobike_netlink_add(request, XFRMA_REPLAY_VAL, replay->small,
							   sizeof(*replay->small));
}

/*
 * Described in header
 */
bool rmobike_xfrm_merge(kernel_ipsec_sa_id_t *id, host_t *new_dst)
{
	kernel_ipsec_sa_id_t copy = *id;
	rmobike_netlink_t old, sa, request;
	rmobike_replay_t seen, replay;
	bool success = TRUE;

	copy.dst = new_dst;
	if (!rmobike_netlink_get_sa(id, &old) ||
		!rmobike_netlink_get_sa(&copy, &sa) ||
		!get_replay(&old, &seen) || !get_replay(&sa, &replay) ||
		!seen.small != !replay.small)
	{
		success = FALSE;
	}
	else if (rmobike_replay_merge(&replay, &seen))
	{
		success = start_set_replay(&copy, &replay, &request) &&
				  rmobike_netlink_transact(&request, &old);
	}
	memwipe(&old, sizeof(old));
	memwipe(&sa, sizeof(sa));
	return success;
}

/*
 * Described in header
 */
bool rmobike_xfrm_delete(kernel_ipsec_sa_id_t *id)
{
	struct xfrm_usersa_id *sa;
	rmobike_netlink_t request, reply;

	sa = rmobike_netlink_start(&request, XFRM_MSG_DELSA, NLM_F_ACK,
							   sizeof(*sa));
	rmobike_netlink_address(&sa->daddr, id->dst);
	sa->spi = id->spi;
	sa->family = id->dst->get_family(id->dst);
	sa->proto = id->proto;
	return rmobike_netlink_mark(&request, id->mark) &&
		   rmobike_netlink_transact(&request, &reply);
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

/**
 * Append an interface ID, if any
 */
static bool add_if_id(rmobike_netlink_t *request, uint32_t if_id)
{
	return !if_id ||
		   rmobike_netlink_add(request, XFRMA_IF_ID, &if_id, sizeof(if_id));
}

/**
 * Start a request to change the addresses of a policy, and of its SA if it has
 * the old ones
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
 * Start the same for the policy that is to be moved
 */
static bool start_move(const rmobike_xfrm_move_t *move,
					   rmobike_netlink_t *request)
{
	struct xfrm_userpolicy_id id = {
		.dir = move->dir,
	};

	return rmobike_xfrm_selector(&id.sel, move->src_ts, move->dst_ts) &&
		   start_migrate(move, &id, request);
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
 * Is an SA offloaded to hardware, or is there none?
 */
static bool is_offloaded(const rmobike_xfrm_move_t *move, uint32_t spi)
{
	rmobike_netlink_t sa;
	bool offloaded;

	offloaded = !get_sa(move->dst, move->proto, spi, &sa) ||
				find_in_sa(&sa, XFRMA_OFFLOAD_DEV);
	memwipe(&sa, sizeof(sa));
	return offloaded;
}

/*
 * Described in header
 */
bool rmobike_xfrm_move(const rmobike_xfrm_move_t *moves, u_int count,
					   uint32_t spi)
{
	rmobike_netlink_t request, reply;
	u_int i;

	if (!count || is_offloaded(moves, spi))
	{
		return FALSE;
	}
	for (i = 0; i < count; i++)
	{
		if (start_move(&moves[i], &request))
		{
			rmobike_netlink_transact(&request, &reply);
		}
	}
	return rmobike_xfrm_exists(moves->new_src, moves->new_dst, moves->proto,
							   spi);
}

/**
 * Have a policy accept packets of its SA whatever the source of that is
 */
static bool loosen(const rmobike_xfrm_move_t *move)
{
	struct xfrm_userpolicy_id *id;
	rmobike_netlink_t request, policy;
	struct xfrm_user_tmpl *tmpl;

	id = rmobike_netlink_start(&request, XFRM_MSG_GETPOLICY, 0, sizeof(*id));
	id->dir = move->dir;
	if (!rmobike_xfrm_selector(&id->sel, move->src_ts, move->dst_ts) ||
		!add_if_id(&request, move->if_id) ||
		!rmobike_netlink_transact(&request, &policy) ||
		policy.header.nlmsg_type != XFRM_MSG_NEWPOLICY)
	{
		return FALSE;
	}
	tmpl = rmobike_netlink_find(&policy, sizeof(struct xfrm_userpolicy_info),
						  XFRMA_TMPL);
	if (!tmpl)
	{
		return FALSE;
	}
	memset(&tmpl->saddr, 0, sizeof(tmpl->saddr));
	policy.header.nlmsg_type = XFRM_MSG_UPDPOLICY;
	policy.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	return rmobike_netlink_transact(&policy, &request);
}

/*
 * Described in header
 */
bool rmobike_xfrm_turn(const rmobike_xfrm_move_t *moves, u_int count,
					   uint32_t spi)
{
	enum {
		ADD,
		REPLACE,
		DELETE,
		REQUESTS,
	};
	rmobike_netlink_t requests[REQUESTS];
	struct xfrm_userpolicy_id id;
	u_int i;

	if (!count || is_offloaded(moves, spi) ||
		!start_stand_in(moves, spi, &id, &requests[ADD], &requests[DELETE]) ||
		!start_migrate(moves, &id, &requests[REPLACE]))
	{
		return FALSE;
	}
	for (i = 0; i < count; i++)
	{
		if (!loosen(&moves[i]))
		{
			return FALSE;
		}
	}
	return rmobike_netlink_batch(requests, REQUESTS) > REPLACE;
}
