/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "sa/rmobike_records.h"

#include <collections/hashtable.h>
#include <threading/mutex.h>

typedef struct private_rmobike_records_t private_rmobike_records_t;
typedef struct entry_t entry_t;

/**
 * What stays with an IKE_SA that is rekeyed, as it is about messages with its
 * keys and message IDs. All else follows to the new one.
 */
static const bool stays[RMOBIKE_PARTS] = {
	[RMOBIKE_PART_ACCEPTED] = TRUE,
	[RMOBIKE_PART_ANSWER] = TRUE,
	[RMOBIKE_PART_SEEK] = TRUE,
	[RMOBIKE_PART_MAPPING] = TRUE,
	[RMOBIKE_PART_REQUEST] = TRUE,
};

/**
 * Private data
 */
struct private_rmobike_records_t {

	/**
	 * Public interface
	 */
	rmobike_records_t public;

	/**
	 * Records of IKE_SAs by unique ID, entry_t
	 */
	hashtable_t *entries;

	/**
	 * Number of records of IKE_SAs that are gone
	 */
	u_int gone;

	/**
	 * What parts need
	 */
	struct {
		/** frees it */
		void (*destroy)(void *part);
		/** it follows to another IKE_SA, or NULL */
		void (*rekeyed)(void *part, uint32_t id);
	} owners[RMOBIKE_PARTS];

	/**
	 * Protects all of this
	 */
	mutex_t *mutex;
};

/**
 * A record
 */
struct entry_t {

	/**
	 * What others know of it
	 */
	rmobike_record_t record;

	/**
	 * How many keep it
	 */
	u_int refs;

	/**
	 * TRUE if the IKE_SA is gone
	 */
	bool gone;

	/**
	 * ID of the IKE_SA, NULL if nobody keeps it
	 */
	ike_sa_id_t *sa;
};

/**
 * Convert a unique ID to a key
 */
static inline void *key(uint32_t id)
{
	return (void*)(uintptr_t)id;
}

METHOD(rmobike_records_t, lock_, void,
	private_rmobike_records_t *this)
{
	this->mutex->lock(this->mutex);
}

METHOD(rmobike_records_t, unlock_, void,
	private_rmobike_records_t *this)
{
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_records_t, own, void,
	private_rmobike_records_t *this, rmobike_part_t part,
	void (*destroy)(void *part), void (*rekeyed)(void *part, uint32_t id))
{
	this->owners[part].destroy = destroy;
	this->owners[part].rekeyed = rekeyed;
}

METHOD(rmobike_records_t, get, void*,
	private_rmobike_records_t *this, uint32_t id, rmobike_part_t part)
{
	entry_t *entry;

	entry = this->entries->get(this->entries, key(id));
	return entry ? entry->record.parts[part] : NULL;
}

/**
 * Get the record of an IKE_SA, create it if there is none
 */
static entry_t *get_entry(private_rmobike_records_t *this, uint32_t id)
{
	entry_t *entry;

	entry = this->entries->get(this->entries, key(id));
	if (!entry)
	{
		INIT(entry,
			.record.id = id,
		);
		this->entries->put(this->entries, key(id), entry);
	}
	return entry;
}

METHOD(rmobike_records_t, get_record, rmobike_record_t*,
	private_rmobike_records_t *this, uint32_t id)
{
	return &get_entry(this, id)->record;
}

METHOD(rmobike_records_t, set, void*,
	private_rmobike_records_t *this, uint32_t id, rmobike_part_t part,
	void *value)
{
	entry_t *entry;
	void *old = NULL;

	entry = value ? get_entry(this, id)
				  : this->entries->get(this->entries, key(id));
	if (entry)
	{
		old = entry->record.parts[part];
		entry->record.parts[part] = value;
	}
	return old;
}

/**
 * Free the parts of a record
 */
static void clear(private_rmobike_records_t *this, entry_t *entry)
{
	int i;

	for (i = 0; i < RMOBIKE_PARTS; i++)
	{
		if (entry->record.parts[i])
		{
			this->owners[i].destroy(entry->record.parts[i]);
			entry->record.parts[i] = NULL;
		}
	}
}

/**
 * Free a record, with its parts
 */
static void entry_destroy(private_rmobike_records_t *this, entry_t *entry)
{
	clear(this, entry);
	DESTROY_IF(entry->sa);
	free(entry);
}

METHOD(rmobike_records_t, ref, void,
	private_rmobike_records_t *this, rmobike_record_t *record, ike_sa_id_t *sa)
{
	entry_t *entry = (entry_t*)record;

	if (!entry->refs++)
	{
		entry->sa = sa->clone(sa);
	}
}

METHOD(rmobike_records_t, get_sa, ike_sa_id_t*,
	private_rmobike_records_t *this, rmobike_record_t *record)
{
	entry_t *entry = (entry_t*)record;

	return entry->sa->clone(entry->sa);
}

METHOD(rmobike_records_t, unref, void,
	private_rmobike_records_t *this, rmobike_record_t *record)
{
	entry_t *entry = (entry_t*)record;

	if (--entry->refs)
	{
		return;
	}
	if (entry->gone)
	{
		this->gone--;
		entry_destroy(this, entry);
		return;
	}
	entry->sa->destroy(entry->sa);
	entry->sa = NULL;
}

/**
 * Have a record for what stays with an IKE_SA whose record goes to another one
 */
static void leave(private_rmobike_records_t *this, entry_t *entry,
				  entry_t *left)
{
	int i;

	for (i = 0; i < RMOBIKE_PARTS; i++)
	{
		if (stays[i])
		{
			left->record.parts[i] = entry->record.parts[i];
			entry->record.parts[i] = NULL;
		}
	}
	left->record.id = entry->record.id;
	left->record.replaced = TRUE;
	this->entries->put(this->entries, key(left->record.id), left);
}

/**
 * Have a record go to another IKE_SA. If something is known of that already, it
 * is kept unless it is of the same kind.
 */
static void follow(private_rmobike_records_t *this, entry_t *entry,
				   ike_sa_t *new)
{
	ike_sa_id_t *sa = new->get_id(new);
	void **parts = entry->record.parts;
	entry_t *other;
	int i;

	entry->record.id = new->get_unique_id(new);
	entry->record.replaced = FALSE;
	if (entry->sa)
	{
		entry->sa->destroy(entry->sa);
		entry->sa = sa->clone(sa);
	}
	/* charon has not checked the new IKE_SA in yet, so nobody keeps that */
	other = this->entries->put(this->entries, key(entry->record.id), entry);
	for (i = 0; i < RMOBIKE_PARTS; i++)
	{
		if (parts[i] && this->owners[i].rekeyed)
		{
			this->owners[i].rekeyed(parts[i], entry->record.id);
		}
		if (!parts[i] && other)
		{
			parts[i] = other->record.parts[i];
			other->record.parts[i] = NULL;
		}
	}
	if (other)
	{
		entry_destroy(this, other);
	}
}

METHOD(rmobike_records_t, rekeyed, void,
	private_rmobike_records_t *this, ike_sa_t *old, ike_sa_t *new)
{
	entry_t *entry, *left;

	INIT(left);
	this->mutex->lock(this->mutex);
	entry = this->entries->remove(this->entries, key(old->get_unique_id(old)));
	if (entry)
	{
		leave(this, entry, left);
		follow(this, entry, new);
		left = NULL;
	}
	this->mutex->unlock(this->mutex);
	free(left);
}

METHOD(rmobike_records_t, replaced, void,
	private_rmobike_records_t *this, uint32_t id)
{
	this->mutex->lock(this->mutex);
	get_entry(this, id)->record.replaced = TRUE;
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_records_t, is_replaced, bool,
	private_rmobike_records_t *this, uint32_t id)
{
	entry_t *entry;
	bool replaced;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(id));
	replaced = entry && entry->record.replaced;
	this->mutex->unlock(this->mutex);
	return replaced;
}

METHOD(rmobike_records_t, remove_, void,
	private_rmobike_records_t *this, uint32_t id)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->entries->remove(this->entries, key(id));
	if (entry && entry->refs)
	{
		clear(this, entry);
		entry->gone = TRUE;
		this->gone++;
	}
	else if (entry)
	{
		entry_destroy(this, entry);
	}
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_records_t, get_count, u_int,
	private_rmobike_records_t *this)
{
	u_int count;

	this->mutex->lock(this->mutex);
	count = this->entries->get_count(this->entries) + this->gone;
	this->mutex->unlock(this->mutex);
	return count;
}

METHOD(rmobike_records_t, destroy, void,
	private_rmobike_records_t *this)
{
	enumerator_t *enumerator;
	entry_t *entry;

	enumerator = this->entries->create_enumerator(this->entries);
	while (enumerator->enumerate(enumerator, NULL, &entry))
	{
		entry_destroy(this, entry);
	}
	enumerator->destroy(enumerator);
	this->entries->destroy(this->entries);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_records_t *rmobike_records_create(void)
{
	private_rmobike_records_t *this;

	INIT(this,
		.public = {
			.lock = _lock_,
			.unlock = _unlock_,
			.own = _own,
			.get = _get,
			.set = _set,
			.get_record = _get_record,
			.ref = _ref,
			.get_sa = _get_sa,
			.unref = _unref,
			.rekeyed = _rekeyed,
			.replaced = _replaced,
			.is_replaced = _is_replaced,
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
