/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "command.h"
#include "output.h"

#include <time.h>

/**
 * Say what an address is good for.
 */
static const char *get_use(message_t *address)
{
	if (streq(message_text(address, "drained"), "yes"))
	{
		return "drained";
	}
	if (streq(message_text(address, "usable"), "yes"))
	{
		return "usable";
	}
	return message_get(address, "interface") ? "unknown" : "gone";
}

/**
 * Print the line of an address, and what else there is to say about it.
 */
static void print_address(message_t *address)
{
	time_t moved = message_number(address, "last-move");
	char *reason = message_get(address, "reason"), when[32] = "-";
	char *wait = message_get(address, "wait");
	struct tm tm;

	if (moved && localtime_r(&moved, &tm))
	{
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	}
	print_line("%-20s %-8s %-9s %7llu %7llu %6s %6s  %s", address->name,
			   get_use(address), message_get(address, "interface") ?: "-",
			   message_number(address, "sas"),
			   message_number(address, "capable"),
			   message_get(address, "preferred") ?: "-",
			   message_get(address, "weight") ?: "-", when);
	if (reason)
	{
		print_line("  drained: %s", reason);
	}
	if (wait)
	{
		print_line("  IKE_SAs return in %s s", wait);
	}
}

/**
 * Described in header
 */
command_status_t addresses_call(const command_t *this, daemon_t *daemon)
{
	message_t *reply, *address;

	reply = daemon_ask(daemon, vici_begin(RMOBIKE_ADDRESSES),
					   RMOBIKE_ADDRESSES);
	if (!reply)
	{
		return daemon_failed(daemon, RMOBIKE_ADDRESSES);
	}
	if (output_format == OUTPUT_TEXT)
	{
		print_line("%-20s %-8s %-9s %7s %7s %6s %6s  %s", "local address",
				   "is", "interface", "IKE_SAs", "capable", "prefer", "weight",
				   "last move");
		for (address = message_items(reply, "addresses"); address;
			 address = address->next)
		{
			print_address(address);
		}
	}
	message_destroy(reply);
	return COMMAND_OK;
}
