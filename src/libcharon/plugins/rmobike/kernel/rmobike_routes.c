/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_routes.h"

#include <daemon.h>

#include <collections/hashtable.h>
#include <threading/mutex.h>

/**
 * How long answers are believed, in seconds
 */
#define MOMENT 1

/**
 * A question and its answer
 */
typedef struct {
	/** address to reach */
	host_t *dest;
	/** address that would do, NULL for any */
	host_t *src;
	/** answer, NULL if there is none */
	host_t *source;
} answer_t;

/**
 * Answers of this moment, answer_t
 */
static hashtable_t *answers;

/**
 * When the moment began
 */
static timeval_t since;

/**
 * Number of the moment: what was asked in another one is not kept
 */
static u_int moment;

/**
 * Protects these
 */
static mutex_t *mutex;

/**
 * charon's method that tells others of changes
 */
static void (*stock_roam)(kernel_interface_t *this, bool address);

/**
 * Hash a question
 */
static u_int hash(const void *key)
{
	const answer_t *this = key;
	u_int hash;

	hash = chunk_hash(this->dest->get_address(this->dest));
	if (this->src)
	{
		hash = chunk_hash_inc(this->src->get_address(this->src), hash);
	}
	return hash;
}

/**
 * Compare addresses that may be NULL
 */
static bool same(host_t *a, host_t *b)
{
	return a && b ? a->ip_equals(a, b) : a == b;
}

/**
 * Compare questions
 */
static bool equals(const void *a, const void *b)
{
	const answer_t *x = a, *y = b;

	return same(x->dest, y->dest) && same(x->src, y->src);
}

/**
 * Create an empty table
 */
static hashtable_t *create_table(void)
{
	return hashtable_create(hash, equals, 32);
}

/**
 * Clone an address that may be NULL
 */
static host_t *clone_host(host_t *host)
{
	return host ? host->clone(host) : NULL;
}

/**
 * Free an answer
 */
static void destroy_answer(answer_t *answer)
{
	answer->dest->destroy(answer->dest);
	DESTROY_IF(answer->src);
	DESTROY_IF(answer->source);
	free(answer);
}

CALLBACK(destroy_value, void,
	answer_t *answer, const void *key)
{
	destroy_answer(answer);
}

/**
 * Another moment begins, with the lock; returns what was believed
 */
static hashtable_t *begin_moment(void)
{
	hashtable_t *old = answers;

	answers = create_table();
	time_monotonic(&since);
	moment++;
	return old;
}

/**
 * Look for an answer of this moment, whose number is returned as well
 */
static bool find_answer(answer_t *question, u_int *number, host_t **source)
{
	hashtable_t *old = NULL;
	timeval_t end, now;
	answer_t *answer;

	mutex->lock(mutex);
	time_monotonic(&now);
	end = since;
	end.tv_sec += MOMENT;
	if (!timercmp(&now, &end, <))
	{
		old = begin_moment();
	}
	answer = answers->get(answers, question);
	if (answer)
	{
		*source = clone_host(answer->source);
	}
	*number = moment;
	mutex->unlock(mutex);
	if (old)
	{
		old->destroy_function(old, destroy_value);
	}
	return answer != NULL;
}

/**
 * Keep an answer, unless something has changed since the question
 */
static void keep_answer(answer_t *question, u_int number, host_t *source)
{
	answer_t *answer;

	INIT(answer,
		.dest = question->dest->clone(question->dest),
		.src = clone_host(question->src),
		.source = clone_host(source),
	);
	mutex->lock(mutex);
	if (number == moment && !answers->get(answers, answer))
	{
		answers->put(answers, answer, answer);
		answer = NULL;
	}
	mutex->unlock(mutex);
	if (answer)
	{
		destroy_answer(answer);
	}
}

/*
 * Described in header
 */
host_t *rmobike_routes_get_source(host_t *dest, host_t *src)
{
	answer_t question = {
		.dest = dest,
		.src = src,
	};
	host_t *source;
	u_int number;

	if (!find_answer(&question, &number, &source))
	{
		source = charon->kernel->get_source_addr(charon->kernel, dest, src);
		keep_answer(&question, number, source);
	}
	return source;
}

/*
 * Described in header
 */
bool rmobike_routes_owns(host_t *to, char *why, size_t len)
{
	enumerator_t *enumerator;
	host_t *host;
	int written;

	if (charon->kernel->get_interface(charon->kernel, to, NULL))
	{
		return TRUE;
	}
	written = snprintf(why, len, "%H is not an address of this machine, it "
					   "has:", to);
	enumerator = charon->kernel->create_address_enumerator(charon->kernel,
														   ADDR_TYPE_REGULAR);
	while (enumerator->enumerate(enumerator, &host))
	{
		if (written > 0 && (size_t)written < len)
		{
			written += snprintf(why + written, len - written, " %H", host);
		}
	}
	enumerator->destroy(enumerator);
	return FALSE;
}

/*
 * Described in header
 */
void rmobike_routes_forget(void)
{
	hashtable_t *old;

	mutex->lock(mutex);
	old = begin_moment();
	mutex->unlock(mutex);
	old->destroy_function(old, destroy_value);
}

METHOD(kernel_interface_t, roam, void,
	kernel_interface_t *this, bool address)
{
	/* before anybody looks at IKE_SAs because of it */
	rmobike_routes_forget();
	stock_roam(this, address);
}

/*
 * Described in header
 */
void rmobike_routes_init(void)
{
	mutex = mutex_create(MUTEX_TYPE_DEFAULT);
	answers = create_table();
	stock_roam = charon->kernel->roam;
	charon->kernel->roam = _roam;
}

/*
 * Described in header
 */
void rmobike_routes_deinit(void)
{
	charon->kernel->roam = stock_roam;
	answers->destroy_function(answers, destroy_value);
	mutex->destroy(mutex);
}
