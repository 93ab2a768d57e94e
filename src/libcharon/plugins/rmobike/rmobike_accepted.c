/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_accepted.h"

#include <collections/array.h>
#include <collections/hashtable.h>
#include <threading/mutex.h>

/**
 * Reasons remembered per IKE_SA so that they are not logged too often
 */
#define LOGGED_REASONS 8

/**
 * How long they are not logged again, in seconds
 */
#define LOG_INTERVAL 60

/**
 * How many responses are sent to other addresses as well in how many seconds
 */
#define ECHOES 8
#define ECHO_INTERVAL 10

/**
 * How many are sent on their path again in that time
 */
#define REPEATS 32

/**
 * How many accepted requests are remembered
 */
#define MOVES 1000

typedef struct private_rmobike_accepted_t private_rmobike_accepted_t;
typedef struct entry_t entry_t;
typedef struct lately_t lately_t;

/**
 * Private data
 */
struct private_rmobike_accepted_t {

	/**
	 * Public interface
	 */
	rmobike_accepted_t public;

	/**
	 * Records by unique ID of the IKE_SA, entry_t
	 */
	hashtable_t *entries;

	/**
	 * Protects all of this
	 */
	mutex_t *mutex;

	/**
	 * Last serial number
	 */
	u_int serial;
};

/**
 * How often something was done lately
 */
struct lately_t {

	/**
	 * Monotonic time of the first one that counts
	 */
	time_t since;

	/**
	 * Number
	 */
	u_int count;
};

/**
 * What we know of an IKE_SA
 */
struct entry_t {

	/**
	 * Last accepted request
	 */
	struct {
		/** serial number, 0 for none */
		u_int serial;
		/** message ID */
		uint32_t mid;
		/** as received */
		chunk_t message;
		/** path of the response, NULL if that of the request */
		host_t *me, *other;
		/** our response, NULL if not generated yet */
		packet_t *response;
	} request;

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
	 * Responses that were sent to other addresses as well, and those that were
	 * sent on their path again
	 */
	lately_t echoes, repeats;

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
static inline void *key(uint32_t number)
{
	return (void*)(uintptr_t)number;
}

/**
 * Forget the last request, but not its serial number
 */
static void clear_request(entry_t *entry)
{
	chunk_free(&entry->request.message);
	DESTROY_IF(entry->request.me);
	DESTROY_IF(entry->request.other);
	DESTROY_IF(entry->request.response);
	entry->request.me = NULL;
	entry->request.other = NULL;
	entry->request.response = NULL;
}

/**
 * Free a record
 */
static void entry_destroy(entry_t *entry)
{
	DESTROY_IF(entry->left.host);
	array_destroy(entry->moves);
	clear_request(entry);
	free(entry);
}

/**
 * Get the record of an IKE_SA, create it if there is none
 */
static entry_t *get_entry(private_rmobike_accepted_t *this, uint32_t id)
{
	entry_t *entry;

	entry = this->entries->get(this->entries, key(id));
	if (!entry)
	{
		INIT(entry);
		this->entries->put(this->entries, key(id), entry);
	}
	return entry;
}

/**
 * Replace the last request
 */
static void set_request(entry_t *entry, uint32_t mid, chunk_t message,
						host_t *me, host_t *other)
{
	clear_request(entry);
	entry->request.mid = mid;
	entry->request.message = chunk_clone(message);
	if (me && other)
	{
		entry->request.me = me->clone(me);
		entry->request.other = other->clone(other);
	}
}

METHOD(rmobike_accepted_t, add, u_int,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid,
	chunk_t message, host_t *me, host_t *other)
{
	entry_t *entry;
	u_int serial;

	this->mutex->lock(this->mutex);
	entry = get_entry(this, id);
	set_request(entry, mid, message, me, other);
	serial = entry->request.serial = ++this->serial;
	this->mutex->unlock(this->mutex);
	return serial;
}

METHOD(rmobike_accepted_t, redirect, void,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid,
	chunk_t message, host_t *me, host_t *other)
{
	this->mutex->lock(this->mutex);
	set_request(get_entry(this, id), mid, message, me, other);
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_accepted_t, get_path, bool,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid,
	host_t **me, host_t **other)
{
	entry_t *entry;
	bool found = FALSE;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	if (entry && entry->request.me && entry->request.mid == mid)
	{
		*me = entry->request.me->clone(entry->request.me);
		*other = entry->request.other->clone(entry->request.other);
		found = TRUE;
	}
	this->mutex->unlock(this->mutex);
	return found;
}

METHOD(rmobike_accepted_t, is_newest, bool,
	private_rmobike_accepted_t *this, uint32_t id, u_int serial)
{
	entry_t *entry;
	bool newest;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	newest = !entry || entry->request.serial <= serial;
	this->mutex->unlock(this->mutex);
	return newest;
}

METHOD(rmobike_accepted_t, get_serial, u_int,
	private_rmobike_accepted_t *this, uint32_t id)
{
	entry_t *entry;
	u_int serial;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	serial = entry ? entry->request.serial : 0;
	this->mutex->unlock(this->mutex);
	return serial;
}

METHOD(rmobike_accepted_t, responded, void,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid,
	packet_t *response)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	if (entry && entry->request.me && entry->request.mid == mid)
	{
		DESTROY_IF(entry->request.response);
		entry->request.response = response;
		response = NULL;
	}
	this->mutex->unlock(this->mutex);
	DESTROY_IF(response);
}

METHOD(rmobike_accepted_t, get_response, packet_t*,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid,
	chunk_t message)
{
	packet_t *response = NULL;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	if (entry && entry->request.response && entry->request.mid == mid &&
		chunk_equals(entry->request.message, message))
	{
		response = entry->request.response->clone(entry->request.response);
	}
	this->mutex->unlock(this->mutex);
	return response;
}

/**
 * Remember when we moved
 */
static void add_move(entry_t *entry)
{
	time_t now = time_monotonic(NULL);

	if (!entry->moves)
	{
		entry->moves = array_create(sizeof(time_t), 0);
	}
	array_insert(entry->moves, ARRAY_TAIL, &now);
	if (array_count(entry->moves) > MOVES)
	{
		array_remove(entry->moves, ARRAY_HEAD, NULL);
	}
}

METHOD(rmobike_accepted_t, leaving, void,
	private_rmobike_accepted_t *this, uint32_t id, host_t *from)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = get_entry(this, id);
	add_move(entry);
	DESTROY_IF(entry->left.host);
	entry->left.host = from->clone(from);
	entry->left.mid = UINT32_MAX;
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_accepted_t, updated, void,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid)
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

METHOD(rmobike_accepted_t, is_outdated, bool,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t mid, host_t *from)
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

METHOD(rmobike_accepted_t, count_recent, u_int,
	private_rmobike_accepted_t *this, uint32_t id, u_int interval)
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

METHOD(rmobike_accepted_t, may_log, bool,
	private_rmobike_accepted_t *this, uint32_t id, const char *reason)
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

/**
 * May something be done once more, then count it
 */
static bool may_do(lately_t *lately, u_int limit)
{
	time_t now = time_monotonic(NULL);
	bool may;

	if (!lately->count || now - lately->since >= ECHO_INTERVAL)
	{
		lately->since = now;
		lately->count = 0;
	}
	may = lately->count < limit;
	lately->count += may;
	return may;
}

METHOD(rmobike_accepted_t, may_echo, bool,
	private_rmobike_accepted_t *this, uint32_t id)
{
	bool may;

	this->mutex->lock(this->mutex);
	may = may_do(&get_entry(this, id)->echoes, ECHOES);
	this->mutex->unlock(this->mutex);
	return may;
}

METHOD(rmobike_accepted_t, may_repeat, bool,
	private_rmobike_accepted_t *this, uint32_t id)
{
	bool may;

	this->mutex->lock(this->mutex);
	may = may_do(&get_entry(this, id)->repeats, REPEATS);
	this->mutex->unlock(this->mutex);
	return may;
}

METHOD(rmobike_accepted_t, rekeyed, void,
	private_rmobike_accepted_t *this, uint32_t id, uint32_t new_id)
{
	entry_t *old, *new;

	this->mutex->lock(this->mutex);
	old = this->entries->get(this->entries, key(id));
	if (old)
	{
		new = get_entry(this, new_id);
		memcpy(new->logged, old->logged, sizeof(new->logged));
		/* an update still queued has to be the newest there, too */
		new->request.serial = old->request.serial;
		new->echoes = old->echoes;
		array_destroy(new->moves);
		new->moves = old->moves;
		old->moves = NULL;
	}
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_accepted_t, remove_, void,
	private_rmobike_accepted_t *this, uint32_t id)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->entries->remove(this->entries, key(id));
	this->mutex->unlock(this->mutex);
	if (entry)
	{
		entry_destroy(entry);
	}
}

METHOD(rmobike_accepted_t, get_count, u_int,
	private_rmobike_accepted_t *this)
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

METHOD(rmobike_accepted_t, destroy, void,
	private_rmobike_accepted_t *this)
{
	this->entries->destroy_function(this->entries, destroy_entry);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_accepted_t *rmobike_accepted_create(void)
{
	private_rmobike_accepted_t *this;

	INIT(this,
		.public = {
			.add = _add,
			.redirect = _redirect,
			.get_path = _get_path,
			.is_newest = _is_newest,
			.get_serial = _get_serial,
			.responded = _responded,
			.get_response = _get_response,
			.leaving = _leaving,
			.updated = _updated,
			.is_outdated = _is_outdated,
			.count_recent = _count_recent,
			.may_log = _may_log,
			.may_echo = _may_echo,
			.may_repeat = _may_repeat,
			.rekeyed = _rekeyed,
			.remove = _remove_,
			.get_count = _get_count,
			.destroy = _destroy,
		},
		.entries = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);

	return &this->public;
}
