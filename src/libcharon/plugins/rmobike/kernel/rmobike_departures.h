/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_departures rmobike_departures
 * @{ @ingroup rmobike
 *
 * Hears from the kernel that an address of this machine is gone, at once:
 * charon hears it as well, but waits 100 ms for what else may change before it
 * tells.
 */

#ifndef RMOBIKE_DEPARTURES_H_
#define RMOBIKE_DEPARTURES_H_

#include <kernel/kernel_listener.h>
#include <networking/host.h>

/**
 * Milliseconds until charon calls roam(), if it does; it waits for 100
 */
#define RMOBIKE_DEPARTURES_ROAM 300

typedef struct rmobike_departures_t rmobike_departures_t;

/**
 * An address was removed. It may be back already, and charon may not know yet.
 * Called by a thread of the pool that other sockets are waiting for.
 *
 * @param user		data that was supplied
 * @param address	the address
 */
typedef void (*rmobike_departures_cb_t)(void *user, host_t *address);

/**
 * Thread safe.
 */
struct rmobike_departures_t {

	/**
	 * Implements kernel_listener_t interface.
	 */
	kernel_listener_t listener;

	/**
	 * Begin to listen, unless charon is not to do so (roam_events). Can be
	 * called once; there is a line in the log if it is not possible.
	 *
	 * @param cb		to be called
	 * @param user		data to pass
	 */
	void (*listen)(rmobike_departures_t *this, rmobike_departures_cb_t cb,
				   void *user);

	/**
	 * Don't listen anymore. Waits for a call that is under way.
	 */
	void (*unlisten)(rmobike_departures_t *this);

	/**
	 * Check if an address was removed just now, and charon has yet to tell all
	 * IKE_SAs. It may not do so for each address.
	 *
	 * @return			TRUE if it is likely to call roam()
	 */
	bool (*roam_follows)(rmobike_departures_t *this);

	/**
	 * Check if charon called roam() because of addresses in the last
	 * RMOBIKE_DEPARTURES_ROAM milliseconds.
	 *
	 * @return			TRUE if it did
	 */
	bool (*has_roamed)(rmobike_departures_t *this);

	/**
	 * Destroy a rmobike_departures_t.
	 */
	void (*destroy)(rmobike_departures_t *this);
};

/**
 * Create it.
 */
rmobike_departures_t *rmobike_departures_create(void);

#endif /** RMOBIKE_DEPARTURES_H_ @}*/
