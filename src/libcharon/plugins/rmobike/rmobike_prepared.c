/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_prepared.h"
#include "rmobike_xfrm.h"

#include <collections/hashtable.h>
#include <threading/mutex.h>

typedef struct private_rmobike_prepared_t private_rmobike_prepared_t;
typedef struct entry_t entry_t;

/**
 * Private data
 */
struct private_rmobike_prepared_t {

	/**
	 * Public interface
	 */
	rmobike_prepared_t public;

	/**
	 * SAs by SPI, entry_t
	 */
	hashtable_t *entries;

	/**
	 * Protects them
	 */
	mutex_t *mutex;
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
	 * Source of its packets, with the port
	 */
	host_t *src;

	/**
	 * Destination
	 */
	host_t *dst;

	/**
	 * IP protocol
	 */
	uint8_t proto;

	/**
	 * SPI
	 */
	uint32_t spi;
};

/**
 * Convert an SPI to a key
 */
static inline void *key(uint32_t spi)
{
	return (void*)(uintptr_t)spi;
}

/**
 * Destroy an entry, and the SA if requested
 */
static void entry_destroy(entry_t *entry, bool delete)
{
	if (delete)
	{
		rmobike_xfrm_delete(entry->dst, entry->proto, entry->spi);
	}
	entry->src->destroy(entry->src);
	entry->dst->destroy(entry->dst);
	free(entry);
}

METHOD(rmobike_prepared_t, add, void,
	private_rmobike_prepared_t *this, u_int serial, uint32_t id, host_t *src,
	host_t *dst, uint8_t proto, uint32_t spi)
{
	entry_t *entry;

	INIT(entry,
		.serial = serial,
		.id = id,
		.src = src->clone(src),
		.dst = dst->clone(dst),
		.proto = proto,
		.spi = spi,
	);
	this->mutex->lock(this->mutex);
	entry = this->entries->put(this->entries, key(spi), entry);
	this->mutex->unlock(this->mutex);
	if (entry)
	{
		entry_destroy(entry, TRUE);
	}
}

METHOD(rmobike_prepared_t, use, bool,
	private_rmobike_prepared_t *this, uint32_t id, host_t *src, host_t *dst,
	uint32_t spi, bool wanted)
{
	entry_t *entry;
	bool keep = FALSE;

	this->mutex->lock(this->mutex);
	entry = this->entries->get(this->entries, key(spi));
	/* an outbound SA may have the same SPI */
	if (entry && entry->id == id && entry->dst->ip_equals(entry->dst, dst))
	{
		keep = wanted && entry->src->equals(entry->src, src);
		this->entries->remove(this->entries, key(spi));
		entry_destroy(entry, !keep);
	}
	this->mutex->unlock(this->mutex);
	return keep;
}

/**
 * Delete the SAs of a switch, or if that is 0 of an IKE_SA (at an address)
 */
static void delete_all(private_rmobike_prepared_t *this, u_int serial,
					   uint32_t id, host_t *dst)
{
	enumerator_t *enumerator;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	enumerator = this->entries->create_enumerator(this->entries);
	while (enumerator->enumerate(enumerator, NULL, &entry))
	{
		if (serial ? entry->serial == serial :
			entry->id == id && (!dst || dst->ip_equals(dst, entry->dst)))
		{
			this->entries->remove_at(this->entries, enumerator);
			entry_destroy(entry, TRUE);
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_prepared_t, discard, void,
	private_rmobike_prepared_t *this, uint32_t id, host_t *dst)
{
	delete_all(this, 0, id, dst);
}

METHOD(rmobike_prepared_t, release, void,
	private_rmobike_prepared_t *this, u_int serial)
{
	delete_all(this, serial, 0, NULL);
}

METHOD(rmobike_prepared_t, rekeyed, void,
	private_rmobike_prepared_t *this, uint32_t id, uint32_t new_id)
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
	entry_destroy(entry, TRUE);
}

METHOD(rmobike_prepared_t, destroy, void,
	private_rmobike_prepared_t *this)
{
	this->entries->destroy_function(this->entries, destroy_entry);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_prepared_t *rmobike_prepared_create(void)
{
	private_rmobike_prepared_t *this;

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
	);
	return &this->public;
}
