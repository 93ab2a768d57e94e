/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_plugin.h"
#include "rmobike_accepted.h"
#include "rmobike_compat.h"
#include "rmobike_judge.h"
#include "rmobike_listener.h"
#include "rmobike_asker.h"
#include "rmobike_census.h"
#include "rmobike_commands.h"
#include "rmobike_echo.h"
#include "rmobike_mover.h"
#include "rmobike_peers.h"
#include "rmobike_placement.h"
#include "rmobike_redirect.h"
#include "rmobike_refs.h"
#include "rmobike_candidates.h"
#include "rmobike_roam.h"
#include "rmobike_routes.h"
#include "rmobike_seamless.h"
#include "rmobike_seek.h"
#include "rmobike_settings.h"
#include "rmobike_source.h"
#include "rmobike_stats.h"
#include "rmobike_unanswered.h"
#include "rmobike_vici.h"

#include <daemon.h>

typedef struct private_rmobike_plugin_t private_rmobike_plugin_t;

/**
 * Private data
 */
struct private_rmobike_plugin_t {

	/**
	 * Public interface
	 */
	rmobike_plugin_t public;

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
	 * Follows IKE_SAs that are rekeyed
	 */
	rmobike_refs_t *refs;

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

	/**
	 * The operator's door, NULL if there is none
	 */
	rmobike_vici_t *vici;
};

METHOD(plugin_t, get_name, char*,
	private_rmobike_plugin_t *this)
{
	return "rmobike";
}

/**
 * Implements rmobike_complain_t
 */
static void complain(void *user, const char *key, const char *value,
					 const char *expected)
{
	DBG1(DBG_CFG, "invalid value '%s' for %s, expected %s", value, key,
		 expected);
}

/**
 * Tell about invalid options
 */
static void check_options()
{
	rmobike_options_check(lib->settings, lib->ns, complain, NULL);
}

/**
 * Register with the bus, or unregister
 */
static void manage_listeners(private_rmobike_plugin_t *this, bool reg)
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
		&this->refs->listener,
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

/**
 * Register with the daemon
 */
static bool plugin_cb(private_rmobike_plugin_t *this,
					  plugin_feature_t *feature, bool reg, void *data)
{
	rmobike_commands_t commands = {
		.peers = this->peers,
		.mover = this->mover,
		.placement = this->placement,
		.census = this->census,
		.stats = this->stats,
	};

	if (reg)
	{
		check_options();
		manage_listeners(this, TRUE);
		this->vici = rmobike_vici_create(&commands);
	}
	else
	{
		if (this->vici)
		{
			this->vici->destroy(this->vici);
			this->vici = NULL;
		}
		manage_listeners(this, FALSE);
	}
	return TRUE;
}

METHOD(plugin_t, get_features, int,
	private_rmobike_plugin_t *this, plugin_feature_t *features[])
{
	static plugin_feature_t f[] = {
		PLUGIN_CALLBACK((plugin_feature_callback_t)plugin_cb, NULL),
			PLUGIN_PROVIDE(CUSTOM, "rmobike"),
				PLUGIN_SDEPEND(CUSTOM, "vici"),
	};
	*features = f;
	return countof(f);
}

METHOD(plugin_t, reload, bool,
	private_rmobike_plugin_t *this)
{
	check_options();
	rmobike_settings_reload();
	this->placement->reload(this->placement);
	return TRUE;
}

METHOD(plugin_t, destroy, void,
	private_rmobike_plugin_t *this)
{
	this->redirect->destroy(this->redirect);
	this->placement->destroy(this->placement);
	this->census->destroy(this->census);
	this->mover->destroy(this->mover);
	this->roam->destroy(this->roam);
	this->refs->destroy(this->refs);
	this->candidates->destroy(this->candidates);
	this->seek->destroy(this->seek);
	this->echo->destroy(this->echo);
	this->listener->destroy(this->listener);
	this->judge->destroy(this->judge);
	this->unanswered->destroy(this->unanswered);
	this->asker->destroy(this->asker);
	this->stats->destroy(this->stats);
	this->source->destroy(this->source);
	this->seamless->destroy(this->seamless);
	this->accepted->destroy(this->accepted);
	this->peers->destroy(this->peers);
	rmobike_routes_deinit();
	rmobike_settings_deinit();
	free(this);
}

/**
 * Plugin constructor
 */
PLUGIN_DEFINE(rmobike)
{
	private_rmobike_plugin_t *this;
	char why[BUF_LEN];

	if (!rmobike_compat_check(why, sizeof(why)))
	{
		DBG1(DBG_LIB, "plugin 'rmobike' can't be used: %s", why);
		return NULL;
	}
	rmobike_settings_init();
	rmobike_routes_init();
	INIT(this,
		.public = {
			.plugin = {
				.get_name = _get_name,
				.get_features = _get_features,
				.reload = _reload,
				.destroy = _destroy,
			},
		},
		.peers = rmobike_peers_create(),
		.accepted = rmobike_accepted_create(),
	);
	this->seamless = rmobike_seamless_create();
	this->source = rmobike_source_create();
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
	this->refs = rmobike_refs_create();
	this->roam = rmobike_roam_create(this->peers, this->asker,
									 this->candidates, this->unanswered,
									 this->refs);
	this->mover = rmobike_mover_create(this->peers, this->asker, this->refs,
									   this->stats);
	this->census = rmobike_census_create();
	this->placement = rmobike_placement_create(this->asker, this->mover,
											   this->candidates, this->census,
											   this->refs);
	this->redirect = rmobike_redirect_create(this->asker);

	return &this->public.plugin;
}
