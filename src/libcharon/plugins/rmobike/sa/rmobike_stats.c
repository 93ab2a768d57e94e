/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "sa/rmobike_stats.h"

#include <collections/array.h>
#include <threading/mutex.h>
#include <utils/utils.h>

ENUM(rmobike_counter_names, RMOBIKE_COUNT_ASKED, RMOBIKE_COUNT_TAKEN,
	"asked",
	"done",
	"refused",
	"timeout",
	"failed",
	"superseded",
	"redirected",
	"cancelled",
	"in-place",
	"received",
	"accepted",
	"ignored",
	"reverted",
	"switched",
	"takeovers",
	"taken",
);

const u_int rmobike_stats_bounds[] = {
	1, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 0,
};

typedef struct private_rmobike_stats_t private_rmobike_stats_t;
typedef struct reason_t reason_t;

/**
 * A reason and how often it was one
 */
struct reason_t {

	/**
	 * Counter it belongs to
	 */
	rmobike_counter_t counter;

	/**
	 * Static text
	 */
	const char *reason;

	/**
	 * How often
	 */
	uint64_t count;
};

/**
 * Private data
 */
struct private_rmobike_stats_t {

	/**
	 * Public interface
	 */
	rmobike_stats_t public;

	/**
	 * Counters
	 */
	uint64_t counters[RMOBIKE_COUNTERS];

	/**
	 * Histogram
	 */
	uint64_t latency[countof(rmobike_stats_bounds)];

	/**
	 * Sum of what is in the histogram, in milliseconds
	 */
	double sum;

	/**
	 * Reasons, reason_t by value; as many as there are texts
	 */
	array_t *reasons;

	/**
	 * Protects all of this
	 */
	mutex_t *mutex;
};

/**
 * Count a reason
 */
static void count_reason(private_rmobike_stats_t *this,
						 rmobike_counter_t counter, const char *reason)
{
	reason_t current, new = {
		.counter = counter,
		.reason = reason,
		.count = 1,
	};
	int i;

	for (i = 0; i < array_count(this->reasons); i++)
	{
		array_get(this->reasons, i, &current);
		if (current.counter == counter && streq(current.reason, reason))
		{
			new.count += current.count;
			array_remove(this->reasons, i, NULL);
			break;
		}
	}
	array_insert(this->reasons, ARRAY_TAIL, &new);
}

METHOD(rmobike_stats_t, count, void,
	private_rmobike_stats_t *this, rmobike_counter_t counter,
	const char *reason)
{
	this->mutex->lock(this->mutex);
	this->counters[counter]++;
	if (reason)
	{
		count_reason(this, counter, reason);
	}
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_stats_t, add_latency, void,
	private_rmobike_stats_t *this, double ms)
{
	int i = 0;

	while (rmobike_stats_bounds[i] && ms > rmobike_stats_bounds[i])
	{
		i++;
	}
	this->mutex->lock(this->mutex);
	this->latency[i]++;
	this->sum += ms;
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_stats_t, get, uint64_t,
	private_rmobike_stats_t *this, rmobike_counter_t counter)
{
	uint64_t count;

	this->mutex->lock(this->mutex);
	count = this->counters[counter];
	this->mutex->unlock(this->mutex);
	return count;
}

METHOD(rmobike_stats_t, get_latency, uint64_t,
	private_rmobike_stats_t *this, int i, double *sum)
{
	uint64_t count;

	this->mutex->lock(this->mutex);
	count = this->latency[i];
	if (sum)
	{
		*sum = this->sum;
	}
	this->mutex->unlock(this->mutex);
	return count;
}

/**
 * Enumerates a copy of the reasons
 */
typedef struct {
	enumerator_t public;
	array_t *reasons;
	int i;
} reason_enumerator_t;

METHOD(enumerator_t, enumerate_reasons, bool,
	reason_enumerator_t *this, va_list args)
{
	const char **text;
	uint64_t *count;
	reason_t reason;

	VA_ARGS_VGET(args, text, count);

	if (!array_get(this->reasons, this->i++, &reason))
	{
		return FALSE;
	}
	*text = reason.reason;
	*count = reason.count;
	return TRUE;
}

METHOD(enumerator_t, destroy_reasons, void,
	reason_enumerator_t *this)
{
	array_destroy(this->reasons);
	free(this);
}

METHOD(rmobike_stats_t, create_reason_enumerator, enumerator_t*,
	private_rmobike_stats_t *this, rmobike_counter_t counter)
{
	reason_enumerator_t *enumerator;
	reason_t reason;
	int i;

	INIT(enumerator,
		.public = {
			.enumerate = enumerator_enumerate_default,
			.venumerate = _enumerate_reasons,
			.destroy = _destroy_reasons,
		},
		.reasons = array_create(sizeof(reason_t), 0),
	);
	this->mutex->lock(this->mutex);
	for (i = 0; i < array_count(this->reasons); i++)
	{
		array_get(this->reasons, i, &reason);
		if (reason.counter == counter)
		{
			array_insert(enumerator->reasons, ARRAY_TAIL, &reason);
		}
	}
	this->mutex->unlock(this->mutex);
	return &enumerator->public;
}

METHOD(rmobike_stats_t, destroy, void,
	private_rmobike_stats_t *this)
{
	array_destroy(this->reasons);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_stats_t *rmobike_stats_create(void)
{
	private_rmobike_stats_t *this;

	INIT(this,
		.public = {
			.count = _count,
			.add_latency = _add_latency,
			.get = _get,
			.get_latency = _get_latency,
			.create_reason_enumerator = _create_reason_enumerator,
			.destroy = _destroy,
		},
		.reasons = array_create(sizeof(reason_t), 0),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);

	return &this->public;
}
