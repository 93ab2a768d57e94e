/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_settings.h"
#include "cluster/rmobike_cluster.h"
#include "exchange/rmobike_rescue.h"
#include "initiator/rmobike_echo.h"
#include "initiator/rmobike_mapping.h"
#include "initiator/rmobike_request.h"
#include "initiator/rmobike_seek.h"
#include "kernel/rmobike_departures.h"
#include "kernel/rmobike_netlink.h"
#include "kernel/rmobike_reqids.h"
#include "kernel/rmobike_routes.h"
#include "kernel/rmobike_seamless.h"
#include "sa/rmobike_census.h"
#include "operator/rmobike_homing.h"
#include "operator/rmobike_mover.h"
#include "operator/rmobike_placement.h"
#include "operator/rmobike_redirect.h"
#include "responder/rmobike_address_lost.h"
#include "responder/rmobike_ask.h"
#include "responder/rmobike_choice.h"
#include "responder/rmobike_pacer.h"
#include "rmobike_core.h"
#include "rmobike_listener.h"
#include "sa/rmobike_accepted.h"
#include "sa/rmobike_stats.h"
#include "sa/rmobike_switches.h"

#include <daemon.h>

typedef struct private_rmobike_core_t private_rmobike_core_t;

/**
 * Private data
 */
struct private_rmobike_core_t {

	/**
	 * Public interface
	 */
	rmobike_core_t public;

	/**
	 * All that is known of IKE_SAs
	 */
	rmobike_records_t *records;

	/**
	 * What we asked for
	 */
	rmobike_switches_t *switches;

	/**
	 * What we were asked for and accepted
	 */
	rmobike_accepted_t *accepted;

	/**
	 * How many CHILD_SAs have the same
	 */
	rmobike_reqids_t *reqids;

	/**
	 * Moves CHILD_SAs without a gap
	 */
	rmobike_seamless_t *seamless;

	/**
	 * Sends from addresses that are gone
	 */
	rmobike_raw_socket_t *raw_socket;

	/**
	 * Keeps requests that were not answered
	 */
	rmobike_rescue_t *rescue;

	/**
	 * Answers to other addresses as well
	 */
	rmobike_echo_t *echo;

	/**
	 * Looks for responders that are silent
	 */
	rmobike_seek_t *seek;

	/**
	 * Tells responders where we are
	 */
	rmobike_mapping_t *mapping;

	/**
	 * Tells why there is no MOBIKE
	 */
	rmobike_advice_t *advice;

	/**
	 * Decides about what we are asked for
	 */
	rmobike_request_t *request;

	/**
	 * Listener on the bus
	 */
	rmobike_listener_t *listener;

	/**
	 * Counters
	 */
	rmobike_stats_t *stats;

	/**
	 * Asks peers
	 */
	rmobike_ask_t *ask;

	/**
	 * Tells whose turn it is
	 */
	rmobike_pacer_t *pacer;

	/**
	 * Moves many
	 */
	rmobike_mover_t *mover;

	/**
	 * Counts IKE_SAs
	 */
	rmobike_census_t *census;

	/**
	 * Decides where they belong
	 */
	rmobike_placement_t *placement;

	/**
	 * Has IKE_SAs return
	 */
	rmobike_homing_t *homing;

	/**
	 * Takes over redirection
	 */
	rmobike_redirect_t *redirect;

	/**
	 * Knows addresses
	 */
	rmobike_choice_t *choice;

	/**
	 * Knows which of them are drained
	 */
	rmobike_drained_t *drained;

	/**
	 * Watches them
	 */
	rmobike_address_lost_t *address_lost;

	/**
	 * Hears that one is gone
	 */
	rmobike_departures_t *departures;

	/**
	 * Brings IKE_SAs to another node, NULL if there is none
	 */
	rmobike_cluster_t *cluster;
};

/**
 * Create the cluster, if there is one
 */
static rmobike_cluster_t *create_cluster(private_rmobike_core_t *this)
{
	rmobike_cluster_rooms_t rooms = {
		.records = this->records,
		.refs = this->public.refs,
		.switches = this->switches,
		.ask = this->ask,
		.raw_socket = this->raw_socket,
		.census = this->census,
		.stats = this->stats,
	};

	return rmobike_cluster_create(&rooms);
}

CALLBACK(departed, void,
	private_rmobike_core_t *this, host_t *address)
{
	this->homing->departed(this->homing, address);
	this->address_lost->departed(this->address_lost, address);
}

/**
 * Listen to the kernel
 */
static void listen_to_kernel(private_rmobike_core_t *this, bool reg)
{
	kernel_interface_t *kernel = charon->kernel;

	if (reg)
	{
		kernel->add_listener(kernel, &this->homing->listener);
		this->departures->listen(this->departures, departed, this);
		this->homing->look(this->homing, FALSE);
	}
	else
	{
		this->departures->unlisten(this->departures);
		kernel->remove_listener(kernel, &this->homing->listener);
	}
}

METHOD(rmobike_core_t, listen_, void,
	private_rmobike_core_t *this, bool reg)
{
	/* those that need to know where IKE_SAs are come after the census */
	listener_t *listeners[] = {
		&this->listener->listener,
		&this->mapping->listener,
		&this->reqids->listener,
		&this->rescue->listener,
		&this->echo->listener,
		&this->seek->listener,
		&this->choice->listener,
		&this->address_lost->listener,
		&this->census->listener,
		&this->placement->listener,
		&this->redirect->listener,
	};
	int i;

	if (reg)
	{	/* needs what other plugins provide */
		this->cluster = create_cluster(this);
		this->public.commands.cluster = this->cluster;
	}
	listen_to_kernel(this, reg);
	if (this->cluster)
	{
		this->cluster->listen(this->cluster, reg);
	}
	for (i = 0; i < (int)countof(listeners); i++)
	{
		if (reg)
		{
			charon->bus->add_listener(charon->bus, listeners[i]);
		}
		else
		{
			charon->bus->remove_listener(charon->bus, listeners[i]);
		}
	}
}

METHOD(rmobike_core_t, reload, void,
	private_rmobike_core_t *this)
{
	rmobike_settings_reload();
	this->placement->reload(this->placement);
	this->homing->look(this->homing, TRUE);
}

METHOD(rmobike_core_t, get_count, u_int,
	private_rmobike_core_t *this)
{
	return this->records->get_count(this->records);
}

METHOD(rmobike_core_t, destroy, void,
	private_rmobike_core_t *this)
{
	DESTROY_IF(this->cluster);
	this->listener->destroy(this->listener);
	this->redirect->destroy(this->redirect);
	this->homing->destroy(this->homing);
	this->placement->destroy(this->placement);
	this->mover->destroy(this->mover);
	this->address_lost->destroy(this->address_lost);
	this->departures->destroy(this->departures);
	this->pacer->destroy(this->pacer);
	this->seek->destroy(this->seek);
	this->echo->destroy(this->echo);
	this->request->destroy(this->request);
	this->advice->destroy(this->advice);
	this->mapping->destroy(this->mapping);
	this->rescue->destroy(this->rescue);
	this->ask->destroy(this->ask);
	this->public.refs->destroy(this->public.refs);
	this->stats->destroy(this->stats);
	DESTROY_IF(this->raw_socket);
	this->seamless->destroy(this->seamless);
	this->reqids->destroy(this->reqids);
	this->accepted->destroy(this->accepted);
	this->switches->destroy(this->switches);
	this->records->destroy(this->records);
	/* the last records are counted, and refer to what was announced */
	this->census->destroy(this->census);
	this->choice->destroy(this->choice);
	this->drained->destroy(this->drained);
	rmobike_routes_deinit();
	rmobike_netlink_deinit();
	rmobike_settings_deinit();
	free(this);
}

/**
 * Create the listener, which tells the others
 */
static rmobike_listener_t *create_listener(private_rmobike_core_t *this)
{
	rmobike_rooms_t rooms = {
		.records = this->records,
		.switches = this->switches,
		.accepted = this->accepted,
		.seamless = this->seamless,
		.request = this->request,
		.ask = this->ask,
		.advice = this->advice,
		.echo = this->echo,
		.address_lost = this->address_lost,
		.redirect = this->redirect,
	};

	return rmobike_listener_create(&rooms);
}

/**
 * Create what initiators need
 */
static void create_initiator(private_rmobike_core_t *this)
{
	this->mapping = rmobike_mapping_create(this->records, this->accepted,
										   this->stats);
	this->request = rmobike_request_create(this->accepted, this->rescue,
										   this->stats, this->mapping);
	this->advice = rmobike_advice_create();
	this->echo = rmobike_echo_create(this->records, this->accepted);
	this->seek = rmobike_seek_create(this->records, this->accepted,
									 this->rescue, this->stats);
}

/**
 * Create what responders need
 */
static void create_responder(private_rmobike_core_t *this)
{
	this->drained = rmobike_drained_create();
	this->choice = rmobike_choice_create(this->records, this->drained);
	this->pacer = rmobike_pacer_create(this->switches, this->public.refs);
	this->departures = rmobike_departures_create();
	this->address_lost = rmobike_address_lost_create(this->switches, this->ask,
													 this->choice,
													 this->drained,
													 this->rescue,
													 this->public.refs,
													 this->pacer, this->census,
													 this->departures);
}

/**
 * Create what operators need
 */
static void create_operator(private_rmobike_core_t *this)
{
	this->mover = rmobike_mover_create(this->switches, this->ask,
									   this->public.refs, this->stats,
									   this->pacer);
	this->placement = rmobike_placement_create(this->ask, this->mover,
											   this->choice, this->drained,
											   this->census, this->public.refs);
	this->homing = rmobike_homing_create(this->switches, this->mover,
										 this->choice, this->drained);
	this->redirect = rmobike_redirect_create(this->ask);
	this->public.commands = (rmobike_commands_t){
		.switches = this->switches,
		.mover = this->mover,
		.placement = this->placement,
		.homing = this->homing,
		.choice = this->choice,
		.drained = this->drained,
		.census = this->census,
		.stats = this->stats,
	};
}

/*
 * Described in header
 */
rmobike_core_t *rmobike_core_create(rmobike_raw_socket_t *raw_socket)
{
	private_rmobike_core_t *this;

	rmobike_settings_init();
	rmobike_netlink_init();
	rmobike_routes_init();
	INIT(this,
		.public = {
			.listen = _listen_,
			.reload = _reload,
			.get_count = _get_count,
			.destroy = _destroy,
		},
		.raw_socket = raw_socket,
		.records = rmobike_records_create(),
	);
	this->switches = rmobike_switches_create(this->records);
	this->accepted = rmobike_accepted_create(this->records);
	this->reqids = rmobike_reqids_create();
	this->seamless = rmobike_seamless_create(this->reqids);
	this->stats = rmobike_stats_create();
	this->public.refs = rmobike_refs_create(this->records);
	this->ask = rmobike_ask_create(this->switches, this->seamless,
								   this->raw_socket, this->public.refs,
								   this->stats);
	this->rescue = rmobike_rescue_create(this->records, this->raw_socket);
	this->census = rmobike_census_create(this->records);
	create_initiator(this);
	create_responder(this);
	create_operator(this);
	this->listener = create_listener(this);

	return &this->public;
}
