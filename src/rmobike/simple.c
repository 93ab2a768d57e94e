/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "options.h"
#include "output.h"

/**
 * Described in header: ask for something that just succeeds or not
 */
command_status_t simple_call(const command_t *this, daemon_t *daemon)
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
		if (streq(this->name, "undrain"))
		{
			print_line("%s is not drained anymore", options_get("address"));
		}
		else if (streq(this->name, "takeover"))
		{
			print_line("taking over, see --cluster");
		}
		else
		{
			print_line("%s not started, %s in flight come to an end",
					   message_text(reply, "cancelled"),
					   message_text(reply, "in-flight"));
		}
	}
	message_destroy(reply);
	return status;
}
