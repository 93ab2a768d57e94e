/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_flights.h"
#include "rmobike_queue.h"

#include <daemon.h>

#include <threading/mutex.h>

/**
 * How many switches may be under way at first
 */
#define WINDOW_START 4

typedef struct private_rmobike_queue_t private_rmobike_queue_t;

/**
 * Private data
 */
struct private_rmobike_queue_t {

	/**
	 * Public interface
	 */
	rmobike_queue_t public;

	/**
	 * How fast the current move may go
	 */
	rmobike_pace_t pace;

	/**
	 * IKE_SAs that wait for their turn, rmobike_selected_t
	 */
	linked_list_t *items;

	/**
	 * Those whose turn it was
	 */
	rmobike_flights_t *flights;

	/**
	 * TRUE if the queue is reserved
	 */
	bool reserved;

	/**
	 * Number of IKE_SAs, of those that ended, and of failures
	 */
	u_int total, ended, failures;

	/**
	 * When somebody looks again whether another one may start, {} if nobody
	 */
	timeval_t waiting;

	/**
	 * When the next one may start with a limited rate
	 */
	timeval_t next;

	/**
	 * Protects all of this
	 */
	mutex_t *mutex;
};

/**
 * Take all items that were not started, with the lock
 */
static linked_list_t *take_items(private_rmobike_queue_t *this)
{
	linked_list_t *items = this->items;

	this->items = linked_list_create();
	this->ended += items->get_count(items);
	return items;
}

/**
 * Something of the move ended, with the lock; returns items to be cancelled
 */
static linked_list_t *note_end(private_rmobike_queue_t *this, bool failed)
{
	this->ended++;
	this->failures += failed;
	if (this->pace.max_failures && this->failures >= this->pace.max_failures)
	{
		return take_items(this);
	}
	return NULL;
}

METHOD(rmobike_queue_t, reserve, bool,
	private_rmobike_queue_t *this, char *why, size_t len)
{
	bool reserved;

	this->mutex->lock(this->mutex);
	reserved = !this->reserved && !this->items->get_count(this->items) &&
			   !this->flights->is_starting(this->flights);
	if (reserved)
	{
		this->flights->restart(this->flights,
							   rmobike_window_create(WINDOW_START,
													 WINDOW_START));
		this->reserved = TRUE;
		this->total = this->ended = this->failures = 0;
		memset(&this->pace, 0, sizeof(this->pace));
		time_monotonic(&this->next);
	}
	else
	{
		snprintf(why, len, "another move is under way (%u of %u done), see "
				 "rmobike --cancel", this->ended, this->total);
	}
	this->mutex->unlock(this->mutex);
	return reserved;
}

METHOD(rmobike_queue_t, fill, void,
	private_rmobike_queue_t *this, linked_list_t *items,
	const rmobike_pace_t *pace)
{
	this->mutex->lock(this->mutex);
	this->items->destroy(this->items);
	this->items = items;
	this->total = items->get_count(items);
	this->pace = *pace;
	this->flights->restart(this->flights,
						   rmobike_window_create(WINDOW_START,
												 pace->max_in_flight));
	this->reserved = FALSE;
	this->mutex->unlock(this->mutex);
}

/**
 * Is it the time for another one at that rate? Otherwise tells when it is. With
 * the lock.
 */
static bool is_due(private_rmobike_queue_t *this, timeval_t *due)
{
	timeval_t now, interval = {};

	if (!this->pace.rate)
	{
		return TRUE;
	}
	time_monotonic(&now);
	if (timercmp(&now, &this->next, <))
	{
		*due = this->next;
		return FALSE;
	}
	if (this->pace.rate == 1)
	{
		interval.tv_sec = 1;
	}
	else
	{
		interval.tv_usec = 1000000 / this->pace.rate;
	}
	timeradd(&this->next, &interval, &this->next);
	if (timercmp(&this->next, &now, <))
	{	/* no bursts to catch up */
		timeradd(&now, &interval, &this->next);
	}
	return TRUE;
}

METHOD(rmobike_queue_t, next, rmobike_selected_t*,
	private_rmobike_queue_t *this, timeval_t *wake_up)
{
	rmobike_selected_t *item = NULL;
	timeval_t due = {};

	memset(wake_up, 0, sizeof(*wake_up));
	this->mutex->lock(this->mutex);
	if (this->items->get_count(this->items) &&
		this->flights->get_count(this->flights) < this->pace.max_in_flight)
	{
		if (this->flights->fits(this->flights, &due) && is_due(this, &due))
		{
			this->items->remove_first(this->items, (void**)&item);
			this->flights->start(this->flights);
		}
		else if (timerisset(&due) && (!timerisset(&this->waiting) ||
									  timercmp(&due, &this->waiting, <)))
		{
			this->waiting = *wake_up = due;
		}
	}
	this->mutex->unlock(this->mutex);
	return item;
}

METHOD(rmobike_queue_t, woken_up, void,
	private_rmobike_queue_t *this)
{
	this->mutex->lock(this->mutex);
	memset(&this->waiting, 0, sizeof(this->waiting));
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_queue_t, skipped, linked_list_t*,
	private_rmobike_queue_t *this, bool failed)
{
	linked_list_t *cancelled;

	this->mutex->lock(this->mutex);
	this->flights->skipped(this->flights);
	cancelled = note_end(this, failed);
	this->mutex->unlock(this->mutex);
	return cancelled;
}

METHOD(rmobike_queue_t, begun, void,
	private_rmobike_queue_t *this, u_int serial)
{
	this->mutex->lock(this->mutex);
	this->flights->begun(this->flights, serial);
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_queue_t, ended, bool,
	private_rmobike_queue_t *this, const rmobike_switch_t *ended,
	linked_list_t **cancelled)
{
	bool ours, current;

	*cancelled = NULL;
	this->mutex->lock(this->mutex);
	ours = this->flights->ended(this->flights, ended->serial,
								 rmobike_flights_ms(ended), &current);
	if (ours && current)
	{
		*cancelled = note_end(this, ended->state != RMOBIKE_DONE);
	}
	this->mutex->unlock(this->mutex);
	return ours;
}

METHOD(rmobike_queue_t, cancel, linked_list_t*,
	private_rmobike_queue_t *this, u_int *in_flight)
{
	linked_list_t *items;

	this->mutex->lock(this->mutex);
	*in_flight = this->flights->get_count(this->flights);
	items = take_items(this);
	this->mutex->unlock(this->mutex);
	return items;
}

METHOD(rmobike_queue_t, get_count, u_int,
	private_rmobike_queue_t *this, u_int *in_flight)
{
	u_int count;

	this->mutex->lock(this->mutex);
	*in_flight = this->flights->get_count(this->flights);
	count = this->items->get_count(this->items);
	this->mutex->unlock(this->mutex);
	return count;
}

METHOD(rmobike_queue_t, destroy, void,
	private_rmobike_queue_t *this)
{
	this->items->destroy_function(this->items, (void*)rmobike_selected_destroy);
	this->flights->destroy(this->flights);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_queue_t *rmobike_queue_create(void)
{
	private_rmobike_queue_t *this;

	INIT(this,
		.public = {
			.reserve = _reserve,
			.fill = _fill,
			.next = _next,
			.woken_up = _woken_up,
			.skipped = _skipped,
			.begun = _begun,
			.ended = _ended,
			.cancel = _cancel,
			.get_count = _get_count,
			.destroy = _destroy,
		},
		.items = linked_list_create(),
		.flights = rmobike_flights_create(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
