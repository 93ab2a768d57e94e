/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_simple simple
 * @{ @ingroup rmobike
 *
 * Commands that the daemon answers at once.
 */

#ifndef SIMPLE_H_
#define SIMPLE_H_

#include "command.h"

/** seconds to wait for the daemon's answer */
#define SIMPLE_TIMEOUT 30

/** lines for the synopsis */
#define SIMPLE_USAGE \
	"[--raw | --pretty | --json]", \
	"[--timeout SECONDS] [--uri URI]"

/**
 * Ask the daemon for something it reports the success of.
 *
 * @param conn			connection to the daemon
 * @param req			request, gets owned
 * @param name			name of the vici command
 * @param print			prints the reply if it was a success
 * @return				exit status, or COMMAND_UNKNOWN
 */
command_status_t simple_call(command_conn_t *conn, vici_req_t *req, char *name,
							 void (*print)(vici_res_t *res));

/**
 * Say that there was no answer, see command_t.stopped.
 */
command_status_t simple_stopped(command_stop_t why, unsigned int seconds);

#endif /** SIMPLE_H_ @}*/
