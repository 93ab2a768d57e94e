/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_xfrm_policy rmobike_xfrm_policy
 * @{ @ingroup rmobike
 *
 * Changes IPsec policies together with the SAs that they refer to. What is said
 * of rmobike_xfrm is so here as well.
 */

#ifndef RMOBIKE_XFRM_POLICY_H_
#define RMOBIKE_XFRM_POLICY_H_

#include "kernel/rmobike_xfrm.h"

/**
 * Give an outbound SA another source, and have policies refer to that, in one
 * go for the packets that pass (XFRM_MSG_MIGRATE). Not if the SA is offloaded.
 *
 * The kernel is not told the SPI, if there are several SAs with that reqid and
 * these addresses it chooses one. It copies the SA, which may send meanwhile,
 * so the new one jumps ahead before a policy refers to it. And it takes the old
 * one away from packets that have chosen it and are not encrypted yet.
 *
 * @param moves		for each policy; addresses, protocol and encapsulation are
 *					the same for all
 * @param count		number of policies
 * @param spi		SPI, network order
 * @return			TRUE if the SA has its new addresses
 */
bool rmobike_xfrm_policy_move(const rmobike_xfrm_move_t *moves, u_int count,
							  uint32_t spi);

/**
 * Convert traffic selectors to a selector of a policy.
 *
 * @param sel		all zero, receives it
 * @param src		source
 * @param dst		destination
 * @return			FALSE if the policy's may be another one, by rounding
 */
bool rmobike_xfrm_policy_selector(struct xfrm_selector *sel,
								  traffic_selector_t *src,
								  traffic_selector_t *dst);

/**
 * Start a request to update a policy, with what the kernel tells about it.
 *
 * @param id		which one
 * @param request	receives the request
 * @return			its template, to be changed, NULL if there is no such policy
 */
struct xfrm_user_tmpl *rmobike_xfrm_policy_start_update(
											const kernel_ipsec_policy_id_t *id,
											rmobike_netlink_t *request);

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
bool rmobike_xfrm_policy_turn(const rmobike_xfrm_move_t *moves, u_int count,
							  uint32_t spi);

#endif /** RMOBIKE_XFRM_POLICY_H_ @}*/
