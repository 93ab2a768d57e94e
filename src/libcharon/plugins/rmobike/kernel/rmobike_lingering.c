/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_lingering.h"
#include "kernel/rmobike_xfrm.h"

#include <daemon.h>

#include <collections/hashtable.h>
#include <processing/jobs/callback_job.h>
#include <threading/condvar.h>
#include <threading/mutex.h>

/**
 * For how long, in milliseconds: longer than a packet takes to where it is
 * decrypted, but what was captured at one address can be replayed at the other
 * one meanwhile
 */
#define LINGER_MS 500

typedef struct private_rmobike_lingering_t private_rmobike_lingering_t;
typedef struct entry_t entry_t;
typedef struct late_t late_t;

/**
 * Private data
 */
struct private_rmobike_lingering_t {

	/**
	 * Public interface
	 */
	rmobike_lingering_t public;

	/**
	 * SAs, entry_t
	 */
	hashtable_t *entries;

	/**
	 * Number of the last one
	 */
	u_int serial;

	/**
	 * Protects them, not held while the kernel is asked
	 */
	mutex_t *mutex;

	/**
	 * Signalled when an SA is gone
	 */
	condvar_t *gone;
};

/**
 * An SA to be deleted
 */
struct entry_t {

	/**
	 * Destination, IP protocol, SPI and mark
	 */
	kernel_ipsec_sa_id_t id;

	/**
	 * Tells it from a later one like that
	 */
	u_int serial;

	/**
	 * TRUE while a thread deletes it
	 */
	bool busy;
};

/**
 * What a job needs to know
 */
struct late_t {

	/**
	 * Whose job it is
	 */
	private_rmobike_lingering_t *this;

	/**
	 * Which SA
	 */
	entry_t entry;
};

/**
 * Hash what identifies an SA
 */
static u_int hash(const void *key)
{
	const entry_t *entry = key;

	return chunk_hash_inc(entry->id.dst->get_address(entry->id.dst),
						  entry->id.spi ^ entry->id.proto);
}

/**
 * Compare what identifies an SA
 */
static bool equals(const void *a, const void *b)
{
	const entry_t *x = a, *y = b;

	return x->id.spi == y->id.spi && x->id.proto == y->id.proto &&
		   x->id.dst->ip_equals(x->id.dst, y->id.dst);
}

/**
 * Delete an SA if it is still the one with that number, or any if that is 0
 */
static void delete_sa(private_rmobike_lingering_t *this, entry_t *key)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	while ((entry = this->entries->get(this->entries, key)) && entry->busy)
	{
		this->gone->wait(this->gone, this->mutex);
	}
	if (entry && (!key->serial || key->serial == entry->serial))
	{
		entry->busy = TRUE;
		this->mutex->unlock(this->mutex);
		rmobike_xfrm_delete(&entry->id);
		this->mutex->lock(this->mutex);
		this->entries->remove(this->entries, entry);
		entry->id.dst->destroy(entry->id.dst);
		free(entry);
		this->gone->broadcast(this->gone);
	}
	this->mutex->unlock(this->mutex);
}

/**
 * It is time to delete an SA
 */
CALLBACK(late_execute, job_requeue_t,
	late_t *late)
{
	delete_sa(late->this, &late->entry);
	return JOB_REQUEUE_NONE;
}

/**
 * Destroy what a job knows
 */
CALLBACK(late_destroy, void,
	late_t *late)
{
	late->entry.id.dst->destroy(late->entry.id.dst);
	free(late);
}

METHOD(rmobike_lingering_t, end, void,
	private_rmobike_lingering_t *this, kernel_ipsec_sa_id_t *id)
{
	entry_t key = {
		.id = *id,
	};

	delete_sa(this, &key);
}

METHOD(rmobike_lingering_t, add, void,
	private_rmobike_lingering_t *this, kernel_ipsec_sa_id_t *id)
{
	entry_t *entry;
	late_t *late;

	INIT(entry,
		.id = *id,
	);
	entry->id.src = NULL;
	entry->id.dst = id->dst->clone(id->dst);
	INIT(late,
		.this = this,
	);
	this->mutex->lock(this->mutex);
	entry->serial = ++this->serial;
	late->entry = *entry;
	late->entry.id.dst = id->dst->clone(id->dst);
	entry = this->entries->put(this->entries, entry, entry);
	this->mutex->unlock(this->mutex);
	if (entry)
	{	/* deleted by somebody else, or there couldn't be another one */
		entry->id.dst->destroy(entry->id.dst);
		free(entry);
	}
	lib->scheduler->schedule_job_ms(lib->scheduler,
			(job_t*)callback_job_create(late_execute, late,
										late_destroy, NULL),
			LINGER_MS);
}

CALLBACK(destroy_entry, void,
	entry_t *entry, const void *key)
{
	rmobike_xfrm_delete(&entry->id);
	entry->id.dst->destroy(entry->id.dst);
	free(entry);
}

METHOD(rmobike_lingering_t, destroy, void,
	private_rmobike_lingering_t *this)
{
	this->entries->destroy_function(this->entries, destroy_entry);
	this->gone->destroy(this->gone);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_lingering_t *rmobike_lingering_create(void)
{
	private_rmobike_lingering_t *this;

	INIT(this,
		.public = {
			.add = _add,
			.end = _end,
			.destroy = _destroy,
		},
		.entries = hashtable_create(hash, equals, 32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.gone = condvar_create(CONDVAR_TYPE_DEFAULT),
	);
	return &this->public;
}
