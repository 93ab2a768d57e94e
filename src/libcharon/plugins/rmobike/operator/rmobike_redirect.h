/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_redirect rmobike_redirect
 * @{ @ingroup rmobike
 *
 * With upgrade_redirect = yes, `swanctl --redirect --gateway <own address>`
 * switches peers that can be asked to, instead of having them set up another
 * IKE_SA: existing scripts gain it unchanged.
 */

#ifndef RMOBIKE_REDIRECT_H_
#define RMOBIKE_REDIRECT_H_

#include "responder/rmobike_ask.h"

#include <bus/listeners/listener.h>

typedef struct rmobike_redirect_t rmobike_redirect_t;

/**
 * Listener on the bus, replaces the method redirect() of each IKE_SA whose peer
 * can be asked; there can be one.
 */
struct rmobike_redirect_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * An IKE_SA was rekeyed.
	 *
	 * @param new		new IKE_SA
	 */
	void (*rekeyed)(rmobike_redirect_t *this, ike_sa_t *new);

	/**
	 * Destroy a rmobike_redirect_t, after it was removed from the bus and all
	 * IKE_SAs are gone.
	 */
	void (*destroy)(rmobike_redirect_t *this);
};

/**
 * Create it.
 *
 * @param ask		asks peers
 */
rmobike_redirect_t *rmobike_redirect_create(rmobike_ask_t *ask);

#endif /** RMOBIKE_REDIRECT_H_ @}*/
