/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/* dladdr() */
#define _GNU_SOURCE
#include "cluster/rmobike_ha.h"

#include <dlfcn.h>

typedef struct ha_t ha_t;

/**
 * The first parts of the plugin's object, the same in all versions that have a
 * tunnel (since 4.4)
 */
struct ha_t {
	plugin_t plugin;
	void *socket;
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
 * Find what tells the other node, NULL if it is not there, or not what we know
 */
static listener_t *find_teller(void)
{
	enumerator_t *enumerator;
	listener_t *found = NULL;
	plugin_t *plugin;
	ha_t *ha;

	enumerator = lib->plugins->create_plugin_enumerator(lib->plugins);
	while (!found && enumerator->enumerate(enumerator, &plugin, NULL))
	{
		if (streq(plugin->get_name(plugin), "ha"))
		{
			ha = (ha_t*)plugin;
			/* without addresses it has no parts */
			if (ha->socket && ha->ike &&
				are_together(ha->ike->ike_updown, plugin->get_name))
			{
				found = ha->ike;
			}
		}
	}
	enumerator->destroy(enumerator);
	return found;
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
	}
	return teller != NULL;
}
