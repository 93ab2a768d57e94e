/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_gaps rmobike_gaps
 * @{ @ingroup rmobike
 *
 * SAs that charon moves by itself, which takes them out of the kernel and adds
 * them again. If a packet was to be sent in between the kernel would allocate
 * the SPI, as policies name it, and the SA could not be added any more. So that
 * packets have to be dropped for that time.
 */

#ifndef RMOBIKE_GAPS_H_
#define RMOBIKE_GAPS_H_

#include <collections/array.h>
#include <daemon.h>

/**
 * Find the SAs of an IKE_SA that charon moves.
 *
 * @param ike_sa	IKE_SA that is about to move within an address family
 * @return			SPIs of outbound ones, to be freed; NULL if there is none
 */
array_t *rmobike_gaps_find(ike_sa_t *ike_sa);

/**
 * Does a policy belong to such an SA?
 *
 * @param gaps		what was found
 * @param policy	what charon passed to add_policy() or del_policy()
 * @return			TRUE if it does
 */
bool rmobike_gaps_include(array_t *gaps, kernel_ipsec_manage_policy_t *policy);

#endif /** RMOBIKE_GAPS_H_ @}*/
