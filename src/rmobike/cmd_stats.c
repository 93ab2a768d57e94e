/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "options.h"
#include "simple.h"
#include "stats.h"

#include <errno.h>

/**
 * --prometheus was given.
 */
static bool prometheus;

/**
 * Implements command_t.option
 */
static bool option(char op, char *arg)
{
	prometheus = true;
	return true;
}

/**
 * Implements command_t.check
 */
static bool check(void)
{
	if (prometheus && (options.raw || options.json))
	{
		command_error("--prometheus can't be combined with --raw, --pretty or "
					  "--json");
		return false;
	}
	return true;
}

/**
 * Implements command_t.call
 */
static command_status_t call(command_conn_t *conn)
{
	stats_t *stats;
	vici_res_t *res;

	errno = 0;
	res = vici_submit(vici_begin(RMOBIKE_STATS), conn->vici);
	if (!res)
	{
		return command_vici_failed(conn, RMOBIKE_STATS);
	}
	if (command_dump_reply(conn, res, RMOBIKE_STATS))
	{
		vici_free_res(res);
		return COMMAND_OK;
	}
	stats = stats_create(res);
	vici_free_res(res);
	if (!stats)
	{
		command_error("the daemon at %s sent an invalid reply", conn->where);
		return COMMAND_TROUBLE;
	}
	if (prometheus)
	{
		stats_print_prometheus(stats);
	}
	else
	{
		stats_print(stats);
	}
	stats_destroy(stats);
	return COMMAND_OK;
}

/**
 * Described in header
 */
const command_t cmd_stats = {
	.name = "stats",
	.op = 't',
	.desc = "print counters and addresses, also for Prometheus",
	.vici = RMOBIKE_STATS,
	.usage = {
		"[--prometheus]",
		SIMPLE_USAGE,
	},
	.timeout = SIMPLE_TIMEOUT,
	.options = {
		{ "prometheus",	'p', NULL,	"in the text format of Prometheus" },
	},
	.option = option,
	.check = check,
	.call = call,
	.stopped = simple_stopped,
};
