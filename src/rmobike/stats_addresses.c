/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "output.h"
#include "stats.h"

#include <stdio.h>
#include <stdlib.h>

/** vici command of charon that lists IKE_SAs, and the event for each */
#define LIST_SAS "list-sas"
#define LIST_SA "list-sa"

typedef struct traffic_t traffic_t;

/**
 * How much went through the CHILD_SAs that there are at a local address.
 */
struct traffic_t {
	/** next one in the list */
	traffic_t *next;
	/** local address */
	char *address;
	/** octets received, and sent */
	unsigned long long in, out;
};

/**
 * Find an address, may add it.
 */
static traffic_t *get_traffic(traffic_t **list, const char *address, bool add)
{
	while (*list && !streq((*list)->address, address))
	{
		list = &(*list)->next;
	}
	if (!*list && add)
	{
		*list = calloc(1, sizeof(**list));
		if (!*list || !((*list)->address = strdup(address)))
		{
			abort();
		}
	}
	return *list;
}

/**
 * Another IKE_SA. Called by a thread of libvici, before the reply arrives.
 */
static void on_sa(void *user, char *name, vici_res_t *res)
{
	message_t *event, *sa, *child;
	traffic_t **list = user, *traffic;
	char *address;

	event = message_create(res);
	for (sa = event ? event->first : NULL; sa; sa = sa->next)
	{
		address = message_get(sa, "local-host");
		if (!address)
		{
			continue;
		}
		traffic = get_traffic(list, address, true);
		for (child = message_items(sa, "child-sas"); child; child = child->next)
		{
			traffic->in += message_number(child, "bytes-in");
			traffic->out += message_number(child, "bytes-out");
		}
	}
	message_destroy(event);
}

/**
 * Ask charon for its own list of IKE_SAs.
 *
 * @return				list, NULL if there are none or it can't tell
 */
static traffic_t *ask_traffic(daemon_t *daemon)
{
	traffic_t *list = NULL;
	vici_req_t *req;

	if (vici_register(daemon->vici, LIST_SA, on_sa, &list) == 0)
	{
		req = vici_begin(LIST_SAS);
		daemon_add(req, "noblock", "yes");
		message_destroy(daemon_ask(daemon, req, NULL));
		vici_register(daemon->vici, LIST_SA, NULL, NULL);
	}
	return list;
}

/**
 * Write a number of octets, short.
 */
static void write_octets(char *buf, size_t len, unsigned long long octets)
{
	static const char units[] = "kMGTPE";
	double value = octets;
	size_t unit = 0;

	if (octets < 1000)
	{
		snprintf(buf, len, "%llu", octets);
		return;
	}
	for (value /= 1000; value >= 999.95 && units[unit + 1]; unit++)
	{
		value /= 1000;
	}
	snprintf(buf, len, "%.1f%c", value, units[unit]);
}

/**
 * Print the line of an address, without its traffic if there is none.
 */
static void print_address(message_t *address, unsigned long long total,
						  traffic_t *list)
{
	unsigned long long sas = message_number(address, "sas");
	char in[16] = "", out[16] = "";
	traffic_t *traffic;

	if (list)
	{
		traffic = get_traffic(&list, address->name, false);
		write_octets(in, sizeof(in), traffic ? traffic->in : 0);
		write_octets(out, sizeof(out), traffic ? traffic->out : 0);
	}
	print_line("%-20s %7llu %7llu %5.1f%% %6s %7s%*s%*s", address->name, sas,
			   message_number(address, "capable"),
			   total ? sas * 100.0 / total : 0.0,
			   message_get(address, "weight") ?: "-",
			   message_get(address, "drained") ?: "-",
			   *in ? 9 : 0, in, *out ? 9 : 0, out);
}

void stats_print_addresses(message_t *stats, daemon_t *daemon)
{
	message_t *addresses = message_items(stats, "addresses"), *address;
	traffic_t *list = NULL, *traffic;
	unsigned long long total = 0;

	if (!addresses)
	{
		return;
	}
	if (daemon)
	{
		list = ask_traffic(daemon);
	}
	for (address = addresses; address; address = address->next)
	{
		total += message_number(address, "sas");
	}
	print_line("%-20s %7s %7s %6s %6s %7s%s", "local address", "IKE_SAs",
			   "capable", "share", "weight", "drained",
			   list ? "       in      out" : "");
	for (address = addresses; address; address = address->next)
	{
		print_address(address, total, list);
	}
	while ((traffic = list))
	{
		list = traffic->next;
		free(traffic->address);
		free(traffic);
	}
}
