/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_stats rmobike_stats
 * @{ @ingroup rmobike
 *
 * Counts what happened since the daemon started.
 */

#ifndef RMOBIKE_STATS_H_
#define RMOBIKE_STATS_H_

#include <collections/enumerator.h>

typedef struct rmobike_stats_t rmobike_stats_t;
typedef enum rmobike_counter_t rmobike_counter_t;

/**
 * What is counted.
 */
enum rmobike_counter_t {
	/** switches that peers were asked for, as responder */
	RMOBIKE_COUNT_ASKED,
	/** ended at the new address */
	RMOBIKE_COUNT_DONE,
	/** ended refused, by reason */
	RMOBIKE_COUNT_REFUSED,
	/** ended without an answer */
	RMOBIKE_COUNT_TIMEOUT,
	/** ended otherwise, by reason */
	RMOBIKE_COUNT_FAILED,
	/** replaced by a newer one */
	RMOBIKE_COUNT_SUPERSEDED,
	/** peers redirected because they can't be switched */
	RMOBIKE_COUNT_REDIRECTED,
	/** selected, but never started */
	RMOBIKE_COUNT_CANCELLED,
	/** selected, but where they shall be: neither asked for nor moved */
	RMOBIKE_COUNT_IN_PLACE,
	/** SWITCH_TO_IP_ADDRESS received, as initiator */
	RMOBIKE_COUNT_RECEIVED,
	/** and accepted */
	RMOBIKE_COUNT_ACCEPTED,
	/** and refused or ignored, by reason */
	RMOBIKE_COUNT_IGNORED,
	/** went back because the new address was silent */
	RMOBIKE_COUNT_REVERTED,
	/** arrived at the new address */
	RMOBIKE_COUNT_SWITCHED,
	/** all IKE_SAs of the other node were taken over */
	RMOBIKE_COUNT_TAKEOVERS,
	/** IKE_SAs taken over from it */
	RMOBIKE_COUNT_TAKEN,
	/** number of counters */
	RMOBIKE_COUNTERS,
};

/**
 * Names as used in vici messages.
 */
extern enum_name_t *rmobike_counter_names;

/**
 * Upper bounds of the latency histogram, in milliseconds, ends with 0 for all
 * that took longer.
 */
extern const u_int rmobike_stats_bounds[];

/**
 * Thread safe.
 */
struct rmobike_stats_t {

	/**
	 * Count something.
	 *
	 * @param counter	what
	 * @param reason	why, static text, NULL if that is clear
	 */
	void (*count)(rmobike_stats_t *this, rmobike_counter_t counter,
				  const char *reason);

	/**
	 * Count a switch that is done.
	 *
	 * @param ms		milliseconds it took
	 */
	void (*add_latency)(rmobike_stats_t *this, double ms);

	/**
	 * Get a counter.
	 *
	 * @param counter	which
	 * @return			its value
	 */
	uint64_t (*get)(rmobike_stats_t *this, rmobike_counter_t counter);

	/**
	 * Get a part of the histogram, which are not cumulated.
	 *
	 * @param i			position in rmobike_stats_bounds
	 * @param sum		receives the sum of all, in milliseconds, may be NULL
	 * @return			number of switches
	 */
	uint64_t (*get_latency)(rmobike_stats_t *this, int i, double *sum);

	/**
	 * Enumerate the reasons of a counter.
	 *
	 * @param counter	which
	 * @return			enumerator over (const char *reason, uint64_t count)
	 */
	enumerator_t *(*create_reason_enumerator)(rmobike_stats_t *this,
											  rmobike_counter_t counter);

	/**
	 * Destroy a rmobike_stats_t.
	 */
	void (*destroy)(rmobike_stats_t *this);
};

/**
 * Create counters.
 */
rmobike_stats_t *rmobike_stats_create(void);

#endif /** RMOBIKE_STATS_H_ @}*/
