/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "options.h"
#include "output.h"
#include "stats.h"

#include <stdio.h>

/** keys of what we asked for, and of what we were asked for */
static const char *const asking[] = {
	"asked", "done", "refused", "timeout", "failed", "superseded", "redirected",
	"cancelled", "in-place", "in-flight", "queued", NULL,
};
static const char *const asked[] = {
	"received", "accepted", "switched", "reverted", "ignored", NULL,
};

/**
 * Print counters, and the reasons behind them.
 */
static void print_counters(message_t *stats, const char *title,
						   const char *const *key)
{
	char reasons[32], label[16], *dash;
	message_t *reason;

	print_line("%s", title);
	for (; *key; key++)
	{
		snprintf(label, sizeof(label), "%s", *key);
		dash = strchr(label, '-');
		if (dash)
		{
			*dash = ' ';
		}
		print_line("  %-11s %8llu", label, message_number(stats, *key));
		snprintf(reasons, sizeof(reasons), "%s-by", *key);
		for (reason = message_items(stats, reasons); reason;
			 reason = reason->next)
		{
			print_line("    %s: %s", reason->name, reason->value ?: "?");
		}
	}
}

/**
 * Print how long the switches took that moved something.
 */
static void print_latency(message_t *stats)
{
	message_t *latency;

	print_line("time until done");
	for (latency = message_items(stats, "latency"); latency;
		 latency = latency->next)
	{
		if (!latency->value || streq(latency->value, "0") ||
			streq(latency->name, "sum"))
		{
			continue;
		}
		if (streq(latency->name, "inf"))
		{
			print_line("  longer      %8s", latency->value);
		}
		else
		{
			print_line("  <= %5s ms %8s", latency->name, latency->value);
		}
	}
}

/**
 * Described in header
 */
command_status_t stats_call(const command_t *this, daemon_t *daemon)
{
	message_t *stats, *list;

	stats = daemon_ask(daemon, vici_begin(RMOBIKE_STATS), RMOBIKE_STATS);
	if (!stats)
	{
		return daemon_failed(daemon, RMOBIKE_STATS);
	}
	if (options_get("prometheus"))
	{
		list = daemon_ask(daemon, vici_begin(RMOBIKE_ADDRESSES), NULL);
		stats_print_prometheus(stats, list);
		message_destroy(list);
	}
	else if (output_format == OUTPUT_TEXT)
	{
		print_counters(stats, "as responder", asking);
		print_counters(stats, "as initiator", asked);
		print_latency(stats);
		stats_print_addresses(stats, NULL);
	}
	message_destroy(stats);
	return COMMAND_OK;
}
