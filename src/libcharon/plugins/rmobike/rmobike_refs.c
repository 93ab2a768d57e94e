/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_refs.h"

#include <daemon.h>

#include <collections/hashtable.h>
#include <threading/mutex.h>

typedef struct private_rmobike_refs_t private_rmobike_refs_t;
typedef struct private_rmobike_ref_t private_rmobike_ref_t;

/**
 * Private data
 */
struct private_rmobike_refs_t {

	/**
	 * Public interface
	 */
	rmobike_refs_t public;

	/**
	 * First reference to each IKE_SA, private_rmobike_ref_t by unique ID
	 */
	hashtable_t *refs;

	/**
	 * How many references there are
	 */
	u_int count;

	/**
	 * Protects all references
	 */
	mutex_t *mutex;
};

/**
 * A reference
 */
struct private_rmobike_ref_t {

	/**
	 * Public interface
	 */
	rmobike_ref_t public;

	/**
	 * All references
	 */
	private_rmobike_refs_t *refs;

	/**
	 * IKE_SA
	 */
	ike_sa_id_t *sa;

	/**
	 * Its unique ID
	 */
	uint32_t id;

	/**
	 * Next reference to the same IKE_SA
	 */
	private_rmobike_ref_t *next;
};

/**
 * Convert a unique ID to a key
 */
static inline void *key(uint32_t id)
{
	return (void*)(uintptr_t)id;
}

METHOD(rmobike_ref_t, get_id, uint32_t,
	private_rmobike_ref_t *this)
{
	uint32_t id;

	this->refs->mutex->lock(this->refs->mutex);
	id = this->id;
	this->refs->mutex->unlock(this->refs->mutex);
	return id;
}

METHOD(rmobike_ref_t, checkout, ike_sa_t*,
	private_rmobike_ref_t *this)
{
	ike_sa_t *ike_sa;
	ike_sa_id_t *sa;
	uint32_t id;

	while (TRUE)
	{
		this->refs->mutex->lock(this->refs->mutex);
		sa = this->sa->clone(this->sa);
		id = this->id;
		this->refs->mutex->unlock(this->refs->mutex);

		ike_sa = charon->ike_sa_manager->checkout(charon->ike_sa_manager, sa);
		sa->destroy(sa);
		if (get_id(this) == id)
		{
			return ike_sa;
		}
		/* rekeyed while we waited for it */
		if (ike_sa)
		{
			charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
		}
	}
}

/**
 * Remove a reference from those to its IKE_SA, with the lock
 */
static void unlink_ref(private_rmobike_refs_t *this, private_rmobike_ref_t *ref)
{
	private_rmobike_ref_t *first, **next;

	first = this->refs->remove(this->refs, key(ref->id));
	for (next = &first; *next != ref; next = &(*next)->next)
	{
		/* it is one of them */
	}
	*next = ref->next;
	if (first)
	{
		this->refs->put(this->refs, key(ref->id), first);
	}
	this->count--;
}

METHOD(rmobike_ref_t, destroy_ref, void,
	private_rmobike_ref_t *this)
{
	this->refs->mutex->lock(this->refs->mutex);
	unlink_ref(this->refs, this);
	this->refs->mutex->unlock(this->refs->mutex);
	this->sa->destroy(this->sa);
	free(this);
}

METHOD(rmobike_refs_t, create_ref, rmobike_ref_t*,
	private_rmobike_refs_t *this, ike_sa_t *ike_sa)
{
	private_rmobike_ref_t *ref;
	ike_sa_id_t *sa = ike_sa->get_id(ike_sa);

	INIT(ref,
		.public = {
			.checkout = _checkout,
			.get_id = _get_id,
			.destroy = _destroy_ref,
		},
		.refs = this,
		.sa = sa->clone(sa),
		.id = ike_sa->get_unique_id(ike_sa),
	);
	this->mutex->lock(this->mutex);
	ref->next = this->refs->put(this->refs, key(ref->id), ref);
	this->count++;
	this->mutex->unlock(this->mutex);
	return &ref->public;
}

METHOD(listener_t, ike_rekey, bool,
	private_rmobike_refs_t *this, ike_sa_t *old, ike_sa_t *new)
{
	private_rmobike_ref_t *first, *ref, *last = NULL;
	ike_sa_id_t *sa = new->get_id(new);
	uint32_t id = new->get_unique_id(new);

	this->mutex->lock(this->mutex);
	first = this->refs->remove(this->refs, key(old->get_unique_id(old)));
	for (ref = first; ref; ref = ref->next)
	{
		ref->sa->destroy(ref->sa);
		ref->sa = sa->clone(sa);
		ref->id = id;
		last = ref;
	}
	if (last)
	{
		last->next = this->refs->put(this->refs, key(id), first);
	}
	this->mutex->unlock(this->mutex);
	return TRUE;
}

METHOD(rmobike_refs_t, get_count, u_int,
	private_rmobike_refs_t *this)
{
	u_int count;

	this->mutex->lock(this->mutex);
	count = this->count;
	this->mutex->unlock(this->mutex);
	return count;
}

METHOD(rmobike_refs_t, destroy, void,
	private_rmobike_refs_t *this)
{
	this->refs->destroy(this->refs);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_refs_t *rmobike_refs_create(void)
{
	private_rmobike_refs_t *this;

	INIT(this,
		.public = {
			.listener = {
				.ike_rekey = _ike_rekey,
			},
			.create_ref = _create_ref,
			.get_count = _get_count,
			.destroy = _destroy,
		},
		.refs = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr, 32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
