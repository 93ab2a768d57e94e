/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_options.h"
#include "exchange/rmobike_raw_socket.h"
#include "operator/rmobike_vici.h"
#include "rmobike_compat.h"
#include "rmobike_core.h"
#include "rmobike_plugin.h"

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
	 * All parts
	 */
	rmobike_core_t *core;

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
 * Register with the daemon
 */
static bool plugin_cb(private_rmobike_plugin_t *this,
					  plugin_feature_t *feature, bool reg, void *data)
{
	if (reg)
	{
		check_options();
		this->core->listen(this->core, TRUE);
		this->vici = rmobike_vici_create(&this->core->commands);
	}
	else
	{
		if (this->vici)
		{
			this->vici->destroy(this->vici);
			this->vici = NULL;
		}
		this->core->listen(this->core, FALSE);
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
				PLUGIN_SDEPEND(CUSTOM, "ha"),
				PLUGIN_SDEPEND(PRF, PRF_HMAC_SHA2_256),
				PLUGIN_SDEPEND(RNG, RNG_WEAK),
	};
	*features = f;
	return countof(f);
}

METHOD(plugin_t, reload, bool,
	private_rmobike_plugin_t *this)
{
	check_options();
	this->core->reload(this->core);
	return TRUE;
}

METHOD(plugin_t, destroy, void,
	private_rmobike_plugin_t *this)
{
	this->core->destroy(this->core);
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
	INIT(this,
		.public = {
			.plugin = {
				.get_name = _get_name,
				.get_features = _get_features,
				.reload = _reload,
				.destroy = _destroy,
			},
		},
		.core = rmobike_core_create(rmobike_raw_socket_create()),
	);

	return &this->public.plugin;
}
