/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_mapping rmobike_mapping
 * @{ @ingroup rmobike
 *
 * Initiator: tells the responder where the NAT has us now, once in each IKE_SA.
 *
 * charon notices that the mapping changed by comparing what a DPD says with
 * what the first one of the IKE_SA said (RFC 4555, 3.8). That is taken for the
 * mapping which the responder knows, but the NAT may have forgotten that
 * before: since the IKE_SA was established or rekeyed, or since the last DPD
 * before that. The responder then answers, but all that it sends by itself,
 * ESP as well, is lost for good.
 *
 * So if a DPD is answered, and there is a NAT, an update follows. Not if there
 * is one anyway, and not while we may be elsewhere soon: the next DPD will do.
 */

#ifndef RMOBIKE_MAPPING_H_
#define RMOBIKE_MAPPING_H_

#include "sa/rmobike_accepted.h"
#include "sa/rmobike_records.h"
#include "sa/rmobike_stats.h"

#include <bus/listeners/listener.h>

typedef struct rmobike_mapping_t rmobike_mapping_t;

/**
 * Listener on the bus, before those that change where a response came from.
 */
struct rmobike_mapping_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * We refused to switch and check if the responder is there, it is not to
	 * take that for more than a refusal: what is queued next must be no update.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	void (*wait)(rmobike_mapping_t *this, ike_sa_t *ike_sa);

	/**
	 * Destroy a rmobike_mapping_t, after it was removed from the bus.
	 */
	void (*destroy)(rmobike_mapping_t *this);
};

/**
 * Create it.
 *
 * @param records	records of IKE_SAs
 * @param accepted	records of what we accepted
 * @param stats		counts what becomes of updates
 */
rmobike_mapping_t *rmobike_mapping_create(rmobike_records_t *records,
										  rmobike_accepted_t *accepted,
										  rmobike_stats_t *stats);

#endif /** RMOBIKE_MAPPING_H_ @}*/
