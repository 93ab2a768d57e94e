/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_census rmobike_census
 * @{ @ingroup rmobike
 *
 * Counts the IKE_SAs at each of our addresses, as responder. And keeps what
 * others tell about theirs.
 */

#ifndef RMOBIKE_CENSUS_H_
#define RMOBIKE_CENSUS_H_

#include "base/rmobike_weights.h"
#include "sa/rmobike_records.h"

#include <bus/listeners/listener.h>
#include <networking/host.h>

typedef struct rmobike_census_t rmobike_census_t;

/**
 * Listener on the bus. Thread safe, doesn't block on IKE_SAs.
 */
struct rmobike_census_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * Count the IKE_SAs at an address.
	 *
	 * @param address	address, of ours or told of
	 * @param capable	receives how many of them can be switched, may be NULL
	 * @return			number of IKE_SAs
	 */
	u_int (*count)(rmobike_census_t *this, host_t *address, u_int *capable);

	/**
	 * Count the IKE_SAs that can't be switched.
	 *
	 * @param mobike	receives how many of them have MOBIKE only
	 * @param none		receives how many don't have that
	 */
	void (*count_others)(rmobike_census_t *this, u_int *mobike, u_int *none);

	/**
	 * Note how many IKE_SAs there are at addresses that are not ours.
	 *
	 * @param sas		addresses and numbers, instead of those noted before,
	 *					adopted
	 */
	void (*set_elsewhere)(rmobike_census_t *this, rmobike_weights_t *sas);

	/**
	 * Enumerate our addresses that have IKE_SAs, and how many those are now.
	 *
	 * @return			enumerator over (host_t*, u_int sas, u_int capable)
	 */
	enumerator_t *(*create_enumerator)(rmobike_census_t *this);

	/**
	 * Destroy a rmobike_census_t, after it was removed from the bus.
	 */
	void (*destroy)(rmobike_census_t *this);
};

/**
 * Create it; IKE_SAs that are established already are not counted.
 */
rmobike_census_t *rmobike_census_create(rmobike_records_t *records);

#endif /** RMOBIKE_CENSUS_H_ @}*/
