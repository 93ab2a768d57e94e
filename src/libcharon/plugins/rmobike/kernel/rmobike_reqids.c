/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_reqids.h"

#include <collections/hashtable.h>
#include <threading/mutex.h>

typedef struct private_rmobike_reqids_t private_rmobike_reqids_t;

/**
 * Private data
 */
struct private_rmobike_reqids_t {

	/**
	 * Public interface
	 */
	rmobike_reqids_t public;

	/**
	 * Reqids of CHILD_SAs by their unique ID
	 */
	hashtable_t *reqids;

	/**
	 * Number of CHILD_SAs by reqid
	 */
	hashtable_t *users;

	/**
	 * Protects them
	 */
	mutex_t *mutex;
};

/**
 * Convert a number to a key
 */
static inline void *key(uint32_t number)
{
	return (void*)(uintptr_t)number;
}

METHOD(rmobike_reqids_t, is_unique, bool,
	private_rmobike_reqids_t *this, uint32_t reqid)
{
	bool unique;

	this->mutex->lock(this->mutex);
	unique = this->users->get(this->users, key(reqid)) == key(1);
	this->mutex->unlock(this->mutex);
	return unique;
}

/**
 * Count a user of a reqid more or less, with the lock
 */
static void count_user(private_rmobike_reqids_t *this, void *reqid, int more)
{
	uintptr_t users = (uintptr_t)this->users->remove(this->users, reqid);

	users += more;
	if (users)
	{
		this->users->put(this->users, reqid, (void*)users);
	}
}

METHOD(listener_t, child_state_change, bool,
	private_rmobike_reqids_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	child_sa_state_t state)
{
	void *id = key(child_sa->get_unique_id(child_sa)), *reqid;

	if (state != CHILD_INSTALLED && state != CHILD_DESTROYING)
	{
		return TRUE;
	}
	this->mutex->lock(this->mutex);
	reqid = this->reqids->remove(this->reqids, id);
	if (reqid)
	{
		count_user(this, reqid, -1);
	}
	reqid = key(child_sa->get_reqid(child_sa));
	if (state == CHILD_INSTALLED && reqid)
	{
		this->reqids->put(this->reqids, id, reqid);
		count_user(this, reqid, 1);
	}
	this->mutex->unlock(this->mutex);
	return TRUE;
}

METHOD(rmobike_reqids_t, destroy, void,
	private_rmobike_reqids_t *this)
{
	this->reqids->destroy(this->reqids);
	this->users->destroy(this->users);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_reqids_t *rmobike_reqids_create(void)
{
	private_rmobike_reqids_t *this;

	INIT(this,
		.public = {
			.listener = {
				.child_state_change = _child_state_change,
			},
			.is_unique = _is_unique,
			.destroy = _destroy,
		},
		.reqids = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
								   32),
		.users = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
								  32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
