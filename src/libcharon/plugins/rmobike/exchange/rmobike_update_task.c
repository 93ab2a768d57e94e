/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_paths.h"
#include "exchange/rmobike_task.h"
#include "exchange/rmobike_update_task.h"
#include "sa/rmobike_ike_sa.h"

#include <encoding/payloads/notify_payload.h>
#include <sa/ikev2/tasks/ike_natd.h>

/**
 * Length of our COOKIE2, RFC 4555 (4.2.5) asks for 8 to 64 octets
 */
#define COOKIE2_LEN 16

typedef struct private_rmobike_update_task_t private_rmobike_update_task_t;

/**
 * Private data
 */
struct private_rmobike_update_task_t {

	/**
	 * What charon sees, and what we share with the other exchange
	 */
	rmobike_task_t base;

	/**
	 * Records of what we accepted
	 */
	rmobike_accepted_t *accepted;

	/**
	 * Counts what became of it
	 */
	rmobike_stats_t *stats;

	/**
	 * Serial number of the accepted request
	 */
	u_int serial;

	/**
	 * The path has to be checked first
	 */
	bool check;

	/**
	 * The IKE_SA was at the new address when this was queued, so neither was a
	 * switch counted nor the path to be checked
	 */
	bool here;

	/**
	 * How long the new path may stay silent, in milliseconds
	 */
	u_int path_timeout;

	/**
	 * New path, me is NULL until it is known
	 */
	host_t *me, *other;

	/**
	 * Path the IKE_SA had before, NULL until the exchange started
	 */
	host_t *old_me, *old_other;

	/**
	 * TRUE if the request took another path as well: its answer proves nothing
	 */
	bool strayed;

	/**
	 * Other addresses that it went to, host_t, NULL if it was not built yet
	 */
	linked_list_t *asked;

	/**
	 * TRUE if the responder may be elsewhere than we believe, so that there has
	 * to be an update even if the check fails
	 */
	bool agree;

	/**
	 * What the responder has to return
	 */
	chunk_t cookie2;

	/**
	 * NAT detection for the new path
	 */
	ike_natd_t *natd;
};

/**
 * Forget everything that belongs to an exchange that was started
 */
static void reset(private_rmobike_update_task_t *this)
{
	DESTROY_IF(this->me);
	DESTROY_IF(this->old_me);
	DESTROY_IF(this->old_other);
	this->me = this->old_me = this->old_other = NULL;
	this->strayed = FALSE;
	rmobike_paths_destroy(this->asked);
	this->asked = NULL;
	chunk_clear(&this->cookie2);
	if (this->natd)
	{
		this->natd->task.destroy(&this->natd->task);
		this->natd = NULL;
	}
}

/**
 * Send to the new address, with another source address if routes changed
 */
static void send_request_there(private_rmobike_update_task_t *this,
							   packet_t *packet)
{
	host_t *source = NULL;

	if (this->base.roamed)
	{
		source = rmobike_ike_sa_source(this->base.ike_sa, this->other);
	}
	this->strayed |= source && !source->ip_equals(source, this->me);
	rmobike_paths_send(packet, source ?: this->me, this->other);
	DESTROY_IF(source);
}

/**
 * Find the exchange in one of the queues of an IKE_SA
 */
static private_rmobike_update_task_t *find_task(ike_sa_t *ike_sa,
												task_queue_t queue);

/**
 * Send to another address, and remember that
 */
static void send_to(private_rmobike_update_task_t *this, packet_t *packet,
					host_t *to)
{
	host_t *source;

	source = rmobike_ike_sa_source(this->base.ike_sa, to);
	if (source && !to->ip_equals(to, this->other))
	{
		rmobike_paths_send(packet, source, to);
		this->strayed = TRUE;
		if (!rmobike_paths_include(this->asked, to))
		{
			this->asked->insert_last(this->asked, to->clone(to));
		}
	}
	DESTROY_IF(source);
}

/**
 * Send to addresses that were not silent yet: the old one and one that we were
 * asked to go to meanwhile, then all that the responder announced
 */
static void send_to_others(private_rmobike_update_task_t *this,
						   packet_t *packet)
{
	ike_sa_t *ike_sa = this->base.ike_sa;
	private_rmobike_update_task_t *next;
	enumerator_t *enumerator;
	linked_list_t *addresses;
	host_t *to;

	addresses = this->base.silent < RMOBIKE_SILENT_BOTH ?
				linked_list_create() : rmobike_paths_to_responder(ike_sa);
	next = find_task(ike_sa, TASK_QUEUE_QUEUED);
	if (next && !rmobike_paths_include(addresses, next->other))
	{
		addresses->insert_first(addresses, next->other->clone(next->other));
	}
	if (!rmobike_paths_include(addresses, this->old_other))
	{
		addresses->insert_first(addresses,
								this->old_other->clone(this->old_other));
	}
	enumerator = addresses->create_enumerator(addresses);
	while (enumerator->enumerate(enumerator, &to))
	{
		send_to(this, packet, to);
	}
	enumerator->destroy(enumerator);
	rmobike_paths_destroy(addresses);
}

/**
 * To the new address; if that does not answer, to others as well
 */
static bool send_request(rmobike_task_t *base, packet_t *packet)
{
	private_rmobike_update_task_t *this = (private_rmobike_update_task_t*)base;

	send_request_there(this, packet);
	if (base->silent)
	{
		send_to_others(this, packet);
	}
	return TRUE;
}

/**
 * The new path did not answer in time, or no other did
 */
static void path_expired(rmobike_task_t *base)
{
	private_rmobike_update_task_t *this = (private_rmobike_update_task_t*)base;
	ike_sa_t *ike_sa = base->ike_sa;
	host_t *source;

	if (base->silent == RMOBIKE_SILENT_BOTH)
	{
		return;
	}
	if (!this->other->ip_equals(this->other, this->old_other))
	{	/* otherwise it only tells where we are */
		this->stats->count(this->stats, RMOBIKE_COUNT_REVERTED, NULL);
		DBG1(DBG_IKE, "no answer at %H for IKE_SA %s[%u], back to %H",
			 this->other, ike_sa->get_name(ike_sa),
			 ike_sa->get_unique_id(ike_sa), this->old_other);
	}
	source = rmobike_ike_sa_source(ike_sa, this->old_other);
	if (source)
	{	/* the one it had may be gone */
		this->old_me->destroy(this->old_me);
		this->old_me = source;
	}
	if (!this->check)
	{
		ike_sa->update_hosts(ike_sa, this->old_me, this->old_other,
							 UPDATE_HOSTS_FORCE_ALL);
	}
}

/**
 * Add a cookie that proves that the response was made for this request
 */
static bool build_cookie(private_rmobike_update_task_t *this,
						 message_t *message)
{
	rng_t *rng;
	bool success;

	rng = lib->crypto->create_rng(lib->crypto, RNG_STRONG);
	success = rng && rng->allocate_bytes(rng, COOKIE2_LEN, &this->cookie2);
	DESTROY_IF(rng);
	if (success)
	{
		message->add_notify(message, FALSE, COOKIE2, this->cookie2);
	}
	return success;
}

/**
 * Check the cookie in a response
 */
static bool verify_cookie(private_rmobike_update_task_t *this,
						  message_t *message)
{
	notify_payload_t *notify;

	notify = message->get_notify(message, COOKIE2);
	return notify && chunk_equals_const(this->cookie2,
									notify->get_notification_data(notify));
}

/**
 * This was to stay where we were, but the update that was under way then took
 * us elsewhere: to go there again is a move like any other.
 */
static void judge_again(private_rmobike_update_task_t *this)
{
	ike_sa_t *ike_sa = this->base.ike_sa;
	host_t *to;

	if (this->here &&
		!this->other->ip_equals(this->other, ike_sa->get_other_host(ike_sa)))
	{
		to = rmobike_update_task_go(ike_sa, this->accepted, this->other,
									&this->check);
		this->other->destroy(this->other);
		this->other = to;
	}
}

METHOD(task_t, build_i, status_t,
	private_rmobike_update_task_t *this, message_t *message)
{
	ike_sa_t *ike_sa = this->base.ike_sa;
	host_t *host;

	reset(this);
	this->base.roamed = FALSE;

	if (!ike_sa->supports_extension(ike_sa, EXT_MOBIKE) ||
		this->accepted->get_serial(this->accepted,
						ike_sa->get_unique_id(ike_sa)) > this->serial)
	{
		rmobike_update_task_is_queued(ike_sa, this->agree);
		rmobike_task_start(&this->base, FALSE);
		return rmobike_task_skip(message);
	}
	judge_again(this);
	this->me = rmobike_ike_sa_source(ike_sa, this->other);
	if (!this->me)
	{
		DBG1(DBG_IKE, "no source address to reach %H anymore, IKE_SA %s[%u] "
			 "stays at %H", this->other, ike_sa->get_name(ike_sa),
			 ike_sa->get_unique_id(ike_sa), ike_sa->get_other_host(ike_sa));
		rmobike_task_start(&this->base, FALSE);
		return rmobike_task_skip(message);
	}
	rmobike_task_start(&this->base, TRUE);
	this->asked = linked_list_create();
	host = ike_sa->get_my_host(ike_sa);
	this->old_me = host->clone(host);
	host = ike_sa->get_other_host(ike_sa);
	this->old_other = host->clone(host);
	this->base.expires = this->path_timeout;

	message->set_source(message, this->me->clone(this->me));
	message->set_destination(message, this->other->clone(this->other));
	if (!this->check)
	{
		ike_sa->update_hosts(ike_sa, this->me, this->other,
							 UPDATE_HOSTS_FORCE_ALL);
		message->add_notify(message, FALSE, UPDATE_SA_ADDRESSES, chunk_empty);
		this->natd = ike_natd_create(ike_sa, TRUE);
		this->natd->task.build(&this->natd->task, message);
	}
	return build_cookie(this, message) ? NEED_MORE : FAILED;
}

/**
 * Where the answer came from, if the request went there; where the IKE_SA is
 * otherwise
 */
static host_t *get_answering(private_rmobike_update_task_t *this,
							 message_t *message)
{
	ike_sa_t *ike_sa = this->base.ike_sa;
	host_t *from = message->get_source(message);

	if (from->ip_equals(from, this->other))
	{
		return this->other;
	}
	return rmobike_paths_include(this->asked, from) ?
						from : ike_sa->get_other_host(ike_sa);
}

/**
 * The path was checked
 */
static status_t process_check(private_rmobike_update_task_t *this,
							  message_t *message)
{
	ike_sa_t *ike_sa = this->base.ike_sa;
	host_t *from = get_answering(this, message);

	if (!this->strayed && from == this->other)
	{
		this->check = FALSE;
		return NEED_MORE;
	}
	DBG2(DBG_IKE, "IKE_SA %s[%u] stays at %H", ike_sa->get_name(ike_sa),
		 ike_sa->get_unique_id(ike_sa), ike_sa->get_other_host(ike_sa));
	rmobike_update_task_settle(ike_sa, this->accepted, this->stats, from,
							   this->agree);
	return SUCCESS;
}

/**
 * Evaluate NAT detection of the path that we are on
 */
static void process_natd(private_rmobike_update_task_t *this,
						 message_t *message)
{
	ike_sa_t *ike_sa = this->base.ike_sa;
	bool nat;

	nat = ike_sa->has_condition(ike_sa, COND_NAT_ANY);
	this->natd->task.process(&this->natd->task, message);
	if (nat != ike_sa->has_condition(ike_sa, COND_NAT_ANY))
	{	/* UDP encapsulation changes */
		ike_sa->update_hosts(ike_sa, NULL, NULL, UPDATE_HOSTS_FORCE_CHILDREN);
	}
}

/**
 * The responder updated its addresses, or does not want to
 */
static status_t process_update(private_rmobike_update_task_t *this,
							   message_t *message)
{
	ike_sa_t *ike_sa = this->base.ike_sa;

	if (message->get_notify(message, UNACCEPTABLE_ADDRESSES))
	{
		DBG1(DBG_IKE, "peer does not accept its own address %H, IKE_SA %s[%u] "
			 "stays at %H", this->other, ike_sa->get_name(ike_sa),
			 ike_sa->get_unique_id(ike_sa), this->old_other);
		ike_sa->update_hosts(ike_sa, this->old_me, this->old_other,
							 UPDATE_HOSTS_FORCE_ALL);
		return SUCCESS;
	}
	if (this->strayed)
	{	/* the responder handled the first one that arrived, which may have
		 * come by the other path, and so may have been NAT detection */
		rmobike_update_task_settle(ike_sa, this->accepted, this->stats,
								   get_answering(this, message), TRUE);
		return SUCCESS;
	}
	/* charon may have followed the source of another message meanwhile */
	ike_sa->update_hosts(ike_sa, message->get_destination(message), this->other,
						 UPDATE_HOSTS_FORCE_ALL);
	process_natd(this, message);
	rmobike_update_task_know(ike_sa, this->other);
	if (this->old_other->ip_equals(this->old_other, this->other))
	{
		DBG2(DBG_IKE, "IKE_SA %s[%u] stays at %H", ike_sa->get_name(ike_sa),
			 ike_sa->get_unique_id(ike_sa), this->other);
	}
	else
	{
		this->stats->count(this->stats, RMOBIKE_COUNT_SWITCHED, NULL);
		DBG1(DBG_IKE, "switched IKE_SA %s[%u] from %H to %H",
			 ike_sa->get_name(ike_sa), ike_sa->get_unique_id(ike_sa),
			 this->old_other, this->other);
	}
	return SUCCESS;
}

METHOD(task_t, process_i, status_t,
	private_rmobike_update_task_t *this, message_t *message)
{
	ike_sa_t *ike_sa = this->base.ike_sa;

	if (!verify_cookie(this, message))
	{	/* RFC 4555, 3.7 */
		DBG1(DBG_IKE, "COOKIE2 mismatch, closing IKE_SA");
		return FAILED;
	}
	if (this->check)
	{
		return process_check(this, message);
	}
	this->accepted->updated(this->accepted, ike_sa->get_unique_id(ike_sa),
							ike_sa->get_message_id(ike_sa, FALSE));
	return process_update(this, message);
}

METHOD(task_t, migrate, void,
	private_rmobike_update_task_t *this, ike_sa_t *ike_sa)
{
	rmobike_task_migrate(&this->base, ike_sa);
	reset(this);
}

METHOD(task_t, destroy, void,
	private_rmobike_update_task_t *this)
{
	rmobike_task_deinit(&this->base);
	reset(this);
	this->other->destroy(this->other);
	free(this);
}

/**
 * Find the exchange in one of the queues of an IKE_SA
 */
static private_rmobike_update_task_t *find_task(ike_sa_t *ike_sa,
												task_queue_t queue)
{
	return (void*)rmobike_task_find(ike_sa, queue, (void*)_build_i);
}

/*
 * Described in header
 */
bool rmobike_update_task_is_queued(ike_sa_t *ike_sa, bool agree)
{
	private_rmobike_update_task_t *this;

	this = find_task(ike_sa, TASK_QUEUE_QUEUED);
	if (this)
	{
		this->agree |= agree;
	}
	return this != NULL;
}

/*
 * Described in header
 */
void rmobike_update_task_queue(ike_sa_t *ike_sa, rmobike_accepted_t *accepted,
							   rmobike_stats_t *stats, u_int serial,
							   host_t *to, bool check, u_int path_timeout)
{
	private_rmobike_update_task_t *this;
	bool queued;

	this = find_task(ike_sa, TASK_QUEUE_QUEUED);
	queued = this != NULL;
	if (queued)
	{
		this->other->destroy(this->other);
	}
	else
	{
		INIT(this,
			.accepted = accepted,
			.stats = stats,
		);
		rmobike_task_init(&this->base, ike_sa, send_request);
		this->base.expired = path_expired;
		this->base.mobike.task.build = _build_i;
		this->base.mobike.task.process = _process_i;
		this->base.mobike.task.migrate = _migrate;
		this->base.mobike.task.destroy = _destroy;
	}
	this->serial = serial;
	this->other = to->clone(to);
	this->here = to->ip_equals(to, ike_sa->get_other_host(ike_sa));
	this->check = check;
	this->path_timeout = path_timeout;

	if (!queued)
	{
		ike_sa->queue_task(ike_sa, &this->base.mobike.task);
	}
}

/*
 * Described in header
 */
void rmobike_update_task_resume(ike_sa_t *old, ike_sa_t *new)
{
	private_rmobike_update_task_t *this;

	this = find_task(old, TASK_QUEUE_ACTIVE);
	if (!this)
	{
		return;
	}
	if (!find_task(new, TASK_QUEUE_QUEUED))
	{
		rmobike_update_task_queue(new, this->accepted, this->stats,
								  this->serial, this->other, this->check,
								  this->path_timeout);
	}
	if (this->old_me && !this->check)
	{	/* so that there is a path to go back to, whatever is queued */
		new->update_hosts(new, this->old_me, this->old_other,
						  UPDATE_HOSTS_FORCE_ALL);
	}
	rmobike_update_task_is_queued(new, this->agree);
}
