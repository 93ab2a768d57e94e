/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "outcome.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>

/**
 * States as the daemon calls them.
 */
static const char *const names[] = {
	[OUTCOME_DONE]			= "done",
	[OUTCOME_REDIRECTED]	= "redirected",
	[OUTCOME_PLANNED]		= "planned",
	[OUTCOME_REFUSED]		= "refused",
	[OUTCOME_TIMEOUT]		= "timeout",
	[OUTCOME_FAILED]		= "failed",
	[OUTCOME_INELIGIBLE]	= "ineligible",
	[OUTCOME_CANCELLED]		= "cancelled",
};

outcome_t outcome_get(message_t *event)
{
	char *state = message_text(event, "state");
	outcome_t outcome = 0;

	while (outcome < OUTCOME_COUNT && !streq(state, names[outcome]))
	{
		outcome++;
	}
	return outcome < OUTCOME_COUNT ? outcome : OUTCOME_FAILED;
}

void outcome_print(message_t *event, const char *prefix)
{
	char *state = message_text(event, "state"), *to = message_get(event, "to");
	char *reason = message_get(event, "reason"), *time = NULL;
	bool led = message_get(event, "by") != NULL;

	if (streq(state, names[OUTCOME_DONE]))
	{
		time = message_get(event, "ms");
	}
	if (time || (reason && streq(state, reason)))
	{	/* all such lines look the same, with or without a reason */
		reason = NULL;
	}
	print_line("%s%s[%s] '%s' %s%s%s: %s%s%s%s%s%s%s", prefix,
			   message_text(event, "name"), message_text(event, "id"),
			   message_text(event, "peer-id"), message_text(event, "from"),
			   to ? " -> " : "", to ?: "", state, reason ? ": " : "",
			   reason ?: "", time ? " in " : "", time ?: "", time ? " ms" : "",
			   led ? " (by MOBIKE)" : "");
}

/**
 * Count an address that something was moved to.
 */
static void add_target(tally_t *tally, const char *address)
{
	size_t i;

	for (i = 0; i < TALLY_TARGETS; i++)
	{
		if (!tally->targets[i].address)
		{
			tally->targets[i].address = strdup(address);
		}
		if (tally->targets[i].address &&
			streq(tally->targets[i].address, address))
		{
			tally->targets[i].count++;
			return;
		}
	}
}

void tally_add(tally_t *tally, outcome_t outcome, message_t *event)
{
	char *to = message_get(event, "to");

	tally->ended++;
	tally->of[outcome]++;
	if (outcome < OUTCOME_REFUSED && to)
	{
		add_target(tally, to);
	}
}

void tally_clear(tally_t *tally)
{
	size_t i;

	for (i = 0; i < TALLY_TARGETS; i++)
	{
		free(tally->targets[i].address);
	}
	memset(tally, 0, sizeof(*tally));
}

unsigned int tally_good(tally_t *tally)
{
	unsigned int good = 0;
	outcome_t outcome;

	for (outcome = 0; outcome < OUTCOME_REFUSED; outcome++)
	{
		good += tally->of[outcome];
	}
	return good;
}

/**
 * Print a JSON object that sums them up.
 */
static void print_summary(tally_t *tally, uint64_t ms)
{
	message_t *message = message_create(NULL), *summary, *targets;
	outcome_t outcome;
	size_t i;

	summary = message_add(message, "summary", NULL);
	message_add(summary, "matches", "%u", tally->matches);
	for (outcome = 0; outcome < OUTCOME_COUNT; outcome++)
	{
		message_add(summary, names[outcome], "%u", tally->of[outcome]);
	}
	message_add(summary, "unknown", "%u", tally->matches - tally->ended);
	targets = message_add(summary, "targets", NULL);
	for (i = 0; i < TALLY_TARGETS && tally->targets[i].address; i++)
	{
		message_add(targets, tally->targets[i].address, "%u",
					tally->targets[i].count);
	}
	message_add(summary, "seconds", "%.3f", ms / 1000.0);
	print_json(message, NULL);
	message_destroy(message);
}

void tally_print(tally_t *tally, uint64_t ms)
{
	char list[256] = "";
	outcome_t outcome;
	size_t i, len = 0;

	if (output_format == OUTPUT_JSON)
	{
		print_summary(tally, ms);
		return;
	}
	for (outcome = 0; outcome < OUTCOME_COUNT; outcome++)
	{	/* all of them fit */
		if (tally->of[outcome])
		{
			len += snprintf(list + len, sizeof(list) - len, "%s%u %s",
							len ? ", " : "", tally->of[outcome],
							names[outcome]);
		}
	}
	print_line("%u IKE_SA%s in %.1f s: %s", tally->matches,
			   tally->matches == 1 ? "" : "s", ms / 1000.0, list);
	for (i = 0; i < TALLY_TARGETS && tally->targets[1].address &&
		 tally->targets[i].address; i++)
	{
		print_line("  %u to %s", tally->targets[i].count,
				   tally->targets[i].address);
	}
}
