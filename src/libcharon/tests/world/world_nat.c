/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * A restricted-cone NAT: all that comes from one inside address and port leaves
 * from one outside port. Whoever was sent a packet from there may send to that
 * port, from any port of his, and nobody else.
 */

#include "world_parts.h"

typedef struct mapping_t mapping_t;

/**
 * What the NAT knows of an inside address
 */
struct mapping_t {
	/** address and port inside */
	host_t *inside;
	/** address and port outside */
	host_t *outside;
	/** those who may answer, as host_t */
	linked_list_t *remotes;
};

/** mapping_t */
static linked_list_t *mappings;

/** Port of the next mapping */
static uint16_t port;

/**
 * Destroy a mapping.
 */
static void mapping_destroy(mapping_t *this)
{
	this->inside->destroy(this->inside);
	this->outside->destroy(this->outside);
	this->remotes->destroy_offset(this->remotes, offsetof(host_t, destroy));
	free(this);
}

/**
 * Find a mapping by its inside or outside address.
 */
static mapping_t *find(host_t *inside, host_t *outside)
{
	enumerator_t *enumerator;
	mapping_t *mapping, *found = NULL;

	enumerator = mappings->create_enumerator(mappings);
	while (enumerator->enumerate(enumerator, &mapping))
	{
		if ((inside && inside->equals(inside, mapping->inside)) ||
			(outside && outside->equals(outside, mapping->outside)))
		{
			found = mapping;
			break;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * May he send to this mapping?
 */
static bool is_known(mapping_t *this, host_t *remote)
{
	enumerator_t *enumerator;
	host_t *known;
	bool found = FALSE;

	enumerator = this->remotes->create_enumerator(this->remotes);
	while (!found && enumerator->enumerate(enumerator, &known))
	{
		found = known->ip_equals(known, remote);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Does the NAT have anything to do with this inside address?
 */
static bool is_natted(host_t *inside)
{
	return world_conf.nat && inside->get_family(inside) == AF_INET;
}

/*
 * Described in header
 */
host_t *nat_out(host_t *inside, host_t *remote)
{
	mapping_t *mapping;

	if (!is_natted(inside))
	{
		return inside->clone(inside);
	}
	mapping = find(inside, NULL);
	if (!mapping)
	{
		INIT(mapping,
			.inside = inside->clone(inside),
			.outside = host_create_from_string(CLIENT, port++),
			.remotes = linked_list_create(),
		);
		mappings->insert_last(mappings, mapping);
	}
	if (!is_known(mapping, remote))
	{
		mapping->remotes->insert_last(mapping->remotes, remote->clone(remote));
	}
	return mapping->outside->clone(mapping->outside);
}

/*
 * Described in header
 */
host_t *nat_in(host_t *outside, host_t *remote)
{
	mapping_t *mapping;

	if (!is_natted(outside))
	{
		return outside->clone(outside);
	}
	mapping = find(NULL, outside);
	if (!mapping || !is_known(mapping, remote))
	{
		return NULL;
	}
	return mapping->inside->clone(mapping->inside);
}

/*
 * Described in header
 */
host_t *nat_peek(host_t *inside)
{
	mapping_t *mapping;

	if (!is_natted(inside))
	{
		return inside->clone(inside);
	}
	mapping = find(inside, NULL);
	return mapping ? mapping->outside->clone(mapping->outside) : NULL;
}

/*
 * Described in header
 */
void world_nat_reboot()
{
	mapping_t *mapping;

	while (mappings->remove_first(mappings, (void**)&mapping) == SUCCESS)
	{
		mapping_destroy(mapping);
	}
}

/*
 * Described in header
 */
void nat_create()
{
	mappings = linked_list_create();
	port = 1024;
}

/*
 * Described in header
 */
void nat_destroy()
{
	world_nat_reboot();
	mappings->destroy(mappings);
}
