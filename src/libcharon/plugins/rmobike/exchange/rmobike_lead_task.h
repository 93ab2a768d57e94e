/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_lead_task rmobike_lead_task
 * @{ @ingroup rmobike
 *
 * Another exchange of the responder, for peers that have MOBIKE but not
 * SWITCH_TO_IP_ADDRESS: an INFORMATIONAL request with our addresses (RFC 4555,
 * 3.6) that comes from the new one. An initiator that is charon goes where such
 * a list comes from; charon as responder leaves an address that it lost that
 * way. It can't pass a NAT.
 *
 * Others answer it where it came from, but stay where they are. So the answer
 * says nothing. What the peer sends by itself afterwards does: its requests and
 * its ESP, which is accepted at both addresses meanwhile. Only if they come to
 * the new one does the IKE_SA go there. If they come to the old one, or nothing
 * comes, a list from the old one brings a peer back that did go.
 */

#ifndef RMOBIKE_LEAD_TASK_H_
#define RMOBIKE_LEAD_TASK_H_

#include "exchange/rmobike_raw_socket.h"
#include "kernel/rmobike_seamless.h"
#include "sa/rmobike_refs.h"
#include "sa/rmobike_switches.h"

#include <daemon.h>

typedef struct rmobike_lead_t rmobike_lead_t;

/**
 * A peer to be led to another address.
 */
struct rmobike_lead_t {
	/** records, where it is noted what became of it */
	rmobike_switches_t *switches;
	/** accepts ESP at the new address */
	rmobike_seamless_t *seamless;
	/** follows the IKE_SA if it is rekeyed */
	rmobike_refs_t *refs;
	/** sends if the old address is gone, NULL not to */
	rmobike_raw_socket_t *raw_socket;
	/** serial number of the switch in those records */
	u_int serial;
	/** the new address */
	host_t *to;
	/** redirect the peer if it does not go there (RFC 5685) */
	bool redirect;
	/** milliseconds until the new path counts as dead */
	u_int path_timeout;
	/** packets that are counted at the new address before any arrived, as the
	 * SA there is a copy; set when the request is built */
	uint64_t received;
};

/**
 * Find out why a peer that can't be asked to switch can't be led either.
 *
 * @param ike_sa	IKE_SA, checked out
 * @param seamless	accepts ESP at the new address
 * @param to		address of this machine
 * @return			reason, static; NULL if nothing speaks against it
 */
const char *rmobike_lead_task_refuses(ike_sa_t *ike_sa,
									  rmobike_seamless_t *seamless, host_t *to);

/**
 * Queue the exchange on an IKE_SA; one that is still queued is replaced.
 *
 * @param ike_sa	IKE_SA, checked out
 * @param lead		what for, cloned
 */
void rmobike_lead_task_queue(ike_sa_t *ike_sa, const rmobike_lead_t *lead);

/**
 * The peer answered at the new address: wait until it is known where it is.
 *
 * @param ike_sa	IKE_SA, checked out
 * @param lead		what for, cloned
 */
void rmobike_lead_task_watch(ike_sa_t *ike_sa, const rmobike_lead_t *lead);

/**
 * The peer does not go there: end the switch, as redirected if that shall and
 * can be. What it was, or will be, led to is undone by another list.
 *
 * @param ike_sa	IKE_SA, checked out
 * @param lead		what for
 * @param state		what to end it as otherwise
 * @param why		reason, static
 */
void rmobike_lead_task_give_up(ike_sa_t *ike_sa, const rmobike_lead_t *lead,
							   rmobike_state_t state, const char *why);

/**
 * Have the peer be where the IKE_SA is, whatever it was led to and whatever it
 * got since: tell it our addresses from there, unless it is led anew.
 *
 * @param ike_sa	IKE_SA, checked out
 */
void rmobike_lead_task_settle(ike_sa_t *ike_sa);

/**
 * An IKE_SA was rekeyed: if its peer was led in vain it may not have been told
 * to come back yet. One that is still led is so again on the new IKE_SA, see
 * rmobike_ask_t.resume().
 *
 * @param ike_sa	new IKE_SA, checked out
 * @param switches	records, of the new IKE_SA already
 */
void rmobike_lead_task_resume(ike_sa_t *ike_sa, rmobike_switches_t *switches);

#endif /** RMOBIKE_LEAD_TASK_H_ @}*/
