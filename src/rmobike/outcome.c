/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "json.h"
#include "outcome.h"

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

outcome_t outcome_get(vici_res_t *res)
{
	outcome_t outcome = OUTCOME_COUNT;
	char *state;

	state = command_find(res, "state");
	if (state && !streq(state, "asked") && !streq(state, "answered"))
	{
		for (outcome = 0; outcome < OUTCOME_COUNT; outcome++)
		{
			if (streq(state, names[outcome]))
			{
				break;
			}
		}
		if (outcome == OUTCOME_COUNT)
		{	/* one that we don't know is the end, but no success */
			outcome = OUTCOME_FAILED;
		}
	}
	free(state);
	return outcome;
}

bool outcome_is_good(outcome_t outcome)
{
	return outcome < OUTCOME_REFUSED;
}

void outcome_print(vici_res_t *res, const char *prefix)
{
	char *id, *name, *peer, *from, *to, *state, *reason, *ms;
	char *time = NULL;

	id = command_find(res, "id");
	name = command_find(res, "name");
	peer = command_find(res, "peer-id");
	from = command_find(res, "from");
	to = command_find(res, "to");
	state = command_find(res, "state");
	reason = command_find(res, "reason");
	ms = command_find(res, "ms");

	if (state && streq(state, names[OUTCOME_DONE]))
	{
		time = ms;
	}
	if (time || (state && reason && streq(state, reason)))
	{	/* all such lines look the same, with or without a reason */
		free(reason);
		reason = NULL;
	}
	command_print("%s%s[%s] '%s' %s%s%s: %s%s%s%s%s%s", prefix, name ?: "?",
				  id ?: "?", peer ?: "?", from ?: "?", to ? " -> " : "",
				  to ?: "", state ?: "?", reason ? ": " : "", reason ?: "",
				  time ? " in " : "", time ?: "", time ? " ms" : "");

	free(id);
	free(name);
	free(peer);
	free(from);
	free(to);
	free(state);
	free(reason);
	free(ms);
}

/**
 * Count an address that something was moved to.
 */
static void add_target(tally_t *tally, char *address)
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

void tally_add(tally_t *tally, outcome_t outcome, vici_res_t *res)
{
	char *to;

	tally->ended++;
	tally->of[outcome]++;
	if (outcome_is_good(outcome))
	{
		to = command_find(res, "to");
		if (to)
		{
			add_target(tally, to);
		}
		free(to);
	}
}

unsigned int tally_good(tally_t *tally)
{
	unsigned int good = 0;
	outcome_t outcome;

	for (outcome = 0; outcome < OUTCOME_COUNT; outcome++)
	{
		good += outcome_is_good(outcome) ? tally->of[outcome] : 0;
	}
	return good;
}

/**
 * Append to a text, as much as fits.
 */
static char *append(char *pos, char *end, const char *separator,
					unsigned int count, const char *what)
{
	int len;

	len = snprintf(pos, end - pos, "%s%u %s", separator, count, what);
	return len < end - pos ? pos + len : end - 1;
}

void tally_list(tally_t *tally, char *buf, size_t len)
{
	char *pos = buf, *end = buf + len;
	outcome_t outcome;

	*pos = '\0';
	for (outcome = 0; outcome < OUTCOME_COUNT; outcome++)
	{
		if (tally->of[outcome])
		{
			pos = append(pos, end, pos == buf ? "" : ", ", tally->of[outcome],
						 names[outcome]);
		}
	}
}

/**
 * Print a JSON object that sums them up.
 */
static void print_json(tally_t *tally, uint64_t ms)
{
	json_t *json = json_begin();
	outcome_t outcome;
	size_t i;

	json_open(json, "summary");
	json_addf(json, "matches", "%u", tally->matches);
	for (outcome = 0; outcome < OUTCOME_COUNT; outcome++)
	{
		json_addf(json, names[outcome], "%u", tally->of[outcome]);
	}
	json_addf(json, "unknown", "%u", tally->matches - tally->ended);
	json_open(json, "targets");
	for (i = 0; i < TALLY_TARGETS && tally->targets[i].address; i++)
	{
		json_addf(json, tally->targets[i].address, "%u",
				  tally->targets[i].count);
	}
	json_close(json);
	json_addf(json, "seconds", "%.3f", ms / 1000.0);
	json_close(json);
	json_print(json);
}

void tally_print(tally_t *tally, uint64_t ms, bool json)
{
	char list[256];
	size_t i;

	if (json)
	{
		print_json(tally, ms);
		return;
	}
	tally_list(tally, list, sizeof(list));
	command_print("%u IKE_SA%s in %.1f s: %s", tally->matches,
				  tally->matches == 1 ? "" : "s", ms / 1000.0, list);
	for (i = 0; i < TALLY_TARGETS && tally->targets[1].address &&
		 tally->targets[i].address; i++)
	{
		command_print("  %u to %s", tally->targets[i].count,
					  tally->targets[i].address);
	}
}
