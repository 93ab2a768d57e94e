/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "move.h"

/** limits of the daemon */
#define IN_FLIGHT_MAX 10000
#define RATE_MAX 100000
#define FAILURES_MAX 1000000

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

/**
 * Take a number as it was given.
 */
static bool take_number(char **opt, char *name, char *arg, unsigned int min,
						unsigned int max)
{
	unsigned int number;

	*opt = arg;
	return command_number(name, arg, min, max, &number);
}

bool move_option(char op, char *arg)
{
	switch (op)
	{
		case 'm':
			return take_number(&opts.max_in_flight, "max-in-flight", arg, 1,
							   IN_FLIGHT_MAX);
		case 'R':
			return take_number(&opts.rate, "rate", arg, 0, RATE_MAX);
		case 'f':
			return take_number(&opts.max_failures, "max-failures", arg, 0,
							   FAILURES_MAX);
		case 'F':
			return command_take(&opts.fallback, "fallback", arg,
								streq(arg, "redirect") || streq(arg, "none"),
								"redirect or none");
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
