/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_flights.h"
#include "rmobike_turns.h"

#include <daemon.h>

#include <collections/hashtable.h>
#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

/**
 * How many leave at the same time, at first and at most. They can't be reached
 * until they did, so there are more of them than in a move that is no hurry.
 */
#define WINDOW_START 16
#define WINDOW_MAX 1024

typedef struct private_rmobike_turns_t private_rmobike_turns_t;
typedef struct waiting_t waiting_t;
typedef struct turn_t turn_t;

/**
 * Private data
 */
struct private_rmobike_turns_t {

	/**
	 * Public interface
	 */
	rmobike_turns_t public;

	/**
	 * Called for those that waited
	 */
	rmobike_turn_t cb;

	/**
	 * Data for that function
	 */
	void *user;

	/**
	 * Follows IKE_SAs
	 */
	rmobike_refs_t *refs;

	/**
	 * Those that wait, in their order, the urgent ones apart; waiting_t
	 */
	linked_list_t *urgent, *others;

	/**
	 * The same by the unique IDs they came with, waiting_t
	 */
	hashtable_t *ids;

	/**
	 * Those under way
	 */
	rmobike_flights_t *flights;

	/**
	 * TRUE if the last one whose turn came is urgent
	 */
	bool in_hurry;

	/**
	 * When somebody looks again whether another one may start, {} if nobody
	 */
	timeval_t wake_up;

	/**
	 * Protects all of this
	 */
	mutex_t *mutex;
};

/**
 * An IKE_SA that waits
 */
struct waiting_t {

	/**
	 * The IKE_SA, NULL if it became urgent meanwhile
	 */
	rmobike_ref_t *ref;

	/**
	 * Unique ID it came with
	 */
	uint32_t id;

	/**
	 * TRUE if it is urgent
	 */
	bool urgent;
};

/**
 * Data of a job
 */
struct turn_t {

	/**
	 * Us
	 */
	private_rmobike_turns_t *this;

	/**
	 * The IKE_SA whose turn it is
	 */
	rmobike_ref_t *ref;
};

static void kick(private_rmobike_turns_t *this);

/**
 * Convert a unique ID to a key
 */
static inline void *key(uint32_t id)
{
	return (void*)(uintptr_t)id;
}

/**
 * Free one that waits
 */
static void waiting_destroy(waiting_t *waiting)
{
	DESTROY_IF(waiting->ref);
	free(waiting);
}

/**
 * Have an IKE_SA wait unless it does already, with the lock; returns the
 * reference that is not needed, or NULL
 */
static rmobike_ref_t *wait_for_turn(private_rmobike_turns_t *this,
									rmobike_ref_t *ref, uint32_t id,
									bool urgent)
{
	linked_list_t *list = urgent ? this->urgent : this->others;
	rmobike_ref_t *spare = NULL;
	waiting_t *waiting, *old;

	old = this->ids->get(this->ids, key(id));
	if (old && (old->urgent || !urgent))
	{
		return ref;
	}
	if (old)
	{
		spare = old->ref;
		old->ref = NULL;
	}
	INIT(waiting,
		.ref = ref,
		.id = id,
		.urgent = urgent,
	);
	this->ids->put(this->ids, key(id), waiting);
	list->insert_last(list, waiting);
	return spare;
}

/**
 * How fast the last ones were tells nothing about the next ones
 */
static void restart(private_rmobike_turns_t *this, bool urgent)
{
	this->flights->restart(this->flights,
						   rmobike_window_create(WINDOW_START, WINDOW_MAX));
	this->in_hurry = urgent;
}

/**
 * Start one if it may, with the lock; otherwise sets due if a timer is needed
 */
static bool start(private_rmobike_turns_t *this, bool urgent, timeval_t *due)
{
	if (urgent != this->in_hurry)
	{
		restart(this, urgent);
	}
	if (this->flights->fits(this->flights, due))
	{
		this->flights->start(this->flights);
		return TRUE;
	}
	return FALSE;
}

METHOD(rmobike_turns_t, enter, bool,
	private_rmobike_turns_t *this, ike_sa_t *ike_sa, bool urgent)
{
	rmobike_ref_t *ref, *spare;
	timeval_t due = {};
	bool now = FALSE;

	ref = spare = this->refs->create_ref(this->refs, ike_sa);
	this->mutex->lock(this->mutex);
	if (!this->ids->get_count(this->ids))
	{
		if (!this->flights->get_count(this->flights))
		{
			restart(this, urgent);
		}
		now = start(this, urgent, &due);
	}
	if (!now)
	{
		spare = wait_for_turn(this, ref, ike_sa->get_unique_id(ike_sa), urgent);
	}
	this->mutex->unlock(this->mutex);
	DESTROY_IF(spare);
	if (timerisset(&due))
	{
		kick(this);
	}
	return now;
}

/**
 * Get the next one that waits, with the lock; NULL if there is none
 */
static waiting_t *get_first(private_rmobike_turns_t *this)
{
	waiting_t *waiting;

	if (this->urgent->get_first(this->urgent, (void**)&waiting) == SUCCESS)
	{
		return waiting;
	}
	while (this->others->get_first(this->others, (void**)&waiting) == SUCCESS)
	{
		if (waiting->ref)
		{
			return waiting;
		}
		this->others->remove_first(this->others, (void**)&waiting);
		free(waiting);
	}
	return NULL;
}

/**
 * Take the next one if it may start; NULL if not. Sets due if a timer is
 * needed.
 */
static waiting_t *take_next(private_rmobike_turns_t *this, timeval_t *due)
{
	waiting_t *waiting, *next = NULL;
	linked_list_t *list;

	this->mutex->lock(this->mutex);
	waiting = get_first(this);
	if (waiting && start(this, waiting->urgent, due))
	{
		list = waiting->urgent ? this->urgent : this->others;
		list->remove_first(list, (void**)&next);
		this->ids->remove(this->ids, key(next->id));
		memset(due, 0, sizeof(*due));
	}
	else if (timerisset(due) && (!timerisset(&this->wake_up) ||
								 timercmp(due, &this->wake_up, <)))
	{
		this->wake_up = *due;
	}
	else
	{
		memset(due, 0, sizeof(*due));
	}
	this->mutex->unlock(this->mutex);
	return next;
}

CALLBACK(turn_execute, job_requeue_t,
	turn_t *turn)
{
	private_rmobike_turns_t *this = turn->this;
	ike_sa_t *ike_sa;

	ike_sa = turn->ref->checkout(turn->ref);
	if (!ike_sa)
	{
		this->public.skipped(&this->public);
	}
	else if (this->cb(this->user, ike_sa) == DESTROY_ME)
	{
		charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager,
													ike_sa);
	}
	else
	{
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	}
	return JOB_REQUEUE_NONE;
}

CALLBACK(turn_destroy, void,
	turn_t *turn)
{
	turn->ref->destroy(turn->ref);
	free(turn);
}

CALLBACK(wake_up_execute, job_requeue_t,
	private_rmobike_turns_t *this)
{
	this->mutex->lock(this->mutex);
	memset(&this->wake_up, 0, sizeof(this->wake_up));
	this->mutex->unlock(this->mutex);
	kick(this);
	return JOB_REQUEUE_NONE;
}

/**
 * Start as many as may be under way, in jobs that come after whatever was
 * received.
 */
static void kick(private_rmobike_turns_t *this)
{
	timeval_t due = {};
	waiting_t *next;
	turn_t *turn;

	while ((next = take_next(this, &due)))
	{
		INIT(turn,
			.this = this,
			.ref = next->ref,
		);
		free(next);
		lib->processor->queue_job(lib->processor,
				(job_t*)callback_job_create_with_prio(turn_execute, turn,
											turn_destroy, NULL, JOB_PRIO_LOW));
	}
	if (timerisset(&due))
	{
		lib->scheduler->schedule_job_tv(lib->scheduler,
				(job_t*)callback_job_create(wake_up_execute, this, NULL, NULL),
				due);
	}
}

METHOD(rmobike_turns_t, skipped, void,
	private_rmobike_turns_t *this)
{
	this->mutex->lock(this->mutex);
	this->flights->skipped(this->flights);
	this->mutex->unlock(this->mutex);
	kick(this);
}

METHOD(rmobike_turns_t, begun, bool,
	private_rmobike_turns_t *this, uintptr_t id)
{
	bool others;

	this->mutex->lock(this->mutex);
	this->flights->begun(this->flights, id);
	others = this->ids->get_count(this->ids) > 0;
	this->mutex->unlock(this->mutex);
	if (others)
	{	/* only now it is known until when they wait for this one */
		kick(this);
	}
	return others;
}

METHOD(rmobike_turns_t, ended, void,
	private_rmobike_turns_t *this, uintptr_t id, double ms)
{
	bool ours, current;

	this->mutex->lock(this->mutex);
	ours = this->flights->ended(this->flights, id, ms, &current);
	this->mutex->unlock(this->mutex);
	if (ours)
	{
		kick(this);
	}
}

METHOD(rmobike_turns_t, destroy, void,
	private_rmobike_turns_t *this)
{
	this->urgent->destroy_function(this->urgent, (void*)waiting_destroy);
	this->others->destroy_function(this->others, (void*)waiting_destroy);
	this->ids->destroy(this->ids);
	this->flights->destroy(this->flights);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_turns_t *rmobike_turns_create(rmobike_refs_t *refs, rmobike_turn_t cb,
									  void *user)
{
	private_rmobike_turns_t *this;

	INIT(this,
		.public = {
			.enter = _enter,
			.skipped = _skipped,
			.begun = _begun,
			.ended = _ended,
			.destroy = _destroy,
		},
		.refs = refs,
		.cb = cb,
		.user = user,
		.urgent = linked_list_create(),
		.others = linked_list_create(),
		.ids = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr, 32),
		.flights = rmobike_flights_create(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
