/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "stats.h"
#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>

/**
 * A metric, and where its values are.
 */
typedef struct {
	/** section of the values, each for one value of the label */
	char *section;
	/** key of the value */
	char *key;
	/** name without prefix */
	char *name;
	/** name of the label, NULL if there is none */
	char *label;
	/** Prometheus type */
	char *type;
	/** what it is */
	char *help;
} metric_t;

static const metric_t metrics[] = {
	{ "", "asked", "switches_asked_total", NULL, "counter",
	  "Switches that peers were asked for." },
	{ "", "done", "switches_done_total", NULL, "counter",
	  "Switches that moved the IKE_SA." },
	{ "", "refused", "switches_refused_total", NULL, "counter",
	  "Switches that the peer answered without moving the IKE_SA." },
	{ "", "timeout", "switches_timeout_total", NULL, "counter",
	  "Switches that the peer did not answer in time." },
	{ "", "failed", "switches_failed_total", NULL, "counter",
	  "Switches that failed for another reason." },
	{ "", "superseded", "switches_superseded_total", NULL, "counter",
	  "Switches replaced by a newer one." },
	{ "", "redirected", "switches_redirected_total", NULL, "counter",
	  "Peers that were redirected instead." },
	{ "", "cancelled", "switches_cancelled_total", NULL, "counter",
	  "Switches that were not started as the move was stopped." },
	{ "refused-by", NULL, "switches_refused_by_reason_total", "reason",
	  "counter", "Switches refused, by reason." },
	{ "failed-by", NULL, "switches_failed_by_reason_total", "reason",
	  "counter", "Switches failed, by reason." },
	{ "", "in-flight", "switches_in_flight", NULL, "gauge",
	  "Switches under way." },
	{ "", "queued", "switches_queued", NULL, "gauge",
	  "Switches of the current move that were not started yet." },
	{ "", "received", "requests_received_total", NULL, "counter",
	  "Requests to switch that peers sent." },
	{ "", "accepted", "requests_accepted_total", NULL, "counter",
	  "Requests to switch that were accepted." },
	{ "", "ignored", "requests_ignored_total", NULL, "counter",
	  "Requests to switch that were refused or ignored." },
	{ "", "switched", "requests_switched_total", NULL, "counter",
	  "Requests to switch that moved the IKE_SA." },
	{ "", "reverted", "requests_reverted_total", NULL, "counter",
	  "Requests to switch given up, as the new address did not answer." },
	{ "ignored-by", NULL, "requests_ignored_by_reason_total", "reason",
	  "counter", "Requests to switch refused or ignored, by reason." },
	{ "addresses", "sas", "address_ike_sas", "address", "gauge",
	  "IKE_SAs that use this local address." },
	{ "addresses", "capable", "address_capable_ike_sas", "address", "gauge",
	  "IKE_SAs that use this local address and can be moved." },
	{ "addresses", "weight", "address_weight", "address", "gauge",
	  "Configured weight of this local address." },
	{ "addresses", "drained", "address_drained", "address", "gauge",
	  "1 if this local address is drained." },
};

/**
 * Print the comments of a metric.
 */
static void print_head(const char *name, const char *type, const char *help)
{
	printf("# HELP rmobike_%s %s\n# TYPE rmobike_%s %s\n", name, help, name,
		   type);
}

/**
 * Print a value of a label.
 */
static void print_label(const char *label, const char *text)
{
	const uint8_t *pos = (const uint8_t*)text, *start;
	const uint8_t *end = pos + strlen(text);
	uint32_t c;

	printf("{%s=\"", label);
	while (pos < end)
	{
		start = pos;
		c = utf8_next(&pos, end);
		if (c == '\n')
		{
			printf("\\n");
		}
		else if (c == '"' || c == '\\')
		{
			printf("\\%c", (char)c);
		}
		else if (c < ' ' || (c > '~' && c < 0xa0) || c == UTF8_INVALID)
		{	/* it may end up in a terminal after all */
			putchar('?');
		}
		else
		{
			printf("%.*s", (int)(pos - start), (const char*)start);
		}
	}
	printf("\"}");
}

/**
 * Print a sample of a metric.
 */
static void print_sample(const metric_t *metric, const char *label,
						 const char *value)
{
	unsigned long long number;

	number = streq(value, "yes") ? 1 : strtoull(value, NULL, 10);
	printf("rmobike_%s", metric->name);
	if (metric->label)
	{
		print_label(metric->label, label);
	}
	printf(" %llu\n", number);
}

/**
 * Print a metric, if it has any values.
 */
static void print_metric(stats_t *stats, const metric_t *metric)
{
	bool started = false, items = metric->label && metric->key;
	size_t i;

	for (i = 0; i < stats->count; i++)
	{
		stat_t *stat = &stats->stats[i];

		if (!streq(stat->section, metric->section) || !*stat->item == items ||
			(metric->key && !streq(stat->key, metric->key)))
		{
			continue;
		}
		if (!started)
		{
			print_head(metric->name, metric->type, metric->help);
			started = true;
		}
		print_sample(metric, items ? stat->item : stat->key, stat->value);
	}
}

/**
 * Print the histogram of the time that switches took.
 */
static void print_latency(stats_t *stats)
{
	unsigned long long count = 0;
	char *sum;
	size_t i;

	print_head("switch_duration_seconds", "histogram",
			   "Time from asking until the IKE_SA was moved.");
	for (i = 0; i < stats->count; i++)
	{
		stat_t *stat = &stats->stats[i];

		if (streq(stat->section, "latency") && !*stat->item &&
			strspn(stat->key, "0123456789") == strlen(stat->key))
		{
			count += strtoull(stat->value, NULL, 10);
			printf("rmobike_switch_duration_seconds_bucket{le=\"%g\"} %llu\n",
				   strtoull(stat->key, NULL, 10) / 1000.0, count);
		}
	}
	count += stats_get(stats, "latency", "", "inf");
	printf("rmobike_switch_duration_seconds_bucket{le=\"+Inf\"} %llu\n", count);
	sum = stats_find(stats, "latency", "", "sum");
	if (sum)
	{
		printf("rmobike_switch_duration_seconds_sum %.4f\n",
			   strtod(sum, NULL) / 1000.0);
	}
	printf("rmobike_switch_duration_seconds_count %llu\n", count);
}

void stats_print_prometheus(stats_t *stats)
{
	size_t i;

	for (i = 0; i < countof(metrics); i++)
	{
		print_metric(stats, &metrics[i]);
	}
	print_latency(stats);
	fflush(stdout);
}
