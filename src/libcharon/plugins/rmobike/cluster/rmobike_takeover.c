/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_fillers.h"
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

/**
 * How long the client may take to answer a request whose ID the other node may
 * have used up, in milliseconds; charon sends it again before that
 */
#define ANSWERED 5000

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
	 * Sends from addresses of the other node
	 */
	rmobike_raw_socket_t *raw_socket;

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
	bool raised = TRUE;

	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &child_sa))
	{
		kernel_ipsec_sa_id_t id = {
			.src = ike_sa->get_my_host(ike_sa),
			.dst = ike_sa->get_other_host(ike_sa),
			.proto = child_sa->get_protocol(child_sa) == PROTO_AH ? IPPROTO_AH
																  : IPPROTO_ESP,
			.spi = child_sa->get_spi(child_sa, FALSE),
			.mark = child_sa->get_mark(child_sa, FALSE),
		};

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
 * Have the client take requests for message IDs that may be used up or not,
 * beginning with this one and ending before the one that is next
 */
static void fill(private_rmobike_takeover_t *this, ike_sa_t *ike_sa,
				 uint32_t first, uint32_t next)
{
	rmobike_fillers_send(ike_sa, this->refs, this->raw_socket, first, next);
	/* no hook sees them */
	this->ownership->ask(this->ownership, ike_sa->get_unique_id(ike_sa),
						 next - 1, INFORMATIONAL);
	this->ownership->change(this->ownership, ike_sa->get_unique_id(ike_sa),
							RMOBIKE_FORGOTTEN, 0);
}

/**
 * Get the ID to fill from if nobody knows which one the client waits for: a few
 * before the next one, which may be used up; or if that can't be, the first one
 * that we have not used. An ID can be used for two messages. If a third is to
 * come, the response to the client's own request, charon would find no IV for
 * that (iv_gen_seq).
 */
static uint32_t get_first(ike_sa_t *ike_sa, uint32_t unused, uint32_t next)
{
	if (ike_sa->get_message_id(ike_sa, FALSE) < next &&
		rmobike_fillers_count_ivs(ike_sa))
	{
		return min(unused, next);
	}
	return next - min(next, RMOBIKE_FILLERS);
}

/**
 * The client took what we asked for something that it has answered to the other
 * node, or it sleeps; implements rmobike_errand_t
 */
static status_t skip_spent(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_takeover_t *this = user;
	uint32_t unused, next;

	unused = this->ownership->get_asked(this->ownership,
										ike_sa->get_unique_id(ike_sa));
	unused = max(unused, ike_sa->get_message_id(ike_sa, TRUE));
	next = this->ownership->spend(this->ownership,
								  ike_sa->get_unique_id(ike_sa), 0);
	if (ike_sa->get_message_id(ike_sa, TRUE) >= next ||
		(ike_sa->get_state(ike_sa) != IKE_ESTABLISHED &&
		 ike_sa->get_state(ike_sa) != IKE_REKEYING))
	{
		return SUCCESS;
	}
	next = max(unused, next);
	/* what is in the air is queued again */
	fill(this, ike_sa, get_first(ike_sa, unused, next), next);
	if (ike_sa->get_state(ike_sa) == IKE_REKEYING)
	{	/* it begins anew, which charon does not let it in that state */
		ike_sa->set_state(ike_sa, IKE_ESTABLISHED);
	}
	return ike_sa->initiate(ike_sa, NULL, NULL);
}

METHOD(rmobike_takeover_t, catch_up, void,
	private_rmobike_takeover_t *this, ike_sa_t *ike_sa, uint32_t next)
{
	if (ike_sa->get_message_id(ike_sa, TRUE) < next)
	{
		this->ownership->spend(this->ownership, ike_sa->get_unique_id(ike_sa),
							   next);
		rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa),
			rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_ACTIVE) ? ANSWERED
																   : 0,
			skip_spent, this);
	}
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
	uint32_t id = ike_sa->get_unique_id(ike_sa), next;
	u_int before;

	/* if the other node is about to end, it may not send for us anymore */
	before = this->ownership->change(this->ownership, id,
						RMOBIKE_ARRIVING | RMOBIKE_FORGOTTEN |
						(unsettled ? 0 : RMOBIKE_ORDERED),
						RMOBIKE_RELEASED | RMOBIKE_UNTOLD);
	ike_sa->set_state(ike_sa, IKE_ESTABLISHED);
	if (unsettled)
	{
		next = ike_sa->get_message_id(ike_sa, TRUE);
		fill(this, ike_sa, get_first(ike_sa, next, next + 1), next + 1);
	}
	if (before & RMOBIKE_RELEASED && rmobike_ownership_is_here(ike_sa))
	{
		this->ownership->settle(this->ownership, ike_sa);
		this->ownership->change(this->ownership, id, 0,
								RMOBIKE_ARRIVING | RMOBIKE_ORDERED);
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
		this->ownership->change(this->ownership, id, RMOBIKE_ARRIVING,
								RMOBIKE_RELEASED);
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
	uint32_t next;
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
	/* IVs depend on message IDs, so none is sent twice */
	next = ike_sa->get_message_id(ike_sa, TRUE);
	fill(this, ike_sa, owned & RMOBIKE_SERVED || !next ? next : next - 1,
		 next + 1);
	if (owned & RMOBIKE_RELEASED && rmobike_ownership_is_here(ike_sa))
	{
		this->ownership->settle(this->ownership, ike_sa);
		this->ownership->change(this->ownership, id, 0, RMOBIKE_ARRIVING);
		return go_on(this, ike_sa);
	}
	return fetch(this, ike_sa, NULL);
}

/**
 * The client's last requests may have been handled by the other node, or the
 * last one be one that charon has forgotten its response to. If that was built
 * here it can be a second time, but not if our own request with that ID is
 * still to come.
 */
static void repeat(private_rmobike_takeover_t *this, ike_sa_t *ike_sa,
				   message_t *message)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa), ago;
	uint32_t mid = message->get_message_id(message);

	if (mid > ike_sa->get_message_id(ike_sa, FALSE))
	{	/* to take it resets what is in the air; the client sends it again */
		if (!rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_ACTIVE) &&
			rmobike_fillers_skip(ike_sa, message))
		{	/* what was before it was not asked here, but is over */
			this->ownership->hear(this->ownership, id, mid - 1);
		}
	}
	else if (this->ownership->get(this->ownership, id) & RMOBIKE_FORGOTTEN &&
			 (this->ownership->get_heard(this->ownership, id,
										 &ago) != mid + 1 ||
			  ike_sa->get_message_id(ike_sa, TRUE) > mid ||
			  !rmobike_fillers_count_ivs(ike_sa)))
	{
		rmobike_fillers_repeat(ike_sa, this->ownership, message);
	}
}

/**
 * A response arrived that is authentic. If the other node takes us for dead it
 * asks in our place, and the client may answer here; charon would destroy the
 * IKE_SA.
 */
static void check_response(private_rmobike_takeover_t *this, ike_sa_t *ike_sa,
						   message_t *message)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	uint32_t mid = message->get_message_id(message);
	bool active = rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_ACTIVE);

	if (active && !this->ownership->is_foreign(this->ownership, id, mid,
										message->get_exchange_type(message)))
	{
		return;
	}
	message->set_exchange_type(message, EXCHANGE_TYPE_UNDEFINED);
	if (this->ownership->spend(this->ownership, id, 0) > mid)
	{	/* another copy of it */
		return;
	}
	DBG1(DBG_IKE, "ignoring the answer to request %u, which is not ours", mid);
	this->ownership->spend(this->ownership, id, mid + 1);
	/* it is not going to answer ours, unless it is told by then that we are not
	 * the one to ask. Not in the hook, charon still handles the answer. */
	rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa),
						 active ? ANSWERED : 0, skip_spent, this);
}

/**
 * A message of ours is sent: which one was answered, or asked for, last?
 */
static void note_sent(private_rmobike_takeover_t *this, ike_sa_t *ike_sa,
					  message_t *message)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	uint32_t mid = message->get_message_id(message);

	if (message->get_request(message))
	{
		this->ownership->ask(this->ownership, id, mid,
							 message->get_exchange_type(message));
	}
	else
	{	/* to a request with an unknown critical payload, for instance, which
		 * charon tells nobody of */
		this->ownership->hear(this->ownership, id, mid);
	}
}

METHOD(listener_t, message, bool,
	private_rmobike_takeover_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);

	if (!rmobike_ownership_concerns(ike_sa))
	{
		return TRUE;
	}
	if (!incoming)
	{
		if (plain)
		{
			note_sent(this, ike_sa, message);
		}
	}
	else if (!message->get_request(message))
	{
		if (plain)
		{
			check_response(this, ike_sa, message);
		}
	}
	else if (plain)
	{
		this->ownership->hear(this->ownership, id,
							  message->get_message_id(message));
		this->ownership->change(this->ownership, id, 0, RMOBIKE_FORGOTTEN);
	}
	else
	{
		repeat(this, ike_sa, message);
	}
	return TRUE;
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
									RMOBIKE_ORDERED);
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
											rmobike_raw_socket_t *raw_socket,
											rmobike_refs_t *refs,
											rmobike_ownership_t *ownership,
											rmobike_arrival_t *arrival,
											rmobike_stats_t *stats)
{
	private_rmobike_takeover_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
				.ike_state_change = _ike_state_change,
			},
			.take = _take,
			.keep = _keep,
			.catch_up = _catch_up,
			.take_all = _take_all,
			.watch = _watch,
			.get_last = _get_last,
			.destroy = _destroy,
		},
		.channel = channel,
		.ask = ask,
		.raw_socket = raw_socket,
		.refs = refs,
		.ownership = ownership,
		.arrival = arrival,
		.stats = stats,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
