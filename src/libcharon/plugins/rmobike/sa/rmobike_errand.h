/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_errand rmobike_errand
 * @{ @ingroup rmobike
 *
 * Something to do with an IKE_SA in a job of its own, where nothing is locked
 * and no IKE_SA is checked out.
 */

#ifndef RMOBIKE_ERRAND_H_
#define RMOBIKE_ERRAND_H_

#include "sa/rmobike_refs.h"

/**
 * Does it.
 *
 * @param user		supplied user data
 * @param ike_sa	IKE_SA, checked out
 * @return			DESTROY_ME to destroy the IKE_SA
 */
typedef status_t (*rmobike_errand_t)(void *user, ike_sa_t *ike_sa);

/**
 * Queue a job that does something with an IKE_SA, unless that is gone by then.
 *
 * @param ref		the IKE_SA, adopted
 * @param ms		in how many milliseconds, 0 for as soon as possible
 * @param cb		does it
 * @param user		data to pass, which has to live as long as the daemon's jobs
 */
void rmobike_errand_queue(rmobike_ref_t *ref, u_int ms, rmobike_errand_t cb,
						  void *user);

#endif /** RMOBIKE_ERRAND_H_ @}*/
