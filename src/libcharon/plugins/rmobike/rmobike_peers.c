/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_peers.h"

#include <collections/array.h>
#include <collections/hashtable.h>
#include <threading/mutex.h>
#include <utils/debug.h>

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

/**
 * Reason of a switch that was refused
 */
#define REFUSED "the peer stays at its address"

/**
 * When an update that was lost is sent again for certain, in milliseconds
 */
#define RESENT_AFTER 200

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
 * Free a record
 */
static void entry_destroy(entry_t *entry)
{
	rmobike_switch_destroy(entry->asked);
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
		entry->asked->answered = ms_since(&entry->asked->start);
	}
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_peers_t, requested, u_int,
	private_rmobike_peers_t *this, uint32_t id, host_t *local, bool update,
	u_int *serial, u_int *requests)
{
	rmobike_switch_t *asked;
	entry_t *entry;
	u_int ms = 0;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	asked = entry ? entry->asked : NULL;
	if (asked && asked->state == RMOBIKE_ANSWERED)
	{
		asked->new_path |= local->ip_equals(local, asked->to);
		if (!asked->new_path && !update)
		{
			*serial = asked->serial;
			*requests = ++asked->requests;
			ms = 2 * asked->answered + RESENT_AFTER;
		}
	}
	this->mutex->unlock(this->mutex);
	return ms;
}

METHOD(rmobike_peers_t, quiet, void,
	private_rmobike_peers_t *this, u_int serial, u_int requests)
{
	rmobike_switch_t *ended = NULL;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->pending->get(this->pending, key(serial));
	if (entry && !entry->asked->new_path && entry->asked->requests == requests)
	{
		ended = finish(this, entry, RMOBIKE_REFUSED, REFUSED);
	}
	this->mutex->unlock(this->mutex);
	report(this, ended);
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
		else if (!entry->asked->replaces)
		{	/* otherwise this may be about the older one */
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
						   "answered at the new address, but no update "
						   "followed");
		}
		else
		{
			ended = finish(this, entry, RMOBIKE_REFUSED, REFUSED);
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
			.requested = _requested,
			.quiet = _quiet,
			.moved = _moved,
			.get_id = _get_id,
			.stayed = _stayed,
			.end = _end,
			.expire = _expire,
			.get_switch = _get_switch,
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
