/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "output.h"
#include "stats.h"

#include <stdlib.h>

/**
 * Metrics, and where their values are.
 */
static const struct {
	/** section of the values, the reply itself if empty; "list" for the
	 * addresses in the reply to RMOBIKE_ADDRESSES */
	char *section;
	/** key of the value, NULL for all of the section by their name */
	char *key;
	/** name of the label that tells them apart, NULL if there is one only */
	char *label;
	/** name without prefix, which tells the type: counters end in _total */
	char *name;
	/** what it is */
	char *help;
} metrics[] = {
	{ "", "asked", NULL, "switches_asked_total",
	  "Switches that peers were asked for." },
	{ "", "done", NULL, "switches_done_total",
	  "Switches that moved the IKE_SA." },
	{ "", "refused", NULL, "switches_refused_total",
	  "Switches that the peer answered without moving the IKE_SA." },
	{ "", "timeout", NULL, "switches_timeout_total",
	  "Switches that the peer did not answer in time." },
	{ "", "failed", NULL, "switches_failed_total",
	  "Switches that failed for another reason." },
	{ "", "superseded", NULL, "switches_superseded_total",
	  "Switches replaced by a newer one." },
	{ "", "redirected", NULL, "switches_redirected_total",
	  "Peers that were redirected instead." },
	{ "", "cancelled", NULL, "switches_cancelled_total",
	  "Switches that were not started as the move was stopped." },
	{ "", "in-place", NULL, "switches_in_place_total",
	  "IKE_SAs selected that were where they should be." },
	{ "refused-by", NULL, "reason", "switches_refused_by_reason_total",
	  "Switches refused, by reason." },
	{ "failed-by", NULL, "reason", "switches_failed_by_reason_total",
	  "Switches failed, by reason." },
	{ "", "in-flight", NULL, "switches_in_flight",
	  "Switches under way." },
	{ "", "queued", NULL, "switches_queued",
	  "Switches of the current move that were not started yet." },
	{ "", "received", NULL, "requests_received_total",
	  "Requests to switch that peers sent." },
	{ "", "accepted", NULL, "requests_accepted_total",
	  "Requests to switch that were accepted." },
	{ "", "ignored", NULL, "requests_ignored_total",
	  "Requests to switch that were refused or ignored." },
	{ "", "switched", NULL, "requests_switched_total",
	  "Requests to switch that moved the IKE_SA." },
	{ "", "reverted", NULL, "requests_reverted_total",
	  "Requests to switch given up, as the new address did not answer." },
	{ "", "takeovers", NULL, "takeovers_total",
	  "Times that all IKE_SAs of the other node were taken over." },
	{ "", "taken", NULL, "taken_ike_sas_total",
	  "IKE_SAs that were taken over from the other node." },
	{ "cluster", "alive", NULL, "cluster_other_node_alive",
	  "1 if the other node of the cluster is alive." },
	{ "cluster", "here", NULL, "cluster_ike_sas",
	  "IKE_SAs that this node of the cluster serves." },
	{ "cluster", "copies", NULL, "cluster_copies",
	  "Copies of IKE_SAs that the other node serves." },
	{ "cluster", "arriving", NULL, "cluster_arriving_ike_sas",
	  "IKE_SAs taken over whose clients are not here yet." },
	{ "cluster", "untold", NULL, "cluster_untold_ike_sas",
	  "IKE_SAs served here that the other node does not know of." },
	{ "ignored-by", NULL, "reason", "requests_ignored_by_reason_total",
	  "Requests to switch refused or ignored, by reason." },
	{ "addresses", "sas", "address", "address_ike_sas",
	  "IKE_SAs that use this local address." },
	{ "addresses", "capable", "address", "address_capable_ike_sas",
	  "IKE_SAs that use this local address and can be moved." },
	{ "addresses", "weight", "address", "address_weight",
	  "Configured weight of this local address." },
	{ "addresses", "drained", "address", "address_drained",
	  "1 if this local address is drained." },
	{ "immovable", NULL, "reason", "immovable_ike_sas",
	  "IKE_SAs initiated by peers that can't be moved, by reason." },
	{ "list", "usable", "address", "address_usable",
	  "1 if this configured or local address is up and not drained." },
	{ "list", "preferred", "address", "address_preferred_rank",
	  "Position in the list of preferred addresses, the best one has 1." },
	{ "list", "wait", "address", "address_return_wait_seconds",
	  "Time until IKE_SAs return to this address." },
	{ "list", "last-move", "address", "address_last_move_timestamp_seconds",
	  "When the last IKE_SA came to this address, or left it." },
	{ "list", "reason", "address", "address_drain_info",
	  "1, and why this address is drained." },
};

/**
 * Print the comments of a metric.
 */
static void print_head(const char *name, const char *help)
{
	const char *type = strstr(name, "_duration_seconds") ? "histogram"
					 : strstr(name, "_total") ? "counter" : "gauge";

	print_line("# HELP rmobike_%s %s", name, help);
	print_line("# TYPE rmobike_%s %s", name, type);
}

/**
 * Write a label and its value: an address, or one of the daemon's reasons.
 */
static void write_label(char *buf, size_t len, const char *label,
						const char *text)
{
	size_t used = strlen(buf);

	/* another one replaces the brace behind the first */
	used -= used ? 1 : 0;
	used += snprintf(buf + used, len - used, "%s%s=\"", used ? "," : "{",
					 label);
	for (; *text && used + sizeof("\\x\"}") <= len; text++)
	{
		if (*text == '"' || *text == '\\')
		{
			buf[used++] = '\\';
		}
		buf[used++] = *text;
	}
	strcpy(buf + used, "\"}");
}

/**
 * Print a metric, if it has any values.
 */
static void print_metric(message_t *stats, message_t *list, size_t i)
{
	const char *key = metrics[i].key, *label = metrics[i].label, *value;
	bool is_text = key && streq(key, "reason"), started = false;
	char labels[512];
	message_t *element;

	if (streq(metrics[i].section, "list"))
	{
		element = message_items(list, "addresses");
	}
	else
	{
		element = *metrics[i].section ? message_items(stats, metrics[i].section)
									  : stats->first;
	}
	for (; element; element = element->next)
	{
		value = !key || streq(element->name, key) ? element->value : NULL;
		if (!element->value && key && label)
		{
			value = message_get(element, key);
		}
		if (!value)
		{
			continue;
		}
		if (!started)
		{
			print_head(metrics[i].name, metrics[i].help);
			started = true;
		}
		labels[0] = '\0';
		if (label)
		{
			write_label(labels, sizeof(labels), label, element->name);
		}
		if (is_text)
		{
			write_label(labels, sizeof(labels), key, value);
		}
		print_line("rmobike_%s%s %llu", metrics[i].name, labels,
				   is_text || streq(value, "yes") ? 1
												  : strtoull(value, NULL, 10));
	}
}

/**
 * Print the histogram of the time that switches took.
 */
static void print_latency(message_t *stats)
{
	message_t *latency = message_section(stats, "latency"), *bucket;
	unsigned long long count = 0;
	double seconds;

	print_head("switch_duration_seconds",
			   "Time from asking until the IKE_SA was moved.");
	for (bucket = message_items(stats, "latency"); bucket;
		 bucket = bucket->next)
	{
		seconds = strtoull(bucket->name, NULL, 10) / 1000.0;
		if (seconds)
		{	/* one that ends there */
			count += message_number(latency, bucket->name);
			print_line("rmobike_switch_duration_seconds_bucket{le=\"%g\"} "
					   "%llu", seconds, count);
		}
	}
	count += message_number(latency, "inf");
	print_line("rmobike_switch_duration_seconds_bucket{le=\"+Inf\"} %llu",
			   count);
	print_line("rmobike_switch_duration_seconds_sum %.4f",
			   strtod(message_text(latency, "sum"), NULL) / 1000.0);
	print_line("rmobike_switch_duration_seconds_count %llu", count);
}

void stats_print_prometheus(message_t *stats, message_t *list)
{
	size_t i;

	for (i = 0; i < countof(metrics); i++)
	{
		print_metric(stats, list, i);
	}
	print_latency(stats);
}
