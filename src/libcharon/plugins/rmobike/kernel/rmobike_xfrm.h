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
 * SAs with hardware offload, they fail and change nothing. So do those for SAs
 * with marks that are not told the mark.
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
 * @param move		addresses, protocol and encapsulation
 * @param spi		SPI, network order
 * @return			TRUE if added
 */
bool rmobike_xfrm_copy_ahead(const rmobike_xfrm_move_t *move, uint32_t spi);

/**
 * Give policies and their outbound SA, of which the source changes, new
 * addresses, in one step for the packets that pass (XFRM_MSG_MIGRATE). Not if
 * the SA is offloaded.
 *
 * The kernel is not told the SPI, if there are several SAs with that reqid and
 * these addresses it chooses one. It copies the SA without a lock: on several
 * CPUs the old one may use sequence numbers that the new one uses, too. And it
 * takes it away from packets that have chosen it and are not encrypted yet.
 *
 * @param moves		for each policy; addresses, protocol and encapsulation are
 *					the same for all
 * @param count		number of policies
 * @param spi		SPI, network order
 * @return			TRUE if the SA has its new addresses
 */
bool rmobike_xfrm_move(const rmobike_xfrm_move_t *moves, u_int count,
					   uint32_t spi);

/**
 * Have the copy of an inbound SA know which packets that one has received.
 *
 * @param id		the other SA; its source does not matter
 * @param new_dst	destination of the copy
 * @return			TRUE if it does
 */
bool rmobike_xfrm_merge(kernel_ipsec_sa_id_t *id, host_t *new_dst);

/**
 * Delete an SA.
 *
 * @param id		the SA; its source does not matter
 * @return			TRUE if deleted
 */
bool rmobike_xfrm_delete(kernel_ipsec_sa_id_t *id);

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
 * Replace an inbound SA whose source changes, and have policies accept it from
 * any source, until they are added with the new one. Not if the SA is
 * offloaded.
 *
 * @param moves		for each policy; addresses, protocol and encapsulation are
 *					the same for all
 * @param count		number of policies
 * @param spi		SPI, network order
 * @return			TRUE if done, otherwise the SA is as it was
 */
bool rmobike_xfrm_turn(const rmobike_xfrm_move_t *moves, u_int count,
					   uint32_t spi);

#endif /** RMOBIKE_XFRM_H_ @}*/
