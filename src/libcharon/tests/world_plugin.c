/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "world_parts.h"

#include <fnmatch.h>
#include <stdio.h>

#include "rmobike_judge.h"
#include "rmobike_listener.h"
#include "rmobike_mover.h"
#include "rmobike_accepted.h"
#include "rmobike_commands.h"
#include "rmobike_echo.h"
#include "rmobike_peers.h"
#include "rmobike_placement.h"
#include "rmobike_candidates.h"
#include "rmobike_roam.h"
#include "rmobike_routes.h"
#include "rmobike_seamless.h"
#include "rmobike_seek.h"
#include "rmobike_settings.h"

/** The plugin, as rmobike_plugin.c puts it together */
static rmobike_peers_t *peers;
static rmobike_accepted_t *accepted;
static rmobike_seamless_t *seamless;
static rmobike_source_t *source;
static rmobike_judge_t *judge;
static rmobike_listener_t *listener;
static rmobike_mover_t *mover;
static rmobike_census_t *census;
static rmobike_placement_t *placement;
static rmobike_refs_t *refs;
static rmobike_asker_t *asker;
static rmobike_stats_t *stats;
static rmobike_candidates_t *candidates;
static rmobike_roam_t *roam;
static rmobike_unanswered_t *unanswered;
static rmobike_echo_t *echo;
static rmobike_seek_t *seek;

/** What switches came to, as strings */
static linked_list_t *outcomes;

/**
 * Implements rmobike_ended_t
 */
static void ended(void *user, const rmobike_switch_t *ended)
{
	char text[256];

	snprintf(text, sizeof(text), "%s %H -> %H %N%s%s", ended->name, ended->from,
			 ended->to, rmobike_state_names, ended->state,
			 ended->reason ? ": " : "", ended->reason ?: "");
	outcomes->insert_last(outcomes, strdup(text));
}

/*
 * Described in header
 */
u_int world_switch_of(char *ike, char *to)
{
	char why[BUF_LEN] = "";
	rmobike_move_t move = {
		.selector.ike = ike,
		.targets = rmobike_weights_create(to, why, sizeof(why)),
		.max_in_flight = RMOBIKE_MAX_IN_FLIGHT,
	};
	u_int count;

	count = mover->start(mover, &move, why, sizeof(why));
	if (!count)
	{
		trace_note("%s", why);
	}
	move.targets->destroy(move.targets);
	return count;
}

/*
 * Described in header
 */
u_int world_switch(char *to)
{
	return world_switch_of("rw", to);
}

/*
 * Described in header
 */
u_int world_outcomes()
{
	return outcomes->get_count(outcomes);
}

/*
 * Described in header
 */
void world_assert_outcomes(const char *file, int line, char **patterns)
{
	enumerator_t *enumerator;
	char *outcome;

	enumerator = outcomes->create_enumerator(outcomes);
	while (enumerator->enumerate(enumerator, &outcome))
	{
		if (!*patterns || fnmatch(*patterns++, outcome, 0))
		{
			trace_fail(file, line, "unexpected outcome: %s", outcome);
		}
	}
	enumerator->destroy(enumerator);
	if (*patterns)
	{
		trace_fail(file, line, "missing outcome: %s", *patterns);
	}
	while (outcomes->remove_first(outcomes, (void**)&outcome) == SUCCESS)
	{
		free(outcome);
	}
}

/*
 * Described in header
 */
rmobike_commands_t *world_commands()
{
	static rmobike_commands_t commands;

	commands = (rmobike_commands_t){
		.peers = peers,
		.mover = mover,
		.placement = placement,
		.census = census,
		.stats = stats,
	};
	return &commands;
}

/*
 * Described in header
 */
rmobike_refs_t *world_refs()
{
	return refs;
}

/*
 * Described in header
 */
void plugin_roam()
{
	if (!world_conf.stock)
	{
		rmobike_routes_forget();
	}
}

/*
 * Described in header
 */
u_int plugin_records()
{
	return world_conf.stock ? 0 : peers->get_count(peers) +
								  accepted->get_count(accepted) +
								  unanswered->get_count(unanswered) +
								  echo->get_count(echo) +
								  seek->get_count(seek) +
								  candidates->get_count(candidates) +
								  refs->get_count(refs);
}

/*
 * Described in header
 */
void plugin_create_all()
{
	rmobike_settings_init();
	rmobike_routes_init();
	refs = rmobike_refs_create();
	outcomes = linked_list_create();
	peers = rmobike_peers_create();
	peers->add_listener(peers, ended, NULL);
	accepted = rmobike_accepted_create();
	seamless = rmobike_seamless_create();
	source = world_conf.no_raw_send ? NULL : wire_create_source();
	stats = rmobike_stats_create();
	asker = rmobike_asker_create(peers, seamless, source, stats);
	mover = rmobike_mover_create(peers, asker, refs, stats);
	unanswered = rmobike_unanswered_create(source);
	judge = rmobike_judge_create(accepted, unanswered, stats);
	listener = rmobike_listener_create(peers, accepted, seamless, judge, asker);
	echo = rmobike_echo_create(accepted);
	seek = rmobike_seek_create(accepted, unanswered, stats);
	candidates = rmobike_candidates_create();
	roam = rmobike_roam_create(peers, asker, candidates, unanswered, refs);
	census = rmobike_census_create();
	placement = rmobike_placement_create(asker, mover, candidates, census,
										 refs);
	charon->bus->add_listener(charon->bus, &listener->listener);
	charon->bus->add_listener(charon->bus, &seamless->listener);
	charon->bus->add_listener(charon->bus, &unanswered->listener);
	charon->bus->add_listener(charon->bus, &echo->listener);
	charon->bus->add_listener(charon->bus, &seek->listener);
	charon->bus->add_listener(charon->bus, &candidates->listener);
	charon->bus->add_listener(charon->bus, &roam->listener);
	charon->bus->add_listener(charon->bus, &refs->listener);
	charon->bus->add_listener(charon->bus, &census->listener);
	charon->bus->add_listener(charon->bus, &placement->listener);
}

/*
 * Described in header
 */
void plugin_unlisten()
{
	charon->bus->remove_listener(charon->bus, &placement->listener);
	charon->bus->remove_listener(charon->bus, &census->listener);
	charon->bus->remove_listener(charon->bus, &refs->listener);
	charon->bus->remove_listener(charon->bus, &candidates->listener);
	charon->bus->remove_listener(charon->bus, &roam->listener);
	charon->bus->remove_listener(charon->bus, &seek->listener);
	charon->bus->remove_listener(charon->bus, &echo->listener);
	charon->bus->remove_listener(charon->bus, &unanswered->listener);
	charon->bus->remove_listener(charon->bus, &seamless->listener);
	charon->bus->remove_listener(charon->bus, &listener->listener);
}

/*
 * Described in header
 */
void plugin_destroy_all()
{
	placement->destroy(placement);
	census->destroy(census);
	mover->destroy(mover);
	roam->destroy(roam);
	candidates->destroy(candidates);
	seek->destroy(seek);
	echo->destroy(echo);
	listener->destroy(listener);
	judge->destroy(judge);
	unanswered->destroy(unanswered);
	asker->destroy(asker);
	stats->destroy(stats);
	seamless->destroy(seamless);
	DESTROY_IF(source);
	accepted->destroy(accepted);
	peers->destroy(peers);
	refs->destroy(refs);
	rmobike_routes_deinit();
	rmobike_settings_deinit();
	outcomes->destroy_function(outcomes, free);
}
