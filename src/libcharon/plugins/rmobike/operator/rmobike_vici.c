/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/* RTLD_NOLOAD, dladdr() */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "base/rmobike_settings.h"
#include "operator/rmobike_vici.h"

#include <plugins/vici/vici_dispatcher.h>

typedef struct private_rmobike_vici_t private_rmobike_vici_t;

/**
 * Private data
 */
struct private_rmobike_vici_t {

	/**
	 * Public interface
	 */
	rmobike_vici_t public;

	/**
	 * What the commands need
	 */
	rmobike_commands_t commands;

	/**
	 * Dispatcher of the vici plugin, or ours
	 */
	vici_dispatcher_t *dispatcher;

	/**
	 * TRUE if it is ours
	 */
	bool own;

	/**
	 * Handle of the vici plugin
	 */
	void *handle;
};

/**
 * Commands that we register
 */
static const struct {
	char *name;
	vici_command_cb_t cb;
} commands[] = {
	{ "rmobike-switch", rmobike_command_switch },
	{ "rmobike-drain", rmobike_command_drain },
	{ "rmobike-undrain", rmobike_command_undrain },
	{ "rmobike-balance", rmobike_command_balance },
	{ "rmobike-prefer", rmobike_command_prefer },
	{ "rmobike-cancel", rmobike_command_cancel },
	{ "rmobike-status", rmobike_command_status },
	{ "rmobike-stats", rmobike_command_stats },
	{ "rmobike-list-addresses", rmobike_command_list_addresses },
	{ "rmobike-cluster", rmobike_command_cluster },
	{ "rmobike-takeover", rmobike_command_takeover },
};

/**
 * Implements rmobike_ended_t
 */
static void switch_ended(void *user, const rmobike_switch_t *ended)
{
	private_rmobike_vici_t *this = user;
	vici_builder_t *builder;
	vici_message_t *message;

	if (!this->dispatcher->has_event_listeners(this->dispatcher,
											   "rmobike-switch"))
	{
		return;
	}
	builder = this->commands.create_builder();
	builder->add_kv(builder, "id", "%u", ended->id);
	rmobike_commands_add_text(builder, "name", ended->name);
	rmobike_commands_add_text(builder, "peer-id", ended->peer_id);
	builder->add_kv(builder, "local", "%H",
					ended->state == RMOBIKE_DONE ? ended->to : ended->from);
	builder->add_kv(builder, "remote", "%H", ended->remote);
	rmobike_commands_add_switch(builder, ended);
	message = builder->finalize(builder);
	if (message)
	{
		this->dispatcher->raise_event(this->dispatcher, "rmobike-switch", 0,
									  message);
	}
}

/**
 * Something happened to the other node, implements rmobike_cluster_cb_t
 */
static void node_changed(void *user, host_t *remote, const char *state,
						 const char *why, u_int taken)
{
	private_rmobike_vici_t *this = user;
	vici_builder_t *builder;
	vici_message_t *message;

	builder = this->commands.create_builder();
	builder->add_kv(builder, "state", "%s", state);
	if (remote)
	{
		builder->add_kv(builder, "remote", "%H", remote);
	}
	if (why)
	{
		builder->add_kv(builder, "why", "%s", why);
		builder->add_kv(builder, "taken", "%u", taken);
	}
	message = builder->finalize(builder);
	if (message)
	{
		this->dispatcher->raise_event(this->dispatcher, "rmobike-node", 0,
									  message);
	}
}

/**
 * An address is drained or no more, implements rmobike_drained_cb_t
 */
static void drained_changed(void *user, host_t *address, bool drained,
							const char *reason)
{
	private_rmobike_vici_t *this = user;
	vici_builder_t *builder;
	vici_message_t *message;

	builder = this->commands.create_builder();
	builder->add_kv(builder, "address", "%H", address);
	builder->add_kv(builder, "drained", "%s", drained ? "yes" : "no");
	if (reason)
	{
		rmobike_commands_add_text(builder, "reason", reason);
	}
	message = builder->finalize(builder);
	if (message)
	{
		this->dispatcher->raise_event(this->dispatcher, "rmobike-drain", 0,
									  message);
	}
}

/**
 * Where the vici plugin is part of the same program or library
 * (--enable-monolithic) these are linked. Otherwise they are NULL, and its
 * module has to be asked.
 */
vici_builder_t *vici_builder_create(void) __attribute__((weak));
vici_dispatcher_t *vici_dispatcher_create(char *uri) __attribute__((weak));

/**
 * Get a function of the vici plugin, NULL if there is no such
 */
static void *get_function(void *handle, const char *name, void *linked)
{
	return linked ?: handle ? dlsym(handle, name) : NULL;
}

/**
 * Find the plugin that owns the main vici socket
 */
static plugin_t *find_vici_plugin()
{
	enumerator_t *enumerator;
	plugin_t *plugin, *found = NULL;

	enumerator = lib->plugins->create_plugin_enumerator(lib->plugins);
	while (enumerator->enumerate(enumerator, &plugin, NULL))
	{
		if (streq(plugin->get_name(plugin), "vici"))
		{
			found = plugin;
			break;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Get the dispatcher of the vici plugin. It is kept private, but in all
 * versions it is the first thing behind the public part.
 */
static vici_dispatcher_t *get_main_dispatcher(plugin_t *plugin)
{
	struct {
		plugin_t public;
		vici_dispatcher_t *dispatcher;
	} *vici = (void*)plugin;
	Dl_info ours, theirs;

	if (vici->dispatcher &&
		dladdr(plugin->get_name, &ours) &&
		dladdr(vici->dispatcher->manage_command, &theirs) &&
		ours.dli_fbase == theirs.dli_fbase &&
		dladdr(vici->dispatcher->raise_event, &theirs) &&
		ours.dli_fbase == theirs.dli_fbase)
	{
		return vici->dispatcher;
	}
	return NULL;
}

/**
 * Create a dispatcher on a socket of our own
 */
static vici_dispatcher_t *create_own_dispatcher(void *handle)
{
	vici_dispatcher_t *(*create)(char *uri), *dispatcher = NULL;
	rmobike_options_t *options;

	options = rmobike_settings_get(NULL);
	create = get_function(handle, "vici_dispatcher_create",
						  vici_dispatcher_create);
	if (create)
	{
		dispatcher = create(options->socket);
	}
	if (dispatcher)
	{
		DBG1(DBG_CFG, "unable to extend the vici socket of this daemon, "
			 "rmobike's commands are on '%s'", options->socket);
	}
	rmobike_options_destroy(options);
	return dispatcher;
}

/**
 * Register or unregister commands and events
 */
static void manage(private_rmobike_vici_t *this, bool reg)
{
	vici_dispatcher_t *dispatcher = this->dispatcher;

	rmobike_switches_t *switches = this->commands.switches;
	rmobike_placement_t *placement = this->commands.placement;
	rmobike_cluster_t *cluster = this->commands.cluster;
	int i;

	dispatcher->manage_event(dispatcher, "rmobike-switch", reg);
	dispatcher->manage_event(dispatcher, "rmobike-node", reg);
	dispatcher->manage_event(dispatcher, "rmobike-drain", reg);
	for (i = 0; i < (int)countof(commands); i++)
	{
		dispatcher->manage_command(dispatcher, commands[i].name,
								   reg ? commands[i].cb : NULL,
								   &this->commands);
	}
	placement->watch(placement, reg ? drained_changed : NULL, this);
	if (cluster)
	{
		cluster->watch(cluster, reg ? node_changed : NULL, this);
	}
	if (reg)
	{
		switches->add_listener(switches, switch_ended, this);
	}
	else
	{
		switches->remove_listener(switches, this);
	}
}

METHOD(rmobike_vici_t, destroy, void,
	private_rmobike_vici_t *this)
{
	if (this->dispatcher)
	{
		manage(this, FALSE);
		if (this->own)
		{
			this->dispatcher->destroy(this->dispatcher);
		}
	}
	if (this->handle)
	{
		dlclose(this->handle);
	}
	free(this);
}

/*
 * Described in header
 */
rmobike_vici_t *rmobike_vici_create(const rmobike_commands_t *commands)
{
	private_rmobike_vici_t *this;
	plugin_t *plugin;
	Dl_info info;

	plugin = find_vici_plugin();
	if (!plugin || !dladdr(plugin->get_name, &info))
	{
		DBG1(DBG_CFG, "the vici plugin is not loaded, nobody can ask rmobike "
			 "for a switch");
		return NULL;
	}
	INIT(this,
		.public = {
			.destroy = _destroy,
		},
		.commands = *commands,
		.handle = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD),
	);
	this->commands.create_builder = get_function(this->handle,
							"vici_builder_create", vici_builder_create);
	if (this->commands.create_builder)
	{
		this->dispatcher = get_main_dispatcher(plugin);
		if (!this->dispatcher)
		{
			this->dispatcher = create_own_dispatcher(this->handle);
			this->own = TRUE;
		}
	}
	if (!this->dispatcher)
	{
		DBG1(DBG_CFG, "unable to register commands on a vici socket");
		destroy(this);
		return NULL;
	}
	manage(this, TRUE);
	return &this->public;
}
