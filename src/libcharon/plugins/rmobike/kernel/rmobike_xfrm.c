/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_netlink.h"
#include "kernel/rmobike_replay.h"
#include "kernel/rmobike_xfrm.h"

#include <errno.h>
#include <string.h>

/**
 * How many packets may be sent by an SA from when it is copied until the last
 * one that had chosen it is gone. That takes milliseconds. An SA can be moved
 * 16,384 times until its sequence numbers are used up.
 */
#define JUMP (1 << 18)

/**
 * XFRMA_MTIMER_THRESH of Linux 5.17, which headers may be too old for; kernels
 * that don't know it ignore it
 */
#define MTIMER_THRESH 0x20

/**
 * Packets between two reports about sequence numbers, the kernel's default;
 * nobody asks for these reports
 */
#define REPLAY_INTERVAL 2

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
	memcpy(info, NLMSG_DATA(&sa.header), sizeof(*info));
	/* counters are an attribute when adding, and so is the time of creation,
	 * from which lifetimes count; other modes have a selector or a state */
	success = rmobike_netlink_has_keys(&sa) &&
			  info->mode == XFRM_MODE_TUNNEL &&
			  copy_attributes(request, &sa) &&
			  rmobike_netlink_add(request, XFRMA_LTIME_VAL, &info->curlft,
								  sizeof(info->curlft)) &&
			  get_replay(request, replay);
	rmobike_netlink_wipe(&sa);
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

	request.header.nlmsg_len = 0;
	if (id->dst->get_family(id->dst) == new_dst->get_family(new_dst) &&
		start_copy(id, &request, &replay))
	{
		info = NLMSG_DATA(&request.header);
		rmobike_netlink_address(&info->id.daddr, new_dst);
		/* all of these were sent to the old address */
		rmobike_replay_close(&replay);
		success = rmobike_netlink_transact(&request, &reply);
	}
	rmobike_netlink_wipe(&request);
	return success;
}

/**
 * Start a request to add an outbound SA like one that there is, with other
 * addresses and sequence numbers that this one will not get to
 */
static bool start_copy_ahead(kernel_ipsec_sa_id_t *id,
							 kernel_ipsec_update_sa_t *data,
							 rmobike_netlink_t *request)
{
	struct xfrm_usersa_info *info;
	struct xfrm_encap_tmpl *encap;
	rmobike_replay_t replay;

	request->header.nlmsg_len = 0;
	if (id->dst->get_family(id->dst) !=
			data->new_dst->get_family(data->new_dst) ||
		!start_copy(id, request, &replay) ||
		!rmobike_replay_jump(&replay, JUMP))
	{
		return FALSE;
	}
	info = NLMSG_DATA(&request->header);
	rmobike_netlink_address(&info->saddr, data->new_src);
	rmobike_netlink_address(&info->id.daddr, data->new_dst);
	encap = find_in_sa(request, XFRMA_ENCAP);
	if (encap)
	{
		rmobike_netlink_ports(encap, id->src, data->new_src, data->new_dst);
	}
	return data->new_encap == (encap != NULL);
}

/*
 * Described in header
 */
bool rmobike_xfrm_copy_ahead(kernel_ipsec_sa_id_t *id,
							 kernel_ipsec_update_sa_t *data)
{
	rmobike_netlink_t request, reply;
	bool success;

	success = start_copy_ahead(id, data, &request) &&
			  rmobike_netlink_transact(&request, &reply);
	rmobike_netlink_wipe(&request);
	return success;
}

/**
 * Start a request to change what can be changed of an SA that is in use
 */
static bool start_change(kernel_ipsec_sa_id_t *id, rmobike_netlink_t *request)
{
	struct xfrm_aevent_id *event;

	event = rmobike_netlink_start(request, XFRM_MSG_NEWAE,
								  NLM_F_ACK | NLM_F_REPLACE, sizeof(*event));
	rmobike_netlink_address(&event->sa_id.daddr, id->dst);
	event->sa_id.spi = id->spi;
	event->sa_id.family = id->dst->get_family(id->dst);
	event->sa_id.proto = id->proto;
	return rmobike_netlink_mark(request, id->mark);
}

/**
 * Start a request to set the sequence numbers of an SA
 */
static bool start_set_replay(kernel_ipsec_sa_id_t *id, rmobike_replay_t *replay,
							 rmobike_netlink_t *request)
{
	if (!start_change(id, request))
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
bool rmobike_xfrm_start_jump(kernel_ipsec_sa_id_t *id,
							 rmobike_netlink_t *request)
{
	rmobike_netlink_t sa;
	rmobike_replay_t replay;
	bool success;

	success = rmobike_netlink_get_sa(id, &sa) && get_replay(&sa, &replay) &&
			  rmobike_replay_jump(&replay, JUMP) &&
			  start_set_replay(id, &replay, request);
	rmobike_netlink_wipe(&sa);
	return success;
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
	sa.header.nlmsg_len = 0;
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
	rmobike_netlink_wipe(&old);
	rmobike_netlink_wipe(&sa);
	return success;
}

/*
 * Described in header
 */
bool rmobike_xfrm_raise(kernel_ipsec_sa_id_t *id, bool used)
{
	rmobike_netlink_t sa, request, reply;
	rmobike_replay_t replay;
	bool success;

	success = rmobike_netlink_get_sa(id, &sa) && get_replay(&sa, &replay) &&
			  rmobike_replay_raise(&replay, used) &&
			  start_set_replay(id, &replay, &request) &&
			  rmobike_netlink_transact(&request, &reply);
	rmobike_netlink_wipe(&sa);
	return success;
}

/*
 * Described in header
 */
bool rmobike_xfrm_is_calm(kernel_ipsec_sa_id_t *id)
{
	rmobike_netlink_t sa;
	bool calm;

	calm = rmobike_netlink_get_sa(id, &sa) && find_in_sa(&sa, MTIMER_THRESH);
	rmobike_netlink_wipe(&sa);
	return calm;
}

/*
 * Described in header
 */
bool rmobike_xfrm_calm(kernel_ipsec_sa_id_t *id, uint32_t seconds)
{
	uint32_t packets = REPLAY_INTERVAL;
	rmobike_netlink_t request, reply;

	/* the kernel takes it together with others only */
	return start_change(id, &request) &&
		   rmobike_netlink_add(&request, XFRMA_REPLAY_THRESH, &packets,
							   sizeof(packets)) &&
		   rmobike_netlink_add(&request, MTIMER_THRESH, &seconds,
							   sizeof(seconds)) &&
		   rmobike_netlink_transact(&request, &reply);
}

/**
 * Start a request to delete an SA
 */
static bool start_delete(kernel_ipsec_sa_id_t *id, rmobike_netlink_t *request)
{
	struct xfrm_usersa_id *sa;

	sa = rmobike_netlink_start(request, XFRM_MSG_DELSA, NLM_F_ACK, sizeof(*sa));
	rmobike_netlink_address(&sa->daddr, id->dst);
	sa->spi = id->spi;
	sa->family = id->dst->get_family(id->dst);
	sa->proto = id->proto;
	return rmobike_netlink_mark(request, id->mark);
}

/*
 * Described in header
 */
status_t rmobike_xfrm_replace(kernel_ipsec_sa_id_t *id,
							  kernel_ipsec_update_sa_t *data)
{
	enum {
		DELETE,
		ADD,
		REQUESTS,
	};
	rmobike_netlink_t requests[REQUESTS], reply;
	status_t status = FAILED;
	u_int done;

	if (start_copy_ahead(id, data, &requests[ADD]) &&
		start_delete(id, &requests[DELETE]))
	{
		done = rmobike_netlink_batch(requests, REQUESTS);
		if (done == ADD && errno == EEXIST)
		{	/* what is just allocated is replaced by an update */
			requests[ADD].header.nlmsg_type = XFRM_MSG_UPDSA;
			done += rmobike_netlink_transact(&requests[ADD], &reply);
		}
		if (done == ADD)
		{
			DBG1(DBG_KNL, "SA with SPI %.8x is lost: %s", ntohl(id->spi),
				 strerror(errno));
			status = NOT_SUPPORTED;
		}
		else if (done == REQUESTS)
		{
			status = SUCCESS;
		}
	}
	rmobike_netlink_wipe(&requests[ADD]);
	return status;
}

/*
 * Described in header
 */
bool rmobike_xfrm_delete(kernel_ipsec_sa_id_t *id)
{
	rmobike_netlink_t request, reply;

	return start_delete(id, &request) &&
		   rmobike_netlink_transact(&request, &reply);
}
