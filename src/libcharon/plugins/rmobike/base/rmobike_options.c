/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_notify.h"
#include "base/rmobike_options.h"
#include "base/rmobike_options_balance.h"
#include "base/rmobike_options_cluster.h"
#include "base/rmobike_parse.h"

#include <utils/utils.h>

/**
 * Section of the plugin, as format that takes the namespace.
 */
#define PLUGIN "%s.plugins.rmobike"

/**
 * Size of buffers for what is wrong with a value.
 */
#define WHY_LEN 128

/**
 * Longest section name that settings_t of all supported versions can look up.
 */
#define SECTION_NAME_MAX 127

/**
 * Where options are read from.
 */
typedef struct {
	/** settings to read from */
	settings_t *settings;
	/** namespace */
	const char *ns;
	/** section of a connection, NULL for global options */
	const char *section;
	/** called for each value that is not valid, may be NULL */
	rmobike_complain_t complain;
	/** data to pass to complain */
	void *user;
} source_t;

/**
 * An option and how to read it.
 */
typedef struct {
	/** name of the option */
	const char *key;
	/** what its value may be */
	const char *expected;
	/** TRUE if there is one for each connection */
	bool connection;
	/** store a value, FALSE if not valid; may write more about what is */
	bool (*parse)(rmobike_options_t *this, char *value, char *why);
} option_t;

/**
 * Parse a list of addresses, an invalid one is empty.
 */
static bool parse_addrs(char *value, rmobike_addrs_t **result, char *why)
{
	rmobike_addrs_t *addrs;

	addrs = rmobike_addrs_create(value, why, WHY_LEN);
	(*result)->destroy(*result);
	*result = addrs ?: rmobike_addrs_create(NULL, NULL, 0);
	return addrs != NULL;
}

static bool parse_advertise(rmobike_options_t *this, char *value, char *why)
{
	return rmobike_parse_bool(value, &this->advertise);
}

static bool parse_accept(rmobike_options_t *this, char *value, char *why)
{
	if (enum_from_name(rmobike_accept_names, value, &this->accept))
	{
		return TRUE;
	}
	if (this->accept == RMOBIKE_ACCEPT_ANY)
	{	/* the default or inherited, but somebody wanted it to be different */
		this->accept = RMOBIKE_ACCEPT_ANNOUNCED;
	}
	return FALSE;
}

static bool parse_accept_addresses(rmobike_options_t *this, char *value,
								   char *why)
{
	return parse_addrs(value, &this->accept_addresses, why);
}

static bool parse_reply_path(rmobike_options_t *this, char *value, char *why)
{
	bool request = strcaseeq(value, "request");

	if (!request && !strcaseeq(value, "new"))
	{
		return FALSE;
	}
	this->reply_on_request = request;
	return TRUE;
}

static bool parse_path_check(rmobike_options_t *this, char *value, char *why)
{
	return enum_from_name(rmobike_path_check_names, value, &this->path_check);
}

static bool parse_path_timeout(rmobike_options_t *this, char *value,
							   char *why)
{
	return rmobike_parse_seconds(value, 100, 60000, &this->path_timeout);
}

static bool parse_notify_type(rmobike_options_t *this, char *value,
							  char *why)
{
	u_int type;

	if (!rmobike_parse_number(value, RMOBIKE_NOTIFY_TYPE_MIN,
							  RMOBIKE_NOTIFY_TYPE_MAX, &type))
	{
		return FALSE;
	}
	this->notify_type = type;
	return TRUE;
}

static bool parse_timeout(rmobike_options_t *this, char *value, char *why)
{
	return rmobike_parse_seconds(value, 1000, 165000, &this->timeout);
}

static bool parse_auto_switch(rmobike_options_t *this, char *value, char *why)
{
	return rmobike_parse_bool(value, &this->auto_switch);
}

static bool parse_prefer(rmobike_options_t *this, char *value, char *why)
{
	return parse_addrs(value, &this->prefer, why);
}

static bool parse_prefer_after(rmobike_options_t *this, char *value, char *why)
{
	return rmobike_parse_number(value, 0, 3600, &this->prefer_after);
}

static bool parse_drained(rmobike_options_t *this, char *value, char *why)
{
	return parse_addrs(value, &this->drained, why);
}

static bool parse_max_switches(rmobike_options_t *this, char *value, char *why)
{
	return rmobike_parse_number(value, 0, 1000, &this->max_switches);
}

static bool parse_switch_interval(rmobike_options_t *this, char *value,
								  char *why)
{
	return rmobike_parse_number(value, 1, 86400, &this->switch_interval);
}

static bool parse_socket(rmobike_options_t *this, char *value, char *why)
{
	if (!strstr(value, "://"))
	{
		return FALSE;
	}
	free(this->socket);
	this->socket = strdup(value);
	return TRUE;
}

static bool parse_upgrade_redirect(rmobike_options_t *this, char *value,
								   char *why)
{
	return rmobike_parse_bool(value, &this->upgrade_redirect);
}

/**
 * All options.
 */
static const option_t options[] = {
	{ "advertise", "yes or no", TRUE, parse_advertise },
	{ "accept", "announced, none or any", TRUE, parse_accept },
	{ "accept_addresses", "addresses", TRUE, parse_accept_addresses },
	{ "reply_path", "new or request", TRUE, parse_reply_path },
	{ "path_check", "unannounced or always", TRUE, parse_path_check },
	{ "path_timeout", "0.1 to 60 seconds", FALSE, parse_path_timeout },
	{ "notify_type", "40960 to 65535", FALSE, parse_notify_type },
	{ "timeout", "1 to 165 seconds", FALSE, parse_timeout },
	{ "auto_switch", "yes or no", TRUE, parse_auto_switch },
	{ "prefer", "addresses", TRUE, parse_prefer },
	{ "prefer_after", "0 to 3600 seconds", FALSE, parse_prefer_after },
	{ "drained", "addresses", FALSE, parse_drained },
	{ "max_switches", "0 to 1000", TRUE, parse_max_switches },
	{ "switch_interval", "1 to 86400 seconds", TRUE, parse_switch_interval },
	{ "upgrade_redirect", "yes or no", FALSE, parse_upgrade_redirect },
	{ "socket", "a URI, e.g. unix:///run/charon.rmobike", FALSE, parse_socket },
};

/**
 * Complain about something in the section of a source.
 */
static void complain(source_t *source, const char *key, const char *value,
					 const char *expected)
{
	char path[256];

	if (!source->complain)
	{
		return;
	}
	if (source->section)
	{
		snprintf(path, sizeof(path), "connections.%s%s%s", source->section,
				 *key ? "." : "", key);
		key = path;
	}
	source->complain(source->user, key, value, expected);
}

/**
 * Get the value of an option from a source, NULL if not configured.
 */
static char *get_value(source_t *source, const char *key)
{
	settings_t *settings = source->settings;

	if (source->section)
	{	/* dots in arguments don't separate sections */
		return settings->get_str(settings, PLUGIN ".connections.%s.%s", NULL,
								 source->ns, source->section, key);
	}
	return settings->get_str(settings, PLUGIN ".%s", NULL, source->ns, key);
}

/**
 * Overwrite options by what is configured in a source.
 */
static void read_options(rmobike_options_t *this, source_t *source)
{
	const option_t *option;
	char *value, why[WHY_LEN], expected[256];
	size_t i;

	for (i = 0; i < countof(options); i++)
	{
		option = &options[i];
		if (source->section && !option->connection)
		{
			continue;
		}
		value = get_value(source, option->key);
		why[0] = '\0';
		if (value && !option->parse(this, value, why))
		{
			snprintf(expected, sizeof(expected), "%s%s%s", option->expected,
					 *why ? ", but " : "", why);
			complain(source, option->key, value, expected);
		}
	}
}

/**
 * Find the section of a connection, NULL if it has none.
 */
static char *find_section(source_t *source, const char *connection)
{
	enumerator_t *enumerator;
	settings_t *settings = source->settings;
	source_t candidate = *source;
	char *section, *found = NULL;

	enumerator = settings->create_section_enumerator(settings,
											PLUGIN ".connections", source->ns);
	while (!found && enumerator->enumerate(enumerator, &section))
	{
		candidate.section = section;
		if (streq(get_value(&candidate, "name") ?: section, connection))
		{
			found = strdup(section);
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Read the global options
 */
static rmobike_options_t *create_global(source_t *source)
{
	rmobike_options_t *this;

	INIT(this,
		.advertise = TRUE,
		.accept = RMOBIKE_ACCEPT_ANY,
		.accept_addresses = rmobike_addrs_create(NULL, NULL, 0),
		.path_check = RMOBIKE_CHECK_UNANNOUNCED,
		.path_timeout = 3000,
		.notify_type = RMOBIKE_NOTIFY_TYPE_DEFAULT,
		.timeout = 10000,
		.auto_switch = TRUE,
		.prefer = rmobike_addrs_create(NULL, NULL, 0),
		.drained = rmobike_addrs_create(NULL, NULL, 0),
		.max_switches = 5,
		.switch_interval = 300,
		.socket = strdup("unix:///run/charon.rmobike"),
		.prefer_best_path = source->settings->get_bool(source->settings,
									"%s.prefer_best_path", FALSE, source->ns),
		.refs = 1,
	);
	read_options(this, source);
	return this;
}

/*
 * Described in header
 */
rmobike_options_t *rmobike_options_create(settings_t *settings, const char *ns,
										  const char *connection,
										  rmobike_complain_t complain,
										  void *user)
{
	rmobike_options_t *this;
	source_t source = {
		.settings = settings,
		.ns = ns,
		.complain = connection ? NULL : complain,
		.user = user,
	};
	char *section;

	this = create_global(&source);
	section = connection ? find_section(&source, connection) : NULL;
	if (section)
	{
		source.section = section;
		source.complain = complain;
		read_options(this, &source);
		free(section);
	}
	return this;
}

/*
 * Described in header
 */
hashtable_t *rmobike_options_load(settings_t *settings, const char *ns)
{
	source_t global = {
		.settings = settings,
		.ns = ns,
	}, source = global;
	rmobike_options_t *options;
	enumerator_t *enumerator;
	hashtable_t *all;
	char *name;

	all = hashtable_create(hashtable_hash_str, hashtable_equals_str, 8);
	enumerator = settings->create_section_enumerator(settings,
													 PLUGIN ".connections", ns);
	while (enumerator->enumerate(enumerator, &source.section))
	{
		name = get_value(&source, "name") ?: (char*)source.section;
		if (!all->get(all, name))
		{
			options = create_global(&global);
			read_options(options, &source);
			all->put(all, strdup(name), options);
		}
	}
	enumerator->destroy(enumerator);
	return all;
}

/*
 * Described in header
 */
void rmobike_options_destroy(rmobike_options_t *this)
{
	if (this && ref_put(&this->refs))
	{
		this->accept_addresses->destroy(this->accept_addresses);
		this->prefer->destroy(this->prefer);
		this->drained->destroy(this->drained);
		free(this->socket);
		free(this);
	}
}

/**
 * Check if a source may have an option of the given name.
 */
static bool is_known(source_t *source, const char *key)
{
	size_t i;

	if (streq(key, source->section ? "name" : "load"))
	{
		return TRUE;
	}
	for (i = 0; i < countof(options); i++)
	{
		if (streq(key, options[i].key))
		{
			return options[i].connection || !source->section;
		}
	}
	return FALSE;
}

/**
 * List the names of all options that a source may have.
 */
static void list_known(source_t *source, char *buf, size_t len)
{
	size_t used, i;

	used = snprintf(buf, len, "one of %s", source->section ? "name" : "load");
	for (i = 0; i < countof(options) && used < len; i++)
	{
		if (is_known(source, options[i].key))
		{
			used += snprintf(buf + used, len - used, ", %s", options[i].key);
		}
	}
}

/**
 * Complain about the options of a source that are not known.
 */
static void check_keys(source_t *source, enumerator_t *enumerator)
{
	char *key, *value, expected[256];

	while (enumerator->enumerate(enumerator, &key, &value))
	{
		if (!is_known(source, key))
		{
			list_known(source, expected, sizeof(expected));
			complain(source, key, value, expected);
		}
	}
	enumerator->destroy(enumerator);
}

/**
 * Complain about the sections of a source, except for one if its name is given.
 */
static void check_sections(source_t *source, enumerator_t *enumerator,
						   const char *known)
{
	char *name;

	while (enumerator->enumerate(enumerator, &name))
	{
		if (!known || (!streq(name, known) && !streq(name, "balance") &&
					   !streq(name, "cluster")))
		{
			complain(source, name, "{}", known ? "no section but balance, "
					 "cluster and connections" : "no section");
		}
	}
	enumerator->destroy(enumerator);
}

/**
 * Check the section of a connection.
 */
static void check_connection(source_t *source)
{
	settings_t *settings = source->settings;
	rmobike_options_t *scratch;
	char *name, *first;

	if (strlen(source->section) > SECTION_NAME_MAX)
	{
		complain(source, "", "{}", "a shorter name of the section, and in it "
				 "that of the connection as value of name");
		return;
	}
	scratch = rmobike_options_create(settings, source->ns, NULL, NULL, NULL);
	read_options(scratch, source);
	rmobike_options_destroy(scratch);

	name = get_value(source, "name") ?: (char*)source->section;
	first = find_section(source, name);
	if (!streq(first, source->section))
	{
		complain(source, "name", name, "a name that no other section has");
	}
	free(first);

	check_keys(source,
			settings->create_key_value_enumerator(settings,
					PLUGIN ".connections.%s", source->ns, source->section));
	check_sections(source,
			settings->create_section_enumerator(settings,
					PLUGIN ".connections.%s", source->ns, source->section),
			NULL);
}

/**
 * Check the section that has those of the connections.
 */
static void check_connections(source_t *source)
{
	settings_t *settings = source->settings;
	source_t connection = *source;
	enumerator_t *enumerator;
	char *value;

	enumerator = settings->create_key_value_enumerator(settings,
											PLUGIN ".connections", source->ns);
	while (enumerator->enumerate(enumerator, &connection.section, &value))
	{
		complain(&connection, "", value, "the section of a connection");
	}
	enumerator->destroy(enumerator);

	enumerator = settings->create_section_enumerator(settings,
											PLUGIN ".connections", source->ns);
	while (enumerator->enumerate(enumerator, &connection.section))
	{
		check_connection(&connection);
	}
	enumerator->destroy(enumerator);
}

/*
 * Described in header
 */
void rmobike_options_check(settings_t *settings, const char *ns,
						   rmobike_complain_t complain, void *user)
{
	source_t source = {
		.settings = settings,
		.ns = ns,
		.complain = complain,
		.user = user,
	};
	rmobike_weights_t *weights;

	rmobike_options_destroy(rmobike_options_create(settings, ns, NULL, complain,
												   user));
	check_keys(&source,
			settings->create_key_value_enumerator(settings, PLUGIN, ns));
	check_sections(&source,
			settings->create_section_enumerator(settings, PLUGIN, ns),
			"connections");
	check_connections(&source);
	weights = rmobike_options_balance_load(settings, ns, NULL, complain, user);
	weights->destroy(weights);
	rmobike_options_cluster_destroy(rmobike_options_cluster_load(settings, ns,
															complain, user));
}
