/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_clock.h"
#include "cluster/rmobike_arrival.h"
#include "cluster/rmobike_ha.h"
#include "kernel/rmobike_neighbours.h"
#include "sa/rmobike_errand.h"
#include "sa/rmobike_ike_sa.h"

#include <threading/mutex.h>

/**
 * Between the rekeyings of two IKE_SAs, in milliseconds
 */
#define REKEYING 5

/**
 * Until it is looked again whether one that was released is back, likewise
 */
#define RETRY 1000

typedef struct private_rmobike_arrival_t private_rmobike_arrival_t;

/**
 * Private data
 */
struct private_rmobike_arrival_t {

	/**
	 * Public interface
	 */
	rmobike_arrival_t public;

	/**
	 * Tells the other node
	 */
	rmobike_standby_t *standby;

	/**
	 * Follows IKE_SAs
	 */
	rmobike_refs_t *refs;

	/**
	 * Which IKE_SAs are ours
	 */
	rmobike_ownership_t *ownership;

	/**
	 * When the CHILD_SAs are rekeyed, and where the neighbours are
	 */
	rmobike_options_cluster_t *options;

	/**
	 * When the CHILD_SAs of the last one that arrived are rekeyed
	 */
	uint64_t rekeying;

	/**
	 * Protects this
	 */
	mutex_t *mutex;
};

/**
 * What is known of the ownership of an IKE_SA
 */
static u_int owned(private_rmobike_arrival_t *this, ike_sa_t *ike_sa)
{
	return this->ownership->get(this->ownership, ike_sa->get_unique_id(ike_sa));
}

/**
 * Queue an errand
 */
static void queue(private_rmobike_arrival_t *this, ike_sa_t *ike_sa, u_int ms,
				  rmobike_errand_t cb)
{
	rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa), ms, cb,
						 this);
}

/**
 * Tell the neighbours, who still send to the other node
 */
static void tell_neighbours(private_rmobike_arrival_t *this, ike_sa_t *ike_sa)
{
	enumerator_t *interfaces, *addresses;
	char *interface;
	host_t *address;

	interfaces = this->options->garp->create_enumerator(this->options->garp);
	while (interfaces->enumerate(interfaces, &interface))
	{
		addresses = ike_sa->create_virtual_ip_enumerator(ike_sa, FALSE);
		while (addresses->enumerate(addresses, &address))
		{
			rmobike_neighbours_tell(interface, address);
		}
		addresses->destroy(addresses);
	}
	interfaces->destroy(interfaces);
}

/**
 * Rekey the CHILD_SAs, implements rmobike_errand_t
 */
static status_t rekey(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_arrival_t *this = user;
	u_int before;

	if (this->ownership->is_released(this->ownership, ike_sa))
	{	/* it may come back */
		queue(this, ike_sa, RETRY, rekey);
		return SUCCESS;
	}
	before = this->ownership->change(this->ownership,
									 ike_sa->get_unique_id(ike_sa), 0,
									 RMOBIKE_UNREKEYED);
	/* without a channel the ha plugin may have told that it went elsewhere */
	if (!(before & RMOBIKE_UNREKEYED) ||
		ike_sa->get_state(ike_sa) != IKE_ESTABLISHED ||
		!rmobike_ownership_is_here(ike_sa))
	{
		return SUCCESS;
	}
	/* if both nodes had it for a while the other one may have told them last */
	tell_neighbours(this, ike_sa);
	this->ownership->restore_ids(this->ownership, ike_sa);
	return rmobike_ike_sa_rekey_children(ike_sa);
}

/**
 * Tell those in this daemon who want to know, the ha plugin as well
 */
static void raise_up(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;

	charon->bus->ike_updown(charon->bus, ike_sa, TRUE);
	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		if (child_sa->get_state(child_sa) == CHILD_INSTALLED)
		{
			charon->bus->child_updown(charon->bus, child_sa, TRUE);
		}
	}
	enumerator->destroy(enumerator);
}

/**
 * Rekey the CHILD_SAs later; those of many don't begin all at once
 */
static void rekey_later(private_rmobike_arrival_t *this, ike_sa_t *ike_sa)
{
	u_int ms;

	this->mutex->lock(this->mutex);
	ms = rmobike_clock_turn(&this->rekeying, rmobike_clock_now(),
							this->options->rekey_delay * 1000, REKEYING);
	this->mutex->unlock(this->mutex);
	queue(this, ike_sa, ms, rekey);
}

METHOD(rmobike_arrival_t, arrived, void,
	private_rmobike_arrival_t *this, ike_sa_t *ike_sa)
{
	u_int before;

	before = this->ownership->change(this->ownership,
							ike_sa->get_unique_id(ike_sa),
							RMOBIKE_UNREKEYED,
							RMOBIKE_ARRIVING | RMOBIKE_ORDERED |
							RMOBIKE_DOUBTED);
	this->ownership->settle(this->ownership, ike_sa);
	if (before & RMOBIKE_ARRIVING)
	{
		raise_up(ike_sa);
	}
	tell_neighbours(this, ike_sa);
	/* it is not told "down" there before it is "up" here */
	this->standby->tell(this->standby, ike_sa);
	rekey_later(this, ike_sa);
}

/**
 * The addresses of an IKE_SA have changed, implements rmobike_errand_t
 */
static status_t updated(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_arrival_t *this = user;
	host_t *me = ike_sa->get_my_host(ike_sa);

	if (ike_sa->get_state(ike_sa) == IKE_ESTABLISHED &&
		owned(this, ike_sa) & RMOBIKE_ARRIVING &&
		charon->kernel->get_interface(charon->kernel, me, NULL))
	{
		arrived(this, ike_sa);
	}
	else
	{
		rmobike_ha_push(ike_sa);
	}
	return SUCCESS;
}

METHOD(listener_t, ike_update, bool,
	private_rmobike_arrival_t *this, ike_sa_t *ike_sa, host_t *local,
	host_t *remote)
{
	if (!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		ike_sa->get_state(ike_sa) != IKE_PASSIVE)
	{
		queue(this, ike_sa, 0, updated);
	}
	return TRUE;
}

/**
 * A new client may have an address that another one had at the other node;
 * implements rmobike_errand_t
 */
static status_t announce(void *user, ike_sa_t *ike_sa)
{
	if (ike_sa->get_state(ike_sa) == IKE_ESTABLISHED)
	{
		tell_neighbours(user, ike_sa);
	}
	return SUCCESS;
}

METHOD(listener_t, child_updown, bool,
	private_rmobike_arrival_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	bool up)
{
	/* of those that arrive they hear at once */
	if (up && rmobike_ownership_concerns(ike_sa) &&
		!(owned(this, ike_sa) & RMOBIKE_UNREKEYED))
	{
		queue(this, ike_sa, 0, announce);
	}
	return TRUE;
}

METHOD(rmobike_arrival_t, destroy, void,
	private_rmobike_arrival_t *this)
{
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_arrival_t *rmobike_arrival_create(rmobike_standby_t *standby,
										  rmobike_refs_t *refs,
										  rmobike_ownership_t *ownership,
										  rmobike_options_cluster_t *options)
{
	private_rmobike_arrival_t *this;

	INIT(this,
		.public = {
			.listener = {
				.ike_update = _ike_update,
				.child_updown = _child_updown,
			},
			.arrived = _arrived,
			.destroy = _destroy,
		},
		.standby = standby,
		.refs = refs,
		.ownership = ownership,
		.options = options,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
