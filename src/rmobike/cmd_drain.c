/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "move.h"

/** vici command */
#define RMOBIKE_DRAIN "rmobike-drain"

/**
 * Options, NULL if not given.
 */
static struct {
	char *address;
	char *to;
} opts;

/**
 * Implements command_t.option
 */
static bool option(char op, char *arg)
{
	switch (op)
	{
		case COMMAND_VALUE:
			return command_take(&opts.address, "drain", arg, "ADDR");
		case 't':
			return command_take(&opts.to, "to", arg, "ADDR");
		default:
			return move_option(op, arg);
	}
}

/**
 * Implements command_t.check
 */
static bool check(void)
{
	if (!opts.address)
	{
		command_error("missing address: which of this machine's addresses "
					  "shall not be used anymore");
		return false;
	}
	return move_check();
}

/**
 * Implements move_t.add
 */
static void add(vici_req_t *req)
{
	command_add(req, "address", opts.address);
	command_add(req, "to", opts.to);
}

/**
 * Implements move_t.achieved
 */
static void achieved(unsigned int matches)
{
	command_print("%s is drained%s, newcomers are moved until "
				  "'rmobike --undrain %s'", opts.address,
				  matches ? "" : ", nothing was there", opts.address);
}

/**
 * What --drain asks for.
 */
static const move_t move = {
	.vici = RMOBIKE_DRAIN,
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
const command_t cmd_drain = {
	.name = "drain",
	.op = 'd',
	.value = "ADDR",
	.desc = "move everything off an address, newcomers too",
	.vici = RMOBIKE_DRAIN,
	.usage = {
		"[--to ADDR[=WEIGHT][,...]] [--fallback HOW]",
		MOVE_USAGE,
	},
	.timeout = MOVE_TIMEOUT,
	.options = {
		{ "to",			't', "ADDR",	"where to (any other address)" },
		{ "fallback",	'F', "HOW",		"for others: redirect or none" },
		MOVE_OPTIONS,
	},
	.option = option,
	.check = check,
	.call = call,
	.interrupt = move_interrupt,
	.stopped = move_stopped,
};
