/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "simple.h"

/** vici command */
#define RMOBIKE_UNDRAIN "rmobike-undrain"

/**
 * Address given, NULL if none was.
 */
static char *address;

/**
 * Implements command_t.option
 */
static bool option(char op, char *arg)
{
	return op == COMMAND_VALUE &&
		   command_take(&address, "undrain", arg, "ADDR");
}

/**
 * Implements command_t.check
 */
static bool check(void)
{
	if (!address)
	{
		command_error("missing address: which one shall be used again");
	}
	return address;
}

/**
 * Say what it came to.
 */
static void print(vici_res_t *res)
{
	command_print("%s is not drained anymore", address);
}

/**
 * Implements command_t.call
 */
static command_status_t call(command_conn_t *conn)
{
	vici_req_t *req;

	req = vici_begin(RMOBIKE_UNDRAIN);
	command_add(req, "address", address);
	return simple_call(conn, req, RMOBIKE_UNDRAIN, print);
}

/**
 * Described in header
 */
const command_t cmd_undrain = {
	.name = "undrain",
	.op = 'u',
	.value = "ADDR",
	.desc = "use a drained address again",
	.vici = RMOBIKE_UNDRAIN,
	.usage = {
		SIMPLE_USAGE,
	},
	.timeout = SIMPLE_TIMEOUT,
	.option = option,
	.check = check,
	.call = call,
	.stopped = simple_stopped,
};
