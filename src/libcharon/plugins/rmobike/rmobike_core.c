/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_core.h"
#include "rmobike_accepted.h"
#include "rmobike_asker.h"
#include "rmobike_candidates.h"
#include "rmobike_census.h"
#include "rmobike_echo.h"
#include "rmobike_judge.h"
#include "rmobike_listener.h"
#include "rmobike_mover.h"
#include "rmobike_pacer.h"
#include "rmobike_peers.h"
#include "rmobike_placement.h"
#include "rmobike_redirect.h"
#include "rmobike_roam.h"
#include "rmobike_routes.h"
#include "rmobike_seamless.h"
#include "rmobike_seek.h"
#include "rmobike_settings.h"
#include "rmobike_stats.h"
#include "rmobike_unanswered.h"

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
	rmobike_peers_t *peers;

	/**
	 * What we were asked for and accepted
	 */
	rmobike_accepted_t *accepted;

	/**
	 * Moves CHILD_SAs without a gap
	 */
	rmobike_seamless_t *seamless;

	/**
	 * Sends from addresses that are gone
	 */
	rmobike_source_t *source;

	/**
	 * Keeps requests that were not answered
	 */
	rmobike_unanswered_t *unanswered;

	/**
	 * Answers to other addresses as well
	 */
	rmobike_echo_t *echo;

	/**
	 * Looks for responders that are silent
	 */
	rmobike_seek_t *seek;

	/**
	 * Decides about what we are asked for
	 */
	rmobike_judge_t *judge;

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
	rmobike_asker_t *asker;

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
	 * Takes over redirection
	 */
	rmobike_redirect_t *redirect;

	/**
	 * Knows addresses
	 */
	rmobike_candidates_t *candidates;

	/**
	 * Watches them
	 */
	rmobike_roam_t *roam;
};

METHOD(rmobike_core_t, listen_, void,
	private_rmobike_core_t *this, bool reg)
{
	/* those that need to know where IKE_SAs are come after the census */
	listener_t *listeners[] = {
		&this->listener->listener,
		&this->seamless->listener,
		&this->unanswered->listener,
		&this->echo->listener,
		&this->seek->listener,
		&this->candidates->listener,
		&this->roam->listener,
		&this->census->listener,
		&this->placement->listener,
		&this->redirect->listener,
	};
	int i;

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
}

METHOD(rmobike_core_t, get_count, u_int,
	private_rmobike_core_t *this)
{
	return this->records->get_count(this->records);
}

METHOD(rmobike_core_t, destroy, void,
	private_rmobike_core_t *this)
{
	this->listener->destroy(this->listener);
	this->redirect->destroy(this->redirect);
	this->placement->destroy(this->placement);
	this->mover->destroy(this->mover);
	this->roam->destroy(this->roam);
	this->pacer->destroy(this->pacer);
	this->public.refs->destroy(this->public.refs);
	this->seek->destroy(this->seek);
	this->echo->destroy(this->echo);
	this->judge->destroy(this->judge);
	this->unanswered->destroy(this->unanswered);
	this->asker->destroy(this->asker);
	this->stats->destroy(this->stats);
	DESTROY_IF(this->source);
	this->seamless->destroy(this->seamless);
	this->accepted->destroy(this->accepted);
	this->peers->destroy(this->peers);
	this->records->destroy(this->records);
	/* the last records are counted, and refer to what was announced */
	this->census->destroy(this->census);
	this->candidates->destroy(this->candidates);
	rmobike_routes_deinit();
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
		.peers = this->peers,
		.accepted = this->accepted,
		.seamless = this->seamless,
		.judge = this->judge,
		.asker = this->asker,
		.echo = this->echo,
		.roam = this->roam,
		.redirect = this->redirect,
	};

	return rmobike_listener_create(&rooms);
}

/*
 * Described in header
 */
rmobike_core_t *rmobike_core_create(rmobike_source_t *source)
{
	private_rmobike_core_t *this;

	rmobike_settings_init();
	rmobike_routes_init();
	INIT(this,
		.public = {
			.listen = _listen_,
			.reload = _reload,
			.get_count = _get_count,
			.destroy = _destroy,
		},
		.source = source,
		.records = rmobike_records_create(),
	);
	this->peers = rmobike_peers_create(this->records);
	this->accepted = rmobike_accepted_create(this->records);
	this->seamless = rmobike_seamless_create();
	this->stats = rmobike_stats_create();
	this->public.refs = rmobike_refs_create(this->records);
	this->asker = rmobike_asker_create(this->peers, this->seamless,
									   this->source, this->stats);
	this->unanswered = rmobike_unanswered_create(this->records, this->source);
	this->judge = rmobike_judge_create(this->accepted, this->unanswered,
									   this->stats);
	this->echo = rmobike_echo_create(this->records, this->accepted);
	this->seek = rmobike_seek_create(this->records, this->accepted,
									 this->unanswered, this->stats);
	this->candidates = rmobike_candidates_create(this->records);
	this->pacer = rmobike_pacer_create(this->peers, this->public.refs);
	this->roam = rmobike_roam_create(this->peers, this->asker,
									 this->candidates, this->unanswered,
									 this->public.refs, this->pacer);
	this->mover = rmobike_mover_create(this->peers, this->asker,
									   this->public.refs, this->stats,
									   this->pacer);
	this->census = rmobike_census_create(this->records);
	this->placement = rmobike_placement_create(this->asker, this->mover,
											   this->candidates, this->census,
											   this->public.refs);
	this->redirect = rmobike_redirect_create(this->asker);
	this->listener = create_listener(this);

	this->public.commands = (rmobike_commands_t){
		.peers = this->peers,
		.mover = this->mover,
		.placement = this->placement,
		.census = this->census,
		.stats = this->stats,
	};

	return &this->public;
}
