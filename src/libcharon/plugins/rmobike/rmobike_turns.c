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
	 * Unique IDs of those that wait, in their order
	 */
	linked_list_t *waiting;

	/**
	 * The same, to look for them
	 */
	hashtable_t *ids;

	/**
	 * Those under way
	 */
	rmobike_flights_t *flights;

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
 * Data of a job
 */
struct turn_t {

	/**
	 * Us
	 */
	private_rmobike_turns_t *this;

	/**
	 * Unique ID of the IKE_SA whose turn it is
	 */
	uint32_t id;
};

static void kick(private_rmobike_turns_t *this);

/**
 * Convert a unique ID to a key
 */
static inline void *key(uint32_t id)
{
	return (void*)(uintptr_t)id;
}

METHOD(rmobike_turns_t, enter, bool,
	private_rmobike_turns_t *this, uint32_t id)
{
	timeval_t due = {};
	bool now = FALSE;

	this->mutex->lock(this->mutex);
	if (!this->ids->get(this->ids, key(id)))
	{
		if (!this->ids->get_count(this->ids))
		{
			if (!this->flights->get_count(this->flights))
			{
				this->flights->restart(this->flights,
							rmobike_window_create(WINDOW_START, WINDOW_MAX));
			}
			now = this->flights->fits(this->flights, &due);
		}
		if (now)
		{
			this->flights->start(this->flights);
		}
		else
		{
			this->ids->put(this->ids, key(id), key(id));
			this->waiting->insert_last(this->waiting, key(id));
		}
	}
	this->mutex->unlock(this->mutex);
	if (timerisset(&due))
	{
		kick(this);
	}
	return now;
}

/**
 * Take the next one if it may start; 0 if not. Sets due if a timer is needed.
 */
static uint32_t take_next(private_rmobike_turns_t *this, timeval_t *due)
{
	void *id = NULL;

	this->mutex->lock(this->mutex);
	if (this->ids->get_count(this->ids))
	{
		if (this->flights->fits(this->flights, due))
		{
			this->waiting->remove_first(this->waiting, &id);
			this->ids->remove(this->ids, id);
			this->flights->start(this->flights);
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
	}
	this->mutex->unlock(this->mutex);
	return (uintptr_t)id;
}

CALLBACK(turn_execute, job_requeue_t,
	turn_t *turn)
{
	turn->this->cb(turn->this->user, turn->id);
	return JOB_REQUEUE_NONE;
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
	turn_t *turn;
	uint32_t id;

	while ((id = take_next(this, &due)))
	{
		INIT(turn,
			.this = this,
			.id = id,
		);
		lib->processor->queue_job(lib->processor,
				(job_t*)callback_job_create_with_prio(turn_execute, turn, free,
													  NULL, JOB_PRIO_LOW));
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
	private_rmobike_turns_t *this, u_int serial)
{
	bool others;

	this->mutex->lock(this->mutex);
	this->flights->begun(this->flights, serial);
	others = this->ids->get_count(this->ids) > 0;
	this->mutex->unlock(this->mutex);
	if (others)
	{	/* only now it is known until when they wait for this one */
		kick(this);
	}
	return others;
}

METHOD(rmobike_turns_t, ended, void,
	private_rmobike_turns_t *this, const rmobike_switch_t *ended)
{
	bool ours;

	this->mutex->lock(this->mutex);
	ours = this->flights->ended(this->flights, ended, NULL);
	this->mutex->unlock(this->mutex);
	if (ours)
	{
		kick(this);
	}
}

METHOD(rmobike_turns_t, destroy, void,
	private_rmobike_turns_t *this)
{
	this->waiting->destroy(this->waiting);
	this->ids->destroy(this->ids);
	this->flights->destroy(this->flights);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_turns_t *rmobike_turns_create(rmobike_turn_t cb, void *user)
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
		.cb = cb,
		.user = user,
		.waiting = linked_list_create(),
		.ids = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr, 32),
		.flights = rmobike_flights_create(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
