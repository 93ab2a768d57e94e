/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "options.h"
#include "output.h"

/**
 * Print how the other node is.
 */
static void print_node(message_t *reply)
{
	char *version = message_get(reply, "version");
	char *conflict = message_get(reply, "conflict");

	if (!message_get(reply, "remote"))
	{
		print_line("no channel to the other node, the daemon's log says why");
	}
	else if (streq(message_text(reply, "alive"), "yes"))
	{
		print_line("the other node at %s is alive since %s s%s%s",
				   message_text(reply, "remote"), message_text(reply, "since"),
				   version ? ", strongSwan " : "", version ?: "");
	}
	else if (message_number(reply, "since"))
	{
		print_line("the other node at %s is silent since %s s",
				   message_text(reply, "remote"), message_text(reply, "since"));
	}
	else
	{
		print_line("the other node at %s was never heard",
				   message_text(reply, "remote"));
	}
	if (conflict)
	{
		print_line("no IKE_SA can be moved there: %s", conflict);
	}
}

/**
 * Print what is where.
 */
static void print_sas(message_t *reply)
{
	message_t *takeover = message_section(reply, "takeover");

	print_line("IKE_SAs served here %s, copies of the other node's %s",
			   message_text(reply, "here"), message_text(reply, "copies"));
	if (message_number(reply, "arriving"))
	{
		print_line("%s of them are taken over, their clients are not here yet",
				   message_text(reply, "arriving"));
	}
	if (message_number(reply, "untold"))
	{
		print_line("%s of them the other node does not know of",
				   message_text(reply, "untold"));
	}
	if (takeover)
	{
		print_line("took over %s IKE_SAs %s s ago: %s",
				   message_text(takeover, "taken"),
				   message_text(takeover, "ago"),
				   message_text(takeover, "why"));
	}
}

/**
 * Described in header
 */
command_status_t cluster_call(const command_t *this, daemon_t *daemon)
{
	command_status_t status;
	message_t *reply;

	reply = daemon_ask(daemon, options_request(this), this->vici);
	if (!reply)
	{
		return daemon_failed(daemon, this->vici);
	}
	status = daemon_success(reply);
	if (status == COMMAND_OK && output_format == OUTPUT_TEXT)
	{
		print_node(reply);
		print_sas(reply);
	}
	message_destroy(reply);
	return status;
}
