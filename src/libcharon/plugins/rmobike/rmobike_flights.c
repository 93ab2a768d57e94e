/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_flights.h"

#include <collections/hashtable.h>

/**
 * Who takes longer than that, in milliseconds, and so many times longer than
 * others, is asleep or far away and has nobody wait: the window is not for
 * them.
 */
#define LATE 500
#define LATE_TIMES 4

typedef struct private_rmobike_flights_t private_rmobike_flights_t;
typedef struct flight_t flight_t;

/**
 * Private data
 */
struct private_rmobike_flights_t {

	/**
	 * Public interface
	 */
	rmobike_flights_t public;

	/**
	 * Those under way by what they are known by, flight_t
	 */
	hashtable_t *flights;

	/**
	 * How many are about to start
	 */
	u_int starting;

	/**
	 * How many may be under way for now
	 */
	rmobike_window_t *window;

	/**
	 * Number of the occasion
	 */
	u_int number;
};

/**
 * A switch or a task under way
 */
struct flight_t {

	/**
	 * Number of its occasion
	 */
	u_int number;

	/**
	 * When it began, and when others stop waiting for it
	 */
	timeval_t start, late;
};

METHOD(rmobike_flights_t, restart, void,
	private_rmobike_flights_t *this, rmobike_window_t *window)
{
	DESTROY_IF(this->window);
	this->window = window;
	this->number++;
}

METHOD(rmobike_flights_t, fits, bool,
	private_rmobike_flights_t *this, timeval_t *due)
{
	enumerator_t *enumerator;
	flight_t *flight;
	timeval_t now;
	u_int count = this->starting, size = this->window->get_size(this->window);

	if (count + this->flights->get_count(this->flights) < size)
	{
		return TRUE;
	}
	time_monotonic(&now);
	enumerator = this->flights->create_enumerator(this->flights);
	while (enumerator->enumerate(enumerator, NULL, &flight))
	{
		if (timercmp(&now, &flight->late, <))
		{
			if (!timerisset(due) || timercmp(&flight->late, due, <))
			{
				*due = flight->late;
			}
			count++;
		}
	}
	enumerator->destroy(enumerator);
	return count < size;
}

METHOD(rmobike_flights_t, start, void,
	private_rmobike_flights_t *this)
{
	this->starting++;
}

METHOD(rmobike_flights_t, skipped, void,
	private_rmobike_flights_t *this)
{
	this->starting--;
}

METHOD(rmobike_flights_t, begun, void,
	private_rmobike_flights_t *this, uintptr_t key)
{
	timeval_t late;
	flight_t *flight;
	double ms;

	INIT(flight,
		.number = this->number,
	);
	ms = LATE_TIMES * this->window->get_usual(this->window);
	ms = max(ms, LATE);
	late.tv_sec = ms / 1000;
	late.tv_usec = (ms - late.tv_sec * 1000.0) * 1000;
	time_monotonic(&flight->start);
	timeradd(&flight->start, &late, &flight->late);
	this->flights->put(this->flights, (void*)key, flight);
	this->starting--;
}

/*
 * Described in header
 */
double rmobike_flights_ms(const rmobike_switch_t *ended)
{
	if (ended->state == RMOBIKE_REFUSED)
	{	/* it took that long, then we only waited whether more would come */
		return ended->answered ?: -1;
	}
	return ended->state == RMOBIKE_DONE && !ended->reason ? ended->ms : -1;
}

METHOD(rmobike_flights_t, ended, bool,
	private_rmobike_flights_t *this, uintptr_t key, double ms, bool *current)
{
	flight_t *flight;
	timeval_t now;

	flight = this->flights->remove(this->flights, (void*)key);
	if (!flight)
	{
		return FALSE;
	}
	*current = flight->number == this->number;
	if (*current && !ms)
	{
		time_monotonic(&now);
		timersub(&now, &flight->start, &now);
		this->window->add(this->window,
						  now.tv_sec * 1000.0 + now.tv_usec / 1000.0);
	}
	else if (*current && ms > 0)
	{
		this->window->add(this->window, ms);
	}
	free(flight);
	return TRUE;
}

METHOD(rmobike_flights_t, is_starting, bool,
	private_rmobike_flights_t *this)
{
	return this->starting;
}

METHOD(rmobike_flights_t, get_count, u_int,
	private_rmobike_flights_t *this)
{
	return this->flights->get_count(this->flights) + this->starting;
}

CALLBACK(free_flight, void,
	flight_t *flight, const void *serial)
{
	free(flight);
}

METHOD(rmobike_flights_t, destroy, void,
	private_rmobike_flights_t *this)
{
	this->flights->destroy_function(this->flights, free_flight);
	DESTROY_IF(this->window);
	free(this);
}

/*
 * Described in header
 */
rmobike_flights_t *rmobike_flights_create(void)
{
	private_rmobike_flights_t *this;

	INIT(this,
		.public = {
			.restart = _restart,
			.fits = _fits,
			.start = _start,
			.skipped = _skipped,
			.begun = _begun,
			.ended = _ended,
			.is_starting = _is_starting,
			.get_count = _get_count,
			.destroy = _destroy,
		},
		.flights = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									32),
	);
	return &this->public;
}
