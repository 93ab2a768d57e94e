/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_echo rmobike_echo
 * @{ @ingroup rmobike
 *
 * As initiator: who asks again did not get the answer. If the responder lost
 * the address that it asks from it can't get it there, and can't ask for a
 * switch before it did (RFC 7296, 2.3). So an answer that is asked for again
 * is also sent to the addresses that the responder announced. charon compares
 * requests with the one that it verified. The answer that we keep is sent at
 * once: charon would drop a copy of the request while it processes that.
 */

#ifndef RMOBIKE_ECHO_H_
#define RMOBIKE_ECHO_H_

#include "sa/rmobike_accepted.h"

#include <bus/listeners/listener.h>

typedef struct rmobike_echo_t rmobike_echo_t;

/**
 * Listener on the bus.
 */
struct rmobike_echo_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * An IKE_SA was rekeyed: what is answered on the old one goes to the
	 * addresses that the new one knows.
	 *
	 * @param old		old IKE_SA
	 * @param new		new IKE_SA
	 */
	void (*rekeyed)(rmobike_echo_t *this, ike_sa_t *old, ike_sa_t *new);

	/**
	 * Destroy a rmobike_echo_t, after it was removed from the bus.
	 */
	void (*destroy)(rmobike_echo_t *this);
};

/**
 * Create it.
 *
 * @param records	records of IKE_SAs
 * @param accepted	limits how often this is done
 */
rmobike_echo_t *rmobike_echo_create(rmobike_records_t *records,
									rmobike_accepted_t *accepted);

#endif /** RMOBIKE_ECHO_H_ @}*/
