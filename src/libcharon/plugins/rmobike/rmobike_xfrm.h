/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_xfrm rmobike_xfrm
 * @{ @ingroup rmobike
 *
 * What the Linux kernel can do with IPsec SAs and policies that charon's kernel
 * interface does not offer. Each call is one or two requests on a netlink
 * socket of its own and may come from any thread. Without kernel IPsec, and for
 * SAs with marks or hardware offload, they fail and change nothing.
 */

#ifndef RMOBIKE_XFRM_H_
#define RMOBIKE_XFRM_H_

#include <daemon.h>

#include <linux/xfrm.h>

typedef struct rmobike_xfrm_move_t rmobike_xfrm_move_t;

/**
 * A policy whose SA changes addresses.
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
	/** current addresses of the SA */
	host_t *src, *dst;
	/** addresses (and ports for UDP encapsulation) it shall have */
	host_t *new_src, *new_dst;
	/** TRUE if the SA uses UDP encapsulation */
	bool encap;
};

/**
 * Check if the kernel has an SA.
 *
 * @param src		source of the SA, NULL for any
 * @param dst		destination of the SA
 * @param proto		IP protocol of the SA
 * @param spi		SPI, network order
 * @return			TRUE if there is such an SA
 */
bool rmobike_xfrm_exists(host_t *src, host_t *dst, uint8_t proto, uint32_t spi);

/**
 * Add an inbound SA for packets to another address, with the keys, the replay
 * window and the counters that one has.
 *
 * @param dst		destination of the SA
 * @param proto		IP protocol of the SA
 * @param spi		SPI, network order
 * @param new_dst	destination of the copy
 * @return			TRUE if added
 */
bool rmobike_xfrm_copy(host_t *dst, uint8_t proto, uint32_t spi,
					   host_t *new_dst);

/**
 * Delete an SA.
 *
 * @param dst		destination of the SA
 * @param proto		IP protocol of the SA
 * @param spi		SPI, network order
 * @return			TRUE if deleted
 */
bool rmobike_xfrm_delete(host_t *dst, uint8_t proto, uint32_t spi);

/**
 * Convert traffic selectors to a selector of a policy.
 *
 * @param sel		all zero, receives it
 * @param src		source
 * @param dst		destination
 * @return			FALSE if the policy's may be another one, by rounding
 */
bool rmobike_xfrm_selector(struct xfrm_selector *sel, traffic_selector_t *src,
						   traffic_selector_t *dst);

/**
 * Give a policy and its SA (if it still has its old addresses) new addresses,
 * in one step for the packets that pass (XFRM_MSG_MIGRATE).
 *
 * The kernel is not told the SPI, if there are several SAs with that reqid and
 * these addresses it chooses one.
 *
 * @param move		what to move
 * @return			TRUE if moved
 */
bool rmobike_xfrm_move(const rmobike_xfrm_move_t *move);

#endif /** RMOBIKE_XFRM_H_ @}*/
