/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "stats.h"

#include <stdio.h>
#include <stdlib.h>

/**
 * A counter, and how to call it.
 */
typedef struct {
	char *key;
	char *label;
	/** section with the numbers for each reason, NULL if there is none */
	char *reasons;
} counter_t;

/** what we asked for */
static const counter_t asking[] = {
	{ "asked",		"asked",			NULL },
	{ "done",		"done",				NULL },
	{ "refused",	"refused",			"refused-by" },
	{ "timeout",	"timeout",			NULL },
	{ "failed",		"failed",			"failed-by" },
	{ "superseded",	"superseded",		NULL },
	{ "redirected",	"redirected",		NULL },
	{ "cancelled",	"cancelled",		NULL },
	{ "in-flight",	"in flight",		NULL },
	{ "queued",		"queued",			NULL },
};

/** what we were asked for */
static const counter_t asked[] = {
	{ "received",	"received",			NULL },
	{ "accepted",	"accepted",			NULL },
	{ "switched",	"switched",			NULL },
	{ "reverted",	"reverted",			NULL },
	{ "ignored",	"ignored",			"ignored-by" },
};

/**
 * Print counters, and the reasons behind them.
 */
static void print_counters(stats_t *stats, char *title,
						   const counter_t *counters, size_t count)
{
	size_t i, j;

	command_print("%s", title);
	for (i = 0; i < count; i++)
	{
		command_print("  %-11s %8llu", counters[i].label,
					  stats_get(stats, "", "", counters[i].key));
		for (j = 0; counters[i].reasons && j < stats->count; j++)
		{
			stat_t *stat = &stats->stats[j];

			if (streq(stat->section, counters[i].reasons) && !*stat->item)
			{
				command_print("    %s: %s", stat->key, stat->value);
			}
		}
	}
}

/**
 * Print how long the switches took that moved something.
 */
static void print_latency(stats_t *stats)
{
	size_t i;

	command_print("time until done");
	for (i = 0; i < stats->count; i++)
	{
		stat_t *stat = &stats->stats[i];

		if (!streq(stat->section, "latency") || *stat->item ||
			streq(stat->value, "0") || streq(stat->key, "sum"))
		{
			continue;
		}
		if (streq(stat->key, "inf"))
		{
			command_print("  longer      %8s", stat->value);
		}
		else
		{
			command_print("  <= %5s ms %8s", stat->key, stat->value);
		}
	}
}

void stats_print(stats_t *stats)
{
	print_counters(stats, "as responder", asking, countof(asking));
	print_counters(stats, "as initiator", asked, countof(asked));
	print_latency(stats);
	stats_print_addresses(stats, NULL);
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
static void print_address(stats_t *stats, char *address,
						  unsigned long long total, traffic_t *traffic)
{
	char in[16] = "", out[16] = "", *weight, *drained;
	unsigned long long sas;

	sas = stats_get(stats, "addresses", address, "sas");
	weight = stats_find(stats, "addresses", address, "weight");
	drained = stats_find(stats, "addresses", address, "drained");
	if (traffic)
	{
		traffic = traffic_find(traffic, address);
		write_octets(in, sizeof(in), traffic ? traffic->in : 0);
		write_octets(out, sizeof(out), traffic ? traffic->out : 0);
	}
	command_print("%-20s %7llu %7llu %5.1f%% %6s %7s%*s%*s", address, sas,
				  stats_get(stats, "addresses", address, "capable"),
				  total ? sas * 100.0 / total : 0.0, weight ?: "-",
				  drained ?: "-", *in ? 9 : 0, in, *out ? 9 : 0, out);
}

void stats_print_addresses(stats_t *stats, traffic_t *traffic)
{
	unsigned long long total = 0;
	size_t pos = 0, count = 0;
	char *address;

	while ((address = stats_next_item(stats, "addresses", &pos)))
	{
		total += stats_get(stats, "addresses", address, "sas");
		count++;
	}
	if (count)
	{
		command_print("%-20s %7s %7s %6s %6s %7s%s", "local address",
					  "IKE_SAs", "capable", "share", "weight", "drained",
					  traffic ? "       in      out" : "");
	}
	pos = 0;
	while ((address = stats_next_item(stats, "addresses", &pos)))
	{
		print_address(stats, address, total, traffic);
	}
}
