/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_address_lost rmobike_address_lost
 * @{ @ingroup rmobike
 *
 * Watches addresses: if the one that an IKE_SA uses is gone, asks its peer to
 * switch to the best that remains.
 *
 * charon as responder would send from another address, which a NAT in front of
 * the peer drops, and delete the IKE_SA when there is no answer. So the method
 * roam() of each IKE_SA whose peer can be asked is replaced: it is called, with
 * the IKE_SA checked out, 100 ms after addresses or routes changed. If no
 * address is left to try charon may do that after all, until the peer updates
 * the path.
 *
 * IKE_SAs whose address was removed don't wait that long. What charon calls
 * later has them tell their peers what addresses there are.
 */

#ifndef RMOBIKE_ADDRESS_LOST_H_
#define RMOBIKE_ADDRESS_LOST_H_

#include "exchange/rmobike_rescue.h"
#include "kernel/rmobike_departures.h"
#include "responder/rmobike_ask.h"
#include "responder/rmobike_choice.h"
#include "responder/rmobike_drained.h"
#include "responder/rmobike_pacer.h"
#include "sa/rmobike_census.h"
#include "sa/rmobike_refs.h"
#include "sa/rmobike_switches.h"

#include <bus/listeners/listener.h>

typedef struct rmobike_address_lost_t rmobike_address_lost_t;

/**
 * Listener on the bus; there can be one.
 */
struct rmobike_address_lost_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * An address of ours was removed. Thread safe, doesn't block on IKE_SAs.
	 *
	 * @param address	the address
	 */
	void (*departed)(rmobike_address_lost_t *this, host_t *address);

	/**
	 * An IKE_SA was rekeyed: its address may be gone meanwhile.
	 *
	 * @param new		new IKE_SA
	 */
	void (*rekeyed)(rmobike_address_lost_t *this, ike_sa_t *new);

	/**
	 * Destroy a rmobike_address_lost_t, after it was removed from the bus and
	 * all IKE_SAs are gone.
	 */
	void (*destroy)(rmobike_address_lost_t *this);
};

/**
 * Create it.
 *
 * @param switches	records of IKE_SAs
 * @param ask		starts switches
 * @param choice		chooses addresses
 * @param drained	knows where nobody shall be
 * @param rescue		sees to it that they can
 * @param refs		follows IKE_SAs
 * @param pacer		tells whose turn it is if there are many
 * @param census	knows at which addresses IKE_SAs are
 * @param departures	knows if charon is about to call roam()
 */
rmobike_address_lost_t *rmobike_address_lost_create(
							rmobike_switches_t *switches, rmobike_ask_t *ask,
							rmobike_choice_t *choice,
							rmobike_drained_t *drained,
							rmobike_rescue_t *rescue,
							rmobike_refs_t *refs, rmobike_pacer_t *pacer,
							rmobike_census_t *census,
							rmobike_departures_t *departures);

#endif /** RMOBIKE_ADDRESS_LOST_H_ @}*/
