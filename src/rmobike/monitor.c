/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#define _GNU_SOURCE
#include "hooks.h"
#include "options.h"
#include "outcome.h"
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

/**
 * Write the time of day, with milliseconds.
 */
static void write_time(char *buf, size_t len, const char *fmt, bool utc)
{
	struct timespec now;
	struct tm tm = {};
	char time[32];

	clock_gettime(CLOCK_REALTIME, &now);
	(utc ? gmtime_r : localtime_r)(&now.tv_sec, &tm);
	strftime(time, sizeof(time), fmt, &tm);
	snprintf(buf, len, "%s.%03ld%s", time, now.tv_nsec / 1000000,
			 utc ? "Z" : " ");
}

/**
 * Print what happened to the other node of a cluster.
 */
static void print_node(message_t *event, const char *now)
{
	char *remote = message_get(event, "remote");

	if (message_get(event, "why"))
	{
		print_line("%stook %s IKE_SAs of the other node over: %s", now,
				   message_text(event, "taken"), message_text(event, "why"));
	}
	else
	{
		print_line("%sthe other node at %s is %s", now, remote ?: "?",
				   message_text(event, "state"));
	}
}

/**
 * Have the program run for an event.
 */
static void run_hook(char *name, message_t *event)
{
	char now[48];

	write_time(now, sizeof(now), "%Y-%m-%dT%H:%M:%S", true);
	hooks_add(name, event, now);
}

/**
 * Something happened, print it. Called by a thread of libvici.
 */
static void on_event(void *user, char *name, vici_res_t *res)
{
	message_t *event;
	char now[48];

	event = message_create(res);
	if (event && options_get("exec"))
	{
		run_hook(name, event);
		if (streq(name, RMOBIKE_UPDOWN))
		{	/* charon's own, nothing of it is printed */
			message_destroy(event);
			return;
		}
	}
	if (event && output_format == OUTPUT_JSON)
	{
		write_time(now, sizeof(now), "%Y-%m-%dT%H:%M:%S", true);
		print_json(event, now);
	}
	else if (!print_message(event, res, name))
	{
		write_time(now, sizeof(now), "%H:%M:%S", false);
		(streq(name, RMOBIKE_NODE) ? print_node : outcome_print)(event, now);
	}
	message_destroy(event);
}

/**
 * Get all events, and wait until the daemon or our reader is gone.
 */
static command_status_t monitor(daemon_t *daemon)
{
	errno = 0;
	if (vici_register(daemon->vici, RMOBIKE_SWITCH, on_event, NULL) != 0)
	{
		return daemon_failed(daemon, RMOBIKE_SWITCH);
	}
	/* one that was not restarted after an upgrade doesn't know that */
	vici_register(daemon->vici, RMOBIKE_NODE, on_event, NULL);
	if (options_get("exec"))
	{
		vici_register(daemon->vici, RMOBIKE_UPDOWN, on_event, NULL);
		/* whatever happened before */
		run_hook("start", NULL);
	}
	while (daemon_is_alive(daemon))
	{
		poll(NULL, 0, DAEMON_ALIVE_INTERVAL);
		if (ferror(stdout))
		{	/* nobody reads it, complained about at the end of all commands */
			return COMMAND_OK;
		}
	}
	if (options_get("exec"))
	{
		run_hook("end", NULL);
	}
	print_error("the daemon at %s closed the connection", daemon->where);
	return COMMAND_TROUBLE;
}

/**
 * Described in header
 */
command_status_t monitor_call(const command_t *this, daemon_t *daemon)
{
	char *program = options_get("exec");
	command_status_t status;

	if (program && !hooks_start(program, options_number("exec-timeout")))
	{
		return COMMAND_TROUBLE;
	}
	status = monitor(daemon);
	hooks_finish();
	return status;
}

/**
 * Described in header
 */
command_status_t monitor_stop(unsigned int seconds, bool ctrl_c)
{
	hooks_kill();
	return COMMAND_OK;
}
