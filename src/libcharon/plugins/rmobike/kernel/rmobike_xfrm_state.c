/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_netlink.h"
#include "kernel/rmobike_xfrm_policy.h"
#include "kernel/rmobike_xfrm_state.h"

#include <errno.h>
#include <linux/udp.h>
#include <string.h>

typedef struct migrate_state_t migrate_state_t;

/**
 * XFRM_MSG_MIGRATE_STATE of Linux 7.2, which headers may be too old for; that
 * the kernel takes it for that shows when it is asked
 */
#define MIGRATE_STATE 0x29

/**
 * struct xfrm_user_migrate_state of Linux 7.2
 */
struct migrate_state_t {
	struct xfrm_usersa_id id;
	xfrm_address_t new_daddr;
	xfrm_address_t new_saddr;
	struct xfrm_mark old_mark;
	struct xfrm_selector new_sel;
	uint32_t new_reqid;
	uint32_t flags;
	uint16_t new_family;
	uint16_t reserved;
};

/*
 * Described in header
 */
bool rmobike_xfrm_state_exists(kernel_ipsec_sa_id_t *id)
{
	rmobike_netlink_t sa;
	bool exists;

	exists = rmobike_netlink_get_sa(id, &sa);
	rmobike_netlink_wipe(&sa);
	return exists;
}

/*
 * Described in header
 */
bool rmobike_xfrm_state_is_locked(kernel_ipsec_sa_id_t *id)
{
	rmobike_netlink_t sa;
	bool locked;

	locked = rmobike_netlink_get_sa(id, &sa) &&
			 !rmobike_netlink_has_keys(&sa);
	rmobike_netlink_wipe(&sa);
	return locked;
}

/*
 * Described in header
 */
bool rmobike_xfrm_state_is_offloaded(kernel_ipsec_sa_id_t *id)
{
	rmobike_netlink_t sa;
	bool offloaded;

	offloaded = rmobike_netlink_get_sa(id, &sa) &&
				rmobike_netlink_find(&sa, sizeof(struct xfrm_usersa_info),
									 XFRMA_OFFLOAD_DEV);
	rmobike_netlink_wipe(&sa);
	return offloaded;
}

/**
 * Does an SA have no algorithms yet?
 */
static bool is_larval(rmobike_netlink_t *sa)
{
	static const uint16_t algorithms[] = {
		XFRMA_ALG_AEAD, XFRMA_ALG_CRYPT, XFRMA_ALG_AUTH, XFRMA_ALG_AUTH_TRUNC,
		XFRMA_ALG_COMP,
	};
	bool larval = TRUE;
	int i;

	for (i = 0; i < countof(algorithms); i++)
	{
		larval = larval && !rmobike_netlink_find(sa,
							sizeof(struct xfrm_usersa_info), algorithms[i]);
	}
	return larval;
}

/*
 * Described in header
 */
bool rmobike_xfrm_state_make_room(kernel_ipsec_sa_id_t *id)
{
	rmobike_netlink_t sa;
	bool gone = FALSE;

	if (rmobike_netlink_get_sa(id, &sa) && is_larval(&sa))
	{
		DBG2(DBG_KNL, "SPI %.8x is still allocated at %H", ntohl(id->spi),
			 id->dst);
		gone = rmobike_xfrm_delete(id);
	}
	rmobike_netlink_wipe(&sa);
	return gone;
}

/*
 * Described in header
 */
bool rmobike_xfrm_state_can_migrate(void)
{
	static enum {
		UNKNOWN,
		NO,
		YES,
	} known = UNKNOWN;
	rmobike_netlink_t request, reply;
	migrate_state_t *migrate;

	if (known == UNKNOWN)
	{
		migrate = rmobike_netlink_start(&request, MIGRATE_STATE, NLM_F_ACK,
										sizeof(*migrate));
		/* there is none with an SPI that is reserved (RFC 4303, 2.1) */
		migrate->id.spi = htonl(1);
		migrate->id.proto = IPPROTO_ESP;
		migrate->id.family = migrate->new_family = AF_INET;
		if (!rmobike_netlink_transact(&request, &reply))
		{
			switch (errno)
			{
				case ESRCH:
					known = YES;
					break;
				case EINVAL:
				case ENOPROTOOPT:
					known = NO;
					break;
			}
		}
	}
	return known == YES;
}

/**
 * Create the request for an SA
 */
static bool migrate_sa(rmobike_netlink_t *request, kernel_ipsec_sa_id_t *id,
					   kernel_ipsec_update_sa_t *data,
					   struct xfrm_usersa_info *sa,
					   const struct xfrm_encap_tmpl *current)
{
	struct xfrm_encap_tmpl encap = {};
	migrate_state_t *migrate;

	migrate = rmobike_netlink_start(request, MIGRATE_STATE, NLM_F_ACK,
									sizeof(*migrate));
	rmobike_netlink_address(&migrate->id.daddr, id->dst);
	migrate->id.spi = id->spi;
	migrate->id.proto = id->proto;
	migrate->id.family = id->dst->get_family(id->dst);
	migrate->old_mark.v = id->mark.value;
	migrate->old_mark.m = id->mark.mask;
	rmobike_netlink_address(&migrate->new_daddr, data->new_dst);
	rmobike_netlink_address(&migrate->new_saddr, data->new_src);
	migrate->new_family = data->new_dst->get_family(data->new_dst);
	migrate->new_sel = sa->sel;
	migrate->new_reqid = sa->reqid;
	if (data->new_encap)
	{
		encap.encap_type = UDP_ENCAP_ESPINUDP;
		encap.encap_sport = current ? current->encap_sport
									: htons(id->src->get_port(id->src));
		rmobike_netlink_ports(&encap, id->src, data->new_src, data->new_dst);
	}
	/* what is left out is inherited, nothing removes it */
	return (!data->new_encap && !data->encap) ||
		   rmobike_netlink_add(request, XFRMA_ENCAP, &encap, sizeof(encap));
}

/**
 * Create the request for a policy: what the kernel tells about it, referring to
 * the SA as it is going to be. An inbound one accepts any source until charon
 * adds it again, there may be other SAs that are still to be migrated.
 */
static bool turn_policy(rmobike_netlink_t *request,
						kernel_ipsec_policy_id_t *policy,
						kernel_ipsec_sa_id_t *id,
						kernel_ipsec_update_sa_t *data,
						struct xfrm_usersa_info *sa)
{
	struct xfrm_user_tmpl *tmpl;

	tmpl = rmobike_xfrm_policy_start_update(policy, request);
	if (!tmpl || tmpl->id.proto != id->proto || tmpl->family != sa->family ||
		!memeq(&tmpl->id.daddr, &sa->id.daddr, sizeof(tmpl->id.daddr)) ||
		!memeq(&tmpl->saddr, &sa->saddr, sizeof(tmpl->saddr)))
	{
		return FALSE;
	}
	rmobike_netlink_address(&tmpl->id.daddr, data->new_dst);
	rmobike_netlink_address(&tmpl->saddr, data->new_src);
	if (policy->dir != POLICY_OUT)
	{
		memset(&tmpl->saddr, 0, sizeof(tmpl->saddr));
	}
	tmpl->family = data->new_dst->get_family(data->new_dst);
	tmpl->reqid = sa->reqid;
	return TRUE;
}

/**
 * Create the requests for policies of one direction
 */
static u_int turn_policies(rmobike_netlink_t *requests, bool inbound,
						   kernel_ipsec_sa_id_t *id,
						   kernel_ipsec_update_sa_t *data,
						   struct xfrm_usersa_info *sa, array_t *policies)
{
	kernel_ipsec_policy_id_t *policy;
	enumerator_t *enumerator;
	u_int count = 0;

	enumerator = array_create_enumerator(policies);
	while (enumerator->enumerate(enumerator, &policy))
	{
		if ((policy->dir != POLICY_OUT) == inbound)
		{
			count += turn_policy(&requests[count], policy, id, data, sa);
		}
	}
	enumerator->destroy(enumerator);
	return count;
}

/**
 * Create all requests, those for inbound policies come before that for the SA
 */
static u_int create_requests(rmobike_netlink_t *requests,
							 kernel_ipsec_sa_id_t *id,
							 kernel_ipsec_update_sa_t *data,
							 array_t *policies, u_int *inbound)
{
	struct xfrm_usersa_info *info;
	rmobike_netlink_t sa;
	u_int count = 0;

	if (rmobike_netlink_get_sa(id, &sa))
	{
		info = NLMSG_DATA(&sa.header);
		if (info->mode == XFRM_MODE_TUNNEL &&
			!rmobike_netlink_find(&sa, sizeof(*info), XFRMA_OFFLOAD_DEV))
		{
			info->reqid = data->new_reqid ?: info->reqid;
			*inbound = turn_policies(requests, TRUE, id, data, info, policies);
			if (migrate_sa(&requests[*inbound], id, data, info,
						   rmobike_netlink_find(&sa, sizeof(*info),
												XFRMA_ENCAP)))
			{
				count = *inbound + 1;
				count += turn_policies(&requests[count], FALSE, id, data, info,
									   policies);
			}
		}
	}
	rmobike_netlink_wipe(&sa);
	return count;
}

/*
 * Described in header
 */
bool rmobike_xfrm_state_migrate(kernel_ipsec_sa_id_t *id,
								kernel_ipsec_update_sa_t *data,
								array_t *policies)
{
	rmobike_netlink_t *requests;
	u_int count, inbound = 0, done = 0;

	if (data->cpi || !rmobike_xfrm_state_can_migrate())
	{
		return FALSE;
	}
	requests = malloc((array_count(policies) + 1) * sizeof(*requests));
	count = create_requests(requests, id, data, policies, &inbound);
	if (count)
	{	/* policies that were not changed follow when charon adds them */
		if (inbound)
		{
			rmobike_netlink_batch(requests, inbound);
		}
		done = rmobike_netlink_batch(requests + inbound, count - inbound);
	}
	free(requests);
	return done > 0;
}
