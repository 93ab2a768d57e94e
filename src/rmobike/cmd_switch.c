/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "move.h"

/**
 * Options, NULL if not given.
 */
static struct {
	char *ike;
	char *ike_id;
	char *peer_ip;
	char *peer_id;
	char *local_ip;
	char *to;
	bool all;
} opts;

/**
 * Implements command_t.option
 */
static bool option(char op, char *arg)
{
	unsigned int number;

	switch (op)
	{
		case 'i':
			return command_take(&opts.ike, "ike", arg, "NAME");
		case 'I':
			opts.ike_id = arg;
			return command_number("ike-id", arg, 1, UINT32_MAX, &number);
		case 'p':
			return command_take(&opts.peer_ip, "peer-ip", arg, "ADDR");
		case 'd':
			return command_take(&opts.peer_id, "peer-id", arg, "ID");
		case 'l':
			return command_take(&opts.local_ip, "local-ip", arg, "ADDR");
		case 't':
			return command_take(&opts.to, "to", arg, "ADDR");
		case 'a':
			opts.all = true;
			return true;
		default:
			return move_option(op, arg);
	}
}

/**
 * Implements command_t.check
 */
static bool check(void)
{
	bool selected = opts.ike || opts.ike_id || opts.peer_ip || opts.peer_id ||
					opts.local_ip;

	if (!opts.to)
	{
		command_error("missing --to ADDR: which of this machine's addresses to "
					  "switch to");
		return false;
	}
	if (opts.all && selected)
	{
		command_error("--all can't be combined with --ike, --ike-id, "
					  "--peer-ip, --peer-id or --local-ip");
		return false;
	}
	if (!opts.all && !selected)
	{
		command_error("missing selector: which IKE_SAs to switch, --ike, "
					  "--ike-id, --peer-ip, --peer-id, --local-ip or --all");
		return false;
	}
	return move_check();
}

/**
 * Implements move_t.add
 */
static void add(vici_req_t *req)
{
	command_add(req, "to", opts.to);
	command_add(req, "ike", opts.ike);
	command_add(req, "ike-id", opts.ike_id);
	command_add(req, "peer-ip", opts.peer_ip);
	command_add(req, "peer-id", opts.peer_id);
	command_add(req, "local-ip", opts.local_ip);
	command_add(req, "all", opts.all ? "yes" : NULL);
}

/**
 * What --switch asks for.
 */
static const move_t move = {
	.vici = RMOBIKE_SWITCH,
	.add = add,
	.must_match = true,
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
const command_t cmd_switch = {
	.name = "switch",
	.op = 's',
	.desc = "move IKE_SAs to other addresses of this machine",
	.vici = RMOBIKE_SWITCH,
	.usage = {
		"--to ADDR[=WEIGHT][,...]",
		"(--all | [--ike NAME] [--ike-id ID] [--peer-ip ADDR]",
		"[--peer-id ID] [--local-ip ADDR]) [--fallback HOW]",
		MOVE_USAGE,
	},
	.timeout = MOVE_TIMEOUT,
	.options = {
		{ "to",			't', "ADDR",	"where to, several are spread evenly" },
		{ "ike",		'i', "NAME",	"IKE_SAs of that connection" },
		{ "ike-id",		'I', "ID",		"the IKE_SA of that unique id" },
		{ "peer-ip",	'p', "ADDR",	"peers at address, subnet, range" },
		{ "peer-id",	'd', "ID",		"peers of that identity (wildcards)" },
		{ "local-ip",	'l', "ADDR",	"IKE_SAs that use that local address" },
		{ "all",		'a', NULL,		"all IKE_SAs" },
		{ "fallback",	'F', "HOW",		"for others: redirect or none" },
		MOVE_OPTIONS,
	},
	.option = option,
	.check = check,
	.call = call,
	.interrupt = move_interrupt,
	.stopped = move_stopped,
};
