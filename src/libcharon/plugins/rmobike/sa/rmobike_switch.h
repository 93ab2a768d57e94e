/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_switch rmobike_switch
 * @{ @ingroup rmobike
 *
 * A switch that a responder asked for.
 */

#ifndef RMOBIKE_SWITCH_H_
#define RMOBIKE_SWITCH_H_

#include <library.h>
#include <networking/host.h>

typedef struct rmobike_switch_t rmobike_switch_t;
typedef enum rmobike_state_t rmobike_state_t;

/**
 * How far a switch is that a responder asked for.
 */
enum rmobike_state_t {
	/** queued or sent, not answered yet */
	RMOBIKE_ASKED,
	/** answered by the peer, no update yet */
	RMOBIKE_ANSWERED,
	/** the IKE_SA is at its new address */
	RMOBIKE_DONE,
	/** answered on the old path, and no update followed */
	RMOBIKE_REFUSED,
	/** no answer in time */
	RMOBIKE_TIMEOUT,
	/** anything else, see the reason */
	RMOBIKE_FAILED,
	/** would be asked, if this was not a dry run */
	RMOBIKE_PLANNED,
	/** can't be asked, see the reason; in a dry run */
	RMOBIKE_INELIGIBLE,
	/** can't be asked, was redirected (RFC 5685) instead */
	RMOBIKE_REDIRECTED,
	/** not asked, because the move was stopped before */
	RMOBIKE_CANCELLED,
};

/**
 * Names as used in vici messages.
 */
extern enum_name_t *rmobike_state_names;

/**
 * Reason of a switch that was replaced by a newer one.
 */
#define RMOBIKE_SUPERSEDED "superseded by a newer switch"

/**
 * Reason of a switch that is done because there was nothing to do.
 */
#define RMOBIKE_ALREADY_THERE "already there"

/**
 * A switch that we asked a peer for. Strings and hosts belong to the owner of
 * the struct.
 */
struct rmobike_switch_t {
	/** unique for the lifetime of the daemon, 0 for none */
	u_int serial;
	/** unique ID of the IKE_SA, changes when it is rekeyed */
	uint32_t id;
	/** name of the connection */
	char *name;
	/** identity of the peer */
	char *peer_id;
	/** address the IKE_SA was at */
	host_t *from;
	/** address it shall go to */
	host_t *to;
	/** address of the peer */
	host_t *remote;
	/** operator's text, NULL if none */
	char *tag;
	/** TRUE if it replaced one that was pending, which may still happen */
	bool replaces;
	/** TRUE if the peer is led there by means of MOBIKE alone, not asked */
	bool led;
	/** TRUE if it is redirected (RFC 5685) if it does not follow */
	bool redirect;
	/** how far it is */
	rmobike_state_t state;
	/** TRUE if the answer, or a request since, came by the new path */
	bool new_path;
	/** TRUE if one that is led sent a request to its old address since, and no
	 * update came after it */
	bool stays;
	/** milliseconds until it was answered */
	u_int answered;
	/** requests of the peer since then that are no update */
	u_int requests;
	/** why it ended like that (static text), NULL if there is nothing to say */
	const char *reason;
	/** monotonic time it started at */
	timeval_t start;
	/** milliseconds it took, or is taking */
	double ms;
};

/**
 * Free a switch and what it owns.
 *
 * @param this		switch, may be NULL
 */
void rmobike_switch_destroy(rmobike_switch_t *this);

/**
 * Copy a switch and what it owns.
 *
 * @param orig		switch
 * @return			copy, to be freed with rmobike_switch_destroy()
 */
rmobike_switch_t *rmobike_switch_clone(const rmobike_switch_t *orig);

#endif /** RMOBIKE_SWITCH_H_ @}*/
