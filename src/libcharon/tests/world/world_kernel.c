/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "world_parts.h"

#include "locks.h"

#include "kernel/rmobike_departures.h"

#include <utils/mock_net.h>

/**
 * Milliseconds between a change of addresses and charon's reaction
 */
#define ROAM_DELAY 100

/** Addresses of both ends, as host_t */
static linked_list_t *addresses[2];

/** End that code without an IKE_SA runs for */
static side_t current;

/** End that the job belongs to which runs */
static side_t job;

/** Who hears that an address is gone */
static struct {
	rmobike_departures_t public;
	rmobike_departures_cb_t cb;
	void *user;
	bool roam_follows;
	timeval_t roamed;
} departures;

/*
 * Described in header
 */
side_t kernel_side_of(ike_sa_t *ike_sa)
{
	return ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) ? INITIATOR
																  : RESPONDER;
}

/*
 * Described in header
 */
side_t kernel_side()
{
	ike_sa_t *ike_sa;

	ike_sa = charon->bus->get_sa(charon->bus);
	if (current == INITIATOR)
	{
		return INITIATOR;
	}
	return ike_sa ? kernel_side_of(ike_sa) : job;
}

/*
 * Described in header
 */
void kernel_set_side(side_t side)
{
	current = side;
}

/*
 * Described in header
 */
void kernel_set_job(side_t side)
{
	job = side;
}

/**
 * Find an address of one end.
 */
static host_t *find(side_t side, host_t *host, int family)
{
	enumerator_t *enumerator;
	host_t *current, *found = NULL;

	enumerator = addresses[side]->create_enumerator(addresses[side]);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (host ? current->ip_equals(current, host)
				 : current->get_family(current) == family)
		{
			found = current;
			break;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/*
 * Described in header
 */
bool kernel_has_address(side_t side, host_t *host)
{
	return find(side, host, 0) != NULL;
}

/*
 * Described in header
 */
bool kernel_has_family(side_t side, int family)
{
	return find(side, NULL, family) != NULL;
}

METHOD(rmobike_departures_t, departures_listen, void,
	rmobike_departures_t *this, rmobike_departures_cb_t cb, void *user)
{
	departures.cb = cb;
	departures.user = user;
}

METHOD(rmobike_departures_t, departures_unlisten, void,
	rmobike_departures_t *this)
{
	departures.cb = NULL;
}

METHOD(rmobike_departures_t, departures_roam_follows, bool,
	rmobike_departures_t *this)
{
	return departures.roam_follows;
}

METHOD(rmobike_departures_t, departures_has_roamed, bool,
	rmobike_departures_t *this)
{
	timeval_t now, end = departures.roamed;

	time_monotonic(&now);
	timeval_add_ms(&end, RMOBIKE_DEPARTURES_ROAM);
	return timerisset(&departures.roamed) && timercmp(&now, &end, <=);
}

/*
 * Described in rmobike_departures.h, whose place it takes
 */
rmobike_departures_t *rmobike_departures_create()
{
	departures.roam_follows = FALSE;
	timerclear(&departures.roamed);
	departures.public = (rmobike_departures_t){
		.listen = _departures_listen,
		.unlisten = _departures_unlisten,
		.roam_follows = _departures_roam_follows,
		.has_roamed = _departures_has_roamed,
		.destroy = (void*)nop,
	};
	return &departures.public;
}

/*
 * Described in header
 */
void world_add_address(side_t side, char *address)
{
	host_t *host;

	host = host_create_from_string(address, 0);
	addresses[side]->insert_last(addresses[side], host);
}

/*
 * Described in header
 */
void world_del_address(side_t side, char *address)
{
	host_t *host, *found;

	host = host_create_from_string(address, 0);
	found = find(side, host, 0);
	if (found)
	{
		addresses[side]->remove(addresses[side], found, NULL);
		found->destroy(found);
		if (side == RESPONDER && departures.cb)
		{
			departures.roam_follows = TRUE;
			departures.cb(departures.user, host);
		}
	}
	host->destroy(host);
}

METHOD(kernel_net_t, get_source_addr, host_t*,
	kernel_net_t *this, host_t *dest, host_t *src)
{
	host_t *host = NULL;

	locks_assert_none("the kernel is asked for a source address");
	if (src && !src->is_anyaddr(src))
	{
		host = find(kernel_side(), src, 0);
	}
	if (!host)
	{
		host = find(kernel_side(), NULL, dest->get_family(dest));
	}
	return host ? host->clone(host) : NULL;
}

METHOD(kernel_net_t, get_nexthop, host_t*,
	kernel_net_t *this, host_t *dest, int prefix, host_t *src, char **iface)
{
	if (iface)
	{
		*iface = strdup("eth0");
	}
	return dest->clone(dest);
}

METHOD(kernel_net_t, get_interface, bool,
	kernel_net_t *this, host_t *host, char **name)
{
	locks_assert_none("the kernel is asked for an interface");
	if (!kernel_has_address(kernel_side(), host))
	{
		return FALSE;
	}
	if (name)
	{
		*name = strdup("eth0");
	}
	return TRUE;
}

METHOD(kernel_net_t, create_address_enumerator, enumerator_t*,
	kernel_net_t *this, kernel_address_type_t which)
{
	linked_list_t *list = addresses[kernel_side()];

	locks_assert_none("the kernel is asked for addresses");
	return list->create_enumerator(list);
}

/**
 * Create the kernel interface of both ends.
 */
static kernel_net_t *net_create()
{
	kernel_net_t *this;

	INIT(this,
		.get_source_addr = _get_source_addr,
		.get_nexthop = _get_nexthop,
		.get_interface = _get_interface,
		.create_address_enumerator = _create_address_enumerator,
		.create_local_subnet_enumerator = (void*)enumerator_create_empty,
		.add_ip = (void*)return_success,
		.del_ip = (void*)return_success,
		.add_route = (void*)return_failed,
		.del_route = (void*)return_failed,
		.destroy = (void*)free,
	);
	return this;
}

METHOD(socket_manager_t, get_port, uint16_t,
	socket_manager_t *this, bool nat_t)
{
	return nat_t ? IKEV2_NATT_PORT : IKEV2_UDP_PORT;
}

METHOD(socket_manager_t, supported_families, socket_family_t,
	socket_manager_t *this)
{
	return SOCKET_FAMILY_BOTH;
}

/**
 * Tell an IKE_SA.
 */
static status_t roam_one(ike_sa_t *ike_sa)
{
	return ike_sa->roam(ike_sa, TRUE);
}

/**
 * Let each IKE_SA of one end know, like roam_job_t does it for both.
 */
static void roam(void *data)
{
	side_t side = (uintptr_t)data;

	if (side == RESPONDER)
	{
		departures.roam_follows = FALSE;
		time_monotonic(&departures.roamed);
	}
	plugin_roam(side);
	world_each(side, roam_one);
}

/*
 * Described in header
 */
void world_roam(side_t side)
{
	world_later(ROAM_DELAY, roam, (void*)(uintptr_t)side);
}

/**
 * Create the list of addresses of one end.
 */
static void add_addresses(side_t side, char *list)
{
	enumerator_t *enumerator;
	char *address;

	addresses[side] = linked_list_create();
	enumerator = enumerator_create_token(list, " ", " ");
	while (enumerator->enumerate(enumerator, &address))
	{
		world_add_address(side, address);
	}
	enumerator->destroy(enumerator);
}

/*
 * Described in header
 */
void kernel_create()
{
	current = RESPONDER;
	add_addresses(INITIATOR, world_conf.initiator ?:
							 (world_conf.nat ? INSIDE : CLIENT));
	add_addresses(RESPONDER, world_conf.responder ?: OLD " " NEW " " NEWER);
	charon->kernel->remove_net_interface(charon->kernel, mock_net_create);
	charon->kernel->add_net_interface(charon->kernel, net_create);
	charon->socket->get_port = _get_port;
	charon->socket->supported_families = _supported_families;
}

/*
 * Described in header
 */
void kernel_destroy()
{
	side_t side;

	for (side = RESPONDER; side <= INITIATOR; side++)
	{
		addresses[side]->destroy_offset(addresses[side],
										offsetof(host_t, destroy));
	}
}
