/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#define _GNU_SOURCE
#include "json.h"
#include "outcome.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

/** ms after which to look if the daemon, and who reads us, is still there */
#define ALIVE_INTERVAL 1000

/**
 * Locks the output.
 */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/**
 * Print the time of day, with milliseconds.
 */
static void write_time(char *buf, size_t len, const char *fmt, bool utc)
{
	struct timespec now;
	struct tm tm;
	char time[32];

	clock_gettime(CLOCK_REALTIME, &now);
	if (utc)
	{
		gmtime_r(&now.tv_sec, &tm);
	}
	else
	{
		localtime_r(&now.tv_sec, &tm);
	}
	strftime(time, sizeof(time), fmt, &tm);
	snprintf(buf, len, "%s.%03ld%s", time, now.tv_nsec / 1000000,
			 utc ? "Z" : " ");
}

/**
 * Something happened, print it. Called by a thread of libvici.
 */
static void on_event(void *user, char *name, vici_res_t *res)
{
	command_conn_t *conn = user;
	char now[48];
	json_t *json;

	pthread_mutex_lock(&mutex);
	if (conn->json)
	{
		json = json_begin();
		write_time(now, sizeof(now), "%Y-%m-%dT%H:%M:%S", true);
		json_add(json, "time", now, strlen(now));
		json_print(json_message(json, res));
	}
	else if (!command_dump(conn, res, name))
	{
		write_time(now, sizeof(now), "%H:%M:%S", false);
		outcome_print(res, now);
	}
	pthread_mutex_unlock(&mutex);
}

/**
 * Check if somebody reads what we print.
 */
static bool is_read(void)
{
	bool good;

	pthread_mutex_lock(&mutex);
	good = !ferror(stdout);
	pthread_mutex_unlock(&mutex);
	return good;
}

/**
 * Implements command_t.call
 */
static command_status_t call(command_conn_t *conn)
{
	struct timespec interval = {
		.tv_sec = ALIVE_INTERVAL / 1000,
		.tv_nsec = ALIVE_INTERVAL % 1000 * 1000000,
	};

	errno = 0;
	if (vici_register(conn->vici, RMOBIKE_SWITCH, on_event, conn) != 0)
	{
		return command_vici_failed(conn, RMOBIKE_SWITCH);
	}
	while (command_is_alive(conn))
	{
		nanosleep(&interval, NULL);
		if (!is_read())
		{	/* complained about later, at the end of all commands */
			return COMMAND_OK;
		}
	}
	command_error("the daemon at %s closed the connection", conn->where);
	return COMMAND_TROUBLE;
}

/**
 * Implements command_t.stopped
 */
static command_status_t stopped(command_stop_t why, unsigned int seconds)
{
	/* not to be unlocked, nothing shall be printed after this */
	pthread_mutex_lock(&mutex);
	return COMMAND_OK;
}

/**
 * Described in header
 */
const command_t cmd_monitor = {
	.name = "monitor",
	.op = 'm',
	.desc = "print switches as they end, until Ctrl-C",
	.vici = RMOBIKE_SWITCH,
	.usage = {
		"[--raw | --pretty | --json] [--timeout SECONDS] [--uri URI]",
	},
	.call = call,
	.stopped = stopped,
};
