/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_copies.h"
#include "kernel/rmobike_xfrm.h"

#include <collections/hashtable.h>
#include <threading/condvar.h>
#include <threading/mutex.h>

typedef struct private_rmobike_copies_t private_rmobike_copies_t;
typedef struct entry_t entry_t;

/**
 * Private data
 */
struct private_rmobike_copies_t {

	/**
	 * Public interface
	 */
	rmobike_copies_t public;

	/**
	 * SAs by SPI, entry_t
	 */
	hashtable_t *entries;

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
 * An SA that accepts ESP at a new address
 */
struct entry_t {

	/**
	 * Serial number of the switch
	 */
	u_int serial;

	/**
	 * Unique ID of the IKE_SA
	 */
	uint32_t id;

	/**
	 * Source of its packets with the port, destination and the rest
	 */
	kernel_ipsec_sa_id_t sa;

	/**
	 * TRUE while a thread deletes the SA, others wait until it has
	 */
	bool busy;
};

/**
 * Convert an SPI to a key
 */
static inline void *key(uint32_t spi)
{
	return (void*)(uintptr_t)spi;
}

/**
 * Destroy an entry
 */
static void entry_destroy(entry_t *entry)
{
	entry->sa.src->destroy(entry->sa.src);
	entry->sa.dst->destroy(entry->sa.dst);
	free(entry);
}

/**
 * Find the SA with an SPI, with the lock: nobody is about to delete it
 */
static entry_t *find(private_rmobike_copies_t *this, uint32_t spi)
{
	entry_t *entry;

	while ((entry = this->entries->get(this->entries, key(spi))) && entry->busy)
	{
		this->gone->wait(this->gone, this->mutex);
	}
	return entry;
}

/**
 * Delete an SA, with the lock, which is released meanwhile. Others see that
 * there is one until it is gone.
 */
static void delete_sa(private_rmobike_copies_t *this, entry_t *entry)
{
	entry->busy = TRUE;
	this->mutex->unlock(this->mutex);
	rmobike_xfrm_delete(&entry->sa);
	this->mutex->lock(this->mutex);
	this->entries->remove(this->entries, key(entry->sa.spi));
	entry_destroy(entry);
	this->gone->broadcast(this->gone);
}

METHOD(rmobike_copies_t, add, void,
	private_rmobike_copies_t *this, u_int serial, uint32_t id,
	kernel_ipsec_sa_id_t *sa)
{
	entry_t *entry, *old;

	INIT(entry,
		.serial = serial,
		.id = id,
		.sa = *sa,
	);
	entry->sa.src = sa->src->clone(sa->src);
	entry->sa.dst = sa->dst->clone(sa->dst);
	this->mutex->lock(this->mutex);
	while ((old = find(this, sa->spi)))
	{
		delete_sa(this, old);
	}
	this->entries->put(this->entries, key(sa->spi), entry);
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_copies_t, use, bool,
	private_rmobike_copies_t *this, uint32_t id, host_t *src, host_t *dst,
	uint32_t spi, bool wanted)
{
	entry_t *entry;
	bool keep = FALSE;

	this->mutex->lock(this->mutex);
	entry = find(this, spi);
	/* an outbound SA may have the same SPI */
	if (entry && entry->id == id &&
		entry->sa.dst->ip_equals(entry->sa.dst, dst))
	{
		keep = wanted && entry->sa.src->equals(entry->sa.src, src);
		if (keep)
		{
			this->entries->remove(this->entries, key(spi));
			entry_destroy(entry);
		}
		else
		{
			delete_sa(this, entry);
		}
	}
	this->mutex->unlock(this->mutex);
	return keep;
}

/**
 * Find an SA of a switch, or if that is 0 of an IKE_SA (at an address), with
 * the lock. Those that are being deleted come last, to be waited for.
 */
static entry_t *find_of(private_rmobike_copies_t *this, u_int serial,
						uint32_t id, host_t *dst)
{
	enumerator_t *enumerator;
	entry_t *entry, *found = NULL;

	enumerator = this->entries->create_enumerator(this->entries);
	while ((!found || found->busy) &&
		   enumerator->enumerate(enumerator, NULL, &entry))
	{
		if (serial ? entry->serial == serial :
			entry->id == id && (!dst || dst->ip_equals(dst, entry->sa.dst)))
		{
			found = entry;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Delete the SAs of a switch, or if that is 0 of an IKE_SA (at an address)
 */
static void delete_all(private_rmobike_copies_t *this, u_int serial,
					   uint32_t id, host_t *dst)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	while ((entry = find_of(this, serial, id, dst)))
	{
		if (entry->busy)
		{
			this->gone->wait(this->gone, this->mutex);
		}
		else
		{
			delete_sa(this, entry);
		}
	}
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_copies_t, discard, void,
	private_rmobike_copies_t *this, uint32_t id, host_t *dst)
{
	delete_all(this, 0, id, dst);
}

METHOD(rmobike_copies_t, release, void,
	private_rmobike_copies_t *this, u_int serial)
{
	delete_all(this, serial, 0, NULL);
}

METHOD(rmobike_copies_t, rekeyed, void,
	private_rmobike_copies_t *this, uint32_t id, uint32_t new_id)
{
	enumerator_t *enumerator;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	enumerator = this->entries->create_enumerator(this->entries);
	while (enumerator->enumerate(enumerator, NULL, &entry))
	{
		if (entry->id == id)
		{
			entry->id = new_id;
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
}

CALLBACK(destroy_entry, void,
	entry_t *entry, const void *spi)
{
	rmobike_xfrm_delete(&entry->sa);
	entry_destroy(entry);
}

METHOD(rmobike_copies_t, destroy, void,
	private_rmobike_copies_t *this)
{
	this->entries->destroy_function(this->entries, destroy_entry);
	this->gone->destroy(this->gone);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_copies_t *rmobike_copies_create(void)
{
	private_rmobike_copies_t *this;

	INIT(this,
		.public = {
			.add = _add,
			.use = _use,
			.discard = _discard,
			.release = _release,
			.rekeyed = _rekeyed,
			.destroy = _destroy,
		},
		.entries = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
		.gone = condvar_create(CONDVAR_TYPE_DEFAULT),
	);
	return &this->public;
}
