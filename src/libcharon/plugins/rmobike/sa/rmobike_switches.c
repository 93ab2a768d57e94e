/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "sa/rmobike_switches.h"

#include <collections/array.h>
#include <collections/hashtable.h>
#include <utils/debug.h>

/**
 * Reason of a switch that was refused
 */
#define REFUSED "the peer stays at its address"

/**
 * When an update that was lost is sent again for certain, in milliseconds
 */
#define RESENT_AFTER 200

typedef struct private_rmobike_switches_t private_rmobike_switches_t;
typedef struct ended_t ended_t;

/**
 * Private data
 */
struct private_rmobike_switches_t {

	/**
	 * Public interface
	 */
	rmobike_switches_t public;

	/**
	 * Records of IKE_SAs, their lock protects all of this
	 */
	rmobike_records_t *records;

	/**
	 * Pending switches by serial number, rmobike_switch_t, owned by records
	 */
	hashtable_t *pending;

	/**
	 * Last serial number
	 */
	u_int serial;

	/**
	 * Who wants to know what ended, ended_t by value
	 */
	array_t *listeners;
};

/**
 * Somebody who wants to know what ended
 */
struct ended_t {

	/**
	 * Function to call
	 */
	rmobike_ended_t cb;

	/**
	 * Data to pass
	 */
	void *user;
};

/**
 * When an IKE_SA moved lately, or was asked to
 */
typedef struct {
	/** monotonic times in seconds, 0 for none */
	time_t times[RMOBIKE_RECENT_MAX];
	/** where the next one belongs */
	u_int next;
} recent_t;

/**
 * Convert a number to a key
 */
static inline void *key(u_int number)
{
	return (void*)(uintptr_t)number;
}

/**
 * Milliseconds since a point in time
 */
static double ms_since(const timeval_t *start)
{
	timeval_t now, diff;

	time_monotonic(&now);
	timersub(&now, start, &diff);
	return diff.tv_sec * 1000.0 + diff.tv_usec / 1000.0;
}

/**
 * Has this not ended yet?
 */
static bool is_pending(rmobike_switch_t *asked)
{
	return asked && asked->state <= RMOBIKE_ANSWERED;
}

/**
 * Get the last switch of an IKE_SA, with the lock; NULL if none
 */
static rmobike_switch_t *get_asked(private_rmobike_switches_t *this,
								   uint32_t id)
{
	return this->records->get(this->records, id, RMOBIKE_PART_SWITCH);
}

/**
 * Note that an IKE_SA moves, with the lock
 */
static void note_move(private_rmobike_switches_t *this, uint32_t id)
{
	recent_t *recent;

	recent = this->records->get(this->records, id, RMOBIKE_PART_RECENT);
	if (!recent)
	{
		INIT(recent);
		this->records->set(this->records, id, RMOBIKE_PART_RECENT, recent);
	}
	recent->times[recent->next] = time_monotonic(NULL);
	recent->next = (recent->next + 1) % RMOBIKE_RECENT_MAX;
}

/**
 * End a pending switch; returns what the listener gets, who has to be told
 * without the lock.
 */
static rmobike_switch_t *finish(private_rmobike_switches_t *this,
								rmobike_switch_t *asked, rmobike_state_t state,
								const char *reason)
{
	this->pending->remove(this->pending, key(asked->serial));
	asked->state = state;
	asked->reason = reason;
	asked->ms = ms_since(&asked->start);
	return rmobike_switch_clone(asked);
}

METHOD(rmobike_switches_t, tell, void,
	private_rmobike_switches_t *this, const rmobike_switch_t *ended)
{
	ended_t listener;
	int i = 0;
	bool found;

	do
	{
		this->records->lock(this->records);
		found = array_get(this->listeners, i++, &listener);
		this->records->unlock(this->records);
		if (found)
		{
			listener.cb(listener.user, ended);
		}
	}
	while (found);
}

/**
 * Log and report what ended, without the lock
 */
static void report(private_rmobike_switches_t *this, rmobike_switch_t *ended)
{
	if (!ended)
	{
		return;
	}
	DBG1(DBG_IKE, "switch of IKE_SA %s[%u] from %H to %H %N %s %.1f ms%s%s",
		 ended->name, ended->id, ended->from, ended->to,
		 rmobike_state_names, ended->state,
		 ended->state == RMOBIKE_DONE ? "in" : "after", ended->ms,
		 ended->reason ? ": " : "", ended->reason ?: "");

	tell(this, ended);
	rmobike_switch_destroy(ended);
}

METHOD(rmobike_switches_t, add_listener, void,
	private_rmobike_switches_t *this, rmobike_ended_t cb, void *user)
{
	ended_t listener = {
		.cb = cb,
		.user = user,
	};

	this->records->lock(this->records);
	array_insert(this->listeners, ARRAY_TAIL, &listener);
	this->records->unlock(this->records);
}

METHOD(rmobike_switches_t, remove_listener, void,
	private_rmobike_switches_t *this, void *user)
{
	ended_t listener;
	int i;

	this->records->lock(this->records);
	for (i = array_count(this->listeners) - 1; i >= 0; i--)
	{
		if (array_get(this->listeners, i, &listener) && listener.user == user)
		{
			array_remove(this->listeners, i, NULL);
		}
	}
	this->records->unlock(this->records);
}

METHOD(rmobike_switches_t, begin, u_int,
	private_rmobike_switches_t *this, const rmobike_switch_t *start)
{
	rmobike_switch_t *asked, *last, *superseded = NULL;
	u_int serial;

	asked = rmobike_switch_clone(start);
	asked->state = RMOBIKE_ASKED;
	asked->new_path = FALSE;
	asked->reason = NULL;
	time_monotonic(&asked->start);

	this->records->lock(this->records);
	serial = asked->serial = ++this->serial;
	last = this->records->set(this->records, start->id, RMOBIKE_PART_SWITCH,
							  asked);
	asked->replaces = is_pending(last);
	if (asked->replaces)
	{
		superseded = finish(this, last, RMOBIKE_FAILED, RMOBIKE_SUPERSEDED);
	}
	this->pending->put(this->pending, key(serial), asked);
	note_move(this, start->id);
	this->records->unlock(this->records);

	rmobike_switch_destroy(last);
	report(this, superseded);
	return serial;
}

METHOD(rmobike_switches_t, get_id, uint32_t,
	private_rmobike_switches_t *this, u_int serial)
{
	rmobike_switch_t *asked;
	uint32_t id;

	this->records->lock(this->records);
	asked = this->pending->get(this->pending, key(serial));
	id = asked ? asked->id : 0;
	this->records->unlock(this->records);
	return id;
}

METHOD(rmobike_switches_t, is_asked, bool,
	private_rmobike_switches_t *this, u_int serial)
{
	rmobike_switch_t *asked;
	bool waiting;

	this->records->lock(this->records);
	asked = this->pending->get(this->pending, key(serial));
	waiting = asked && asked->state == RMOBIKE_ASKED;
	this->records->unlock(this->records);
	return waiting;
}

METHOD(rmobike_switches_t, lead, void,
	private_rmobike_switches_t *this, u_int serial, bool redirect)
{
	rmobike_switch_t *asked;

	this->records->lock(this->records);
	asked = this->pending->get(this->pending, key(serial));
	if (asked)
	{
		asked->led = TRUE;
		asked->redirect = redirect;
	}
	this->records->unlock(this->records);
}

METHOD(rmobike_switches_t, answered, void,
	private_rmobike_switches_t *this, u_int serial, bool new_path)
{
	rmobike_switch_t *asked;

	this->records->lock(this->records);
	asked = this->pending->get(this->pending, key(serial));
	if (asked)
	{
		asked->state = RMOBIKE_ANSWERED;
		asked->new_path = new_path;
		asked->answered = ms_since(&asked->start);
	}
	this->records->unlock(this->records);
}

METHOD(rmobike_switches_t, requested, u_int,
	private_rmobike_switches_t *this, uint32_t id, host_t *local, bool update,
	u_int *serial, u_int *requests)
{
	rmobike_switch_t *asked, *ended = NULL;
	bool there;
	u_int ms = 0;

	this->records->lock(this->records);
	asked = get_asked(this, id);
	there = asked && local->ip_equals(local, asked->to);
	if (is_pending(asked) && asked->led && update && !there)
	{	/* wherever it was led to, it left for there */
		ended = finish(this, asked, RMOBIKE_REFUSED, REFUSED);
	}
	else if (asked && asked->state == RMOBIKE_ANSWERED)
	{
		asked->new_path = there || (asked->new_path && !asked->led);
		if (!asked->new_path && !update)
		{
			*serial = asked->serial;
			*requests = ++asked->requests;
			ms = 2 * asked->answered + RESENT_AFTER;
		}
	}
	this->records->unlock(this->records);
	report(this, ended);
	return ms;
}

METHOD(rmobike_switches_t, quiet, void,
	private_rmobike_switches_t *this, u_int serial, u_int requests)
{
	rmobike_switch_t *asked, *ended = NULL;

	this->records->lock(this->records);
	asked = this->pending->get(this->pending, key(serial));
	if (asked && !asked->new_path && asked->requests == requests)
	{
		if (asked->led)
		{	/* has to be brought back, whoever looks after it ends this */
			asked->stays = TRUE;
		}
		else
		{
			ended = finish(this, asked, RMOBIKE_REFUSED, REFUSED);
		}
	}
	this->records->unlock(this->records);
	report(this, ended);
}

METHOD(rmobike_switches_t, moved, void,
	private_rmobike_switches_t *this, uint32_t id, host_t *local, bool other)
{
	rmobike_switch_t *asked, *ended = NULL;

	this->records->lock(this->records);
	asked = get_asked(this, id);
	if (is_pending(asked) && local->ip_equals(local, asked->to))
	{
		ended = finish(this, asked, RMOBIKE_DONE, NULL);
	}
	else if (other)
	{
		note_move(this, id);
	}
	this->records->unlock(this->records);
	report(this, ended);
}

METHOD(rmobike_switches_t, count_recent, u_int,
	private_rmobike_switches_t *this, uint32_t id, u_int interval)
{
	time_t since = time_monotonic(NULL) - interval;
	recent_t *recent;
	u_int count = 0;
	int i;

	this->records->lock(this->records);
	recent = this->records->get(this->records, id, RMOBIKE_PART_RECENT);
	for (i = 0; recent && i < RMOBIKE_RECENT_MAX; i++)
	{
		count += recent->times[i] && recent->times[i] >= since;
	}
	this->records->unlock(this->records);
	return count;
}

METHOD(rmobike_switches_t, stayed, void,
	private_rmobike_switches_t *this, uint32_t id, host_t *local)
{
	rmobike_switch_t *asked, *ended = NULL;

	this->records->lock(this->records);
	asked = get_asked(this, id);
	if (is_pending(asked))
	{
		if (local->ip_equals(local, asked->to))
		{
			ended = finish(this, asked, RMOBIKE_DONE, NULL);
		}
		else if (!asked->replaces && asked->state == RMOBIKE_ANSWERED)
		{	/* otherwise this may be about the older one, or about none */
			ended = finish(this, asked, RMOBIKE_FAILED,
						   "no answer at the new address");
		}
	}
	this->records->unlock(this->records);
	report(this, ended);
}

METHOD(rmobike_switches_t, end, void,
	private_rmobike_switches_t *this, u_int serial, rmobike_state_t state,
	const char *reason)
{
	rmobike_switch_t *asked, *ended = NULL;

	this->records->lock(this->records);
	asked = this->pending->get(this->pending, key(serial));
	if (asked)
	{
		ended = finish(this, asked, state, reason);
	}
	this->records->unlock(this->records);
	report(this, ended);
}

METHOD(rmobike_switches_t, expire, void,
	private_rmobike_switches_t *this, u_int serial)
{
	rmobike_switch_t *asked, *ended = NULL;

	this->records->lock(this->records);
	asked = this->pending->get(this->pending, key(serial));
	if (asked)
	{
		if (asked->state == RMOBIKE_ASKED)
		{
			ended = finish(this, asked, RMOBIKE_TIMEOUT, "no answer");
		}
		else if (asked->new_path)
		{
			ended = finish(this, asked, RMOBIKE_FAILED,
						   "answered at the new address, but no update "
						   "followed");
		}
		else
		{
			ended = finish(this, asked, RMOBIKE_REFUSED, REFUSED);
		}
	}
	this->records->unlock(this->records);
	report(this, ended);
}

METHOD(rmobike_switches_t, get_switch, rmobike_switch_t*,
	private_rmobike_switches_t *this, uint32_t id)
{
	rmobike_switch_t *asked, *copy = NULL;

	this->records->lock(this->records);
	asked = get_asked(this, id);
	if (asked)
	{
		copy = rmobike_switch_clone(asked);
		if (is_pending(copy))
		{
			copy->ms = ms_since(&copy->start);
		}
	}
	this->records->unlock(this->records);
	return copy;
}

METHOD(rmobike_switches_t, get_unanswered, u_int,
	private_rmobike_switches_t *this, uint32_t id)
{
	rmobike_switch_t *asked;
	u_int serial;

	this->records->lock(this->records);
	asked = get_asked(this, id);
	serial = asked && asked->state == RMOBIKE_ASKED ? asked->serial : 0;
	this->records->unlock(this->records);
	return serial;
}

METHOD(rmobike_switches_t, gone, void,
	private_rmobike_switches_t *this, uint32_t id)
{
	rmobike_switch_t *asked, *ended = NULL;

	this->records->lock(this->records);
	asked = get_asked(this, id);
	if (is_pending(asked))
	{
		ended = finish(this, asked, RMOBIKE_FAILED, "IKE_SA deleted");
	}
	this->records->unlock(this->records);
	report(this, ended);
}

METHOD(rmobike_switches_t, destroy, void,
	private_rmobike_switches_t *this)
{
	this->pending->destroy(this->pending);
	array_destroy(this->listeners);
	free(this);
}

/**
 * The IKE_SA of a switch was rekeyed
 */
static void rekeyed(void *part, uint32_t id)
{
	rmobike_switch_t *asked = part;

	asked->id = id;
}

/*
 * Described in header
 */
rmobike_switches_t *rmobike_switches_create(rmobike_records_t *records)
{
	private_rmobike_switches_t *this;

	INIT(this,
		.public = {
			.add_listener = _add_listener,
			.remove_listener = _remove_listener,
			.tell = _tell,
			.begin = _begin,
			.lead = _lead,
			.is_asked = _is_asked,
			.answered = _answered,
			.requested = _requested,
			.quiet = _quiet,
			.moved = _moved,
			.count_recent = _count_recent,
			.get_id = _get_id,
			.stayed = _stayed,
			.end = _end,
			.expire = _expire,
			.get_switch = _get_switch,
			.get_unanswered = _get_unanswered,
			.gone = _gone,
			.destroy = _destroy,
		},
		.records = records,
		.pending = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									32),
		.listeners = array_create(sizeof(ended_t), 0),
	);
	records->own(records, RMOBIKE_PART_SWITCH, (void*)rmobike_switch_destroy,
				 rekeyed);
	records->own(records, RMOBIKE_PART_RECENT, free, NULL);

	return &this->public;
}
