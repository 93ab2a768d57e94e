/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_mover rmobike_mover
 * @{ @ingroup rmobike
 *
 * Moves many IKE_SAs: one move at a time, a limited number of switches under
 * way in it.
 */

#ifndef RMOBIKE_MOVER_H_
#define RMOBIKE_MOVER_H_

#include "base/rmobike_weights.h"
#include "operator/rmobike_selector.h"
#include "responder/rmobike_ask.h"
#include "responder/rmobike_pacer.h"
#include "sa/rmobike_stats.h"
#include "sa/rmobike_switches.h"

#include <daemon.h>

typedef struct rmobike_mover_t rmobike_mover_t;
typedef struct rmobike_move_t rmobike_move_t;

/**
 * Chooses an address for an IKE_SA.
 *
 * @param user		supplied user data
 * @param ike_sa	IKE_SA, checked out
 * @return			address, NULL if there is none
 */
typedef host_t *(*rmobike_chooser_t)(void *user, ike_sa_t *ike_sa);

/**
 * Default of rmobike_move_t.max_in_flight
 */
#define RMOBIKE_MAX_IN_FLIGHT 64

/**
 * What to do, and how.
 */
struct rmobike_move_t {
	/** which IKE_SAs */
	rmobike_selector_t selector;
	/** addresses of this machine to switch to, NULL for the best that each peer
	 * can be asked for, besides its own */
	rmobike_weights_t *targets;
	/** how many IKE_SAs are at each of them and stay there, NULL for none */
	u_int *load;
	/** how many switches may be under way */
	u_int max_in_flight;
	/** how many may start per second, 0 for any number */
	u_int rate;
	/** how many may end other than done before the rest is cancelled, 0 for any
	 * number */
	u_int max_failures;
	/** only tell what would be done */
	bool dry_run;
	/** lead peers that can't be asked by means of MOBIKE alone, if possible */
	bool mobike;
	/** redirect those that can't be asked or led, or were led in vain */
	bool redirect;
	/** it is no error if there is nothing to do */
	bool may_be_empty;
	/** operator's text for the records, NULL for none */
	const char *tag;
	/** chooses addresses if there are no targets, NULL for who else does; who
	 * gets none stays where it is */
	rmobike_chooser_t chooser;
	/** data to pass */
	void *user;
};

/**
 * Thread safe.
 */
struct rmobike_mover_t {

	/**
	 * Start a move. Each selected IKE_SA ends in the records, or is told to
	 * those who listen there; some even before this returns.
	 *
	 * Must not be called with an IKE_SA checked out. Locks the table of IKE_SAs
	 * only to select them, what is to be done is left to jobs.
	 *
	 * @param move		what to do, cloned
	 * @param why		receives the reason if nothing can be started
	 * @param len		size of that buffer
	 * @return			number of selected IKE_SAs, 0 on errors
	 */
	u_int (*start)(rmobike_mover_t *this, const rmobike_move_t *move,
				   char *why, size_t len);

	/**
	 * Don't start what has not been started yet.
	 *
	 * @param in_flight	receives how many are under way
	 * @return			number of IKE_SAs that stay where they are
	 */
	u_int (*cancel)(rmobike_mover_t *this, u_int *in_flight);

	/**
	 * Get the state of the current move.
	 *
	 * @param in_flight	receives how many are under way
	 * @return			number of IKE_SAs that were not started yet
	 */
	u_int (*get_queued)(rmobike_mover_t *this, u_int *in_flight);

	/**
	 * Set who chooses addresses if a move does not say any.
	 *
	 * @param cb		function to call
	 * @param user		data to pass
	 */
	void (*set_chooser)(rmobike_mover_t *this, rmobike_chooser_t cb,
						void *user);

	/**
	 * Destroy a rmobike_mover_t, after all jobs and timers are gone.
	 */
	void (*destroy)(rmobike_mover_t *this);
};

/**
 * Create a mover.
 *
 * @param switches	records of IKE_SAs
 * @param ask		asks peers
 * @param refs		follows IKE_SAs that are rekeyed before it is their turn
 * @param stats		counts what never began
 * @param pacer		tells whose turn it is
 */
rmobike_mover_t *rmobike_mover_create(rmobike_switches_t *switches,
									  rmobike_ask_t *ask,
									  rmobike_refs_t *refs,
									  rmobike_stats_t *stats,
									  rmobike_pacer_t *pacer);

#endif /** RMOBIKE_MOVER_H_ @}*/
