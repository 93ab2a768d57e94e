/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "daemon.h"
#include "output.h"

#include <errno.h>
#include <stdio.h>

message_t *daemon_ask(daemon_t *daemon, vici_req_t *req, const char *print)
{
	message_t *reply;
	vici_res_t *res;
	char label[64];
	int err;

	errno = 0;
	res = vici_submit(req, daemon->vici);
	if (!res)
	{
		return NULL;
	}
	reply = message_create(res);
	err = errno;
	if (print)
	{
		snprintf(label, sizeof(label), "%s reply", print);
		print_message(reply, res, label);
	}
	vici_free_res(res);
	errno = err;
	return reply;
}

bool daemon_is_alive(daemon_t *daemon)
{
	message_t *reply;

	reply = daemon_ask(daemon, vici_begin("version"), NULL);
	message_destroy(reply);
	/* the plugin's own socket does not know that command, but says so */
	return reply || errno == ENOENT;
}

command_status_t daemon_success(message_t *reply)
{
	if (streq(message_text(reply, "success"), "yes"))
	{
		return COMMAND_OK;
	}
	print_error("%s", message_get(reply, "errmsg") ?:
				"the daemon gave no reason");
	return COMMAND_FAILED;
}

command_status_t daemon_failed(daemon_t *daemon, const char *what)
{
	switch (errno)
	{
		case ENOENT:
			return COMMAND_UNKNOWN;
		case EINVAL:
			print_error("a value is too long for a vici message");
			break;
		case EILSEQ:
			print_error("the daemon at %s sent a reply that makes no sense, "
						"are tool and plugin of the same version?",
						daemon->where);
			break;
		case EBADMSG:
			print_error("the daemon at %s answered '%s' with a message that is "
						"invalid or too large", daemon->where, what);
			break;
		case 0:
		case EPIPE:
		case ECONNRESET:
			print_error("the daemon at %s closed the connection before it "
						"answered '%s'", daemon->where, what);
			break;
		default:
			print_error("asking the daemon at %s for '%s' failed: %s",
						daemon->where, what, strerror(errno));
			break;
	}
	return COMMAND_TROUBLE;
}

void daemon_add(vici_req_t *req, const char *key, const char *value)
{
	if (value)
	{
		vici_add_key_value(req, (char*)key, (char*)value, strlen(value));
	}
}
