/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/* RTLD_NOLOAD, dladdr() */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "rmobike_compat.h"
#include "rmobike_options.h"
#include "rmobike_vici.h"

#include <collections/array.h>
#include <plugins/vici/vici_builder.h>
#include <plugins/vici/vici_dispatcher.h>

/**
 * IKE_SAs in one status message; a vici message has at most 512 KiB
 */
#define STATUS_PAGE 500

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
	 * Records of IKE_SAs
	 */
	rmobike_peers_t *peers;

	/**
	 * Starts switches
	 */
	rmobike_mover_t *mover;

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

	/**
	 * The vici plugin's vici_builder_create(), which can't be linked to
	 */
	vici_builder_t *(*create_builder)(void);
};

/**
 * Keys of an rmobike-switch request
 */
static char *switch_keys[] = {
	"to", "ike", "ike-id", "peer-ip", "peer-id", "local-ip", "all", "tag",
};

/**
 * Build the reply to a request that only succeeds or not
 */
static vici_message_t *reply_error(private_rmobike_vici_t *this,
								   const char *fmt, ...)
{
	vici_builder_t *builder;
	va_list args;

	builder = this->create_builder();
	builder->add_kv(builder, "success", "no");
	builder->add_kv(builder, "matches", "0");
	va_start(args, fmt);
	builder->vadd_kv(builder, "errmsg", (char*)fmt, args);
	va_end(args);
	return builder->finalize(builder);
}

/**
 * Find a key that we don't know, NULL if there is none
 */
static char *find_unknown_key(vici_message_t *request, char *buf, size_t len)
{
	enumerator_t *enumerator;
	vici_type_t type;
	chunk_t value;
	char *name, *unknown = NULL;
	int i;

	enumerator = request->create_enumerator(request);
	/* the end is enumerated as well, again and again */
	while (!unknown && enumerator->enumerate(enumerator, &type, &name, &value)
		   && type != VICI_END)
	{
		if (type != VICI_KEY_VALUE && type != VICI_SECTION_START &&
			type != VICI_LIST_START)
		{	/* has no name */
			continue;
		}
		for (i = 0; i < (int)countof(switch_keys); i++)
		{
			if (type == VICI_KEY_VALUE && streq(name, switch_keys[i]))
			{
				break;
			}
		}
		if (i == (int)countof(switch_keys))
		{
			snprintf(buf, len, "%s", name);
			unknown = buf;
		}
	}
	enumerator->destroy(enumerator);
	return unknown;
}

/**
 * Parse an address as number, names are not resolved
 */
static host_t *parse_address(const char *str)
{
	host_t *host;

	host = str ? host_create_from_string((char*)str, 0) : NULL;
	if (host && host->is_anyaddr(host))
	{
		host->destroy(host);
		host = NULL;
	}
	return host;
}

/**
 * Parse the criteria of a request
 */
static bool parse_selector(vici_message_t *request,
						   rmobike_selector_t *selector, char *why, size_t len)
{
	char *str, *end;

	selector->all = request->get_bool(request, FALSE, "all");
	selector->ike = request->get_str(request, NULL, "ike");
	str = request->get_str(request, NULL, "ike-id");
	if (str)
	{
		selector->ike_id = strtoul(str, &end, 10);
		if (*end || !selector->ike_id)
		{
			snprintf(why, len, "invalid ike-id '%s', expected the unique ID of "
					 "an IKE_SA, as in rmobike --status", str);
			return FALSE;
		}
	}
	str = request->get_str(request, NULL, "peer-ip");
	if (str)
	{
		selector->peer_ip = rmobike_addrs_create(str, why, len);
		if (!selector->peer_ip)
		{
			return FALSE;
		}
	}
	str = request->get_str(request, NULL, "peer-id");
	if (str)
	{
		selector->peer_id = identification_create_from_string(str);
	}
	str = request->get_str(request, NULL, "local-ip");
	if (str)
	{
		selector->local_ip = parse_address(str);
		if (!selector->local_ip)
		{
			snprintf(why, len, "invalid local-ip '%s', expected an IP address",
					 str);
			return FALSE;
		}
	}
	if (!selector->all && !selector->ike && !selector->ike_id &&
		!selector->peer_ip && !selector->peer_id && !selector->local_ip)
	{
		snprintf(why, len, "missing selector, one of ike, ike-id, peer-ip, "
				 "peer-id, local-ip or all = yes");
		return FALSE;
	}
	return TRUE;
}

CALLBACK(switch_command, vici_message_t*,
	private_rmobike_vici_t *this, char *name, u_int id, vici_message_t *request)
{
	rmobike_selector_t selector = {};
	vici_builder_t *builder;
	vici_message_t *reply;
	char why[BUF_LEN] = "", *to, *key, buf[64];
	host_t *host;
	u_int matches = 0;

	key = find_unknown_key(request, buf, sizeof(buf));
	if (key)
	{
		return reply_error(this, "unknown key '%s'", key);
	}
	to = request->get_str(request, NULL, "to");
	host = parse_address(to);
	if (!host)
	{
		return to ? reply_error(this, "invalid to '%s', expected an IP address "
								"of this machine", to)
				  : reply_error(this, "missing to, an IP address of this "
								"machine");
	}
	if (parse_selector(request, &selector, why, sizeof(why)))
	{
		matches = this->mover->start(this->mover, &selector, host,
									 request->get_str(request, NULL, "tag"),
									 why, sizeof(why));
	}
	if (matches)
	{
		builder = this->create_builder();
		builder->add_kv(builder, "success", "yes");
		builder->add_kv(builder, "matches", "%u", matches);
		reply = builder->finalize(builder);
	}
	else
	{
		reply = reply_error(this, "%s", why);
	}
	host->destroy(host);
	DESTROY_IF(selector.peer_ip);
	DESTROY_IF(selector.peer_id);
	DESTROY_IF(selector.local_ip);
	return reply;
}

/**
 * Add the outcome of a switch
 */
static void add_switch(vici_builder_t *builder, const rmobike_switch_t *asked)
{
	builder->add_kv(builder, "from", "%H", asked->from);
	builder->add_kv(builder, "to", "%H", asked->to);
	builder->add_kv(builder, "state", "%N", rmobike_state_names, asked->state);
	if (asked->reason)
	{
		builder->add_kv(builder, "reason", "%s", asked->reason);
	}
	builder->add_kv(builder, "ms", "%.1f", asked->ms);
	if (asked->tag)
	{
		builder->add_kv(builder, "tag", "%s", asked->tag);
	}
}

/**
 * Add what we know of an IKE_SA
 */
static void add_sa(private_rmobike_vici_t *this, vici_builder_t *builder,
				   ike_sa_t *ike_sa)
{
	rmobike_switch_t *asked;
	char id[16];

	snprintf(id, sizeof(id), "%u", ike_sa->get_unique_id(ike_sa));
	builder->begin_section(builder, id);
	builder->add_kv(builder, "id", "%s", id);
	builder->add_kv(builder, "name", "%s", ike_sa->get_name(ike_sa));
	builder->add_kv(builder, "peer-id", "%Y",
					ike_sa->get_other_eap_id(ike_sa));
	builder->add_kv(builder, "local", "%H", ike_sa->get_my_host(ike_sa));
	builder->add_kv(builder, "remote", "%H", ike_sa->get_other_host(ike_sa));
	builder->add_kv(builder, "state", "%N", ike_sa_state_names,
					ike_sa->get_state(ike_sa));
	builder->add_kv(builder, "initiator", "%s",
		ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) ? "yes" : "no");
	builder->add_kv(builder, "mobike", "%s",
		ike_sa->supports_extension(ike_sa, EXT_MOBIKE) ? "yes" : "no");
	builder->add_kv(builder, "capable", "%s",
		ike_sa->supports_extension(ike_sa, EXT_MOBIKE) &&
		ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) ? "yes" : "no");
	asked = this->peers->get_switch(this->peers,
									ike_sa->get_unique_id(ike_sa));
	if (asked)
	{
		builder->begin_section(builder, "switch");
		add_switch(builder, asked);
		builder->end_section(builder);
		rmobike_switch_destroy(asked);
	}
	builder->end_section(builder);
}

/**
 * Compare unique IDs
 */
static int compare_ids(const void *a, const void *b, void *user)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/**
 * Get the highest unique ID on a page, 0 if it is the last one
 */
static uint32_t get_page_end(uint32_t after)
{
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;
	array_t *ids;
	uint32_t id, end = 0;

	ids = array_create(sizeof(id), 0);
	enumerator = charon->ike_sa_manager->create_enumerator(
											charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		id = ike_sa->get_unique_id(ike_sa);
		if (id > after && ike_sa->get_version(ike_sa) == IKEV2)
		{
			array_insert(ids, ARRAY_TAIL, &id);
		}
	}
	enumerator->destroy(enumerator);
	if (array_count(ids) > STATUS_PAGE)
	{
		array_sort(ids, compare_ids, NULL);
		array_get(ids, STATUS_PAGE - 1, &end);
	}
	array_destroy(ids);
	return end;
}

CALLBACK(status_command, vici_message_t*,
	private_rmobike_vici_t *this, char *name, u_int id, vici_message_t *request)
{
	enumerator_t *enumerator;
	vici_builder_t *builder;
	ike_sa_t *ike_sa;
	uint32_t after, end, sa;

	after = request->get_int(request, 0, "after");
	end = get_page_end(after);
	builder = this->create_builder();
	builder->begin_section(builder, "sas");
	enumerator = charon->ike_sa_manager->create_enumerator(
											charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		sa = ike_sa->get_unique_id(ike_sa);
		if (ike_sa->get_version(ike_sa) == IKEV2 && sa > after &&
			(!end || sa <= end))
		{
			add_sa(this, builder, ike_sa);
		}
	}
	enumerator->destroy(enumerator);
	builder->end_section(builder);
	if (end)
	{
		builder->add_kv(builder, "next", "%u", end);
	}
	return builder->finalize(builder);
}

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
	builder = this->create_builder();
	builder->add_kv(builder, "id", "%u", ended->id);
	builder->add_kv(builder, "name", "%s", ended->name);
	builder->add_kv(builder, "peer-id", "%s", ended->peer_id);
	builder->add_kv(builder, "local", "%H",
					ended->state == RMOBIKE_DONE ? ended->to : ended->from);
	builder->add_kv(builder, "remote", "%H", ended->remote);
	add_switch(builder, ended);
	message = builder->finalize(builder);
	if (message)
	{
		this->dispatcher->raise_event(this->dispatcher, "rmobike-switch", 0,
									  message);
	}
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

	options = rmobike_options_create(lib->settings, lib->ns, NULL, NULL, NULL);
	create = dlsym(handle, "vici_dispatcher_create");
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

	dispatcher->manage_event(dispatcher, "rmobike-switch", reg);
	dispatcher->manage_command(dispatcher, "rmobike-switch",
							   reg ? switch_command : NULL, this);
	dispatcher->manage_command(dispatcher, "rmobike-status",
							   reg ? status_command : NULL, this);
	if (reg)
	{
		this->peers->add_listener(this->peers, switch_ended, this);
	}
	else
	{
		this->peers->remove_listener(this->peers, this);
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
rmobike_vici_t *rmobike_vici_create(rmobike_peers_t *peers,
									rmobike_mover_t *mover)
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
		.peers = peers,
		.mover = mover,
		.handle = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD),
	);
	if (this->handle)
	{
		this->create_builder = dlsym(this->handle, "vici_builder_create");
	}
	if (this->create_builder)
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
