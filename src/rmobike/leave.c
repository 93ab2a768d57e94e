/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "guard.h"
#include "move.h"
#include "options.h"
#include "output.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>

/** ms between looks at what changes without us */
#define LOOK_INTERVAL 500

/** seconds after which we stopped to wait, 0 if that was not why */
static unsigned int waited;

/** where to go, NULL if that doesn't matter */
static const char *target;

/**
 * Compare two addresses, however they are written. The second one ends before a
 * weight or a comma.
 */
static bool same_address(const char *address, const char *other)
{
	char text[INET6_ADDRSTRLEN] = "";
	unsigned char one[16], two[16];
	int family, len;

	family = strchr(address, ':') ? AF_INET6 : AF_INET;
	len = strcspn(other, "=,");
	snprintf(text, sizeof(text), "%.*s", len, other + strspn(other, " "));
	return inet_pton(family, address, one) == 1 &&
		   inet_pton(family, text, two) == 1 &&
		   memcmp(one, two, family == AF_INET ? 4 : 16) == 0;
}

/**
 * Check if an address is one of those to go to.
 */
static bool is_target(const char *address)
{
	const char *to = target;

	while (to && !same_address(address, to))
	{
		to = strchr(to, ',');
		to = to ? to + 1 : NULL;
	}
	return to;
}

/**
 * Find out where to go: to the other node if there is a cluster and nobody says
 * otherwise.
 *
 * @param reply			receives what the address is part of
 */
static void find_target(daemon_t *daemon, message_t **reply)
{
	*reply = NULL;
	target = options_get("to");
	if (!target)
	{
		*reply = daemon_ask(daemon, vici_begin(RMOBIKE_CLUSTER), NULL);
		target = message_get(*reply, "peers");
	}
}

/**
 * Get the counters, when nobody else's move is under way anymore.
 */
static message_t *ask_idle(daemon_t *daemon)
{
	message_t *stats;
	bool said = false;

	while (true)
	{
		stats = daemon_ask(daemon, vici_begin(RMOBIKE_STATS), NULL);
		if (message_number(stats, "in-flight") +
				message_number(stats, "queued") == 0 ||
			!move_pause(LOOK_INTERVAL))
		{
			return stats;
		}
		message_destroy(stats);
		if (!said)
		{
			print_error("waiting for another move to end");
			said = true;
		}
	}
}

/**
 * Collect the addresses to leave: all with clients, but those to go to.
 *
 * @return				false if it is not clear which ones, after complaining
 */
static bool find_addresses(message_t *stats, message_t *left)
{
	message_t *address;

	for (address = message_items(stats, "addresses"); address;
		 address = address->next)
	{
		if (message_number(address, "sas") && !is_target(address->name))
		{
			message_add(left, address->name, "yes");
		}
	}
	if (left->first && left->first->next && !target)
	{
		print_error("clients are at %s, at %s and so on: --to ADDR says which "
					"addresses stay in use", left->first->name,
					left->first->next->name);
		return false;
	}
	return true;
}

/**
 * Move everybody off an address, and those who come later.
 */
static command_status_t drain(daemon_t *daemon, const char *address)
{
	static const char *keys[] = { "fallback", "max-in-flight", "rate" };
	vici_req_t *req;
	size_t i;

	req = vici_begin(RMOBIKE_DRAIN);
	daemon_add(req, "address", address);
	daemon_add(req, "to", target);
	for (i = 0; i < countof(keys); i++)
	{
		daemon_add(req, keys[i], options_get(keys[i]));
	}
	return move_some(daemon, RMOBIKE_DRAIN, req);
}

/**
 * Do so with all that have clients.
 */
static command_status_t drain_all(daemon_t *daemon, message_t *stats,
								  message_t *left)
{
	command_status_t status = COMMAND_OK;
	message_t *address, *now;

	for (address = left->first; address && move_pause(0) &&
		 (status == COMMAND_OK || status == COMMAND_FAILED);
		 address = address->next)
	{
		now = message_section(message_section(stats, "addresses"),
							  address->name);
		if (message_number(now, "sas"))
		{
			status = drain(daemon, address->name);
		}
	}
	return status;
}

/**
 * Get how many switches did not do what was asked for.
 */
static unsigned int count_bad(void)
{
	unsigned int bad = 0;
	outcome_t outcome;

	for (outcome = OUTCOME_REFUSED; outcome < OUTCOME_COUNT; outcome++)
	{
		bad += move_count(outcome);
	}
	return bad;
}

/**
 * Check if a client is still at an address that we left.
 */
static bool remains(message_t *sa, message_t *left)
{
	char *state = message_text(sa, "state");

	return streq(message_text(sa, "initiator"), "no") &&
		   (streq(state, "ESTABLISHED") || streq(state, "REKEYING")) &&
		   message_get(left, message_text(sa, "local"));
}

/**
 * Say who it is.
 */
static void print_sa(message_t *sa)
{
	char *reason = message_get(message_section(sa, "switch"), "reason");

	if (output_format == OUTPUT_JSON)
	{
		print_json(sa, NULL);
	}
	else
	{
		print_line("%s[%s] '%s' remains at %s%s%s", message_text(sa, "name"),
				   message_text(sa, "id"), message_text(sa, "peer-id"),
				   message_text(sa, "local"), reason ? ": " : "", reason ?: "");
	}
}

/**
 * Count those who remain, and say who it is if asked to.
 *
 * @return				number of these, -1 if the daemon did not answer
 */
static int count_remaining(daemon_t *daemon, message_t *left, bool print)
{
	unsigned long long after = 0, next;
	message_t *reply, *sa;
	vici_req_t *req;
	int count = 0;

	do
	{
		req = vici_begin(RMOBIKE_STATUS);
		vici_add_key_valuef(req, "after", "%llu", after);
		reply = daemon_ask(daemon, req, NULL);
		if (!reply)
		{
			return -1;
		}
		for (sa = message_items(reply, "sas"); sa; sa = sa->next)
		{
			if (remains(sa, left))
			{
				count++;
				if (print)
				{
					print_sa(sa);
				}
			}
		}
		next = message_number(reply, "next");
		/* never ask for the same again, whatever the daemon says */
		after = next > after && next <= UINT_MAX ? next : 0;
		message_destroy(reply);
	}
	while (after);
	return count;
}

/**
 * Say who remains, when those who were redirected had time to go.
 *
 * @param bad			number of those for whom nothing could be done
 */
static command_status_t report(daemon_t *daemon, message_t *left,
							   unsigned int bad, bool redirected)
{
	int count;

	while (redirected && count_remaining(daemon, left, false) > (int)bad &&
		   move_pause(LOOK_INTERVAL))
	{
		/* they set up a new tunnel elsewhere first */
	}
	if (waited)
	{
		print_error("waited for %u s, the daemon carries on", waited);
	}
	count = count_remaining(daemon, left, true);
	if (count < 0)
	{
		return daemon_failed(daemon, RMOBIKE_STATUS);
	}
	if (output_format == OUTPUT_JSON)
	{
		left = message_create(NULL);
		message_add(left, "remaining", "%d", count);
		print_json(left, NULL);
		message_destroy(left);
	}
	else if (count)
	{
		print_line("%d IKE_SA%s remain%s", count, count == 1 ? "" : "s",
				   count == 1 ? "s" : "");
	}
	else
	{
		print_line("nobody remains");
	}
	return count ? COMMAND_FAILED : COMMAND_OK;
}

/**
 * Leave, with what there is at the moment.
 */
static command_status_t leave(daemon_t *daemon, message_t *stats,
							  message_t *left)
{
	unsigned int done, redirected, bad;
	command_status_t status;

	if (!find_addresses(stats, left))
	{
		message_destroy(stats);
		return COMMAND_TROUBLE;
	}
	do
	{	/* as long as that helps: who could not go may be able to now, and
		 * others came meanwhile */
		done = move_count(OUTCOME_DONE);
		redirected = move_count(OUTCOME_REDIRECTED);
		bad = count_bad();
		status = drain_all(daemon, stats, left);
		message_destroy(stats);
		if (status != COMMAND_OK && status != COMMAND_FAILED)
		{
			return status;
		}
		stats = ask_idle(daemon);
	}
	while (move_count(OUTCOME_DONE) > done && move_pause(0));
	message_destroy(stats);
	return report(daemon, left, count_bad() - bad,
				  move_count(OUTCOME_REDIRECTED) > redirected);
}

/**
 * Described in header
 */
command_status_t leave_call(const command_t *this, daemon_t *daemon)
{
	message_t *stats, *left, *cluster;
	command_status_t status;

	status = move_begin(daemon, NULL);
	if (status != COMMAND_OK)
	{
		return status;
	}
	find_target(daemon, &cluster);
	errno = 0;
	stats = ask_idle(daemon);
	if (stats)
	{
		left = message_create(NULL);
		status = leave(daemon, stats, left);
		message_destroy(left);
	}
	else
	{
		status = daemon_failed(daemon, RMOBIKE_STATS);
	}
	message_destroy(cluster);
	return status;
}

/**
 * Described in header
 */
command_status_t leave_stop(unsigned int seconds, bool ctrl_c)
{
	waited = seconds;
	if ((seconds || ctrl_c) && move_end(ctrl_c))
	{	/* call() says who remains, there is some time for that */
		return COMMAND_UNKNOWN;
	}
	if (seconds)
	{
		return guard_unanswered(seconds);
	}
	print_error("interrupted, the daemon carries on, see 'rmobike --status'");
	return COMMAND_FAILED;
}
