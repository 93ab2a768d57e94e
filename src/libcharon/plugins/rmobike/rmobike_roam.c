/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_compat.h"
#include "rmobike_roam.h"
#include "rmobike_routes.h"
#include "rmobike_switch_task.h"
#include "rmobike_task.h"
#include "rmobike_turns.h"

#include <collections/hashtable.h>
#include <processing/jobs/callback_job.h>
#include <sa/ikev2/tasks/ike_mobike.h>
#include <threading/mutex.h>

typedef struct private_rmobike_roam_t private_rmobike_roam_t;

/**
 * Private data
 */
struct private_rmobike_roam_t {

	/**
	 * Public interface
	 */
	rmobike_roam_t public;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_peers_t *peers;

	/**
	 * Starts switches
	 */
	rmobike_asker_t *asker;

	/**
	 * Sees to it that they can start
	 */
	rmobike_unanswered_t *unanswered;

	/**
	 * IKE_SAs that wait because too many have to leave
	 */
	rmobike_turns_t *turns;

	/**
	 * Knows addresses
	 */
	rmobike_candidates_t *candidates;

	/**
	 * Serial numbers of switches that we started, by unique ID
	 */
	hashtable_t *serials;

	/**
	 * Protects them
	 */
	mutex_t *mutex;
};

/**
 * The replaced method has no other way to find us
 */
static private_rmobike_roam_t *instance;

/**
 * charon's roam(), the same for all IKE_SAs
 */
static status_t (*stock_roam)(ike_sa_t *this, bool address);

/**
 * Convert a number to a key
 */
static inline void *key(uint32_t number)
{
	return (void*)(uintptr_t)number;
}

/**
 * Is the address that an IKE_SA uses still good? Decided as charon does.
 */
static bool is_path_valid(ike_sa_t *ike_sa)
{
	host_t *me = ike_sa->get_my_host(ike_sa), *source;
	rmobike_options_t *options;
	bool best, valid;

	options = rmobike_task_options(ike_sa);
	best = options->prefer_best_path;
	rmobike_options_destroy(options);
	source = rmobike_routes_get_source(ike_sa->get_other_host(ike_sa),
									   best ? NULL : me);
	valid = source && source->ip_equals(source, me);
	DESTROY_IF(source);
	return valid;
}

/**
 * Note the switch that we started
 */
static void set_serial(private_rmobike_roam_t *this, uint32_t id, u_int serial)
{
	this->mutex->lock(this->mutex);
	this->serials->put(this->serials, key(id), key(serial));
	this->mutex->unlock(this->mutex);
}

/**
 * Is a switch pending whose target we still have?
 */
static bool is_moving(private_rmobike_roam_t *this, ike_sa_t *ike_sa)
{
	rmobike_switch_t *asked;
	bool moving;

	asked = this->peers->get_switch(this->peers,
									ike_sa->get_unique_id(ike_sa));
	moving = asked && asked->state <= RMOBIKE_ANSWERED &&
			 charon->kernel->get_interface(charon->kernel, asked->to, NULL);
	rmobike_switch_destroy(asked);
	return moving;
}

/**
 * It is the turn of an IKE_SA to leave its address for another one
 */
static void leave_for(private_rmobike_roam_t *this, ike_sa_t *ike_sa,
					  host_t *to)
{
	u_int serial;
	bool others;

	serial = this->asker->begin(this->asker, ike_sa, to, NULL);
	others = this->turns->begun(this->turns, serial);
	set_serial(this, ike_sa->get_unique_id(ike_sa), serial);
	this->asker->queue(this->asker, ike_sa, serial, to, others);
	this->unanswered->rescue(this->unanswered, ike_sa, to);
}

/**
 * The address that an IKE_SA uses is gone, and there is no other one; returns
 * FALSE if charon has to care
 */
static bool wait_for_address(private_rmobike_roam_t *this, ike_sa_t *ike_sa)
{
	if (this->candidates->forget_tried(this->candidates,
									   ike_sa->get_unique_id(ike_sa)))
	{	/* nothing helped, so nothing can be lost either */
		return FALSE;
	}
	DBG1(DBG_IKE, "no other address for IKE_SA %s[%u] than %H, which is gone; "
		 "waiting for one", ike_sa->get_name(ike_sa),
		 ike_sa->get_unique_id(ike_sa), ike_sa->get_my_host(ike_sa));
	return TRUE;
}

/**
 * Does the peer of an IKE_SA have to be asked if our address is gone?
 */
static bool is_ours(ike_sa_t *ike_sa)
{
	rmobike_options_t *options;
	bool enabled;

	if (rmobike_switch_task_refuses(ike_sa))
	{
		return FALSE;
	}
	options = rmobike_task_options(ike_sa);
	enabled = options->auto_switch;
	rmobike_options_destroy(options);
	return enabled;
}

/**
 * Does an IKE_SA have to leave its address? If not, sets status to what became
 * of the change of addresses or routes instead.
 */
static bool has_to_leave(ike_sa_t *ike_sa, bool address, status_t *status)
{
	if (is_ours(ike_sa))
	{
		if (!is_path_valid(ike_sa))
		{
			if (!is_moving(instance, ike_sa))
			{
				return TRUE;
			}
			*status = ike_sa->initiate(ike_sa, NULL, NULL);
			return FALSE;
		}
		instance->candidates->forget_tried(instance->candidates,
										   ike_sa->get_unique_id(ike_sa));
	}
	*status = stock_roam(ike_sa, address);
	return FALSE;
}

/**
 * It is the turn of an IKE_SA to leave its address
 */
static status_t leave(ike_sa_t *ike_sa, bool address)
{
	host_t *to;

	to = instance->candidates->choose(instance->candidates, ike_sa, NULL);
	if (to)
	{
		leave_for(instance, ike_sa, to);
		to->destroy(to);
	}
	else
	{
		instance->turns->skipped(instance->turns);
		if (!wait_for_address(instance, ike_sa))
		{
			return stock_roam(ike_sa, address);
		}
	}
	/* what was deferred because there was no path may go on */
	return ike_sa->initiate(ike_sa, NULL, NULL);
}

METHOD(ike_sa_t, roam, status_t,
	ike_sa_t *this, bool address)
{
	status_t status;

	if (!has_to_leave(this, address, &status))
	{
		return status;
	}
	if (instance->turns->enter(instance->turns, this->get_unique_id(this)))
	{
		return leave(this, address);
	}
	return this->initiate(this, NULL, NULL);
}

/**
 * The same for one that waited for its turn
 */
static status_t leave_at_last(ike_sa_t *ike_sa)
{
	status_t status;

	if (has_to_leave(ike_sa, TRUE, &status))
	{
		return leave(ike_sa, TRUE);
	}
	instance->turns->skipped(instance->turns);
	return status;
}

/**
 * From now on, handle what happens to the address of an IKE_SA
 */
static void attach(ike_sa_t *ike_sa)
{
	if (ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		ike_sa->roam != (void*)_roam)
	{
		stock_roam = ike_sa->roam;
		ike_sa->roam = _roam;
	}
}

METHOD(listener_t, message, bool,
	private_rmobike_roam_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	host_t *me = message->get_destination(message);

	if (incoming && plain && message->get_request(message) &&
		message->get_exchange_type(message) == INFORMATIONAL &&
		message->get_notify(message, UPDATE_SA_ADDRESSES) &&
		ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		charon->kernel->get_interface(charon->kernel, me, NULL) &&
		rmobike_task_settle(ike_sa))
	{	/* charon does so once in a while, and not forever */
		this->unanswered->rescue(this->unanswered, ike_sa, me);
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_rmobike_roam_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	if (state == IKE_ESTABLISHED)
	{
		attach(ike_sa);
	}
	else if (state == IKE_DESTROYING)
	{
		this->mutex->lock(this->mutex);
		this->serials->remove(this->serials,
							  key(ike_sa->get_unique_id(ike_sa)));
		this->mutex->unlock(this->mutex);
	}
	return TRUE;
}

/**
 * Run a function with an IKE_SA checked out, returns FALSE if it is gone
 */
static bool with_sa(uint32_t id, status_t (*cb)(ike_sa_t *ike_sa))
{
	ike_sa_t *ike_sa;

	ike_sa = charon->ike_sa_manager->checkout_by_id(charon->ike_sa_manager, id);
	if (!ike_sa)
	{
		return FALSE;
	}
	if (cb(ike_sa) == DESTROY_ME)
	{
		charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager,
													ike_sa);
	}
	else
	{
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	}
	return TRUE;
}

/**
 * Implements rmobike_turn_t
 */
static void turn_came(void *user, uint32_t id)
{
	private_rmobike_roam_t *this = user;

	if (!with_sa(id, leave_at_last))
	{
		this->turns->skipped(this->turns);
	}
}

/**
 * Try the next address
 */
static status_t try_next(ike_sa_t *ike_sa)
{
	return ike_sa->roam(ike_sa, TRUE);
}

CALLBACK(try_next_execute, job_requeue_t,
	void *id)
{
	with_sa((uintptr_t)id, try_next);
	return JOB_REQUEUE_NONE;
}

/**
 * Announce what addresses are left
 */
static status_t announce(ike_sa_t *ike_sa)
{
	ike_mobike_t *mobike;

	mobike = ike_mobike_create(ike_sa, TRUE);
	mobike->addresses(mobike);
	ike_sa->queue_task(ike_sa, &mobike->task);
	return ike_sa->initiate(ike_sa, NULL, NULL);
}

CALLBACK(announce_execute, job_requeue_t,
	void *id)
{
	with_sa((uintptr_t)id, announce);
	return JOB_REQUEUE_NONE;
}

/**
 * Run one of these in a job
 */
static void queue(callback_job_cb_t cb, uint32_t id)
{
	lib->processor->queue_job(lib->processor,
						(job_t*)callback_job_create(cb, key(id), NULL, NULL));
}

METHOD(listener_t, ike_rekey, bool,
	private_rmobike_roam_t *this, ike_sa_t *old, ike_sa_t *new)
{
	host_t *me = new->get_my_host(new);
	void *serial;

	attach(new);
	this->mutex->lock(this->mutex);
	serial = this->serials->remove(this->serials,
								   key(old->get_unique_id(old)));
	if (serial)
	{
		this->serials->put(this->serials, key(new->get_unique_id(new)), serial);
	}
	this->mutex->unlock(this->mutex);
	if (new->roam == (void*)_roam &&
		!charon->kernel->get_interface(charon->kernel, me, NULL))
	{	/* charon's roam job may have listed all IKE_SAs just before */
		queue(try_next_execute, new->get_unique_id(new));
	}
	return TRUE;
}

/**
 * Check if it is a switch that we started, and forget that
 */
static bool remove_serial(private_rmobike_roam_t *this, uint32_t id,
						  u_int serial)
{
	bool ours;

	this->mutex->lock(this->mutex);
	ours = serial && this->serials->get(this->serials, key(id)) == key(serial);
	if (ours)
	{
		this->serials->remove(this->serials, key(id));
	}
	this->mutex->unlock(this->mutex);
	return ours;
}

/**
 * Implements rmobike_ended_t
 */
static void switch_ended(void *user, const rmobike_switch_t *ended)
{
	private_rmobike_roam_t *this = user;

	this->turns->ended(this->turns, ended);
	if (!remove_serial(this, ended->id, ended->serial))
	{
		return;
	}
	if (ended->state == RMOBIKE_DONE)
	{	/* as charon does after it left an address */
		this->candidates->forget_tried(this->candidates, ended->id);
		queue(announce_execute, ended->id);
	}
	else
	{
		this->candidates->add_tried(this->candidates, ended->id, ended->to);
		queue(try_next_execute, ended->id);
	}
}

METHOD(rmobike_roam_t, destroy, void,
	private_rmobike_roam_t *this)
{
	this->peers->remove_listener(this->peers, this);
	this->turns->destroy(this->turns);
	this->serials->destroy(this->serials);
	this->mutex->destroy(this->mutex);
	instance = NULL;
	free(this);
}

/*
 * Described in header
 */
rmobike_roam_t *rmobike_roam_create(rmobike_peers_t *peers,
									rmobike_asker_t *asker,
									rmobike_candidates_t *candidates,
									rmobike_unanswered_t *unanswered)
{
	private_rmobike_roam_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
				.ike_state_change = _ike_state_change,
				.ike_rekey = _ike_rekey,
			},
			.destroy = _destroy,
		},
		.peers = peers,
		.asker = asker,
		.candidates = candidates,
		.unanswered = unanswered,
		.serials = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	this->turns = rmobike_turns_create(turn_came, this);
	peers->add_listener(peers, switch_ended, this);
	instance = this;

	return &this->public;
}
