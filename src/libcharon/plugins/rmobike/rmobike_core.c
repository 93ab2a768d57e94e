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
	 * Records of what we asked for
	 */
	rmobike_peers_t *peers;

	/**
	 * Records of what we were asked for and accepted
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
		&this->public.refs->listener,
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
	return this->peers->get_count(this->peers) +
		   this->accepted->get_count(this->accepted) +
		   this->unanswered->get_count(this->unanswered) +
		   this->echo->get_count(this->echo) +
		   this->seek->get_count(this->seek) +
		   this->candidates->get_count(this->candidates) +
		   this->public.refs->get_count(this->public.refs);
}

METHOD(rmobike_core_t, destroy, void,
	private_rmobike_core_t *this)
{
	this->redirect->destroy(this->redirect);
	this->placement->destroy(this->placement);
	this->census->destroy(this->census);
	this->mover->destroy(this->mover);
	this->roam->destroy(this->roam);
	this->public.refs->destroy(this->public.refs);
	this->candidates->destroy(this->candidates);
	this->seek->destroy(this->seek);
	this->echo->destroy(this->echo);
	this->listener->destroy(this->listener);
	this->judge->destroy(this->judge);
	this->unanswered->destroy(this->unanswered);
	this->asker->destroy(this->asker);
	this->stats->destroy(this->stats);
	DESTROY_IF(this->source);
	this->seamless->destroy(this->seamless);
	this->accepted->destroy(this->accepted);
	this->peers->destroy(this->peers);
	rmobike_routes_deinit();
	rmobike_settings_deinit();
	free(this);
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
		.peers = rmobike_peers_create(),
		.accepted = rmobike_accepted_create(),
	);
	this->seamless = rmobike_seamless_create();
	this->stats = rmobike_stats_create();
	this->asker = rmobike_asker_create(this->peers, this->seamless,
									   this->source, this->stats);
	this->unanswered = rmobike_unanswered_create(this->source);
	this->judge = rmobike_judge_create(this->accepted, this->unanswered,
									   this->stats);
	this->listener = rmobike_listener_create(this->peers, this->accepted,
											 this->seamless, this->judge,
											 this->asker);
	this->echo = rmobike_echo_create(this->accepted);
	this->seek = rmobike_seek_create(this->accepted, this->unanswered,
									 this->stats);
	this->candidates = rmobike_candidates_create();
	this->public.refs = rmobike_refs_create();
	this->roam = rmobike_roam_create(this->peers, this->asker,
									 this->candidates, this->unanswered,
									 this->public.refs);
	this->mover = rmobike_mover_create(this->peers, this->asker, this->public.refs,
									   this->stats);
	this->census = rmobike_census_create();
	this->placement = rmobike_placement_create(this->asker, this->mover,
											   this->candidates, this->census,
											   this->public.refs);
	this->redirect = rmobike_redirect_create(this->asker);

	this->public.commands = (rmobike_commands_t){
		.peers = this->peers,
		.mover = this->mover,
		.placement = this->placement,
		.census = this->census,
		.stats = this->stats,
	};

	return &this->public;
}
