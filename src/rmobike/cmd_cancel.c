/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "simple.h"

#include <stdlib.h>

/** vici command */
#define RMOBIKE_CANCEL "rmobike-cancel"

/**
 * Say what it came to.
 */
static void print(vici_res_t *res)
{
	char *cancelled, *left;

	cancelled = command_find(res, "cancelled");
	left = command_find(res, "in-flight");
	command_print("%s not started, %s in flight come to an end",
				  cancelled ?: "?", left ?: "?");
	free(cancelled);
	free(left);
}

/**
 * Implements command_t.call
 */
static command_status_t call(command_conn_t *conn)
{
	return simple_call(conn, vici_begin(RMOBIKE_CANCEL), RMOBIKE_CANCEL, print);
}

/**
 * Described in header
 */
const command_t cmd_cancel = {
	.name = "cancel",
	.op = 'c',
	.desc = "stop the move under way",
	.vici = RMOBIKE_CANCEL,
	.usage = {
		SIMPLE_USAGE,
	},
	.timeout = SIMPLE_TIMEOUT,
	.call = call,
	.stopped = simple_stopped,
};
