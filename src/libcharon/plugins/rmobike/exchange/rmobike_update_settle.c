/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_update_task.h"
#include "sa/rmobike_ike_sa.h"

/**
 * Check if the peer announced an address
 */
static bool is_announced(ike_sa_t *ike_sa, host_t *address)
{
	enumerator_t *enumerator;
	host_t *current;
	bool found = FALSE;

	enumerator = ike_sa->create_peer_address_enumerator(ike_sa);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		found = current->ip_equals(current, address);
	}
	enumerator->destroy(enumerator);
	return found;
}

/*
 * Described in header
 */
rmobike_verdict_t rmobike_update_task_judge(ike_sa_t *ike_sa,
											rmobike_accepted_t *accepted,
											rmobike_options_t *options,
											rmobike_accept_t accept, host_t *to)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	host_t *me = rmobike_ike_sa_source(ike_sa, to);
	rmobike_question_t question = {
		.address = to,
		.current = ike_sa->get_other_host(ike_sa),
		.announced = is_announced(ike_sa, to),
		.own = charon->kernel->get_interface(charon->kernel, to, NULL),
		.reachable = me != NULL,
		.bound = rmobike_ike_sa_is_bound(ike_sa, to),
		.exhausted = options->max_switches &&
					 accepted->count_recent(accepted, id,
						options->switch_interval) >= options->max_switches,
	};

	DESTROY_IF(me);
	return rmobike_policy_judge(accept, options->accept_addresses,
								options->path_check, &question);
}

/**
 * Tell that we don't go where the responder seems to be
 */
static void log_refusal(ike_sa_t *ike_sa, rmobike_accepted_t *accepted,
						host_t *from, rmobike_verdict_t verdict)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	const char *reason = enum_to_name(rmobike_verdict_names, verdict);

	if (accepted->may_log(accepted, id, reason))
	{
		DBG1(DBG_IKE, "peer of IKE_SA %s[%u] answers at %H, not followed: %s",
			 ike_sa->get_name(ike_sa), id, from, reason);
	}
}

/*
 * Described in header
 */
host_t *rmobike_update_task_go(ike_sa_t *ike_sa, rmobike_accepted_t *accepted,
							   host_t *to, bool *check)
{
	rmobike_options_t *options;
	rmobike_verdict_t verdict;

	options = rmobike_ike_sa_options(ike_sa);
	/* where it may be was decided when it was asked there */
	verdict = rmobike_update_task_judge(ike_sa, accepted, options,
										RMOBIKE_ACCEPT_ANY, to);
	rmobike_options_destroy(options);
	*check = verdict == RMOBIKE_VERDICT_PROBE;
	if (rmobike_verdict_is_refusal(verdict))
	{
		log_refusal(ike_sa, accepted, to, verdict);
		to = ike_sa->get_other_host(ike_sa);
	}
	else if (verdict != RMOBIKE_VERDICT_CURRENT)
	{
		accepted->leaving(accepted, ike_sa->get_unique_id(ike_sa),
						  ike_sa->get_other_host(ike_sa));
	}
	return to->clone(to);
}

/*
 * Described in header
 */
void rmobike_update_task_settle(ike_sa_t *ike_sa, rmobike_accepted_t *accepted,
								rmobike_stats_t *stats, host_t *from,
								bool changed)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	rmobike_options_t *options;
	host_t *to;
	bool check, moves;

	if (rmobike_update_task_is_queued(ike_sa, changed))
	{
		return;
	}
	to = rmobike_update_task_go(ike_sa, accepted, from, &check);
	moves = !to->ip_equals(to, ike_sa->get_other_host(ike_sa));
	if (changed || moves)
	{
		options = rmobike_ike_sa_options(ike_sa);
		rmobike_update_task_queue(ike_sa, accepted, stats,
								  accepted->get_serial(accepted, id), to, check,
								  options->path_timeout);
		rmobike_update_task_is_queued(ike_sa, changed);
		rmobike_options_destroy(options);
	}
	to->destroy(to);
}

/*
 * Described in header
 */
void rmobike_update_task_know(ike_sa_t *ike_sa, host_t *address)
{
	if (!is_announced(ike_sa, address))
	{
		ike_sa->add_peer_address(ike_sa, address->clone(address));
	}
}
