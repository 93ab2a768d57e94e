/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "move.h"

/** vici command */
#define RMOBIKE_BALANCE "rmobike-balance"

/**
 * Implements move_t.add
 */
static void add(vici_req_t *req)
{
	/* it is all in the daemon's configuration */
}

/**
 * Implements move_t.achieved
 */
static void achieved(unsigned int matches)
{
	if (!matches)
	{
		command_print("balanced already, nothing moves");
	}
}

/**
 * What --balance asks for.
 */
static const move_t move = {
	.vici = RMOBIKE_BALANCE,
	.add = add,
	.achieved = achieved,
};

/**
 * Implements command_t.call
 */
static command_status_t call(command_conn_t *conn)
{
	return move_call(conn, &move);
}

/**
 * Described in header
 */
const command_t cmd_balance = {
	.name = "balance",
	.op = 'b',
	.desc = "spread IKE_SAs as the configured weights say",
	.vici = RMOBIKE_BALANCE,
	.usage = {
		MOVE_USAGE,
	},
	.timeout = MOVE_TIMEOUT,
	.options = {
		MOVE_OPTIONS,
	},
	.option = move_option,
	.check = move_check,
	.call = call,
	.interrupt = move_interrupt,
	.stopped = move_stopped,
};
