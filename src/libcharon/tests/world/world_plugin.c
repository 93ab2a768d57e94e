/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "world_parts.h"

#include <collections/hashtable.h>

#include <fnmatch.h>
#include <stdio.h>

#include "kernel/rmobike_routes.h"
#include "rmobike_core.h"

/** The plugin */
static rmobike_core_t *core;

/** What switches came to, as strings */
static linked_list_t *outcomes;

/** Hooks of the plugin's listeners for messages, by listener_t */
static hashtable_t *hooks;

/** Hook of a listener */
typedef bool (*hook_t)(listener_t *this, ike_sa_t *ike_sa, message_t *message,
					   bool incoming, bool plain);

/** charon's method */
static void (*stock_add_listener)(bus_t *this, listener_t *listener);

METHOD(listener_t, message, bool,
	listener_t *this, ike_sa_t *ike_sa, message_t *message, bool incoming,
	bool plain)
{
	hook_t hook = hooks->get(hooks, this);

	return kernel_side_of(ike_sa) == INITIATOR ||
		   hook(this, ike_sa, message, incoming, plain);
}

METHOD(bus_t, add_listener, void,
	bus_t *this, listener_t *listener)
{
	if (listener->message)
	{
		hooks->put(hooks, listener, listener->message);
		listener->message = _message;
	}
	stock_add_listener(this, listener);
}

/**
 * Have the plugin hear of the responder's messages only.
 */
static void deafen()
{
	stock_add_listener = charon->bus->add_listener;
	charon->bus->add_listener = _add_listener;
	core->listen(core, TRUE);
	charon->bus->add_listener = stock_add_listener;
}

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

/**
 * Start a move.
 */
static u_int start(rmobike_move_t *move, char *to)
{
	rmobike_mover_t *mover = core->commands.mover;
	char why[BUF_LEN] = "";
	u_int count;

	move->targets = rmobike_weights_create(to, why, sizeof(why));
	move->max_in_flight = RMOBIKE_MAX_IN_FLIGHT;
	count = mover->start(mover, move, why, sizeof(why));
	if (!count)
	{
		trace_note("%s", why);
	}
	move->targets->destroy(move->targets);
	return count;
}

/*
 * Described in header
 */
u_int world_move(char *to, char *fallback, bool dry_run)
{
	rmobike_move_t move = {
		.selector.ike = "rw",
		.mobike = strstr(fallback, "mobike") != NULL,
		.redirect = strstr(fallback, "redirect") != NULL,
		.dry_run = dry_run,
	};

	return start(&move, to);
}

/*
 * Described in header
 */
u_int world_switch_of(char *ike, char *to)
{
	rmobike_move_t move = {
		.selector.ike = ike,
	};

	return start(&move, to);
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
void plugin_roam(side_t side)
{
	rmobike_homing_t *homing = world_conf.stock ? NULL : core->commands.homing;

	if (!world_conf.stock)
	{
		rmobike_routes_forget();
		if (side == RESPONDER)
		{	/* it stands for both ends */
			homing->listener.roam(&homing->listener, TRUE);
		}
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
void plugin_reload()
{
	core->reload(core);
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
	hooks = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr, 16);
	if (world_conf.stock_initiator)
	{
		deafen();
	}
	else
	{
		core->listen(core, TRUE);
	}
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
	hooks->destroy(hooks);
}
