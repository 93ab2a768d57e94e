/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_profile rmobike_profile
 * @{ @ingroup rmobike
 *
 * What a node of a cluster tells the other one of itself, and whether IKE_SAs
 * can go from one to the other.
 */

#ifndef RMOBIKE_PROFILE_H_
#define RMOBIKE_PROFILE_H_

#include "base/rmobike_weights.h"

typedef struct rmobike_profile_t rmobike_profile_t;

/**
 * Longest version that is told, with the zero at its end.
 */
#define RMOBIKE_PROFILE_VERSION 32

/**
 * A node.
 */
struct rmobike_profile_t {
	/** version of strongSwan */
	char version[RMOBIKE_PROFILE_VERSION];
	/** version of the messages of its ha plugin */
	u_int ha;
	/** TRUE if it translates them for a node with another one */
	bool interprets;
	/** range of the SPIs that its kernel chooses from */
	uint32_t spi_min, spi_max;
	/** addresses with IKE_SAs, and how many these are (as weights) */
	rmobike_weights_t *sas;
};

/**
 * Encode a profile.
 *
 * @param profile	profile
 * @return			octets, allocated
 */
chunk_t rmobike_profile_write(const rmobike_profile_t *profile);

/**
 * Decode a profile.
 *
 * @param data		octets
 * @param profile	receives it, to be cleared
 * @return			FALSE if it is not one, nothing is to be cleared then
 */
bool rmobike_profile_read(chunk_t data, rmobike_profile_t *profile);

/**
 * Find out why IKE_SAs can't go from one node to the other.
 *
 * @param a			one node
 * @param b			the other one
 * @return			reason, static; NULL if they can
 */
const char *rmobike_profile_conflict(const rmobike_profile_t *a,
									 const rmobike_profile_t *b);

/**
 * Free what a profile refers to, if anything, and set it to zeros.
 */
void rmobike_profile_clear(rmobike_profile_t *profile);

#endif /** RMOBIKE_PROFILE_H_ @}*/
