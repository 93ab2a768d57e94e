/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "world_parts.h"

#include <fnmatch.h>
#include <stdio.h>

#include "kernel/rmobike_routes.h"
#include "rmobike_core.h"

/** The plugin */
static rmobike_core_t *core;

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

	count = core->commands.mover->start(core->commands.mover, &move,
											why, sizeof(why));
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
	return &core->commands;
}

/*
 * Described in header
 */
rmobike_refs_t *world_refs()
{
	return core->refs;
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
u_int world_records()
{
	return world_conf.stock ? 0 : core->get_count(core);
}

/*
 * Described in header
 */
void plugin_create_all()
{
	outcomes = linked_list_create();
	core = rmobike_core_create(world_conf.no_raw_send ? NULL
													  : wire_create_source());
	core->commands.switches->add_listener(core->commands.switches, ended, NULL);
	core->listen(core, TRUE);
}

/*
 * Described in header
 */
void plugin_unlisten()
{
	core->listen(core, FALSE);
}

/*
 * Described in header
 */
void plugin_destroy_all()
{
	core->destroy(core);
	outcomes->destroy_function(outcomes, free);
}
