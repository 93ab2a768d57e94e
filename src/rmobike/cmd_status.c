/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "json.h"
#include "simple.h"
#include "stats.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/** vici command */
#define RMOBIKE_STATUS "rmobike-status"

/**
 * A switch, or the part of it that is printed.
 */
typedef struct {
	char *from;
	char *to;
	char *state;
	char *reason;
	char *ms;
} switch_t;

/**
 * An IKE_SA, all values NULL if missing.
 */
typedef struct {
	char *id;
	char *name;
	char *peer_id;
	char *local;
	char *remote;
	char *state;
	char *initiator;
	char *mobike;
	char *capable;
	/** last switch */
	switch_t last;
	/** a switch is known */
	bool has_last;
} sa_t;

/**
 * A key of a section, and where its value is kept.
 */
typedef struct {
	char *key;
	char **value;
} field_t;

/**
 * Keep a value of a section, if it is one of those asked for.
 */
static void keep(field_t *fields, size_t count, char *key, void *value, int len)
{
	size_t i;

	for (i = 0; i < count; i++)
	{
		if (streq(key, fields[i].key))
		{
			free(*fields[i].value);
			*fields[i].value = strndup(value, len);
		}
	}
}

/**
 * Key/value pair of a switch.
 */
static int switch_kv(void *user, vici_res_t *res, char *name, void *value,
					 int len)
{
	switch_t *last = user;
	field_t fields[] = {
		{ "from",		&last->from },
		{ "to",			&last->to },
		{ "state",		&last->state },
		{ "reason",		&last->reason },
		{ "ms",			&last->ms },
	};

	keep(fields, countof(fields), name, value, len);
	return 0;
}

/**
 * Section within an IKE_SA.
 */
static int sa_section(void *user, vici_res_t *res, char *name)
{
	sa_t *sa = user;

	if (streq(name, "switch"))
	{
		sa->has_last = true;
		return vici_parse_cb(res, NULL, switch_kv, NULL, &sa->last);
	}
	return vici_parse_cb(res, NULL, NULL, NULL, NULL);
}

/**
 * Key/value pair of an IKE_SA.
 */
static int sa_kv(void *user, vici_res_t *res, char *name, void *value, int len)
{
	sa_t *sa = user;
	field_t fields[] = {
		{ "id",			&sa->id },
		{ "name",		&sa->name },
		{ "peer-id",	&sa->peer_id },
		{ "local",		&sa->local },
		{ "remote",		&sa->remote },
		{ "state",		&sa->state },
		{ "initiator",	&sa->initiator },
		{ "mobike",		&sa->mobike },
		{ "capable",	&sa->capable },
	};

	keep(fields, countof(fields), name, value, len);
	return 0;
}

/**
 * Release what was kept of an IKE_SA.
 */
static void destroy_sa(sa_t *sa)
{
	free(sa->id);
	free(sa->name);
	free(sa->peer_id);
	free(sa->local);
	free(sa->remote);
	free(sa->state);
	free(sa->initiator);
	free(sa->mobike);
	free(sa->capable);
	free(sa->last.from);
	free(sa->last.to);
	free(sa->last.state);
	free(sa->last.reason);
	free(sa->last.ms);
}

/**
 * Check if a value is "yes".
 */
static bool is_yes(char *value)
{
	return value && streq(value, "yes");
}

/**
 * Say if an IKE_SA can be moved from here, and if not, why.
 */
static char *get_capability(sa_t *sa)
{
	if (!sa->state || (!streq(sa->state, "ESTABLISHED") &&
					   !streq(sa->state, "REKEYING")))
	{
		return "not now, it is not established";
	}
	if (!is_yes(sa->mobike))
	{
		return "no, MOBIKE is not in use";
	}
	if (is_yes(sa->initiator))
	{
		return is_yes(sa->capable)
			? "if the peer asks for it, since we initiated the IKE_SA"
			: "no, we did not tell the peer that it may ask for it";
	}
	return is_yes(sa->capable)
		? "yes"
		: "no, the peer did not tell that it supports it";
}

/**
 * Print what is known of an IKE_SA.
 */
static void print_sa(sa_t *sa)
{
	switch_t *last = &sa->last;

	command_print("%s[%s] '%s' %s", sa->name ?: "?", sa->id ?: "?",
				  sa->peer_id ?: "?", sa->state ?: "?");
	command_print("  addresses:   %s ... %s", sa->local ?: "?",
				  sa->remote ?: "?");
	command_print("  can switch:  %s", get_capability(sa));
	if (sa->has_last)
	{
		command_print("  last switch: %s -> %s: %s%s%s, %s ms",
					  last->from ?: "?", last->to ?: "?", last->state ?: "?",
					  last->reason ? ": " : "", last->reason ?: "",
					  last->ms ?: "?");
	}
}

/**
 * Section of an IKE_SA.
 */
static int sas_section(void *user, vici_res_t *res, char *name)
{
	unsigned int *count = user;
	sa_t sa = {};
	int ret;

	ret = vici_parse_cb(res, sa_section, sa_kv, NULL, &sa);
	if (ret == 0)
	{
		if (!sa.id)
		{
			sa.id = strdup(name);
		}
		print_sa(&sa);
		(*count)++;
	}
	destroy_sa(&sa);
	return ret;
}

/**
 * Section of an IKE_SA, with --json.
 */
static int json_section(void *user, vici_res_t *res, char *name)
{
	json_print(json_message(json_begin(), res));
	return 0;
}

/**
 * Section of the reply, with --json.
 */
static int json_reply_section(void *user, vici_res_t *res, char *name)
{
	return vici_parse_cb(res, streq(name, "sas") ? json_section : NULL, NULL,
						 NULL, NULL);
}

/**
 * Section of the reply.
 */
static int reply_section(void *user, vici_res_t *res, char *name)
{
	if (streq(name, "sas"))
	{
		return vici_parse_cb(res, sas_section, NULL, NULL, user);
	}
	return vici_parse_cb(res, NULL, NULL, NULL, NULL);
}

/**
 * Ask for the IKE_SAs above a unique id, as many as fit into a message.
 */
static vici_res_t *submit_status(command_conn_t *conn, unsigned int after)
{
	vici_req_t *req;

	req = vici_begin(RMOBIKE_STATUS);
	if (after)
	{
		vici_add_key_valuef(req, "after", "%u", after);
	}
	errno = 0;
	return vici_submit(req, conn->vici);
}

/**
 * Get what to ask for next, 0 if there is nothing more.
 */
static unsigned int get_next(vici_res_t *res, unsigned int after)
{
	unsigned long next = 0;
	char *value;

	value = command_find(res, "next");
	if (value)
	{
		next = strtoul(value, NULL, 10);
		free(value);
	}
	/* never ask for the same again, whatever the daemon says */
	return next > after && next <= UINT_MAX ? next : 0;
}

/**
 * Print a reply, count its IKE_SAs.
 *
 * @return				false if it is invalid
 */
static bool print_reply(command_conn_t *conn, vici_res_t *res,
						unsigned int *count)
{
	if (conn->json)
	{
		return vici_parse_cb(res, json_reply_section, NULL, NULL, NULL) == 0;
	}
	return command_dump_reply(conn, res, RMOBIKE_STATUS) ||
		   vici_parse_cb(res, reply_section, NULL, NULL, count) == 0;
}

/**
 * Sum up the addresses. Nothing to complain about if the daemon doesn't.
 */
static void print_addresses(command_conn_t *conn)
{
	traffic_t *traffic;
	stats_t *stats;
	vici_res_t *res;

	res = vici_submit(vici_begin(RMOBIKE_STATS), conn->vici);
	if (res)
	{
		stats = stats_create(res);
		if (stats)
		{
			traffic = traffic_get(conn);
			stats_print_addresses(stats, traffic);
			traffic_destroy(traffic);
			stats_destroy(stats);
		}
		vici_free_res(res);
	}
}

/**
 * Implements command_t.call
 */
static command_status_t call(command_conn_t *conn)
{
	unsigned int count = 0, after = 0;
	vici_res_t *res;

	do
	{
		res = submit_status(conn, after);
		if (!res)
		{
			return command_vici_failed(conn, RMOBIKE_STATUS);
		}
		if (!print_reply(conn, res, &count))
		{
			command_error("the daemon at %s sent an invalid reply",
						  conn->where);
			vici_free_res(res);
			return COMMAND_TROUBLE;
		}
		after = get_next(res, after);
		vici_free_res(res);
	}
	while (after);

	if (!conn->raw && !conn->json)
	{
		if (!count)
		{
			command_print("no IKE_SAs, nothing is connected");
		}
		print_addresses(conn);
	}
	return COMMAND_OK;
}

/**
 * Described in header
 */
const command_t cmd_status = {
	.name = "status",
	.op = 'S',
	.desc = "list IKE_SAs, and sum them up for each address",
	.vici = RMOBIKE_STATUS,
	.usage = {
		SIMPLE_USAGE,
	},
	.timeout = SIMPLE_TIMEOUT,
	.call = call,
	.stopped = simple_stopped,
};
