/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_window.h"

/**
 * Size at least
 */
#define SIZE_MIN 4

/**
 * How many switches are compared, at least and at most: some paths are longer
 * than others.
 */
#define SAMPLES_MIN 16
#define SAMPLES_MAX 64

/**
 * They wait for each other if twice as many take so much longer
 */
#define SLOWER 1.5

/**
 * For how many rounds a size is kept before another one is tried
 */
#define ROUNDS 8

typedef struct private_rmobike_window_t private_rmobike_window_t;
typedef enum trial_t trial_t;

/**
 * What is being tried
 */
enum trial_t {
	TRY_NOTHING,
	TRY_MORE,
	TRY_LESS,
};

/**
 * Private data
 */
struct private_rmobike_window_t {

	/**
	 * Public interface
	 */
	rmobike_window_t public;

	/**
	 * Size now, and before the trial
	 */
	u_int size, before;

	/**
	 * Limits of the size
	 */
	u_int min, max;

	/**
	 * What is being tried, and what is tried after this size was kept a while
	 */
	trial_t trial, next;

	/**
	 * Lowest median of a round with the size before the trial, in milliseconds;
	 * 0 for none. Others share this machine, and are not always as busy.
	 */
	double median;

	/**
	 * Median of the last round
	 */
	double usual;

	/**
	 * Number of rounds until something else is tried
	 */
	u_int rounds;

	/**
	 * How many were under way when the size changed, they don't tell much
	 */
	u_int ignored;

	/**
	 * Milliseconds of a round, and how many there are
	 */
	double samples[SAMPLES_MAX];
	u_int count;
};

METHOD(rmobike_window_t, get_size, u_int,
	private_rmobike_window_t *this)
{
	return this->size;
}

/**
 * Change the size
 */
static void resize(private_rmobike_window_t *this, u_int size)
{
	this->ignored = max(this->size, size);
	this->size = size;
}

/**
 * Keep the size for a while
 */
static void keep(private_rmobike_window_t *this, trial_t next)
{
	this->median = 0;
	this->trial = TRY_NOTHING;
	this->next = next;
	this->rounds = ROUNDS;
}

/**
 * Try another size if there is one in that direction
 */
static void try(private_rmobike_window_t *this, trial_t trial)
{
	u_int size;

	size = trial == TRY_MORE ? min(this->size * 2, this->max)
							 : max(this->size / 2, this->min);
	if (size == this->size)
	{
		keep(this, trial == TRY_MORE ? TRY_LESS : TRY_MORE);
	}
	else
	{
		this->trial = trial;
		this->before = this->size;
		resize(this, size);
	}
}

/**
 * Decide about a trial
 */
static void decide(private_rmobike_window_t *this, double median)
{
	double less = this->median, more = median;
	trial_t trial = this->trial;
	bool waiting;

	if (trial == TRY_LESS)
	{
		less = median;
		more = this->median;
	}
	waiting = more > less * SLOWER;
	if (waiting == (trial == TRY_LESS))
	{
		this->median = median;
		try(this, trial);
	}
	else
	{
		resize(this, this->before);
		keep(this, trial == TRY_MORE ? TRY_LESS : TRY_MORE);
	}
}

/**
 * Compare milliseconds
 */
static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

METHOD(rmobike_window_t, get_usual, double,
	private_rmobike_window_t *this)
{
	return this->usual;
}

METHOD(rmobike_window_t, add, void,
	private_rmobike_window_t *this, double ms)
{
	double median;

	if (this->ignored)
	{
		this->ignored--;
		return;
	}
	this->samples[this->count++] = ms;
	if (this->count < min(max(this->size, SAMPLES_MIN), SAMPLES_MAX))
	{
		return;
	}
	qsort(this->samples, this->count, sizeof(*this->samples), compare);
	median = this->samples[this->count / 2];
	this->usual = median;
	this->count = 0;
	if (this->trial != TRY_NOTHING)
	{
		decide(this, median);
	}
	else
	{
		this->median = this->median ? min(this->median, median) : median;
		if (!--this->rounds)
		{
			try(this, this->next);
		}
	}
}

METHOD(rmobike_window_t, destroy, void,
	private_rmobike_window_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_window_t *rmobike_window_create(u_int start, u_int max)
{
	private_rmobike_window_t *this;

	INIT(this,
		.public = {
			.get_size = _get_size,
			.get_usual = _get_usual,
			.add = _add,
			.destroy = _destroy,
		},
		.size = min(start, max),
		.min = min(SIZE_MIN, max),
		.max = max,
		.next = TRY_MORE,
		.rounds = 1,
	);
	return &this->public;
}
