/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "world_parts.h"

#include <threading/thread.h>

/**
 * Monotonic time when the world begins, in seconds: charon subtracts from it
 */
#define BEGIN 100000

typedef struct event_t event_t;

/**
 * Something that takes place at some time
 */
struct event_t {
	/** when, in microseconds */
	uint64_t at;
	/** job to execute, or NULL */
	job_t *job;
	/** TRUE if the plugin queued that job */
	bool plugin;
	/** end whose code queued it */
	side_t side;
	/** function to call if not a job */
	void (*run)(void*);
	/** function to call if it doesn't take place, may be NULL */
	void (*discard)(void*);
	/** data for both */
	void *data;
};

/** Now, and at the last world_mark(), in microseconds since the beginning */
static uint64_t now, mark;

/** State of our random numbers, of those that charon uses and of the job
 * jitter: one has to stay the same whatever the others are used for */
static uint64_t state, charon_state, jitter_state;

/** event_t, in order of time */
static linked_list_t *events;

/** What was there before us */
static processor_t processor;
static scheduler_t scheduler;

/**
 * charon's clock: defined here, this one is used by its libraries, too.
 */
time_t time_monotonic(timeval_t *tv)
{
	if (tv)
	{
		tv->tv_sec = BEGIN + now / 1000000;
		tv->tv_usec = now % 1000000;
	}
	return BEGIN + now / 1000000;
}

/**
 * Keys the hash tables of charon, whose order then is the same in each run.
 */
void chunk_hash_seed(void)
{
}

/**
 * Next number of a sequence (splitmix64).
 */
static uint64_t next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/*
 * Described in header
 */
u_int world_random(u_int limit)
{
	return limit ? next(&state) % limit : 0;
}

METHOD(rng_t, get_bytes, bool,
	rng_t *this, size_t len, uint8_t *buffer)
{
	while (len--)
	{
		*buffer++ = next(&charon_state);
	}
	return TRUE;
}

METHOD(rng_t, allocate_bytes, bool,
	rng_t *this, size_t len, chunk_t *chunk)
{
	*chunk = chunk_alloc(len);
	return get_bytes(this, len, chunk->ptr);
}

/**
 * The only source of randomness charon has in this world.
 */
static rng_t *rng_create(rng_quality_t quality)
{
	rng_t *this;

	INIT(this,
		.get_bytes = _get_bytes,
		.allocate_bytes = _allocate_bytes,
		.destroy = (void*)free,
	);
	return this;
}

/**
 * Add an event, behind all that take place at the same time.
 */
static void insert(event_t *event)
{
	enumerator_t *enumerator;
	event_t *other;

	enumerator = events->create_enumerator(events);
	while (enumerator->enumerate(enumerator, &other))
	{
		if (other->at > event->at)
		{
			break;
		}
	}
	events->insert_before(events, enumerator, event);
	enumerator->destroy(enumerator);
}

/** Where this program begins, and where its code ends (set by the linker) */
extern char __executable_start, etext;

/**
 * Is the caller part of this program, not of charon's libraries? Then it is the
 * plugin.
 */
static bool is_plugin(char *caller)
{
	return caller >= &__executable_start && caller < &etext;
}

/**
 * Add a job.
 */
static void add_job(job_t *job, uint64_t at, void *caller)
{
	event_t *event;

	job->status = JOB_STATUS_QUEUED;
	if (world_conf.job_jitter)
	{
		at += next(&jitter_state) % (world_conf.job_jitter * 1000);
	}
	INIT(event,
		.at = at,
		.job = job,
		.plugin = is_plugin(caller),
		.side = kernel_side(),
	);
	insert(event);
}

METHOD(processor_t, queue_job, void,
	processor_t *this, job_t *job)
{
	add_job(job, now, __builtin_return_address(0));
}

METHOD(scheduler_t, schedule_job, void,
	scheduler_t *this, job_t *job, uint32_t s)
{
	add_job(job, now + s * 1000000ULL, __builtin_return_address(0));
}

METHOD(scheduler_t, schedule_job_ms, void,
	scheduler_t *this, job_t *job, uint32_t ms)
{
	add_job(job, now + ms * 1000ULL, __builtin_return_address(0));
}

METHOD(scheduler_t, schedule_job_tv, void,
	scheduler_t *this, job_t *job, timeval_t tv)
{
	int64_t at = (tv.tv_sec - BEGIN) * 1000000LL + tv.tv_usec;

	add_job(job, max(at, (int64_t)now), __builtin_return_address(0));
}

/**
 * Queue a job once more, as it wants it.
 */
static void requeue(event_t *event, job_requeue_t how)
{
	uint64_t at = now;

	if (how.type == JOB_REQUEUE_TYPE_SCHEDULE)
	{
		switch (how.schedule)
		{
			case JOB_SCHEDULE:
				at += how.time.rel * 1000000ULL;
				break;
			case JOB_SCHEDULE_MS:
				at += how.time.rel * 1000ULL;
				break;
			case JOB_SCHEDULE_TV:
				at = (how.time.abs.tv_sec - BEGIN) * 1000000LL +
					  how.time.abs.tv_usec;
				break;
		}
	}
	event->at = max(at, now);
	event->job->status = JOB_STATUS_QUEUED;
	insert(event);
}

/**
 * An event takes place.
 */
static void happen(event_t *event)
{
	job_requeue_t how;

	now = max(now, event->at);
	if (event->job)
	{
		event->job->status = JOB_STATUS_EXECUTING;
		kernel_set_job(event->side);
		how = event->job->execute(event->job);
		kernel_set_job(RESPONDER);
		if (how.type != JOB_REQUEUE_TYPE_NONE)
		{
			requeue(event, how);
			return;
		}
		event->job->status = JOB_STATUS_DONE;
		event->job->destroy(event->job);
	}
	else
	{
		event->run(event->data);
	}
	free(event);
	if (charon->bus->get_sa(charon->bus))
	{
		trace_fail(__FILE__, __LINE__, "IKE_SA not checked in");
	}
}

/**
 * Let everything take place until then.
 */
static void run_until(uint64_t then)
{
	event_t *event;

	while (events->get_first(events, (void**)&event) == SUCCESS &&
		   event->at <= then)
	{
		events->remove_first(events, (void**)&event);
		happen(event);
	}
	now = max(now, then);
}

/*
 * Described in header
 */
void world_run(u_int ms)
{
	run_until(now + ms * 1000ULL);
}

/**
 * Do what is due in a thread of its own.
 */
static void *run_due(void *null)
{
	run_until(now);
	return NULL;
}

/*
 * Described in header
 */
void world_other_thread()
{
	thread_t *thread;

	thread = thread_create(run_due, NULL);
	thread->join(thread);
}

/*
 * Described in header
 */
void world_step()
{
	run_until(now);
}

/*
 * Described in header
 */
double world_now()
{
	return (now - mark) / 1000.0;
}

/*
 * Described in header
 */
uint64_t time_us()
{
	return now;
}

/*
 * Described in header
 */
void time_mark()
{
	mark = now;
}

/*
 * Described in header
 */
void time_schedule(uint64_t us, void (*run)(void*), void (*discard)(void*),
				   void *data)
{
	event_t *event;

	INIT(event,
		.at = now + us,
		.run = run,
		.discard = discard,
		.data = data,
	);
	insert(event);
}

/*
 * Described in header
 */
void world_later(u_int ms, void (*cb)(void*), void *user)
{
	time_schedule(ms * 1000ULL, cb, NULL, user);
}

/*
 * Described in header
 */
u_int world_plugin_jobs()
{
	enumerator_t *enumerator;
	event_t *event;
	u_int count = 0;

	enumerator = events->create_enumerator(events);
	while (enumerator->enumerate(enumerator, &event))
	{
		if (event->plugin)
		{
			count++;
		}
	}
	enumerator->destroy(enumerator);
	return count;
}

/*
 * Described in header
 */
void time_create()
{
	static plugin_feature_t features[] = {
		PLUGIN_REGISTER(RNG, rng_create),
			PLUGIN_PROVIDE(RNG, RNG_WEAK),
			PLUGIN_PROVIDE(RNG, RNG_STRONG),
			PLUGIN_PROVIDE(RNG, RNG_TRUE),
	};

	now = mark = 0;
	state = charon_state = jitter_state = world_conf.seed ?: 1;
	next(&charon_state);
	jitter_state = ~jitter_state;
	srandom(state);
	events = linked_list_create();
	processor = *lib->processor;
	scheduler = *lib->scheduler;
	lib->processor->queue_job = _queue_job;
	lib->processor->execute_job = _queue_job;
	lib->scheduler->schedule_job = (void*)_schedule_job;
	lib->scheduler->schedule_job_ms = (void*)_schedule_job_ms;
	lib->scheduler->schedule_job_tv = (void*)_schedule_job_tv;
	lib->plugins->add_static_features(lib->plugins, "world", features,
									  countof(features), TRUE, NULL, NULL);
}

/*
 * Described in header
 */
void time_destroy()
{
	event_t *event;

	/* destroying a job may queue another one */
	while (events->remove_first(events, (void**)&event) == SUCCESS)
	{
		if (event->job)
		{
			event->job->status = JOB_STATUS_CANCELED;
			event->job->destroy(event->job);
		}
		else if (event->discard)
		{
			event->discard(event->data);
		}
		free(event);
	}
	events->destroy(events);
	events = NULL;
	*lib->processor = processor;
	*lib->scheduler = scheduler;
}
