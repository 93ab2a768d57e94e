/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/* dladdr() */
#define _GNU_SOURCE
#include "base/rmobike_addrs.h"
#include "base/rmobike_dialect.h"
#include "cluster/rmobike_ha.h"
#include "rmobike_compat.h"

#include <encoding/message.h>

#include <dlfcn.h>

/**
 * Networks that nobody else is in, at best (RFC 1918, 3927, 4193, 6598)
 */
#define PRIVATE "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10," \
				"169.254.0.0/16,127.0.0.0/8,fc00::/7,fe80::/10,::1"

/**
 * What the plugin is called, and its connection to the other node
 */
#define NAME "ha"

typedef struct ha_t ha_t;

/**
 * The first parts of the plugin's object, the same in all versions that have a
 * tunnel (since 4.4)
 */
struct ha_t {
	plugin_t plugin;
	rmobike_ha_socket_t *socket;
	void *tunnel;
	/** hears of IKE_SAs, and tells the other node */
	listener_t *ike;
};

/**
 * Are two functions in the same file?
 */
static bool are_together(void *a, void *b)
{
	Dl_info first, second;

	return a && b && dladdr(a, &first) && dladdr(b, &second) &&
		   first.dli_fbase == second.dli_fbase;
}

/**
 * Find a plugin, NULL if it is not loaded
 */
static plugin_t *find_plugin(const char *name)
{
	enumerator_t *enumerator;
	plugin_t *plugin, *found = NULL;

	enumerator = lib->plugins->create_plugin_enumerator(lib->plugins);
	while (!found && enumerator->enumerate(enumerator, &plugin, NULL))
	{
		if (streq(plugin->get_name(plugin), name))
		{
			found = plugin;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Find what tells the other node, NULL if it is not there, or not what we know
 */
static listener_t *find_teller(void)
{
	plugin_t *plugin = find_plugin(NAME);
	ha_t *ha = (ha_t*)plugin;

	/* without addresses it has no parts */
	if (ha && ha->socket && ha->ike &&
		are_together(ha->ike->ike_updown, plugin->get_name) &&
		are_together(ha->ike->message, plugin->get_name))
	{
		return ha->ike;
	}
	return NULL;
}

/*
 * Described in header
 */
rmobike_ha_socket_t *rmobike_ha_get_socket(void)
{
	plugin_t *plugin = find_plugin(NAME);
	ha_t *ha = (ha_t*)plugin;

	if (ha && ha->socket &&
		are_together(ha->socket->push, plugin->get_name) &&
		are_together(ha->socket->pull, plugin->get_name) &&
		are_together(ha->socket->destroy, plugin->get_name))
	{
		return ha->socket;
	}
	return NULL;
}

/**
 * Get the method of messages that returns their octets: the last but one.
 * Version 4 added one before it.
 */
static u_int get_method(void)
{
	return rmobike_compat_ha() < 4 ? 3 : 4;
}

/*
 * Described in header
 */
chunk_t rmobike_ha_get_encoding(rmobike_ha_message_t *message)
{
	return message->methods[get_method()](message);
}

/*
 * Described in header
 */
void rmobike_ha_message_destroy(rmobike_ha_message_t *message)
{
	/* returns nothing, which is of no interest here */
	message->methods[get_method() + 1](message);
}

/**
 * Implements rmobike_ha_encoding_t
 */
static chunk_t get_encoding(rmobike_ha_message_t *message)
{
	return message->encoding;
}

/*
 * Described in header
 */
void rmobike_ha_message_init(rmobike_ha_message_t *message, chunk_t encoding)
{
	memset(message, 0, sizeof(*message));
	message->methods[get_method()] = get_encoding;
	message->encoding = encoding;
}

/*
 * Described in header
 */
bool rmobike_ha_knows(u_int version, proposal_t *proposal, ipsec_mode_t mode)
{
	uint16_t method;

	if (!rmobike_dialect_has_mode(version, mode))
	{
		return FALSE;
	}
	if (!proposal)
	{
		return TRUE;
	}
	return (!proposal->get_algorithm(proposal, KEY_EXCHANGE_METHOD, &method,
									 NULL) ||
			rmobike_dialect_has_method(version, method)) &&
		   /* ours has to tell them, too, which that of 6.0.0 can't */
		   ((rmobike_dialect_has_more_exchanges(version) &&
			 rmobike_dialect_has_more_exchanges(rmobike_compat_ha())) ||
			!rmobike_compat_has_more_exchanges(proposal));
}

/**
 * Have it tell virtual IPs, which it does when it sees the end of IKE_AUTH
 */
static void push_virtual_ips(listener_t *teller, ike_sa_t *ike_sa)
{
	message_t *message;

	message = message_create(IKEV2_MAJOR_VERSION, IKEV2_MINOR_VERSION);
	message->set_exchange_type(message, IKE_AUTH);
	message->set_request(message, FALSE);
	teller->message(teller, ike_sa, message, FALSE, TRUE);
	message->destroy(message);
}

/**
 * Get the address of the other node, NULL if there is none
 */
static host_t *get_remote(void)
{
	char *str;

	str = lib->settings->get_str(lib->settings, "%s.plugins.ha.remote", NULL,
								 lib->ns);
	return str ? host_create_from_string(str, 0) : NULL;
}

/*
 * Described in header
 */
bool rmobike_ha_is_link(ike_sa_t *ike_sa)
{
	host_t *remote;
	bool is_link;

	if (!streq(ike_sa->get_name(ike_sa), NAME))
	{
		return FALSE;
	}
	/* a connection may have that name, too */
	remote = get_remote();
	is_link = remote && remote->ip_equals(remote,
										  ike_sa->get_other_host(ike_sa));
	DESTROY_IF(remote);
	return is_link;
}

/*
 * Described in header
 */
void rmobike_ha_check(void)
{
	rmobike_addrs_t *private;
	host_t *remote = get_remote();
	char why[BUF_LEN];

	private = rmobike_addrs_create(PRIVATE, why, sizeof(why));
	if (remote && !private->includes(private, remote) &&
		!lib->settings->get_str(lib->settings, "%s.plugins.ha.secret", NULL,
								lib->ns))
	{
		DBG1(DBG_CFG, "the ha plugin sends the keys of all IKE_SAs to %H, "
			 "where others may listen: set charon.plugins.ha.secret", remote);
	}
	DESTROY_IF(remote);
	private->destroy(private);
}

/*
 * Described in header
 */
bool rmobike_ha_push(ike_sa_t *ike_sa)
{
	listener_t *teller;

	if (ike_sa->get_state(ike_sa) != IKE_ESTABLISHED)
	{
		return TRUE;
	}
	teller = find_teller();
	if (teller)
	{
		teller->ike_updown(teller, ike_sa, TRUE);
		push_virtual_ips(teller, ike_sa);
	}
	return teller != NULL;
}

/**
 * Do both nodes lease the same addresses of a pool to the same peers?
 */
static bool is_shared(const char *pool)
{
	enumerator_t *enumerator;
	char *name, *value;
	bool found = streq(pool, "dhcp") || streq(pool, "radius");

	enumerator = lib->settings->create_key_value_enumerator(lib->settings,
												"%s.plugins.ha.pools", lib->ns);
	while (!found && enumerator->enumerate(enumerator, &name, &value))
	{
		found = streq(pool, name);
	}
	enumerator->destroy(enumerator);
	return found || find_plugin("attr-sql");
}

/*
 * Described in header
 */
bool rmobike_ha_has_pools(ike_sa_t *ike_sa)
{
	peer_cfg_t *config = ike_sa->get_peer_cfg(ike_sa);
	enumerator_t *enumerator;
	host_t *address;
	char *pool;
	bool shared;

	enumerator = ike_sa->create_virtual_ip_enumerator(ike_sa, FALSE);
	shared = !config || !enumerator->enumerate(enumerator, &address);
	enumerator->destroy(enumerator);
	if (shared)
	{
		return TRUE;
	}
	shared = TRUE;
	enumerator = config->create_pool_enumerator(config);
	while (shared && enumerator->enumerate(enumerator, &pool))
	{
		shared = is_shared(pool);
	}
	enumerator->destroy(enumerator);
	return shared;
}
