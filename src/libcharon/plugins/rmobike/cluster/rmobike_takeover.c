/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_ha.h"
#include "cluster/rmobike_takeover.h"
#include "kernel/rmobike_xfrm.h"
#include "rmobike_compat.h"
#include "sa/rmobike_errand.h"
#include "sa/rmobike_ike_sa.h"

#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

/**
 * Until the other node has yielded, in milliseconds
 */
#define YIELDED 1000

typedef struct private_rmobike_takeover_t private_rmobike_takeover_t;

/**
 * Private data
 */
struct private_rmobike_takeover_t {

	/**
	 * Public interface
	 */
	rmobike_takeover_t public;

	/**
	 * Channel to the other node, or NULL
	 */
	rmobike_channel_t *channel;

	/**
	 * Asks clients to come
	 */
	rmobike_ask_t *ask;

	/**
	 * Message IDs that nobody knows for certain
	 */
	rmobike_message_ids_t *message_ids;

	/**
	 * Follows IKE_SAs
	 */
	rmobike_refs_t *refs;

	/**
	 * Which IKE_SAs are ours
	 */
	rmobike_ownership_t *ownership;

	/**
	 * Knows what is to be done when a client has come
	 */
	rmobike_arrival_t *arrival;

	/**
	 * Counts
	 */
	rmobike_stats_t *stats;

	/**
	 * Who is told of takeovers, and data to pass
	 */
	rmobike_taken_t told;
	void *user;

	/**
	 * Why all were taken last, NULL if they never were
	 */
	const char *why;

	/**
	 * When that was, monotonic time
	 */
	time_t when;

	/**
	 * How many there were
	 */
	u_int taken;

	/**
	 * Protects these
	 */
	mutex_t *mutex;
};

/**
 * Was a CHILD_SA set up here, and not by the other node? Its SPI tells, as no
 * SPI is ever at both.
 */
static bool is_from_here(child_sa_t *child_sa)
{
	uint32_t spi = ntohl(child_sa->get_spi(child_sa, TRUE));
	uint32_t first, last;

	first = lib->settings->get_int(lib->settings, "%s.spi_min", 0, lib->ns);
	last = lib->settings->get_int(lib->settings, "%s.spi_max", 0, lib->ns);
	return first && spi >= first && spi <= last;
}

/**
 * Raise the sequence numbers of all outbound SAs: the other node has sent with
 * them, nobody knows how much; returns FALSE if the kernel doesn't find one
 */
static bool raise_all(ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	kernel_ipsec_sa_id_t id;
	bool raised = TRUE;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		id = rmobike_xfrm_get_outbound(ike_sa, child_sa);
		raised &= rmobike_xfrm_raise(&id, is_from_here(child_sa));
	}
	enumerator->destroy(enumerator);
	return raised;
}

/**
 * The same; the ha plugin doesn't update the kernel if the client roamed
 */
static void raise_sequence_numbers(ike_sa_t *ike_sa)
{
	if (!raise_all(ike_sa))
	{
		ike_sa->update_hosts(ike_sa, NULL, NULL, UPDATE_HOSTS_FORCE_CHILDREN);
		if (!raise_all(ike_sa))
		{
			DBG1(DBG_KNL, "unable to raise sequence numbers, the peer may drop "
				 "packets until CHILD_SAs are rekeyed");
		}
	}
}

/**
 * Ask the client of an IKE_SA that is ours from now on to come
 */
static status_t fetch(private_rmobike_takeover_t *this, ike_sa_t *ike_sa,
					  host_t *to)
{
	raise_sequence_numbers(ike_sa);
	if (rmobike_ownership_is_here(ike_sa))
	{	/* it never left */
		this->arrival->arrived(this->arrival, ike_sa);
		return SUCCESS;
	}
	if (to && !rmobike_ike_sa_refuses(ike_sa))
	{
		this->ask->initiate(this->ask, ike_sa, to, NULL);
		return SUCCESS;
	}
	/* the same as for addresses that are gone, or what charon does then */
	return ike_sa->roam(ike_sa, TRUE);
}

/**
 * An IKE_SA comes back without ever having been at the other node: whatever was
 * under way goes on; implements rmobike_errand_t
 */
static status_t go_on(void *user, ike_sa_t *ike_sa)
{
	return ike_sa->get_state(ike_sa) == IKE_PASSIVE ?
							SUCCESS : ike_sa->initiate(ike_sa, NULL, NULL);
}

METHOD(rmobike_takeover_t, take, void,
	private_rmobike_takeover_t *this, ike_sa_t *ike_sa, host_t *to,
	bool unsettled)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	u_int before;

	/* if the other node is about to end, it may not send for us anymore */
	before = this->ownership->change(this->ownership, id,
						RMOBIKE_ARRIVING | RMOBIKE_FORGOTTEN |
						(unsettled ? 0 : RMOBIKE_ORDERED),
						RMOBIKE_RELEASED | RMOBIKE_UNTOLD | RMOBIKE_DOUBTED);
	ike_sa->set_state(ike_sa, IKE_ESTABLISHED);
	if (unsettled)
	{
		this->message_ids->fill(this->message_ids, ike_sa);
	}
	if (before & RMOBIKE_RELEASED && rmobike_ownership_is_here(ike_sa))
	{
		this->ownership->settle(this->ownership, ike_sa);
		this->ownership->change(this->ownership, id, 0,
								RMOBIKE_ARRIVING | RMOBIKE_ORDERED);
		/* its NAT may have forgotten it meanwhile, only we know its port */
		rmobike_ha_push(ike_sa);
		rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa), 0,
							 go_on, this);
		return;
	}
	fetch(this, ike_sa, to);
}

/**
 * The other node has yielded, and whatever ha told for it until then was heard;
 * implements rmobike_errand_t
 */
static status_t kept(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_takeover_t *this = user;

	if (ike_sa->get_state(ike_sa) == IKE_ESTABLISHED)
	{
		this->ownership->restore_ids(this->ownership, ike_sa);
	}
	return SUCCESS;
}

METHOD(rmobike_takeover_t, keep, void,
	private_rmobike_takeover_t *this, ike_sa_t *ike_sa)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	bool here = rmobike_ownership_is_here(ike_sa);

	if (ike_sa->get_state(ike_sa) == IKE_PASSIVE)
	{	/* nothing is to be taken over */
		if (this->ownership->change(this->ownership, id, RMOBIKE_ARRIVING,
									RMOBIKE_RELEASED | RMOBIKE_MISSED) &
															RMOBIKE_MISSED)
		{
			rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa), 0,
								 rmobike_ownership_ask_again, this);
		}
		ike_sa->set_state(ike_sa, IKE_ESTABLISHED);
		this->ownership->change(this->ownership, id, 0,
								here ? RMOBIKE_ARRIVING : 0);
	}
	if (here && !(this->ownership->get(this->ownership, id) &
														RMOBIKE_UNREKEYED))
	{
		this->arrival->arrived(this->arrival, ike_sa);
	}
	kept(this, ike_sa);
	rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa), YIELDED,
						 kept, this);
}

/**
 * Did the ha plugin make a copy active before it knows its CHILD_SAs, as it was
 * just told of it? If the other node lives, that goes on to serve it.
 */
static bool is_incomplete(private_rmobike_takeover_t *this, ike_sa_t *ike_sa)
{
	return this->channel && this->channel->is_alive(this->channel, NULL) &&
		   !ike_sa->get_child_count(ike_sa);
}

/**
 * The other node did not release it, so nobody knows what it sent last;
 * implements rmobike_errand_t
 */
static status_t take_orphan(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_takeover_t *this = user;
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	u_int owned;

	owned = this->ownership->change(this->ownership, id, 0, RMOBIKE_RELEASED);
	if (ike_sa->get_state(ike_sa) != IKE_ESTABLISHED ||
		!(owned & RMOBIKE_ARRIVING))
	{
		return SUCCESS;
	}
	if (is_incomplete(this, ike_sa))
	{
		ike_sa->set_state(ike_sa, IKE_PASSIVE);
		this->ownership->change(this->ownership, id, 0, RMOBIKE_ARRIVING |
								(owned & RMOBIKE_SERVED ? 0 : RMOBIKE_SERVED));
		return SUCCESS;
	}
	this->stats->count(this->stats, RMOBIKE_COUNT_TAKEN, NULL);
	DBG1(DBG_IKE, "taking IKE_SA %s[%u] with %H over",
		 ike_sa->get_name(ike_sa), ike_sa->get_unique_id(ike_sa),
		 ike_sa->get_other_host(ike_sa));
	this->message_ids->fill_orphan(this->message_ids, ike_sa,
								   owned & RMOBIKE_SERVED);
	if (owned & RMOBIKE_RELEASED && rmobike_ownership_is_here(ike_sa))
	{
		this->ownership->settle(this->ownership, ike_sa);
		this->ownership->change(this->ownership, id, 0, RMOBIKE_ARRIVING);
		return go_on(this, ike_sa);
	}
	return fetch(this, ike_sa, NULL);
}

METHOD(listener_t, ike_state_change, bool,
	private_rmobike_takeover_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	u_int before;

	if (!rmobike_ownership_concerns(ike_sa))
	{
		return TRUE;
	}
	if (state == IKE_PASSIVE && ike_sa->get_state(ike_sa) == IKE_ESTABLISHED)
	{
		this->ownership->change(this->ownership, id, RMOBIKE_SERVED, 0);
	}
	if (state == IKE_ESTABLISHED && ike_sa->get_state(ike_sa) == IKE_PASSIVE)
	{
		before = this->ownership->change(this->ownership, id, RMOBIKE_ARRIVING,
										 0);
		if (!(before & RMOBIKE_ARRIVING))
		{
			this->ownership->change(this->ownership, id, RMOBIKE_FORGOTTEN,
									RMOBIKE_ORDERED | RMOBIKE_DOUBTED);
			rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa), 0,
								 take_orphan, this);
		}
	}
	return TRUE;
}

CALLBACK(activate_all, job_requeue_t,
	private_rmobike_takeover_t *this)
{
	enumerator_t *enumerator;
	const char *why;
	ike_sa_t *ike_sa;
	u_int count = 0;

	enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		if (ike_sa->get_state(ike_sa) == IKE_PASSIVE &&
			rmobike_ownership_concerns(ike_sa))
		{
			ike_sa->set_state(ike_sa, IKE_ESTABLISHED);
			count++;
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->lock(this->mutex);
	this->taken = count;
	why = this->why;
	this->mutex->unlock(this->mutex);
	this->stats->count(this->stats, RMOBIKE_COUNT_TAKEOVERS, NULL);
	DBG1(DBG_CFG, "took %u IKE_SAs of the other node over", count);
	this->told(this->user, why, count);
	return JOB_REQUEUE_NONE;
}

METHOD(rmobike_takeover_t, take_all, void,
	private_rmobike_takeover_t *this, const char *why)
{
	this->mutex->lock(this->mutex);
	this->why = why;
	this->when = time_monotonic(NULL);
	this->taken = 0;
	this->mutex->unlock(this->mutex);
	lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create_with_prio(activate_all, this, NULL,
												  NULL, JOB_PRIO_HIGH));
}

METHOD(rmobike_takeover_t, watch, void,
	private_rmobike_takeover_t *this, rmobike_taken_t cb, void *user)
{
	this->told = cb;
	this->user = user;
}

METHOD(rmobike_takeover_t, get_last, const char*,
	private_rmobike_takeover_t *this, u_int *ago, u_int *taken)
{
	const char *why;

	this->mutex->lock(this->mutex);
	why = this->why;
	*ago = time_monotonic(NULL) - this->when;
	*taken = this->taken;
	this->mutex->unlock(this->mutex);
	return why;
}

METHOD(rmobike_takeover_t, destroy, void,
	private_rmobike_takeover_t *this)
{
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_takeover_t *rmobike_takeover_create(rmobike_channel_t *channel,
											rmobike_ask_t *ask,
											rmobike_message_ids_t *message_ids,
											rmobike_refs_t *refs,
											rmobike_ownership_t *ownership,
											rmobike_arrival_t *arrival,
											rmobike_stats_t *stats)
{
	private_rmobike_takeover_t *this;

	INIT(this,
		.public = {
			.listener = {
				.ike_state_change = _ike_state_change,
			},
			.take = _take,
			.keep = _keep,
			.take_all = _take_all,
			.watch = _watch,
			.get_last = _get_last,
			.destroy = _destroy,
		},
		.channel = channel,
		.ask = ask,
		.message_ids = message_ids,
		.refs = refs,
		.ownership = ownership,
		.arrival = arrival,
		.stats = stats,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
