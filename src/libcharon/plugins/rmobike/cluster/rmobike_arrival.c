/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_clock.h"
#include "cluster/rmobike_arrival.h"
#include "cluster/rmobike_ha.h"
#include "cluster/rmobike_mail.h"
#include "kernel/rmobike_neighbours.h"
#include "sa/rmobike_errand.h"

#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

/**
 * When the other node is told again, in milliseconds
 */
#define REMIND 250

/**
 * How long the ha plugin has to tell of an exchange, in milliseconds
 */
#define TOLD 3000

/**
 * How long after one IKE_SA the next one's CHILD_SAs are rekeyed, in milliseconds
 */
#define REKEYING 5

/**
 * How many times the time doubles after that it is told again, if that fails
 */
#define DOUBLINGS 7

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
	 * Channel to the other node, or NULL
	 */
	rmobike_channel_t *channel;

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
	return this->ownership->change(this->ownership,
								   ike_sa->get_unique_id(ike_sa), 0, 0);
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
 * Tell the other node, unless it knows; implements rmobike_errand_t
 */
static status_t tell(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_arrival_t *this = user;
	rmobike_mail_t mail;
	chunk_t data;

	if (this->channel && owned(this, ike_sa) & RMOBIKE_UNTOLD &&
		ike_sa->get_state(ike_sa) != IKE_PASSIVE &&
		this->channel->is_alive(this->channel, NULL))
	{
		rmobike_mail_start(&mail, ike_sa);
		rmobike_mail_add_spis(&mail, ike_sa);
		mail.heard = this->ownership->get_heard(this->ownership,
									ike_sa->get_unique_id(ike_sa), &mail.ago);
		data = rmobike_mail_write(&mail);
		this->channel->tell(this->channel, RMOBIKE_TOPIC_ARRIVED, data);
		chunk_free(&data);
		/* if it isn't there, it is told when it comes back */
		queue(this, ike_sa, REMIND, tell);
	}
	return SUCCESS;
}

/**
 * Remove what was rekeyed before the IKE_SA went to the other node and came
 * back: charon does so some seconds later, unless the IKE_SA is passive then
 */
static void remove_deleted(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa, *deleted;

	do
	{
		deleted = NULL;
		enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
		while (!deleted && enumerator->enumerate(enumerator, &child_sa))
		{
			if (child_sa->get_state(child_sa) == CHILD_DELETED)
			{
				deleted = child_sa;
			}
		}
		enumerator->destroy(enumerator);
	}
	while (deleted &&
		   ike_sa->destroy_child_sa(ike_sa, deleted->get_protocol(deleted),
								deleted->get_spi(deleted, TRUE)) == SUCCESS);
}

/**
 * Rekey the CHILD_SAs, implements rmobike_errand_t
 */
static status_t rekey(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_arrival_t *this = user;
	status_t status = SUCCESS;
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	u_int before;

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
	remove_deleted(ike_sa);
	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (status != DESTROY_ME &&
		   enumerator->enumerate(enumerator, &child_sa))
	{
		if (child_sa->get_state(child_sa) == CHILD_INSTALLED)
		{
			status = ike_sa->rekey_child_sa(ike_sa,
										child_sa->get_protocol(child_sa),
										child_sa->get_spi(child_sa, TRUE));
		}
	}
	enumerator->destroy(enumerator);
	return status;
}

/**
 * The same for one that arrived long ago, implements rmobike_errand_t. It can
 * be moved until then.
 */
static status_t rekey_again(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_arrival_t *this = user;

	this->ownership->change(this->ownership, ike_sa->get_unique_id(ike_sa),
							RMOBIKE_UNREKEYED, 0);
	return rekey(this, ike_sa);
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
							RMOBIKE_UNREKEYED | RMOBIKE_UNTOLD,
							RMOBIKE_ARRIVING | RMOBIKE_ORDERED |
							RMOBIKE_REPEATED);
	if (before & RMOBIKE_ARRIVING)
	{
		raise_up(ike_sa);
	}
	tell_neighbours(this, ike_sa);
	/* it is not told "down" there before it is "up" here */
	tell(this, ike_sa);
	rekey_later(this, ike_sa);
}

METHOD(rmobike_arrival_t, claim, void,
	private_rmobike_arrival_t *this, ike_sa_t *ike_sa)
{
	u_int before;

	before = this->ownership->change(this->ownership,
									 ike_sa->get_unique_id(ike_sa),
									 RMOBIKE_UNTOLD, 0);
	if (!(before & RMOBIKE_UNTOLD))
	{
		tell(this, ike_sa);
	}
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

/**
 * Have the other node compare its copy, implements rmobike_errand_t
 */
static status_t check(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_arrival_t *this = user;
	u_int before;

	before = this->ownership->change(this->ownership,
									 ike_sa->get_unique_id(ike_sa), 0,
									 RMOBIKE_UNCHECKED);
	if (ike_sa->get_state(ike_sa) == IKE_ESTABLISHED &&
		!(before & RMOBIKE_ARRIVING) && rmobike_ownership_is_here(ike_sa) &&
		/* not known before its peer is authenticated */
		rmobike_ownership_concerns(ike_sa))
	{
		claim(this, ike_sa);
	}
	return SUCCESS;
}

/**
 * Have that done when the ha plugin has told
 */
static void check_soon(private_rmobike_arrival_t *this, ike_sa_t *ike_sa)
{
	if (!(this->ownership->change(this->ownership,
								  ike_sa->get_unique_id(ike_sa),
								  RMOBIKE_UNCHECKED, 0) & RMOBIKE_UNCHECKED))
	{
		queue(this, ike_sa, TOLD, check);
	}
}

METHOD(listener_t, message, bool,
	private_rmobike_arrival_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	if (incoming && plain && this->channel &&
		rmobike_ownership_concerns(ike_sa) &&
		message->get_exchange_type(message) != IKE_SA_INIT)
	{
		check_soon(this, ike_sa);
	}
	return TRUE;
}

/**
 * The ha plugin does not tell the virtual IPs of an IKE_SA that was rekeyed,
 * and a copy without them can't rekey CHILD_SAs; implements rmobike_errand_t
 */
static status_t renewed(void *user, ike_sa_t *ike_sa)
{
	rmobike_ha_push(ike_sa);
	return SUCCESS;
}

METHOD(listener_t, ike_rekey, bool,
	private_rmobike_arrival_t *this, ike_sa_t *old, ike_sa_t *new)
{
	if (rmobike_ownership_concerns(new))
	{	/* follows to the new one */
		queue(this, old, 0, renewed);
	}
	return TRUE;
}

METHOD(listener_t, child_state_change, bool,
	private_rmobike_arrival_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	child_sa_state_t state)
{
	/* one that was rekeyed goes some time after the exchange */
	if (ike_sa && state == CHILD_DESTROYING && this->channel &&
		ike_sa->get_state(ike_sa) == IKE_ESTABLISHED &&
		rmobike_ownership_concerns(ike_sa))
	{
		check_soon(this, ike_sa);
	}
	return TRUE;
}

/**
 * Rekey the IKE_SA, then the CHILD_SAs turn out to be missing; implements
 * rmobike_errand_t
 */
static status_t rekey_ike(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_arrival_t *this = user;
	status_t status = SUCCESS;

	if (ike_sa->get_state(ike_sa) == IKE_ESTABLISHED &&
		rmobike_ownership_is_here(ike_sa))
	{
		status = ike_sa->rekey(ike_sa);
		check_soon(this, ike_sa);
	}
	return status;
}

/**
 * The other node has another copy, or none: the ha plugin tells of what is new,
 * and of the rest again
 */
static void repair(private_rmobike_arrival_t *this, ike_sa_t *ike_sa,
				   bool missing, u_int tries)
{
	u_int ms = max(this->options->rekey_delay, 1) * 1000 <<
												min(tries, DOUBLINGS);

	if (missing)
	{	/* when it was just started it is about to ask for it */
		queue(this, ike_sa, ms, tries ? rekey_ike : check);
		return;
	}
	rmobike_ha_push(ike_sa);
	queue(this, ike_sa, tries ? ms : 0, rekey_again);
}

/**
 * The other node knows, implements rmobike_mail_cb_t
 */
static void noted(void *user, ike_sa_t *ike_sa, rmobike_mail_t *mail)
{
	private_rmobike_arrival_t *this = user;
	bool differs = mail->why != RMOBIKE_MAIL_SYNCHRONIZED;
	u_int before, tries;

	if (!ike_sa)
	{
		return;
	}
	before = this->ownership->change(this->ownership,
									 ike_sa->get_unique_id(ike_sa), 0,
									 RMOBIKE_UNTOLD);
	if (before & RMOBIKE_UNTOLD && !(before & RMOBIKE_UNREKEYED))
	{
		tries = this->ownership->count_differing(this->ownership,
									ike_sa->get_unique_id(ike_sa), differs);
		if (differs)
		{
			repair(this, ike_sa, mail->why == RMOBIKE_MAIL_MISSING, tries);
		}
	}
}

/**
 * Implements rmobike_heard_t
 */
static void heard_noted(void *user, chunk_t data)
{
	rmobike_mail_handle(data, noted, user);
}

CALLBACK(tell_untold, job_requeue_t,
	private_rmobike_arrival_t *this)
{
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;

	enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		if (owned(this, ike_sa) & RMOBIKE_UNTOLD)
		{
			queue(this, ike_sa, 0, tell);
		}
	}
	enumerator->destroy(enumerator);
	return JOB_REQUEUE_NONE;
}

METHOD(rmobike_arrival_t, tell_all, void,
	private_rmobike_arrival_t *this)
{
	lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create(tell_untold, this, NULL, NULL));
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
rmobike_arrival_t *rmobike_arrival_create(rmobike_channel_t *channel,
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
				.ike_rekey = _ike_rekey,
				.message = _message,
				.child_state_change = _child_state_change,
			},
			.arrived = _arrived,
			.claim = _claim,
			.tell_all = _tell_all,
			.destroy = _destroy,
		},
		.channel = channel,
		.refs = refs,
		.ownership = ownership,
		.options = options,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	if (channel)
	{
		channel->hear(channel, RMOBIKE_TOPIC_NOTED, heard_noted, this);
	}
	return &this->public;
}
