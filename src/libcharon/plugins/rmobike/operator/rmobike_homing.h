/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_homing rmobike_homing
 * @{ @ingroup rmobike
 *
 * Has IKE_SAs return to a better address: to one that is preferred, once it has
 * been usable for prefer_after, or to any that is not drained.
 *
 * If an address is back less than an hour after such a wait, the next one is
 * twice as long, an hour at most. An IKE_SA returns only if its peer, who
 * follows max_switches within switch_interval, would follow another one after
 * that: it may have to leave again.
 */

#ifndef RMOBIKE_HOMING_H_
#define RMOBIKE_HOMING_H_

#include "operator/rmobike_mover.h"
#include "responder/rmobike_choice.h"
#include "responder/rmobike_drained.h"

#include <kernel/kernel_listener.h>

typedef struct rmobike_homing_t rmobike_homing_t;

/**
 * Listener of the kernel interface. Thread safe, nothing but start() blocks.
 */
struct rmobike_homing_t {

	/**
	 * Implements kernel_listener_t: addresses or routes changed.
	 */
	kernel_listener_t listener;

	/**
	 * See which addresses are usable, in a job.
	 *
	 * @param reload	TRUE if options were read: some may have to leave
	 */
	void (*look)(rmobike_homing_t *this, bool reload);

	/**
	 * An address was removed. It may be back before roam() is called, and those
	 * that left it belong there all the same, once it was there for a while.
	 *
	 * @param address	the address
	 */
	void (*departed)(rmobike_homing_t *this, host_t *address);

	/**
	 * Have all IKE_SAs go to the best address, without a wait.
	 *
	 * @param move		how; selector and targets are not used
	 * @param matches	receives the number of selected IKE_SAs
	 * @param why		receives the reason for a failure
	 * @param len		size of that buffer
	 * @return			FALSE if the move can't be started
	 */
	bool (*start)(rmobike_homing_t *this, const rmobike_move_t *move,
				  u_int *matches, char *why, size_t len);

	/**
	 * Get what is known of an address.
	 *
	 * @param address	address
	 * @param wait		receives the seconds until IKE_SAs return there
	 * @param moved		receives when one came or left, in seconds since 1970
	 * @return			TRUE if it is usable: ours, up and not drained
	 */
	bool (*get)(rmobike_homing_t *this, host_t *address, u_int *wait,
				time_t *moved);

	/**
	 * Destroy a rmobike_homing_t, after all jobs and timers are gone.
	 */
	void (*destroy)(rmobike_homing_t *this);
};

/**
 * Create it.
 *
 * @param switches	records of IKE_SAs
 * @param mover		moves many
 * @param choice		knows the best address for an IKE_SA
 * @param drained	knows where nobody shall be
 */
rmobike_homing_t *rmobike_homing_create(rmobike_switches_t *switches,
										rmobike_mover_t *mover,
										rmobike_choice_t *choice,
										rmobike_drained_t *drained);

#endif /** RMOBIKE_HOMING_H_ @}*/
