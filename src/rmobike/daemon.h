/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_daemon daemon
 * @{ @ingroup rmobike
 *
 * Questions to the daemon over vici, and what it means if there is no answer.
 */

#ifndef DAEMON_H_
#define DAEMON_H_

#include "message.h"

/** vici event that tells how a switch ended, and command of that name */
#define RMOBIKE_SWITCH "rmobike-switch"
#define RMOBIKE_NODE "rmobike-node"

/** charon's own event: an IKE_SA comes, from the other node as well, or goes */
#define RMOBIKE_UPDOWN "ike-updown"

/** vici commands that start a move off an address, and stop it */
#define RMOBIKE_DRAIN "rmobike-drain"
#define RMOBIKE_CANCEL "rmobike-cancel"

/** vici command that tells of the other node */
#define RMOBIKE_CLUSTER "rmobike-cluster"

/** vici commands that get the IKE_SAs, the counters, and the addresses */
#define RMOBIKE_STATUS "rmobike-status"
#define RMOBIKE_STATS "rmobike-stats"
#define RMOBIKE_ADDRESSES "rmobike-list-addresses"

/** ms without events after which to look if the daemon is still there */
#define DAEMON_ALIVE_INTERVAL 1000

typedef struct daemon_t daemon_t;
typedef enum command_status_t command_status_t;

/**
 * Exit status of the tool, and what a command returns.
 */
enum command_status_t {
	/** everything asked for was achieved */
	COMMAND_OK = 0,
	/** the daemon did its part, but something was not achieved */
	COMMAND_FAILED = 1,
	/** wrong usage, or no (usable) connection to the daemon */
	COMMAND_TROUBLE = 2,
	/** the daemon does not know the vici command; never an exit status */
	COMMAND_UNKNOWN = -1,
};

/**
 * Connection to a daemon.
 */
struct daemon_t {
	/** the connection, to be used by the main thread only */
	vici_conn_t *vici;
	/** how to call the other end in messages */
	const char *where;
};

/**
 * Ask the daemon.
 *
 * @param daemon		connection
 * @param req			request, gets owned
 * @param print			name of the command, to print the reply if anything but
 *						text is asked for; NULL not to
 * @return				reply, NULL if there was none, with errno set
 */
message_t *daemon_ask(daemon_t *daemon, vici_req_t *req, const char *print);

/**
 * Check if the daemon is still there. libvici reports a closed connection only
 * to those who ask for something.
 *
 * @param daemon		connection
 * @return				false if it is not
 */
bool daemon_is_alive(daemon_t *daemon);

/**
 * Complain if a reply does not report success.
 *
 * @param reply			reply of a command that does
 * @return				COMMAND_OK, or exit status after complaining
 */
command_status_t daemon_success(message_t *reply);

/**
 * Complain that there was no answer, from the current errno.
 *
 * @param daemon		connection
 * @param what			name of the vici command or event
 * @return				COMMAND_UNKNOWN or COMMAND_TROUBLE
 */
command_status_t daemon_failed(daemon_t *daemon, const char *what);

/**
 * Add a value to a request, as it is.
 *
 * @param req			request
 * @param key			key
 * @param value			value, NULL to add nothing
 */
void daemon_add(vici_req_t *req, const char *key, const char *value);

#endif /** DAEMON_H_ @}*/
