/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "command.h"
#include "output.h"
#include "stats.h"

#include <limits.h>

/**
 * Check if a value is "yes".
 */
static bool is_yes(message_t *sa, const char *key)
{
	return streq(message_text(sa, key), "yes");
}

/**
 * Say if an IKE_SA can be moved from here, and if not, why.
 */
static char *get_capability(message_t *sa)
{
	char *state = message_text(sa, "state");

	if (!streq(state, "ESTABLISHED") && !streq(state, "REKEYING"))
	{
		return "not now, it is not established";
	}
	if (!is_yes(sa, "mobike"))
	{
		return "no, MOBIKE is not in use";
	}
	if (is_yes(sa, "initiator"))
	{
		return is_yes(sa, "capable")
			? "if the peer asks for it, since we initiated the IKE_SA"
			: "no, we did not tell the peer that it may ask for it";
	}
	return is_yes(sa, "capable")
		? "yes"
		: "no, the peer did not tell that it supports it";
}

/**
 * Print what is known of an IKE_SA.
 */
static void print_sa(message_t *sa)
{
	message_t *last = message_section(sa, "switch");
	char *reason = message_get(last, "reason");

	print_line("%s[%s] '%s' %s", message_text(sa, "name"),
			   message_text(sa, "id"), message_text(sa, "peer-id"),
			   message_text(sa, "state"));
	print_line("  addresses:   %s ... %s", message_text(sa, "local"),
			   message_text(sa, "remote"));
	print_line("  can switch:  %s", get_capability(sa));
	if (last)
	{
		print_line("  last switch: %s -> %s: %s%s%s, %s ms%s",
				   message_text(last, "from"), message_text(last, "to"),
				   message_text(last, "state"), reason ? ": " : "",
				   reason ?: "", message_text(last, "ms"),
				   message_get(last, "by") ? ", by MOBIKE" : "");
	}
}

/**
 * Print the IKE_SAs in a reply, if they were not yet.
 *
 * @return				number of these
 */
static unsigned int print_sas(message_t *reply)
{
	unsigned int count = 0;
	message_t *sa;

	for (sa = message_items(reply, "sas"); sa; sa = sa->next, count++)
	{
		if (output_format == OUTPUT_TEXT)
		{
			print_sa(sa);
		}
		else if (output_format == OUTPUT_JSON)
		{
			print_json(sa, NULL);
		}
	}
	return count;
}

/**
 * Ask for the IKE_SAs above a unique id, as many as fit into a message.
 */
static message_t *ask(daemon_t *daemon, unsigned long long after)
{
	bool print = output_format != OUTPUT_JSON;
	vici_req_t *req;

	req = vici_begin(RMOBIKE_STATUS);
	if (after)
	{
		vici_add_key_valuef(req, "after", "%llu", after);
	}
	return daemon_ask(daemon, req, print ? RMOBIKE_STATUS : NULL);
}

/**
 * Described in header
 */
command_status_t status_call(const command_t *this, daemon_t *daemon)
{
	unsigned long long after = 0, next;
	unsigned int count = 0;
	message_t *reply;

	do
	{
		reply = ask(daemon, after);
		if (!reply)
		{
			return daemon_failed(daemon, RMOBIKE_STATUS);
		}
		count += print_sas(reply);
		next = message_number(reply, "next");
		/* never ask for the same again, whatever the daemon says */
		after = next > after && next <= UINT_MAX ? next : 0;
		message_destroy(reply);
	}
	while (after);

	if (output_format == OUTPUT_TEXT)
	{
		if (!count)
		{
			print_line("no IKE_SAs, nothing is connected");
		}
		/* nothing to complain about if the daemon doesn't tell */
		reply = daemon_ask(daemon, vici_begin(RMOBIKE_STATS), NULL);
		stats_print_addresses(reply, daemon);
		message_destroy(reply);
	}
	return COMMAND_OK;
}
