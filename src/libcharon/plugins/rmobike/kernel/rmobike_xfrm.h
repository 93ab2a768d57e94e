/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_xfrm rmobike_xfrm
 * @{ @ingroup rmobike
 *
 * What the Linux kernel can do with IPsec SAs that charon's kernel interface
 * does not offer; their policies are those of rmobike_xfrm_policy. Each call is
 * one or two requests on a netlink socket and may come from any
 * thread. Without kernel IPsec, and for SAs with hardware offload, they fail
 * and change nothing. So do those for SAs with marks that are not told the
 * mark.
 */

#ifndef RMOBIKE_XFRM_H_
#define RMOBIKE_XFRM_H_

#include "kernel/rmobike_netlink.h"

#include <daemon.h>

#include <linux/xfrm.h>

typedef struct rmobike_xfrm_move_t rmobike_xfrm_move_t;

/**
 * An SA that changes addresses, and a policy that refers to it.
 */
struct rmobike_xfrm_move_t {
	/** direction of the policy */
	policy_dir_t dir;
	/** traffic selectors of the policy */
	traffic_selector_t *src_ts, *dst_ts;
	/** reqid of the SA */
	uint32_t reqid;
	/** IP protocol of the SA */
	uint8_t proto;
	/** interface ID, 0 for none */
	uint32_t if_id;
	/** mark of the policy */
	mark_t mark;
	/** current addresses of the SA */
	host_t *src, *dst;
	/** addresses (and ports for UDP encapsulation) it shall have */
	host_t *new_src, *new_dst;
	/** TRUE if the SA uses UDP encapsulation */
	bool encap;
};

/**
 * Get the IP protocol of the SAs of a CHILD_SA.
 */
static inline uint8_t rmobike_xfrm_get_proto(child_sa_t *child_sa)
{
	return child_sa->get_protocol(child_sa) == PROTO_AH ? IPPROTO_AH
														: IPPROTO_ESP;
}

/**
 * Get what identifies the outbound SA of a CHILD_SA.
 */
static inline kernel_ipsec_sa_id_t rmobike_xfrm_get_outbound(ike_sa_t *ike_sa,
														child_sa_t *child_sa)
{
	return (kernel_ipsec_sa_id_t){
		.src = ike_sa->get_my_host(ike_sa),
		.dst = ike_sa->get_other_host(ike_sa),
		.proto = rmobike_xfrm_get_proto(child_sa),
		.spi = child_sa->get_spi(child_sa, FALSE),
		.mark = child_sa->get_mark(child_sa, FALSE),
	};
}

/**
 * Get the SPI of the SA that a policy refers to.
 */
static inline uint32_t rmobike_xfrm_get_spi(ipsec_sa_cfg_t *sa)
{
	return sa->ah.use ? sa->ah.spi : sa->esp.spi;
}

/**
 * Add an inbound SA for packets to another address, with the keys, counters and
 * mark that one has. What has been sent before counts as seen.
 *
 * @param id		the SA; its source does not matter
 * @param new_dst	destination of the copy
 * @return			TRUE if added
 */
bool rmobike_xfrm_copy(kernel_ipsec_sa_id_t *id, host_t *new_dst);

/**
 * Add an outbound SA for packets to another address, with the keys that one has
 * and sequence numbers that one will not get to before it is deleted. It is
 * used once a policy refers to it. Not if the SA is offloaded to hardware.
 *
 * @param id		the SA
 * @param data		addresses and encapsulation of the copy
 * @return			TRUE if added
 */
bool rmobike_xfrm_copy_ahead(kernel_ipsec_sa_id_t *id,
							 kernel_ipsec_update_sa_t *data);

/**
 * Put the same in the place of an outbound SA, whose destination stays. charon
 * could not add it again if a packet was to be sent in between: the kernel
 * allocates the SPI then, as policies refer to it. It may still ask for an SA
 * then, and charon set one up if there is a trap with that reqid.
 *
 * @param id		the SA
 * @param data		what it shall have
 * @return			SUCCESS; FAILED if it can't be replaced, it is as it was
 *					then; NOT_SUPPORTED if it is lost, its CHILD_SA has to be
 *					replaced
 */
status_t rmobike_xfrm_replace(kernel_ipsec_sa_id_t *id,
							  kernel_ipsec_update_sa_t *data);

/**
 * Start a request to have an outbound SA, or one that takes its place, go on
 * with sequence numbers that it will not get to before that.
 *
 * @param id		the SA; its source does not matter
 * @param request	receives the request
 * @return			FALSE if there is none, or not enough numbers are left
 */
bool rmobike_xfrm_start_jump(kernel_ipsec_sa_id_t *id,
							 rmobike_netlink_t *request);

/**
 * Have the copy of an inbound SA know which packets that one has received.
 *
 * @param id		the other SA; its source does not matter
 * @param new_dst	destination of the copy
 * @return			TRUE if it does
 */
bool rmobike_xfrm_merge(kernel_ipsec_sa_id_t *id, host_t *new_dst);

/**
 * Have an outbound SA go on with sequence numbers that another machine, which
 * had it until now, did not use, see rmobike_replay_raise().
 *
 * @param id		the SA; its source does not matter
 * @param used		TRUE if it was ours before
 * @return			FALSE if it can't be changed
 */
bool rmobike_xfrm_raise(kernel_ipsec_sa_id_t *id, bool used);

/**
 * Does the kernel report only once in a while that packets for an SA come from
 * somewhere else?
 *
 * @param id		inbound SA; its source does not matter
 * @return			TRUE if somebody asked for that
 */
bool rmobike_xfrm_is_calm(kernel_ipsec_sa_id_t *id);

/**
 * Have the kernel report only once in a while that packets for an SA in UDP
 * come from the same port somewhere else, instead of each of them. The SA keeps
 * that, and no SA can be added with it that is not in UDP, or outbound.
 *
 * @param id		inbound SA; its source does not matter
 * @param seconds	more than so many are between two reports, 0 for each packet
 * @return			FALSE if it can't be changed
 */
bool rmobike_xfrm_calm(kernel_ipsec_sa_id_t *id, uint32_t seconds);

/**
 * Delete an SA.
 *
 * @param id		the SA; its source does not matter
 * @return			TRUE if deleted
 */
bool rmobike_xfrm_delete(kernel_ipsec_sa_id_t *id);

#endif /** RMOBIKE_XFRM_H_ @}*/
