/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_switches rmobike_switches
 * @{ @ingroup rmobike
 *
 * What we, as responder, know of each IKE_SA: the last switch that we asked its
 * peer for.
 */

#ifndef RMOBIKE_SWITCHES_H_
#define RMOBIKE_SWITCHES_H_

#include "sa/rmobike_records.h"
#include "sa/rmobike_switch.h"

#include <library.h>
#include <networking/host.h>

typedef struct rmobike_switches_t rmobike_switches_t;

/**
 * How many moves of an IKE_SA are remembered
 */
#define RMOBIKE_RECENT_MAX 8

/**
 * Called once for each switch when it ended, by the thread that ended it (maybe
 * with its IKE_SA checked out), without any lock of ours.
 *
 * @param user		supplied user data
 * @param ended		the switch, valid during the call
 */
typedef void (*rmobike_ended_t)(void *user, const rmobike_switch_t *ended);

/**
 * The last switch of each IKE_SA. All methods are thread safe and don't block
 * on any IKE_SA.
 */
struct rmobike_switches_t {

	/**
	 * Add a function to call when a switch ended.
	 *
	 * @param cb		function
	 * @param user		data to pass
	 */
	void (*add_listener)(rmobike_switches_t *this, rmobike_ended_t cb,
						 void *user);

	/**
	 * Remove a function. It may still be running in another thread.
	 *
	 * @param user		data it was added with
	 */
	void (*remove_listener)(rmobike_switches_t *this, void *user);

	/**
	 * A switch starts; one that is pending on the same IKE_SA ends as failed.
	 *
	 * @param start		IKE_SA (id, name, peer_id, from, remote), target and
	 *					tag, cloned
	 * @return			serial number of the switch
	 */
	u_int (*begin)(rmobike_switches_t *this, const rmobike_switch_t *start);

	/**
	 * Get the IKE_SA of a pending switch, which is another one after it was
	 * rekeyed.
	 *
	 * @param serial	serial number of the switch
	 * @return			unique ID, 0 if it ended
	 */
	uint32_t (*get_id)(rmobike_switches_t *this, u_int serial);

	/**
	 * Tell those who want to know what ended of something that never began: an
	 * IKE_SA that was selected, but not asked.
	 *
	 * @param ended		what became of it instead
	 */
	void (*tell)(rmobike_switches_t *this, const rmobike_switch_t *ended);

	/**
	 * Check if a switch has neither been answered nor ended.
	 *
	 * @param serial	serial number of the switch
	 * @return			TRUE if the peer is still to be asked
	 */
	bool (*is_asked)(rmobike_switches_t *this, u_int serial);

	/**
	 * The peer is not asked, but led by means of MOBIKE alone.
	 *
	 * @param serial	serial number of the switch
	 * @param redirect	TRUE if it is redirected if it does not follow
	 */
	void (*lead)(rmobike_switches_t *this, u_int serial, bool redirect);

	/**
	 * The peer answered.
	 *
	 * @param serial	serial number of the switch
	 * @param new_path	TRUE if the response came to the new address
	 */
	void (*answered)(rmobike_switches_t *this, u_int serial, bool new_path);

	/**
	 * A peer sent a request. One that answered on the old path and goes on to
	 * use it probably stays there. But others answer there before they update
	 * (the draft since revision 03), and what was in the air or queued when
	 * they were asked comes first, as only one request at a time may be in the
	 * air (RFC 7296, 2.3). They send the next one, or the update, when this one
	 * is answered; so if nothing follows for as long as that may take it is a
	 * refusal. One that is led is where its last request came to, and one that
	 * updates another path will not follow anymore.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param local		address that it arrived at
	 * @param update	TRUE if it is an update, or the check of a path
	 * @param serial	gets the serial number of the switch
	 * @param requests	gets the number of such requests so far
	 * @return			milliseconds until quiet() is to be called with these, 0
	 *					if it is not
	 */
	u_int (*requested)(rmobike_switches_t *this, uint32_t id, host_t *local,
					   bool update, u_int *serial, u_int *requests);

	/**
	 * Some time went by after a request: ends a switch as refused if it was the
	 * last one.
	 *
	 * @param serial	serial number of the switch
	 * @param requests	number of requests there were then
	 */
	void (*quiet)(rmobike_switches_t *this, u_int serial, u_int requests);

	/**
	 * A peer updated an IKE_SA (RFC 4555, 3.5): ends a pending switch to that
	 * address as done.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param local		our address from now on
	 * @param other		TRUE if it was at another one before
	 */
	void (*moved)(rmobike_switches_t *this, uint32_t id, host_t *local,
				  bool other);

	/**
	 * Count the moves of an IKE_SA that we asked for, and those of its own, as
	 * its peer does for max_switches.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param interval	how far to look back, in seconds
	 * @return			number of both, RMOBIKE_RECENT_MAX for more as well
	 */
	u_int (*count_recent)(rmobike_switches_t *this, uint32_t id,
						  u_int interval);

	/**
	 * A peer completed its check or update on the path it had before, see
	 * rmobike_update_task.h: ends a pending switch as done if that is where it
	 * was asked to be, as failed otherwise, if it was answered.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @param local		our address
	 */
	void (*stayed)(rmobike_switches_t *this, uint32_t id, host_t *local);

	/**
	 * End a switch, if it did not yet.
	 *
	 * @param serial	serial number of the switch
	 * @param state		one of the final states
	 * @param reason	static text, or NULL
	 */
	void (*end)(rmobike_switches_t *this, u_int serial, rmobike_state_t state,
				const char *reason);

	/**
	 * The time for a switch is over: ends it, if it did not yet, as what the
	 * peer's silence means.
	 *
	 * @param serial	serial number of the switch
	 */
	void (*expire)(rmobike_switches_t *this, u_int serial);

	/**
	 * Get the last switch of an IKE_SA.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @return			copy, to be freed with rmobike_switch_destroy(), or NULL
	 */
	rmobike_switch_t *(*get_switch)(rmobike_switches_t *this, uint32_t id);

	/**
	 * Get the switch that the peer of an IKE_SA has not answered to yet.
	 *
	 * @param id		unique ID of the IKE_SA
	 * @return			serial number of the switch, 0 if there is none
	 */
	u_int (*get_unanswered)(rmobike_switches_t *this, uint32_t id);

	/**
	 * An IKE_SA is gone: ends a pending switch as failed.
	 *
	 * @param id		unique ID of the IKE_SA
	 */
	void (*gone)(rmobike_switches_t *this, uint32_t id);

	/**
	 * Destroy a rmobike_switches_t; pending switches don't end.
	 */
	void (*destroy)(rmobike_switches_t *this);
};

/**
 * Create it.
 *
 * @param records	records of IKE_SAs
 */
rmobike_switches_t *rmobike_switches_create(rmobike_records_t *records);

#endif /** RMOBIKE_SWITCHES_H_ @}*/
