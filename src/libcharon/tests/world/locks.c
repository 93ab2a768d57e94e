/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "locks.h"

#include <library.h>
#include <threading/mutex.h>

typedef struct checked_mutex_t checked_mutex_t;

/**
 * A mutex of the plugin
 */
struct checked_mutex_t {

	/**
	 * Public interface
	 */
	mutex_t public;

	/**
	 * What really locks
	 */
	mutex_t *mutex;
};

/**
 * The one that this thread holds
 */
static __thread checked_mutex_t *held;

mutex_t *__real_mutex_create(mutex_type_t type);
mutex_t *__wrap_mutex_create(mutex_type_t type);

/*
 * Described in header
 */
void locks_assert_none(const char *what)
{
	if (held)
	{
		fprintf(stderr, "%s with a lock of ours held\n", what);
		abort();
	}
}

METHOD(mutex_t, lock, void,
	checked_mutex_t *this)
{
	locks_assert_none("a lock of ours is taken");
	this->mutex->lock(this->mutex);
	held = this;
}

METHOD(mutex_t, unlock, void,
	checked_mutex_t *this)
{
	held = NULL;
	this->mutex->unlock(this->mutex);
}

METHOD(mutex_t, destroy, void,
	checked_mutex_t *this)
{
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * What the plugin calls as mutex_create()
 */
mutex_t *__wrap_mutex_create(mutex_type_t type)
{
	checked_mutex_t *this;

	INIT(this,
		.public = {
			.lock = _lock,
			.unlock = _unlock,
			.destroy = _destroy,
		},
		.mutex = __real_mutex_create(type),
	);
	return &this->public;
}
