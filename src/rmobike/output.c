/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#define _GNU_SOURCE
#include "json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/**
 * Print a line, without anything that a terminal might obey.
 */
static void print_line(FILE *out, const char *prefix, const char *fmt,
					   va_list args)
{
	char *line, *pos;

	if (vasprintf(&line, fmt, args) == -1)
	{
		return;
	}
	for (pos = line; *pos; pos++)
	{
		if (*pos < ' ' || *pos > '~')
		{
			*pos = '?';
		}
	}
	fprintf(out, "%s%s\n", prefix, line);
	fflush(out);
	free(line);
}

void command_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line(stderr, "rmobike: ", fmt, args);
	va_end(args);
}

void command_print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line(stdout, "", fmt, args);
	va_end(args);
}

void command_write(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

uint64_t command_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

bool command_number(const char *name, char *arg, unsigned long min,
					unsigned long max, unsigned int *value)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(arg, &end, 10);
	if (!*arg || *end || errno || strspn(arg, "0123456789") != strlen(arg) ||
		number < min || number > max)
	{
		command_error("'%s' won't do for --%s, it takes a number from %lu to "
					  "%lu", arg, name, min, max);
		return false;
	}
	*value = number;
	return true;
}

bool command_take(char **opt, char *name, char *arg, char *takes)
{
	const char *pos = arg;

	/* the daemon would act as if a value that has anything but printable ASCII
	 * had not been given at all, and take an empty one for all there are */
	while (*pos >= ' ' && *pos <= '~')
	{
		pos++;
	}
	if (!*arg || *pos)
	{
		command_error("'%s' won't do for --%s, it takes %s", arg, name, takes);
		return false;
	}
	*opt = arg;
	return true;
}

bool command_dump(command_conn_t *conn, vici_res_t *res, char *label)
{
	if (conn->json)
	{
		json_print(json_message(json_begin(), res));
		return true;
	}
	if (!conn->raw)
	{
		return false;
	}
	if (vici_dump(res, label, conn->pretty, stdout) != 0)
	{
		command_error("%s: invalid message from the daemon", label);
	}
	fflush(stdout);
	return true;
}

bool command_dump_reply(command_conn_t *conn, vici_res_t *res, char *name)
{
	char label[64];

	snprintf(label, sizeof(label), "%s reply", name);
	return command_dump(conn, res, label);
}

char *command_find(vici_res_t *res, char *key)
{
	void *value;
	int len;

	value = vici_find(res, &len, "%s", key);
	return value ? strndup(value, len) : NULL;
}

void command_add(vici_req_t *req, char *key, char *value)
{
	if (value)
	{
		vici_add_key_value(req, key, value, strlen(value));
	}
}

bool command_is_alive(command_conn_t *conn)
{
	vici_res_t *res;

	errno = 0;
	res = vici_submit(vici_begin("version"), conn->vici);
	if (res)
	{
		vici_free_res(res);
		return true;
	}
	/* the plugin's own socket does not know that command, but says so */
	return errno == ENOENT;
}

command_status_t command_success(command_conn_t *conn, vici_res_t *res)
{
	command_status_t status = COMMAND_OK;
	char *success, *errmsg;

	success = command_find(res, "success");
	errmsg = command_find(res, "errmsg");
	if (!success)
	{
		command_error("the daemon at %s sent a reply that makes no sense, are "
					  "tool and plugin of the same version?", conn->where);
		status = COMMAND_TROUBLE;
	}
	else if (!streq(success, "yes"))
	{
		command_error("%s", errmsg ?: "the daemon gave no reason");
		status = COMMAND_FAILED;
	}
	free(success);
	free(errmsg);
	return status;
}

command_status_t command_vici_failed(command_conn_t *conn, const char *what)
{
	switch (errno)
	{
		case ENOENT:
			return COMMAND_UNKNOWN;
		case EINVAL:
			command_error("a value is too long for a vici message");
			break;
		case EBADMSG:
			command_error("the daemon at %s answered '%s' with a message "
						  "that is invalid or too large", conn->where, what);
			break;
		case 0:
		case EPIPE:
		case ECONNRESET:
			command_error("the daemon at %s closed the connection before it "
						  "answered '%s'", conn->where, what);
			break;
		default:
			command_error("asking the daemon at %s for '%s' failed: %s",
						  conn->where, what, strerror(errno));
			break;
	}
	return COMMAND_TROUBLE;
}
