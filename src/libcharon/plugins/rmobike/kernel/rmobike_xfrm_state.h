/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_xfrm_state rmobike_xfrm_state
 * @{ @ingroup rmobike
 *
 * Single SAs in the Linux kernel, whichever IKE_SA they belong to.
 */

#ifndef RMOBIKE_XFRM_STATE_H_
#define RMOBIKE_XFRM_STATE_H_

#include <collections/array.h>
#include <daemon.h>

/**
 * Check if the kernel has an SA.
 *
 * @param id		which one; its source does not matter
 * @return			TRUE if there is such an SA
 */
bool rmobike_xfrm_state_exists(kernel_ipsec_sa_id_t *id);

/**
 * Check if the kernel has an SA, but keeps its keys to itself.
 *
 * @param id		which one
 * @return			TRUE if it could not be added again
 */
bool rmobike_xfrm_state_is_locked(kernel_ipsec_sa_id_t *id);

/**
 * Check if the kernel has an SA, and that is in hardware.
 *
 * @param id		which one
 * @return			TRUE if so
 */
bool rmobike_xfrm_state_is_offloaded(kernel_ipsec_sa_id_t *id);

/**
 * Make room for an SA that is about to come to another address. Its SPI may be
 * allocated there: the kernel keeps that for minutes if the IKE_SA moved before
 * the SA was added, or if a packet was to be sent there when the SA had left
 * and the policy had not, and lets nobody else have it.
 *
 * @param id		how it will be identified: with its new destination and, if
 *					it has one, its mark
 * @return			TRUE if there was such an SA, and it is gone
 */
bool rmobike_xfrm_state_make_room(kernel_ipsec_sa_id_t *id);

/**
 * Check if the kernel can migrate an SA, asking it once.
 *
 * @return			TRUE since Linux 7.2, with CONFIG_XFRM_MIGRATE
 */
bool rmobike_xfrm_state_can_migrate(void);

/**
 * Give an SA other addresses, ports, UDP encapsulation and reqid as charon
 * wants it, in one step, and have policies refer to it; inbound ones accept any
 * source until they are added again. The kernel's XFRM_MSG_MIGRATE_STATE, of
 * which charon before 6.1.0 logs "unknown event".
 *
 * Not for SAs that are offloaded to hardware, compressed or not in tunnel mode.
 * Fails if there is another one with that SPI at the new address.
 *
 * @param id		which one
 * @param data		what shall change
 * @param policies	kernel_ipsec_policy_id_t of policies that refer to it
 * @return			FALSE if nothing changed
 */
bool rmobike_xfrm_state_migrate(kernel_ipsec_sa_id_t *id,
								kernel_ipsec_update_sa_t *data,
								array_t *policies);

#endif /** RMOBIKE_XFRM_STATE_H_ @}*/
