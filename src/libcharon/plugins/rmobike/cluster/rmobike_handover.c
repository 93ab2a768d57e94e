/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_handover.h"
#include "cluster/rmobike_mail.h"
#include "sa/rmobike_errand.h"

#include <collections/hashtable.h>
#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

/**
 * When it is tried again if something is under way, in milliseconds
 */
#define BUSY 25

/**
 * When a release is sent again, in milliseconds, and how many times
 */
#define RESEND 60
#define TRIES 15

typedef struct private_rmobike_handover_t private_rmobike_handover_t;
typedef struct release_t release_t;

/**
 * Private data
 */
struct private_rmobike_handover_t {

	/**
	 * Public interface
	 */
	rmobike_handover_t public;

	/**
	 * Channel to the other node
	 */
	rmobike_channel_t *channel;

	/**
	 * To end switches
	 */
	rmobike_switches_t *switches;

	/**
	 * Follows IKE_SAs
	 */
	rmobike_refs_t *refs;

	/**
	 * Which IKE_SAs are ours
	 */
	rmobike_ownership_t *ownership;

	/**
	 * Tells what stays here
	 */
	rmobike_standby_t *standby;

	/**
	 * Removes what no client has
	 */
	rmobike_ghosts_t *ghosts;

	/**
	 * What the other node has not answered to, release_t by number
	 */
	hashtable_t *releases;

	/**
	 * Number of the last one
	 */
	uint32_t last;

	/**
	 * Protects them
	 */
	mutex_t *mutex;
};

/**
 * An IKE_SA that is to go to the other node
 */
struct release_t {
	/** all others */
	private_rmobike_handover_t *handover;
	/** the IKE_SA */
	rmobike_ref_t *ref;
	/** number of this release */
	uint32_t number;
	/** serial number of its switch, 0 if it goes back */
	u_int serial;
	/** address of the other node, or NULL */
	host_t *to;
	/** how many times it was sent */
	u_int sent;
};

/**
 * What the reasons are called in the records of switches
 */
static const char *const reasons[] = {
	[RMOBIKE_MAIL_SYNCHRONIZED] = "rejected by the other node",
	[RMOBIKE_MAIL_NOT_SYNCHRONIZED] = "not synchronized with the other node",
	[RMOBIKE_MAIL_SERVED_THERE] = "the other node serves it already",
	[RMOBIKE_MAIL_MISSING] = "not synchronized with the other node",
};

/**
 * The replaced method has no other way to find us
 */
static private_rmobike_handover_t *instance;

/**
 * charon's retransmit(), the same for all IKE_SAs
 */
static status_t (*stock_retransmit)(ike_sa_t *this, uint32_t mid);

/**
 * Convert a number to a key
 */
static inline void *key(uint32_t number)
{
	return (void*)(uintptr_t)number;
}

/**
 * Free a release
 */
static void release_destroy(release_t *release)
{
	release->ref->destroy(release->ref);
	DESTROY_IF(release->to);
	free(release);
}

METHOD(ike_sa_t, retransmit, status_t,
	ike_sa_t *this, uint32_t mid)
{
	/* charon does nothing then, and never again; nor for one that is over */
	if (instance && this->get_state(this) == IKE_PASSIVE &&
		mid == this->get_message_id(this, TRUE))
	{
		instance->ownership->change(instance->ownership,
									this->get_unique_id(this), RMOBIKE_MISSED,
									0);
	}
	return stock_retransmit(this, mid);
}

/**
 * Get to know of retransmits while an IKE_SA is released
 */
static void attach(private_rmobike_handover_t *this, ike_sa_t *ike_sa)
{
	if (ike_sa->retransmit != (void*)_retransmit)
	{
		stock_retransmit = ike_sa->retransmit;
		ike_sa->retransmit = _retransmit;
	}
}

/**
 * Is anything under way on an IKE_SA that the other node knows nothing of?
 */
static bool is_busy(private_rmobike_handover_t *this, ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	bool busy;
	u_int owned;

	owned = this->ownership->change(this->ownership,
									ike_sa->get_unique_id(ike_sa), 0, 0);
	busy = ike_sa->get_state(ike_sa) != IKE_ESTABLISHED ||
		   owned & (RMOBIKE_ARRIVING | RMOBIKE_UNREKEYED | RMOBIKE_UNTOLD) ||
		   rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_ACTIVE) ||
		   rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_PASSIVE) ||
		   rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_QUEUED);
	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (!busy && enumerator->enumerate(enumerator, &child_sa))
	{	/* one that was rekeyed lives on for a moment */
		busy = child_sa->get_state(child_sa) != CHILD_INSTALLED;
	}
	enumerator->destroy(enumerator);
	return busy;
}

/**
 * Tell the other node that an IKE_SA is released
 */
static bool tell_release(release_t *release, ike_sa_t *ike_sa)
{
	rmobike_channel_t *channel = release->handover->channel;
	rmobike_ownership_t *ownership = release->handover->ownership;
	rmobike_mail_t mail;
	chunk_t data;
	bool complete;

	rmobike_mail_start(&mail, ike_sa);
	mail.heard = ownership->get_heard(ownership, ike_sa->get_unique_id(ike_sa),
									  &mail.ago);
	complete = rmobike_mail_add_spis(&mail, ike_sa);
	if (complete)
	{
		mail.number = release->number;
		mail.tries = release->sent;
		mail.to = release->to;
		mail.why = release->serial ? RMOBIKE_MAIL_SETTLED
								   : RMOBIKE_MAIL_UNSETTLED;
		data = rmobike_mail_write(&mail);
		channel->tell(channel, RMOBIKE_TOPIC_RELEASE, data);
		chunk_free(&data);
		release->sent++;
	}
	return complete;
}

/**
 * Serve an IKE_SA again that was released in vain
 */
static void take_back(private_rmobike_handover_t *this, ike_sa_t *ike_sa,
					  u_int serial, const char *why)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);

	if (ike_sa->get_state(ike_sa) == IKE_PASSIVE)
	{	/* nothing is to be taken over */
		if (this->ownership->change(this->ownership, id, RMOBIKE_ARRIVING,
									RMOBIKE_MISSED) & RMOBIKE_MISSED)
		{
			rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa), 0,
								 rmobike_ownership_ask_again, this);
		}
		ike_sa->set_state(ike_sa, IKE_ESTABLISHED);
	}
	this->ownership->change(this->ownership, id, 0, RMOBIKE_RELEASED);
	if (rmobike_ownership_is_here(ike_sa))
	{
		this->ownership->change(this->ownership, id, 0, RMOBIKE_ARRIVING);
		/* it may believe to have it */
		this->standby->claim(this->standby, ike_sa);
	}
	if (serial)
	{
		this->switches->end(this->switches, serial, RMOBIKE_FAILED, why);
	}
}

/**
 * Is an IKE_SA still to be released, or to be told of?
 */
static bool is_wanted(release_t *release, ike_sa_t *ike_sa)
{
	private_rmobike_handover_t *this = release->handover;

	if (release->sent)
	{
		return this->ownership->is_released(this->ownership, ike_sa);
	}
	/* there may be another switch, or its time is over */
	return !release->serial ||
		   this->switches->get_id(this->switches, release->serial) ==
												ike_sa->get_unique_id(ike_sa);
}

/**
 * Release an IKE_SA, or try again; returns when to do so again, in
 * milliseconds, 0 if it is over
 */
static u_int try_release(release_t *release, ike_sa_t *ike_sa)
{
	private_rmobike_handover_t *this = release->handover;

	if (!is_wanted(release, ike_sa))
	{
		return 0;
	}
	if (!this->channel->is_alive(this->channel, NULL) ||
		release->sent >= TRIES)
	{
		take_back(this, ike_sa, release->serial,
				  "the other node does not answer");
		return 0;
	}
	if (!release->sent)
	{
		if (release->serial && is_busy(this, ike_sa))
		{
			return BUSY;
		}
		attach(this, ike_sa);
		this->ownership->release(this->ownership, ike_sa);
	}
	if (!tell_release(release, ike_sa))
	{
		take_back(this, ike_sa, release->serial, "has too many CHILD_SAs");
		return 0;
	}
	return RESEND;
}

/**
 * Is there still no answer?
 */
static bool is_pending(release_t *release)
{
	private_rmobike_handover_t *this = release->handover;
	bool pending;

	this->mutex->lock(this->mutex);
	pending = this->releases->get(this->releases, key(release->number)) ==
																	release;
	this->mutex->unlock(this->mutex);
	return pending;
}

/**
 * Nothing more is to be done with a release
 */
static void forget(release_t *release)
{
	private_rmobike_handover_t *this = release->handover;

	this->mutex->lock(this->mutex);
	this->releases->remove(this->releases, key(release->number));
	this->mutex->unlock(this->mutex);
}

CALLBACK(release_execute, job_requeue_t,
	release_t *release)
{
	private_rmobike_handover_t *this = release->handover;
	ike_sa_t *ike_sa;
	u_int ms = 0;

	ike_sa = is_pending(release) ? release->ref->checkout(release->ref) : NULL;
	if (ike_sa)
	{	/* the answer is handled with the IKE_SA checked out as well */
		if (is_pending(release) && !this->channel->is_deaf(this->channel))
		{
			ms = try_release(release, ike_sa);
		}
		if (!ms)
		{
			forget(release);
		}
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	}
	if (ms)
	{
		return JOB_RESCHEDULE_MS(ms);
	}
	forget(release);
	return JOB_REQUEUE_NONE;
}

/**
 * Start to release an IKE_SA
 */
static void start(private_rmobike_handover_t *this, ike_sa_t *ike_sa,
				  u_int serial, host_t *to)
{
	release_t *release;

	INIT(release,
		.handover = this,
		.ref = this->refs->create_ref(this->refs, ike_sa),
		.serial = serial,
		.to = to ? to->clone(to) : NULL,
	);
	this->mutex->lock(this->mutex);
	release->number = ++this->last;
	this->releases->put(this->releases, key(release->number), release);
	this->mutex->unlock(this->mutex);
	lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create(release_execute, release,
										(void*)release_destroy, NULL));
}

METHOD(rmobike_handover_t, give_up, void,
	private_rmobike_handover_t *this, ike_sa_t *ike_sa)
{
	start(this, ike_sa, 0, NULL);
}

METHOD(rmobike_handover_t, go, void,
	private_rmobike_handover_t *this, ike_sa_t *ike_sa, u_int serial,
	host_t *to)
{
	start(this, ike_sa, serial, to);
}

/**
 * Find out which release was answered; it is not pending anymore
 */
static bool was_answered(private_rmobike_handover_t *this, uint32_t number,
						 u_int *serial)
{
	release_t *release;

	this->mutex->lock(this->mutex);
	/* not freed by its job before that has seen that it is gone */
	release = this->releases->remove(this->releases, key(number));
	*serial = release ? release->serial : 0;
	this->mutex->unlock(this->mutex);
	return release != NULL;
}

/**
 * The other node took an IKE_SA, implements rmobike_mail_cb_t
 */
static void taken(void *user, ike_sa_t *ike_sa, rmobike_mail_t *mail)
{
	u_int serial;

	was_answered(user, mail->number, &serial);
}

/**
 * The other node can't take an IKE_SA, implements rmobike_mail_cb_t
 */
static void rejected(void *user, ike_sa_t *ike_sa, rmobike_mail_t *mail)
{
	private_rmobike_handover_t *this = user;
	const char *why;
	u_int serial;

	/* without an IKE_SA it goes on until nobody answers */
	if (!ike_sa || !was_answered(this, mail->number, &serial))
	{
		return;
	}
	why = reasons[min(mail->why, countof(reasons) - 1)];
	if (this->ownership->is_released(this->ownership, ike_sa))
	{
		take_back(this, ike_sa, serial, why);
		if (!serial && mail->why == RMOBIKE_MAIL_MISSING)
		{
			this->ghosts->doubt(this->ghosts, ike_sa);
		}
	}
	else if (serial)
	{	/* we heard since whose it is */
		this->switches->end(this->switches, serial, RMOBIKE_FAILED, why);
	}
}

static void heard_taken(void *user, chunk_t data)
{
	rmobike_mail_handle(data, taken, user);
}

static void heard_rejected(void *user, chunk_t data)
{
	rmobike_mail_handle(data, rejected, user);
}

METHOD(rmobike_handover_t, destroy, void,
	private_rmobike_handover_t *this)
{
	instance = NULL;
	this->releases->destroy(this->releases);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_handover_t *rmobike_handover_create(rmobike_channel_t *channel,
											rmobike_switches_t *switches,
											rmobike_refs_t *refs,
											rmobike_ownership_t *ownership,
											rmobike_standby_t *standby,
											rmobike_ghosts_t *ghosts)
{
	private_rmobike_handover_t *this;

	INIT(this,
		.public = {
			.go = _go,
			.give_up = _give_up,
			.destroy = _destroy,
		},
		.channel = channel,
		.switches = switches,
		.refs = refs,
		.ownership = ownership,
		.standby = standby,
		.ghosts = ghosts,
		.releases = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									 32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	instance = this;
	channel->hear(channel, RMOBIKE_TOPIC_TAKEN, heard_taken, this);
	channel->hear(channel, RMOBIKE_TOPIC_REJECTED, heard_rejected, this);
	return &this->public;
}
