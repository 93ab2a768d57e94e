/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "options.h"
#include "output.h"

/**
 * Ask the daemon for something it just reports the success of.
 */
static command_status_t call(const command_t *this, daemon_t *daemon)
{
	command_status_t status;
	message_t *reply;
	vici_req_t *req;

	req = vici_begin(this->vici);
	options_add(req);
	reply = daemon_ask(daemon, req, this->vici);
	if (!reply)
	{
		return daemon_failed(daemon, this->vici);
	}
	status = daemon_success(daemon, reply);
	if (status == COMMAND_OK && output_format == OUTPUT_TEXT)
	{
		if (this == &cmd_undrain)
		{
			print_line("%s is not drained anymore", options_get("address"));
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

/**
 * Described in header
 */
const command_t cmd_undrain = {
	.name = "undrain",
	.op = 'u',
	.value = "ADDR",
	.desc = "use a drained address again",
	.vici = "rmobike-undrain",
	.usage = {
		COMMAND_USAGE,
	},
	.timeout = COMMAND_TIMEOUT,
	.needs = {
		{ { "address" }, "address: which one shall be used again" },
	},
	.call = call,
};

/**
 * Described in header
 */
const command_t cmd_cancel = {
	.name = "cancel",
	.op = 'c',
	.desc = "stop the move under way",
	.vici = RMOBIKE_CANCEL,
	.usage = {
		COMMAND_USAGE,
	},
	.timeout = COMMAND_TIMEOUT,
	.call = call,
};
