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

#include "rmobike_netlink.h"

#include <daemon.h>

/**
 * Check if the kernel gave the keys of an SA, see rmobike_keys.h. Tells in the
 * log if not, once.
 *
 * @param sa		an XFRM_MSG_NEWSA
 * @return			FALSE if a key is missing
 */
bool rmobike_xfrm_state_has_keys(rmobike_netlink_t *sa);

/**
 * Check if the kernel has an SA, but keeps its keys to itself.
 *
 * @param id		which one
 * @return			TRUE if it could not be added again
 */
bool rmobike_xfrm_state_is_locked(kernel_ipsec_sa_id_t *id);

#endif /** RMOBIKE_XFRM_STATE_H_ @}*/
