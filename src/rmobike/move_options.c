/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "move.h"

/**
 * Options, NULL if not given.
 */
static struct {
	char *max_in_flight;
	char *rate;
	char *max_failures;
	char *fallback;
	bool dry;
	bool wait;
	bool unattended;
} opts;

bool move_option(char op, char *arg)
{
	switch (op)
	{
		case 'm':
			return command_take(&opts.max_in_flight, "max-in-flight", arg, "N");
		case 'R':
			return command_take(&opts.rate, "rate", arg, "N");
		case 'f':
			return command_take(&opts.max_failures, "max-failures", arg, "N");
		case 'F':
			return command_take(&opts.fallback, "fallback", arg, "HOW");
		case 'n':
			opts.dry = true;
			return true;
		case 'w':
			opts.wait = true;
			return true;
		case 'W':
			opts.unattended = true;
			return true;
		default:
			return false;
	}
}

bool move_check(void)
{
	if (opts.unattended && opts.wait)
	{
		command_error("--wait can't be combined with --no-wait");
		return false;
	}
	if (opts.unattended && opts.dry)
	{
		command_error("--dry-run can't be combined with --no-wait, nobody "
					  "would see what it shows");
		return false;
	}
	return true;
}

bool move_is_dry(void)
{
	return opts.dry;
}

bool move_is_unattended(void)
{
	return opts.unattended;
}

void move_add(vici_req_t *req)
{
	command_add(req, "max-in-flight", opts.max_in_flight);
	command_add(req, "rate", opts.rate);
	command_add(req, "max-failures", opts.max_failures);
	command_add(req, "fallback", opts.fallback);
	command_add(req, "dry-run", opts.dry ? "yes" : NULL);
}
