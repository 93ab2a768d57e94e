/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_advice rmobike_advice
 * @{ @ingroup rmobike
 *
 * As initiator: responders that reject MOBIKE_SUPPORTED if it has data, as
 * OpenIKED does, answer without. Then there is no MOBIKE at all, and nothing
 * tells why.
 */

#ifndef RMOBIKE_ADVICE_H_
#define RMOBIKE_ADVICE_H_

#include <daemon.h>

typedef struct rmobike_advice_t rmobike_advice_t;

/**
 * Thread safe, nothing blocks.
 */
struct rmobike_advice_t {

	/**
	 * An IKE_SA is established: if its responder was told that we can be asked,
	 * and there is no MOBIKE, the log tells what to set, once per connection.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	void (*established)(rmobike_advice_t *this, ike_sa_t *ike_sa);

	/**
	 * Destroy a rmobike_advice_t, after all jobs are gone.
	 */
	void (*destroy)(rmobike_advice_t *this);
};

/**
 * Create it.
 */
rmobike_advice_t *rmobike_advice_create();

#endif /** RMOBIKE_ADVICE_H_ @}*/
