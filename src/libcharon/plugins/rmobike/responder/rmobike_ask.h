/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_ask rmobike_ask
 * @{ @ingroup rmobike
 *
 * Asks the peer of one IKE_SA to switch, and limits the time it has for it.
 */

#ifndef RMOBIKE_ASK_H_
#define RMOBIKE_ASK_H_

#include "exchange/rmobike_raw_socket.h"
#include "kernel/rmobike_seamless.h"
#include "sa/rmobike_refs.h"
#include "sa/rmobike_stats.h"
#include "sa/rmobike_switches.h"

#include <daemon.h>

typedef struct rmobike_ask_t rmobike_ask_t;
typedef struct rmobike_elsewhere_t rmobike_elsewhere_t;

/**
 * Addresses that are not of this machine, but that IKE_SAs can go to.
 */
struct rmobike_elsewhere_t {

	/**
	 * Is an address one of these?
	 *
	 * @param user		supplied user data
	 * @param to		address
	 * @return			TRUE if it is
	 */
	bool (*has)(void *user, host_t *to);

	/**
	 * Find out why an IKE_SA can't go there.
	 *
	 * @param user		supplied user data
	 * @param ike_sa	IKE_SA, checked out; NULL for any at all
	 * @return			reason, static; NULL if nothing speaks against it
	 */
	const char *(*refuse)(void *user, ike_sa_t *ike_sa);

	/**
	 * Does anybody answer there?
	 *
	 * @param user		supplied user data
	 * @return			FALSE if clients can't be sent there in any way
	 */
	bool (*answers)(void *user);

	/**
	 * Did the client of an IKE_SA come from there a moment ago?
	 *
	 * @param user		supplied user data
	 * @param ike_sa	IKE_SA, checked out
	 */
	bool (*came)(void *user, ike_sa_t *ike_sa);

	/**
	 * Is an IKE_SA no client's, but connects us to who is there?
	 *
	 * @param user		supplied user data
	 * @param ike_sa	IKE_SA, checked out
	 */
	bool (*is_link)(void *user, ike_sa_t *ike_sa);

	/**
	 * Bring an IKE_SA there, and end its switch sooner or later.
	 *
	 * @param user		supplied user data
	 * @param ike_sa	IKE_SA, checked out
	 * @param serial	serial number of the switch
	 * @param to		address
	 */
	void (*go)(void *user, ike_sa_t *ike_sa, u_int serial, host_t *to);

	/** data to pass */
	void *user;
};

/**
 * Thread safe.
 */
struct rmobike_ask_t {

	/**
	 * Note a switch in the records, from now on it ends there sooner or later.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param to		address of this machine to switch to
	 * @param tag		text for the records, NULL for none
	 * @return			serial number of the switch
	 */
	u_int (*begin)(rmobike_ask_t *this, ike_sa_t *ike_sa, host_t *to,
				   const char *tag);

	/**
	 * Queue the exchange of a switch, if it is possible and needed, else end
	 * it. The tasks of the IKE_SA have to be initiated afterwards.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param serial	serial number of the switch
	 * @param to		address of this machine to switch to
	 * @param patient	TRUE if the answer may have to wait for other IKE_SAs
	 */
	void (*queue)(rmobike_ask_t *this, ike_sa_t *ike_sa, u_int serial,
				  host_t *to, bool patient);

	/**
	 * Find out why an IKE_SA can't be led to an address of this machine by
	 * means of MOBIKE alone.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param to		address
	 * @return			reason, static; NULL if nothing speaks against it
	 */
	const char *(*refuse_lead)(rmobike_ask_t *this, ike_sa_t *ike_sa,
							   host_t *to);

	/**
	 * Queue the exchange that does that, instead of the one of a switch. The
	 * tasks of the IKE_SA have to be initiated afterwards.
	 *
	 * @param ike_sa	IKE_SA, checked out, for which nothing speaks against it
	 * @param serial	serial number of the switch
	 * @param to		address of this machine
	 * @param redirect	redirect the peer if it does not go there
	 */
	void (*lead)(rmobike_ask_t *this, ike_sa_t *ike_sa, u_int serial,
				 host_t *to, bool redirect);

	/**
	 * Do both, and initiate the exchange in a job of its own.
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param to		address of this machine to switch to
	 * @param tag		text for the records, NULL for none
	 * @return			serial number of the switch, it may have ended already
	 */
	u_int (*initiate)(rmobike_ask_t *this, ike_sa_t *ike_sa, host_t *to,
					  const char *tag);

	/**
	 * Queue the exchange again, on the IKE_SA that replaced the one it was
	 * queued or sent on.
	 *
	 * @param ike_sa	new IKE_SA, checked out
	 * @param serial	serial number of the switch
	 */
	void (*resume)(rmobike_ask_t *this, ike_sa_t *ike_sa, u_int serial);

	/**
	 * Take other addresses for good as well, before any switch is asked for.
	 *
	 * @param elsewhere	what brings IKE_SAs there, copied
	 */
	void (*set_elsewhere)(rmobike_ask_t *this,
						  const rmobike_elsewhere_t *elsewhere);

	/**
	 * Is an address not of this machine, but one that IKE_SAs can go to?
	 *
	 * @param to		address
	 * @return			TRUE if it is
	 */
	bool (*is_elsewhere)(rmobike_ask_t *this, host_t *to);

	/**
	 * Find out why an IKE_SA can't be asked to go to an address.
	 *
	 * @param ike_sa	IKE_SA, checked out; NULL for any at all
	 * @param to		address, of this machine or elsewhere
	 * @return			reason, static; NULL if nothing speaks against it
	 */
	const char *(*refuse)(rmobike_ask_t *this, ike_sa_t *ike_sa, host_t *to);

	/**
	 * Can clients be sent to an address in other ways, if not be moved?
	 *
	 * @param to		address, of this machine or elsewhere
	 * @return			FALSE if nobody answers there
	 */
	bool (*answers)(rmobike_ask_t *this, host_t *to);

	/**
	 * Did the client of an IKE_SA come to us because somebody elsewhere wanted
	 * it to, or died?
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	bool (*came)(rmobike_ask_t *this, ike_sa_t *ike_sa);

	/**
	 * Is an IKE_SA no client's, but connects us to who is elsewhere?
	 *
	 * @param ike_sa	IKE_SA, checked out
	 */
	bool (*is_link)(rmobike_ask_t *this, ike_sa_t *ike_sa);

	/**
	 * As responder, a request of the peer arrived: if it was asked to switch
	 * and uses the address that it has, ends the switch as refused soon, see
	 * rmobike_switches_t.requested().
	 *
	 * @param ike_sa	IKE_SA, checked out
	 * @param message	request, decrypted and verified
	 */
	void (*heard)(rmobike_ask_t *this, ike_sa_t *ike_sa, message_t *message);

	/**
	 * Destroy a rmobike_ask_t, after all jobs and timers are gone.
	 */
	void (*destroy)(rmobike_ask_t *this);
};

/**
 * Create an asker.
 *
 * @param switches	records of IKE_SAs
 * @param seamless	moves CHILD_SAs without a gap
 * @param raw_socket	sends from addresses that are gone, NULL not to
 * @param refs		follows IKE_SAs that are rekeyed
 * @param stats		counts what became of switches
 */
rmobike_ask_t *rmobike_ask_create(rmobike_switches_t *switches,
								  rmobike_seamless_t *seamless,
								  rmobike_raw_socket_t *raw_socket,
								  rmobike_refs_t *refs, rmobike_stats_t *stats);

#endif /** RMOBIKE_ASK_H_ @}*/
