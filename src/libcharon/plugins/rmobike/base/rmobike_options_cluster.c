/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_options_cluster.h"

#include <collections/enumerator.h>

#include <net/if.h>

/**
 * The section, as format that takes the namespace
 */
#define CLUSTER "%s.plugins.rmobike.cluster"

/**
 * Where the section is read from
 */
typedef struct {
	/** settings to read from */
	settings_t *settings;
	/** namespace */
	const char *ns;
	/** called for what is not valid, may be NULL */
	rmobike_complain_t complain;
	/** data to pass to complain */
	void *user;
} source_t;

/**
 * An option and how to read it
 */
typedef struct {
	/** name of the option */
	const char *key;
	/** what its value may be */
	const char *expected;
	/** TRUE if there can be no cluster without it */
	bool required;
	/** store a value, FALSE if not valid */
	bool (*parse)(rmobike_options_cluster_t *this, char *value);
} option_t;

/**
 * Parse an address of a node
 */
static host_t *parse_address(char *value)
{
	host_t *host;

	host = host_create_from_string(value, 0);
	if (host && host->is_anyaddr(host))
	{
		host->destroy(host);
		host = NULL;
	}
	return host;
}

static bool parse_peers(rmobike_options_cluster_t *this, char *value)
{
	enumerator_t *enumerator;
	bool valid = TRUE;
	host_t *host;
	char *token;

	enumerator = enumerator_create_token(value, ",", " ");
	while (valid && enumerator->enumerate(enumerator, &token))
	{
		host = parse_address(token);
		valid = host != NULL;
		if (valid)
		{
			this->peers->insert_last(this->peers, host);
		}
	}
	enumerator->destroy(enumerator);
	return valid;
}

static bool parse_end(host_t **end, char *value)
{
	DESTROY_IF(*end);
	*end = parse_address(value);
	return *end != NULL;
}

static bool parse_local(rmobike_options_cluster_t *this, char *value)
{
	return parse_end(&this->local, value);
}

static bool parse_remote(rmobike_options_cluster_t *this, char *value)
{
	return parse_end(&this->remote, value);
}

static bool parse_port(rmobike_options_cluster_t *this, char *value)
{
	u_int port;

	if (!rmobike_parse_number(value, 1, 65535, &port))
	{
		return FALSE;
	}
	this->port = port;
	return TRUE;
}

static bool parse_secret(rmobike_options_cluster_t *this, char *value)
{
	if (strlen(value) < 16)
	{
		return FALSE;
	}
	free(this->secret);
	this->secret = strdup(value);
	return TRUE;
}

static bool parse_heartbeat(rmobike_options_cluster_t *this, char *value)
{
	return rmobike_parse_seconds(value, 10, 60000, &this->heartbeat);
}

static bool parse_timeout(rmobike_options_cluster_t *this, char *value)
{
	return rmobike_parse_seconds(value, 0, 600000, &this->timeout);
}

static bool parse_takeover(rmobike_options_cluster_t *this, char *value)
{
	return rmobike_parse_bool(value, &this->takeover);
}

static bool parse_garp(rmobike_options_cluster_t *this, char *value)
{
	enumerator_t *enumerator;
	bool none, valid = TRUE;
	char *name;

	if (rmobike_parse_bool(value, &none))
	{	/* "yes" would be all, and that is never right */
		return !none;
	}
	enumerator = enumerator_create_token(value, ",", " ");
	while (valid && enumerator->enumerate(enumerator, &name))
	{
		valid = *name && strlen(name) < IFNAMSIZ;
		if (valid)
		{
			this->garp->insert_last(this->garp, strdup(name));
		}
	}
	enumerator->destroy(enumerator);
	return valid;
}

static bool parse_rekey_delay(rmobike_options_cluster_t *this, char *value)
{
	return rmobike_parse_number(value, 1, 3600, &this->rekey_delay);
}

/**
 * All options
 */
static const option_t cluster_options[] = {
	{ "peers", "IP addresses", TRUE, parse_peers },
	{ "local", "an IP address", TRUE, parse_local },
	{ "remote", "an IP address", TRUE, parse_remote },
	{ "port", "1 to 65535", FALSE, parse_port },
	{ "secret", "at least 16 characters", FALSE, parse_secret },
	{ "heartbeat", "0.01 to 60 seconds", FALSE, parse_heartbeat },
	{ "timeout", "0 to 600 seconds", FALSE, parse_timeout },
	{ "takeover", "yes or no", FALSE, parse_takeover },
	{ "garp", "no or names of interfaces", FALSE, parse_garp },
	{ "rekey_delay", "1 to 3600 seconds", FALSE, parse_rekey_delay },
};

/**
 * Complain about something in the section
 */
static void complain(source_t *source, const char *key, const char *value,
					 const char *expected)
{
	char path[128];

	if (source->complain)
	{
		snprintf(path, sizeof(path), "cluster%s%s", *key ? "." : "", key);
		source->complain(source->user, path, value, expected);
	}
}

/**
 * Read the options
 */
static bool read_options(source_t *source, rmobike_options_cluster_t *this)
{
	const option_t *option;
	bool complete = TRUE;
	char *value;
	u_int i;

	for (i = 0; i < countof(cluster_options); i++)
	{
		option = &cluster_options[i];
		value = source->settings->get_str(source->settings, CLUSTER ".%s", NULL,
										  source->ns, option->key);
		if (value && !option->parse(this, value))
		{
			/* nobody else needs to know the secret */
			complain(source, option->key,
					 option->parse == parse_secret ? "..." : value,
					 option->expected);
			complete &= !option->required;
		}
	}
	return complete;
}

/**
 * What is not configured of the channel is as in the ha plugin
 */
static void read_channel(source_t *source, rmobike_options_cluster_t *this)
{
	settings_t *settings = source->settings;
	char *value;

	value = settings->get_str(settings, "%s.plugins.ha.local", NULL,
							  source->ns);
	if (!this->local && value)
	{
		this->local = parse_address(value);
	}
	value = settings->get_str(settings, "%s.plugins.ha.remote", NULL,
							  source->ns);
	if (!this->remote && value)
	{
		this->remote = parse_address(value);
	}
	if (this->local && this->remote)
	{
		this->local->set_port(this->local, this->port);
		this->remote->set_port(this->remote, this->port);
	}
}

/**
 * Is an option known?
 */
static bool is_known(const char *key)
{
	u_int i;

	for (i = 0; i < countof(cluster_options); i++)
	{
		if (streq(key, cluster_options[i].key))
		{
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Complain about what the section may not have, and values that contradict each
 * other
 */
static void check(source_t *source, rmobike_options_cluster_t *this)
{
	settings_t *settings = source->settings;
	enumerator_t *enumerator;
	char *key, *value, buf[32];

	enumerator = settings->create_key_value_enumerator(settings, CLUSTER,
													   source->ns);
	while (enumerator->enumerate(enumerator, &key, &value))
	{
		if (!is_known(key))
		{
			complain(source, key, value, "one of peers, local, remote, port, "
					 "secret, heartbeat, timeout, takeover, garp, rekey_delay");
		}
	}
	enumerator->destroy(enumerator);
	enumerator = settings->create_section_enumerator(settings, CLUSTER,
													 source->ns);
	while (enumerator->enumerate(enumerator, &key))
	{
		complain(source, key, "{}", "no section");
	}
	enumerator->destroy(enumerator);
	if (this->timeout && this->timeout < 2 * this->heartbeat)
	{	/* one that is lost must not be enough */
		snprintf(buf, sizeof(buf), "%u ms", this->timeout);
		complain(source, "timeout", buf, "at least twice the heartbeat, which "
				 "is used instead");
		this->timeout = 2 * this->heartbeat;
	}
}

/*
 * Described in header
 */
rmobike_options_cluster_t *rmobike_options_cluster_load(settings_t *settings,
												const char *ns,
												rmobike_complain_t cb,
												void *user)
{
	rmobike_options_cluster_t *this;
	source_t source = {
		.settings = settings,
		.ns = ns,
		.complain = cb,
		.user = user,
	};

	INIT(this,
		.peers = linked_list_create(),
		.garp = linked_list_create(),
		.port = 4511,
		.heartbeat = 100,
		.timeout = 350,
		.takeover = TRUE,
		.rekey_delay = 5,
	);
	if (!read_options(&source, this))
	{
		this->peers->destroy_offset(this->peers, offsetof(host_t, destroy));
		this->peers = linked_list_create();
	}
	read_channel(&source, this);
	check(&source, this);
	return this;
}

/*
 * Described in header
 */
void rmobike_options_cluster_destroy(rmobike_options_cluster_t *this)
{
	this->peers->destroy_offset(this->peers, offsetof(host_t, destroy));
	this->garp->destroy_function(this->garp, free);
	DESTROY_IF(this->local);
	DESTROY_IF(this->remote);
	free(this->secret);
	free(this);
}
