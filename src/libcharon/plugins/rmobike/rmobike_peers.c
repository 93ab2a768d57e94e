/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_peers.h"

#include <collections/array.h>
#include <collections/hashtable.h>
#include <threading/mutex.h>
#include <utils/debug.h>

/**
 * Reasons remembered per IKE_SA so that they are not logged too often
 */
#define LOGGED_REASONS 8

/**
 * How long they are not logged again, in seconds
 */
#define LOG_INTERVAL 60

/**
 * How many accepted requests are remembered
 */
#define MOVES 1000

ENUM(rmobike_state_names, RMOBIKE_ASKED, RMOBIKE_CANCELLED,
	"asked",
	"answered",
	"done",
	"refused",
	"timeout",
	"failed",
	"planned",
	"ineligible",
	"redirected",
	"cancelled",
);

typedef struct private_rmobike_peers_t private_rmobike_peers_t;
typedef struct entry_t entry_t;
typedef struct ended_t ended_t;

/**
 * Private data
 */
struct private_rmobike_peers_t {

	/**
	 * Public interface
	 */
	rmobike_peers_t public;

	/**
	 * Records by unique ID of the IKE_SA, entry_t
	 */
	hashtable_t *entries;

	/**
	 * Records by serial number of their pending switch, entry_t
	 */
	hashtable_t *pending;

	/**
	 * Protects all of this
	 */
	mutex_t *mutex;

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
 * What we know of an IKE_SA
 */
struct entry_t {

	/**
	 * Unique ID
	 */
	uint32_t id;

	/**
	 * Last switch we asked for, NULL if none
	 */
	rmobike_switch_t *asked;

	/**
	 * Last request that we accepted
	 */
	struct {
		/** serial number, 0 for none */
		u_int serial;
		/** message ID */
		uint32_t mid;
		/** the message as received */
		chunk_t request;
		/** path of the response, NULL if that of the request */
		host_t *me, *other;
		/** our response, NULL if not generated yet */
		packet_t *response;
	} accepted;

	/**
	 * Where the responder was when it asked last
	 */
	struct {
		/** address, NULL if it never did */
		host_t *host;
		/** last message ID that it may have used there */
		uint32_t mid;
	} left;

	/**
	 * When requests were accepted, time_t by value, NULL if none were
	 */
	array_t *moves;

	/**
	 * What was logged, and when
	 */
	struct {
		/** static text */
		const char *reason;
		/** monotonic time */
		time_t time;
	} logged[LOGGED_REASONS];
};

/**
 * Convert a number to a key
 */
static inline void *key(u_int number)
{
	return (void*)(uintptr_t)number;
}

/*
 * Described in header
 */
void rmobike_switch_destroy(rmobike_switch_t *this)
{
	if (this)
	{
		free(this->name);
		free(this->peer_id);
		free(this->tag);
		DESTROY_IF(this->from);
		DESTROY_IF(this->to);
		DESTROY_IF(this->remote);
		free(this);
	}
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

/*
 * Described in header
 */
rmobike_switch_t *rmobike_switch_clone(const rmobike_switch_t *orig)
{
	rmobike_switch_t *this;

	this = malloc_thing(rmobike_switch_t);
	*this = *orig;
	this->name = strdupnull(orig->name);
	this->peer_id = strdupnull(orig->peer_id);
	this->tag = strdupnull(orig->tag);
	this->from = orig->from->clone(orig->from);
	this->to = orig->to ? orig->to->clone(orig->to) : NULL;
	this->remote = orig->remote->clone(orig->remote);
	return this;
}

/**
 * Has this not ended yet?
 */
static bool is_pending(rmobike_switch_t *asked)
{
	return asked && asked->state <= RMOBIKE_ANSWERED;
}

/**
 * Forget the accepted request, but not its serial number
 */
static void clear_accepted(entry_t *entry)
{
	chunk_free(&entry->accepted.request);
	DESTROY_IF(entry->accepted.me);
	DESTROY_IF(entry->accepted.other);
	DESTROY_IF(entry->accepted.response);
	entry->accepted.me = NULL;
	entry->accepted.other = NULL;
	entry->accepted.response = NULL;
}

/**
 * Free a record
 */
static void entry_destroy(entry_t *entry)
{
	rmobike_switch_destroy(entry->asked);
	DESTROY_IF(entry->left.host);
	array_destroy(entry->moves);
	clear_accepted(entry);
	free(entry);
}

/**
 * Get the record of an IKE_SA, create it if there is none
 */
static entry_t *get_entry(private_rmobike_peers_t *this, uint32_t id)
{
	entry_t *entry;

	entry = this->entries->get(this->entries, key(id));
	if (!entry)
	{
		INIT(entry,
			.id = id,
		);
		this->entries->put(this->entries, key(id), entry);
	}
	return entry;
}

/**
 * End the pending switch of a record; returns what the listener gets, who has
 * to be told without the lock.
 */
static rmobike_switch_t *finish(private_rmobike_peers_t *this, entry_t *entry,
								rmobike_state_t state, const char *reason)
{
	rmobike_switch_t *asked = entry->asked;

	this->pending->remove(this->pending, key(asked->serial));
	asked->state = state;
	asked->reason = reason;
	asked->ms = ms_since(&asked->start);
	return rmobike_switch_clone(asked);
}

METHOD(rmobike_peers_t, tell, void,
	private_rmobike_peers_t *this, const rmobike_switch_t *ended)
{
	ended_t listener;
	int i = 0;
	bool found;

	do
	{
		this->mutex->lock(this->mutex);
		found = array_get(this->listeners, i++, &listener);
		this->mutex->unlock(this->mutex);
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
static void report(private_rmobike_peers_t *this, rmobike_switch_t *ended)
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

METHOD(rmobike_peers_t, add_listener, void,
	private_rmobike_peers_t *this, rmobike_ended_t cb, void *user)
{
	ended_t listener = {
		.cb = cb,
		.user = user,
	};

	this->mutex->lock(this->mutex);
	array_insert(this->listeners, ARRAY_TAIL, &listener);
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_peers_t, remove_listener, void,
	private_rmobike_peers_t *this, void *user)
{
	ended_t listener;
	int i;

	this->mutex->lock(this->mutex);
	for (i = array_count(this->listeners) - 1; i >= 0; i--)
	{
		if (array_get(this->listeners, i, &listener) && listener.user == user)
		{
			array_remove(this->listeners, i, NULL);
		}
	}
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_peers_t, begin, u_int,
	private_rmobike_peers_t *this, const rmobike_switch_t *start)
{
	rmobike_switch_t *asked, *superseded = NULL;
	entry_t *entry;
	u_int serial;

	asked = rmobike_switch_clone(start);
	asked->state = RMOBIKE_ASKED;
	asked->new_path = FALSE;
	asked->reason = NULL;
	time_monotonic(&asked->start);

	this->mutex->lock(this->mutex);
	serial = asked->serial = ++this->serial;
	entry = get_entry(this, start->id);
	asked->replaces = is_pending(entry->asked);
	if (asked->replaces)
	{
		superseded = finish(this, entry, RMOBIKE_FAILED,
							RMOBIKE_SUPERSEDED);
	}
	rmobike_switch_destroy(entry->asked);
	entry->asked = asked;
	this->pending->put(this->pending, key(serial), entry);
	this->mutex->unlock(this->mutex);

	report(this, superseded);
	return serial;
}

METHOD(rmobike_peers_t, get_id, uint32_t,
	private_rmobike_peers_t *this, u_int serial)
{
	entry_t *entry;
	uint32_t id;

	this->mutex->lock(this->mutex);
	entry = this->pending->get(this->pending, key(serial));
	id = entry ? entry->id : 0;
	this->mutex->unlock(this->mutex);
	return id;
}

METHOD(rmobike_peers_t, is_asked, bool,
	private_rmobike_peers_t *this, u_int serial)
{
	entry_t *entry;
	bool asked;

	this->mutex->lock(this->mutex);
	entry = this->pending->get(this->pending, key(serial));
	asked = entry && entry->asked->state == RMOBIKE_ASKED;
	this->mutex->unlock(this->mutex);
	return asked;
}

METHOD(rmobike_peers_t, answered, void,
	private_rmobike_peers_t *this, u_int serial, bool new_path)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->pending->get(this->pending, key(serial));
	if (entry)
	{
		entry->asked->state = RMOBIKE_ANSWERED;
		entry->asked->new_path = new_path;
	}
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_peers_t, moved, void,
	private_rmobike_peers_t *this, uint32_t id, host_t *local)
{
	rmobike_switch_t *ended = NULL;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	if (entry && is_pending(entry->asked) &&
		local->ip_equals(local, entry->asked->to))
	{
		ended = finish(this, entry, RMOBIKE_DONE, NULL);
	}
	this->mutex->unlock(this->mutex);
	report(this, ended);
}

METHOD(rmobike_peers_t, stayed, void,
	private_rmobike_peers_t *this, uint32_t id, host_t *local)
{
	rmobike_switch_t *ended = NULL;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	if (entry && is_pending(entry->asked))
	{
		if (local->ip_equals(local, entry->asked->to))
		{
			ended = finish(this, entry, RMOBIKE_DONE, NULL);
		}
		else
		{
			ended = finish(this, entry, RMOBIKE_FAILED,
						   "no answer at the new address");
		}
	}
	this->mutex->unlock(this->mutex);
	report(this, ended);
}

METHOD(rmobike_peers_t, end, void,
	private_rmobike_peers_t *this, u_int serial, rmobike_state_t state,
	const char *reason)
{
	rmobike_switch_t *ended = NULL;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->pending->get(this->pending, key(serial));
	if (entry)
	{
		ended = finish(this, entry, state, reason);
	}
	this->mutex->unlock(this->mutex);
	report(this, ended);
}

METHOD(rmobike_peers_t, expire, void,
	private_rmobike_peers_t *this, u_int serial)
{
	rmobike_switch_t *ended = NULL;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->pending->get(this->pending, key(serial));
	if (entry)
	{
		if (entry->asked->state == RMOBIKE_ASKED)
		{
			ended = finish(this, entry, RMOBIKE_TIMEOUT, "no answer");
		}
		else if (entry->asked->new_path)
		{
			ended = finish(this, entry, RMOBIKE_FAILED,
						   "answered at the new address, but no update followed");
		}
		else
		{
			ended = finish(this, entry, RMOBIKE_REFUSED,
						   "the peer stays at its address");
		}
	}
	this->mutex->unlock(this->mutex);
	report(this, ended);
}

METHOD(rmobike_peers_t, get_switch, rmobike_switch_t*,
	private_rmobike_peers_t *this, uint32_t id)
{
	rmobike_switch_t *copy = NULL;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	if (entry && entry->asked)
	{
		copy = rmobike_switch_clone(entry->asked);
		if (is_pending(copy))
		{
			copy->ms = ms_since(&copy->start);
		}
	}
	this->mutex->unlock(this->mutex);
	return copy;
}

METHOD(rmobike_peers_t, accepted, u_int,
	private_rmobike_peers_t *this, uint32_t id, uint32_t mid, chunk_t request,
	host_t *me, host_t *other)
{
	entry_t *entry;
	u_int serial;

	this->mutex->lock(this->mutex);
	entry = get_entry(this, id);
	clear_accepted(entry);
	serial = entry->accepted.serial = ++this->serial;
	entry->accepted.mid = mid;
	entry->accepted.request = chunk_clone(request);
	if (me && other)
	{
		entry->accepted.me = me->clone(me);
		entry->accepted.other = other->clone(other);
	}
	this->mutex->unlock(this->mutex);
	return serial;
}

METHOD(rmobike_peers_t, get_path, bool,
	private_rmobike_peers_t *this, uint32_t id, uint32_t mid,
	host_t **me, host_t **other)
{
	entry_t *entry;
	bool found = FALSE;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	if (entry && entry->accepted.me && entry->accepted.mid == mid)
	{
		*me = entry->accepted.me->clone(entry->accepted.me);
		*other = entry->accepted.other->clone(entry->accepted.other);
		found = TRUE;
	}
	this->mutex->unlock(this->mutex);
	return found;
}

METHOD(rmobike_peers_t, count_recent, u_int,
	private_rmobike_peers_t *this, uint32_t id, u_int interval)
{
	time_t now = time_monotonic(NULL), time;
	entry_t *entry;
	u_int count = 0;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	while (entry && array_get(entry->moves, ARRAY_HEAD, &time) &&
		   now - time >= (time_t)interval)
	{
		array_remove(entry->moves, ARRAY_HEAD, NULL);
	}
	count = entry ? array_count(entry->moves) : 0;
	this->mutex->unlock(this->mutex);
	return count;
}

METHOD(rmobike_peers_t, leaving, void,
	private_rmobike_peers_t *this, uint32_t id, host_t *from)
{
	time_t now = time_monotonic(NULL);
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = get_entry(this, id);
	if (!entry->moves)
	{
		entry->moves = array_create(sizeof(time_t), 0);
	}
	array_insert(entry->moves, ARRAY_TAIL, &now);
	if (array_count(entry->moves) > MOVES)
	{
		array_remove(entry->moves, ARRAY_HEAD, NULL);
	}
	DESTROY_IF(entry->left.host);
	entry->left.host = from->clone(from);
	entry->left.mid = UINT32_MAX;
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_peers_t, updated, void,
	private_rmobike_peers_t *this, uint32_t id, uint32_t mid)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	if (entry)
	{
		entry->left.mid = mid;
	}
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_peers_t, is_outdated, bool,
	private_rmobike_peers_t *this, uint32_t id, uint32_t mid, host_t *from)
{
	entry_t *entry;
	bool outdated;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	outdated = entry && entry->left.host && mid <= entry->left.mid &&
			   from->ip_equals(from, entry->left.host);
	this->mutex->unlock(this->mutex);
	return outdated;
}

METHOD(rmobike_peers_t, is_newest, bool,
	private_rmobike_peers_t *this, uint32_t id, u_int serial)
{
	entry_t *entry;
	bool newest;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	newest = !entry || entry->accepted.serial <= serial;
	this->mutex->unlock(this->mutex);
	return newest;
}

METHOD(rmobike_peers_t, responded, void,
	private_rmobike_peers_t *this, uint32_t id, uint32_t mid,
	packet_t *response)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	if (entry && entry->accepted.me && entry->accepted.mid == mid)
	{
		DESTROY_IF(entry->accepted.response);
		entry->accepted.response = response;
		response = NULL;
	}
	this->mutex->unlock(this->mutex);
	DESTROY_IF(response);
}

METHOD(rmobike_peers_t, get_response, packet_t*,
	private_rmobike_peers_t *this, uint32_t id, uint32_t mid, chunk_t request)
{
	packet_t *response = NULL;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	if (entry && entry->accepted.response && entry->accepted.mid == mid &&
		chunk_equals(entry->accepted.request, request))
	{
		response = entry->accepted.response->clone(entry->accepted.response);
	}
	this->mutex->unlock(this->mutex);
	return response;
}

METHOD(rmobike_peers_t, may_log, bool,
	private_rmobike_peers_t *this, uint32_t id, const char *reason)
{
	time_t now = time_monotonic(NULL);
	entry_t *entry;
	bool may = TRUE;
	int i, slot = 0;

	this->mutex->lock(this->mutex);
	entry = get_entry(this, id);
	for (i = 0; i < LOGGED_REASONS; i++)
	{
		if (entry->logged[i].reason && streq(entry->logged[i].reason, reason))
		{
			may = now - entry->logged[i].time >= LOG_INTERVAL;
			slot = i;
			break;
		}
		if (entry->logged[i].time < entry->logged[slot].time)
		{
			slot = i;
		}
	}
	if (may)
	{
		entry->logged[slot].reason = reason;
		entry->logged[slot].time = now;
	}
	this->mutex->unlock(this->mutex);
	return may;
}

METHOD(rmobike_peers_t, rekeyed, u_int,
	private_rmobike_peers_t *this, uint32_t id, uint32_t new_id)
{
	entry_t *old, *new;
	u_int serial = 0;

	this->mutex->lock(this->mutex);
	old = this->entries->get(this->entries, key(id));
	if (old)
	{
		new = get_entry(this, new_id);
		memcpy(new->logged, old->logged, sizeof(new->logged));
		/* an update still queued has to be the newest there, too */
		new->accepted.serial = old->accepted.serial;
		array_destroy(new->moves);
		new->moves = old->moves;
		old->moves = NULL;
		new->asked = old->asked;
		old->asked = NULL;
		if (new->asked)
		{
			new->asked->id = new_id;
		}
		if (is_pending(new->asked))
		{
			this->pending->put(this->pending, key(new->asked->serial), new);
			if (new->asked->state == RMOBIKE_ASKED)
			{
				serial = new->asked->serial;
			}
		}
	}
	this->mutex->unlock(this->mutex);
	return serial;
}

METHOD(rmobike_peers_t, remove_, void,
	private_rmobike_peers_t *this, uint32_t id)
{
	rmobike_switch_t *ended = NULL;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->entries->remove(this->entries, key(id));
	if (entry)
	{
		if (is_pending(entry->asked))
		{
			ended = finish(this, entry, RMOBIKE_FAILED, "IKE_SA deleted");
		}
		entry_destroy(entry);
	}
	this->mutex->unlock(this->mutex);
	report(this, ended);
}

METHOD(rmobike_peers_t, get_count, u_int,
	private_rmobike_peers_t *this)
{
	u_int count;

	this->mutex->lock(this->mutex);
	count = this->entries->get_count(this->entries);
	this->mutex->unlock(this->mutex);
	return count;
}

CALLBACK(destroy_entry, void,
	entry_t *entry, const void *id)
{
	entry_destroy(entry);
}

METHOD(rmobike_peers_t, destroy, void,
	private_rmobike_peers_t *this)
{
	this->pending->destroy(this->pending);
	this->entries->destroy_function(this->entries, destroy_entry);
	array_destroy(this->listeners);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_peers_t *rmobike_peers_create(void)
{
	private_rmobike_peers_t *this;

	INIT(this,
		.public = {
			.add_listener = _add_listener,
			.remove_listener = _remove_listener,
			.tell = _tell,
			.begin = _begin,
			.is_asked = _is_asked,
			.answered = _answered,
			.moved = _moved,
			.get_id = _get_id,
			.count_recent = _count_recent,
			.leaving = _leaving,
			.updated = _updated,
			.is_outdated = _is_outdated,
			.stayed = _stayed,
			.end = _end,
			.expire = _expire,
			.get_switch = _get_switch,
			.accepted = _accepted,
			.get_path = _get_path,
			.is_newest = _is_newest,
			.responded = _responded,
			.get_response = _get_response,
			.may_log = _may_log,
			.rekeyed = _rekeyed,
			.remove = _remove_,
			.get_count = _get_count,
			.destroy = _destroy,
		},
		.entries = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									32),
		.pending = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									32),
		.listeners = array_create(sizeof(ended_t), 0),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);

	return &this->public;
}
