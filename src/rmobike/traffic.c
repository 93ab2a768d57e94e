/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>

/** vici command of charon, and the event for each IKE_SA */
#define LIST_SAS "list-sas"
#define LIST_SA "list-sa"

/**
 * Parse a number.
 */
static unsigned long long get_number(void *value, int len)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%.*s", len, (char*)value);
	return strtoull(buf, NULL, 10);
}

/**
 * Key/value pair of a CHILD_SA.
 */
static int child_kv(void *user, vici_res_t *res, char *name, void *value,
					int len)
{
	traffic_t *sa = user;

	if (streq(name, "bytes-in"))
	{
		sa->in += get_number(value, len);
	}
	else if (streq(name, "bytes-out"))
	{
		sa->out += get_number(value, len);
	}
	return 0;
}

/**
 * Section of a CHILD_SA.
 */
static int child_section(void *user, vici_res_t *res, char *name)
{
	return vici_parse_cb(res, NULL, child_kv, NULL, user);
}

/**
 * Section within an IKE_SA.
 */
static int sa_section(void *user, vici_res_t *res, char *name)
{
	return vici_parse_cb(res, streq(name, "child-sas") ? child_section : NULL,
						 NULL, NULL, user);
}

/**
 * Key/value pair of an IKE_SA.
 */
static int sa_kv(void *user, vici_res_t *res, char *name, void *value, int len)
{
	traffic_t *sa = user;

	if (streq(name, "local-host"))
	{
		free(sa->address);
		sa->address = strndup(value, len);
	}
	return 0;
}

/**
 * Section of an IKE_SA.
 */
static int ike_section(void *user, vici_res_t *res, char *name)
{
	traffic_t **list = user, *found, sa = {};
	int ret;

	ret = vici_parse_cb(res, sa_section, sa_kv, NULL, &sa);
	if (ret == 0 && sa.address)
	{
		found = traffic_find(*list, sa.address);
		if (!found)
		{
			found = calloc(1, sizeof(*found));
			if (found)
			{
				found->address = strdup(sa.address);
				found->next = *list;
				*list = found;
			}
		}
		if (found)
		{
			found->in += sa.in;
			found->out += sa.out;
		}
	}
	free(sa.address);
	return ret;
}

/**
 * Another IKE_SA. Called by a thread of libvici, before the reply arrives.
 */
static void on_sa(void *user, char *name, vici_res_t *res)
{
	vici_parse_cb(res, ike_section, NULL, NULL, user);
}

traffic_t *traffic_get(command_conn_t *conn)
{
	traffic_t *list = NULL;
	vici_req_t *req;
	vici_res_t *res;

	if (vici_register(conn->vici, LIST_SA, on_sa, &list) != 0)
	{
		return NULL;
	}
	req = vici_begin(LIST_SAS);
	command_add(req, "noblock", "yes");
	res = vici_submit(req, conn->vici);
	if (res)
	{
		vici_free_res(res);
	}
	vici_register(conn->vici, LIST_SA, NULL, NULL);
	return list;
}

traffic_t *traffic_find(traffic_t *list, const char *address)
{
	for (; list; list = list->next)
	{
		if (list->address && streq(list->address, address))
		{
			return list;
		}
	}
	return NULL;
}

void traffic_destroy(traffic_t *list)
{
	traffic_t *next;

	for (; list; list = next)
	{
		next = list->next;
		free(list->address);
		free(list);
	}
}
