/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_options_balance.h"
#include "base/rmobike_parse.h"

/**
 * The section, as format that takes the namespace.
 */
#define BALANCE "%s.plugins.rmobike.balance"

/**
 * Percent an address may have above its share if nothing is configured.
 */
#define DEFAULT_HYSTERESIS 10

/**
 * Longest section name that settings_t of all supported versions can look up.
 */
#define SECTION_NAME_MAX 127

/**
 * Text of a number that is a macro.
 */
#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

/**
 * Where the section is read from.
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
 * Complain about something in the section.
 *
 * @param section	section of an address, NULL for none
 * @param key		name in there, NULL for the section of the address itself
 */
static void complain(source_t *source, const char *section, const char *key,
					 const char *value, const char *expected)
{
	char path[256];

	if (source->complain)
	{
		snprintf(path, sizeof(path), "balance%s%s%s%s",
				 section ? ".addresses." : "", section ?: "", key ? "." : "",
				 key ?: "");
		source->complain(source->user, path, value, expected);
	}
}

/**
 * Read the hysteresis.
 */
static u_int read_hysteresis(source_t *source)
{
	settings_t *settings = source->settings;
	u_int hysteresis = DEFAULT_HYSTERESIS;
	char *value;

	value = settings->get_str(settings, BALANCE ".hysteresis", NULL,
							  source->ns);
	if (value && !rmobike_parse_number(value, 0, 100, &hysteresis))
	{
		complain(source, NULL, "hysteresis", value, "0 to 100 percent");
	}
	return hysteresis;
}

/**
 * Add the address that a section is for.
 */
static void add_address(source_t *source, const char *section,
						rmobike_weights_t *weights)
{
	settings_t *settings = source->settings;
	u_int number = 1;
	char *address, *weight;
	host_t *host;

	/* dots in arguments don't separate sections */
	address = settings->get_str(settings, BALANCE ".addresses.%s.address", NULL,
								source->ns, section);
	weight = settings->get_str(settings, BALANCE ".addresses.%s.weight", NULL,
							   source->ns, section);
	host = address ? host_create_from_string(address, 0) : NULL;
	if (!address)
	{
		complain(source, section, NULL, "{}", "an address in it");
	}
	else if (!host || host->is_anyaddr(host))
	{
		complain(source, section, "address", address, "an IP address");
	}
	else if (weights->find(weights, host) >= 0)
	{
		complain(source, section, "address", address,
				 "an address that no other section has");
	}
	/* also if the rest is wrong, to tell everything at once */
	if (weight && !rmobike_parse_number(weight, 0, RMOBIKE_WEIGHT_MAX, &number))
	{
		complain(source, section, "weight", weight,
				 "0 to " TEXT(RMOBIKE_WEIGHT_MAX));
	}
	else if (host && !host->is_anyaddr(host) &&
			 weights->find(weights, host) < 0 &&
			 !weights->add(weights, host, number))
	{
		complain(source, section, NULL, "{}",
				 "at most " TEXT(RMOBIKE_WEIGHTS_MAX) " addresses");
	}
	DESTROY_IF(host);
}

/**
 * Complain about what the section of an address may not have.
 */
static void check_address(source_t *source, const char *section)
{
	settings_t *settings = source->settings;
	enumerator_t *enumerator;
	char *key, *value;

	enumerator = settings->create_key_value_enumerator(settings,
								BALANCE ".addresses.%s", source->ns, section);
	while (enumerator->enumerate(enumerator, &key, &value))
	{
		if (!streq(key, "address") && !streq(key, "weight"))
		{
			complain(source, section, key, value, "one of address, weight");
		}
	}
	enumerator->destroy(enumerator);

	enumerator = settings->create_section_enumerator(settings,
								BALANCE ".addresses.%s", source->ns, section);
	while (enumerator->enumerate(enumerator, &key))
	{
		complain(source, section, key, "{}", "no section");
	}
	enumerator->destroy(enumerator);
}

/**
 * Read the sections of all addresses.
 */
static void read_addresses(source_t *source, rmobike_weights_t *weights)
{
	settings_t *settings = source->settings;
	enumerator_t *enumerator;
	char *section, *value;

	enumerator = settings->create_key_value_enumerator(settings,
											BALANCE ".addresses", source->ns);
	while (enumerator->enumerate(enumerator, &section, &value))
	{
		complain(source, section, NULL, value, "the section of an address");
	}
	enumerator->destroy(enumerator);

	enumerator = settings->create_section_enumerator(settings,
											BALANCE ".addresses", source->ns);
	while (enumerator->enumerate(enumerator, &section))
	{
		if (strlen(section) > SECTION_NAME_MAX)
		{
			complain(source, section, NULL, "{}", "a shorter name");
			continue;
		}
		add_address(source, section, weights);
		check_address(source, section);
	}
	enumerator->destroy(enumerator);
}

/**
 * Complain about what does not belong into the section.
 */
static void check_balance(source_t *source)
{
	settings_t *settings = source->settings;
	enumerator_t *enumerator;
	char *key, *value;

	enumerator = settings->create_key_value_enumerator(settings, BALANCE,
													   source->ns);
	while (enumerator->enumerate(enumerator, &key, &value))
	{
		if (!streq(key, "hysteresis"))
		{
			complain(source, NULL, key, value, "hysteresis");
		}
	}
	enumerator->destroy(enumerator);

	enumerator = settings->create_section_enumerator(settings, BALANCE,
													 source->ns);
	while (enumerator->enumerate(enumerator, &key))
	{
		if (!streq(key, "addresses"))
		{
			complain(source, NULL, key, "{}", "no section but addresses");
		}
	}
	enumerator->destroy(enumerator);
}

/*
 * Described in header
 */
rmobike_weights_t *rmobike_options_balance_load(settings_t *settings,
												const char *ns,
												u_int *hysteresis,
												rmobike_complain_t cb,
												void *user)
{
	rmobike_weights_t *weights;
	source_t source = {
		.settings = settings,
		.ns = ns,
		.complain = cb,
		.user = user,
	};
	u_int percent;

	percent = read_hysteresis(&source);
	if (hysteresis)
	{
		*hysteresis = percent;
	}
	weights = rmobike_weights_create(NULL, NULL, 0);
	check_balance(&source);
	read_addresses(&source, weights);
	return weights;
}
