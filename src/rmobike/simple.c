/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "simple.h"

#include <errno.h>

command_status_t simple_call(command_conn_t *conn, vici_req_t *req, char *name,
							 void (*print)(vici_res_t *res))
{
	command_status_t status;
	vici_res_t *res;
	bool printed;

	errno = 0;
	res = vici_submit(req, conn->vici);
	if (!res)
	{
		return command_vici_failed(conn, name);
	}
	printed = command_dump_reply(conn, res, name);
	status = command_success(conn, res);
	if (status == COMMAND_OK && !printed)
	{
		print(res);
	}
	vici_free_res(res);
	return status;
}

command_status_t simple_stopped(command_stop_t why, unsigned int seconds)
{
	if (why == COMMAND_STOP_SIGNAL)
	{
		command_error("interrupted");
		return COMMAND_FAILED;
	}
	command_error("the daemon did not answer within %u s", seconds);
	return COMMAND_TROUBLE;
}
