/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "move.h"
#include "options.h"
#include "output.h"

/** so many are named that would be cut off from an address */
#define NAMED 10

/**
 * What the address that is looked at would lose, shared with the threads of
 * libvici while move_some() waits.
 */
static tally_t tally;

/**
 * Note what would become of an IKE_SA, implements move_filter_t.
 */
static bool note(outcome_t outcome, message_t *event)
{
	tally_add(&tally, outcome, event);
	return outcome != OUTCOME_PLANNED &&
		   (output_format != OUTPUT_TEXT ||
			tally.ended - tally_good(&tally) <= NAMED);
}

/**
 * Sum up what is known of an address, and note where its IKE_SAs would go.
 */
static void print_address(const char *address, message_t *targets)
{
	unsigned int good = tally_good(&tally), cut = tally.ended - good;
	message_t *summary, *counts;
	size_t i;

	summary = message_create(NULL);
	message_add(summary, "address", "%s", address);
	message_add(summary, "sas", "%u", tally.ended);
	message_add(summary, "cut-off", "%u", cut);
	counts = message_add(summary, "targets", NULL);
	for (i = 0; i < TALLY_TARGETS && tally.targets[i].address; i++)
	{
		message_add(counts, tally.targets[i].address, "%u",
					tally.targets[i].count);
		if (!message_get(targets, tally.targets[i].address))
		{
			message_add(targets, tally.targets[i].address, "yes");
		}
	}
	if (output_format == OUTPUT_JSON)
	{
		print_json(summary, NULL);
	}
	else
	{
		if (cut > NAMED && output_format == OUTPUT_TEXT)
		{
			print_line("and %u more, see 'rmobike --drain %s --dry-run'",
					   cut - NAMED, address);
		}
		print_line("%s: %u of %u IKE_SA%s would be cut off", address, cut,
				   tally.ended, tally.ended == 1 ? "" : "s");
		for (counts = counts->first; counts; counts = counts->next)
		{
			print_line("  %s would go to %s", counts->value, counts->name);
		}
	}
	message_destroy(summary);
}

/**
 * Find out what would become of the IKE_SAs at an address without it.
 */
static command_status_t check(daemon_t *daemon, const char *address,
							  message_t *targets)
{
	command_status_t status;
	vici_req_t *req;

	tally_clear(&tally);
	req = vici_begin(RMOBIKE_DRAIN);
	daemon_add(req, "address", address);
	daemon_add(req, "dry-run", "yes");
	daemon_add(req, "to", options_get("to"));
	daemon_add(req, "fallback", options_get("fallback"));
	status = move_some(daemon, RMOBIKE_DRAIN, req);
	if (status == COMMAND_FAILED)
	{	/* it refused to tell */
		return COMMAND_TROUBLE;
	}
	if (status == COMMAND_OK)
	{
		print_address(address, targets);
		if (tally_good(&tally) < tally.ended)
		{
			status = COMMAND_FAILED;
		}
	}
	return status;
}

/**
 * Complain about addresses that IKE_SAs would go to, but that no client was
 * ever seen at.
 *
 * @return				COMMAND_FAILED if there are any
 */
static command_status_t check_targets(daemon_t *daemon, message_t *targets)
{
	command_status_t status = COMMAND_OK;
	message_t *reply, *address, *unproven;

	reply = daemon_ask(daemon, vici_begin(RMOBIKE_ADDRESSES), NULL);
	if (!reply)
	{
		return daemon_failed(daemon, RMOBIKE_ADDRESSES);
	}
	for (address = message_items(reply, "addresses"); address;
		 address = address->next)
	{
		if (!message_get(targets, address->name) ||
			message_number(address, "sas") || message_get(address, "last-move"))
		{
			continue;
		}
		status = COMMAND_FAILED;
		if (output_format == OUTPUT_JSON)
		{
			unproven = message_create(NULL);
			message_add(unproven, "unproven", "%s", address->name);
			print_json(unproven, NULL);
			message_destroy(unproven);
		}
		else
		{
			print_line("%s: no client was there since the daemon started, does "
					   "a firewall let UDP 500 and 4500 in?", address->name);
		}
	}
	message_destroy(reply);
	return status;
}

/**
 * Check all addresses with clients.
 */
static command_status_t check_all(daemon_t *daemon, message_t *stats)
{
	command_status_t status = COMMAND_OK, one;
	message_t *address, *targets = message_create(NULL);

	for (address = message_items(stats, "addresses");
		 address && (status == COMMAND_OK || status == COMMAND_FAILED);
		 address = address->next)
	{
		if (message_number(address, "sas"))
		{
			one = check(daemon, address->name, targets);
			status = one == COMMAND_OK ? status : one;
		}
	}
	if (status == COMMAND_OK || status == COMMAND_FAILED)
	{
		one = check_targets(daemon, targets);
		status = one == COMMAND_OK ? status : one;
	}
	tally_clear(&tally);
	message_destroy(targets);
	return status;
}

/**
 * Described in header
 */
command_status_t check_call(const command_t *this, daemon_t *daemon)
{
	command_status_t status;
	message_t *stats;

	status = move_begin(daemon, note);
	if (status != COMMAND_OK)
	{
		return status;
	}
	stats = daemon_ask(daemon, vici_begin(RMOBIKE_STATS), NULL);
	if (!stats)
	{
		return daemon_failed(daemon, RMOBIKE_STATS);
	}
	if (message_number(stats, "in-flight") + message_number(stats, "queued"))
	{
		print_error("a move is under way, check when it has ended");
		status = COMMAND_TROUBLE;
	}
	else
	{
		status = check_all(daemon, stats);
	}
	message_destroy(stats);
	return status;
}
