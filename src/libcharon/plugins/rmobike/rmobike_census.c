/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_census.h"
#include "rmobike_compat.h"

#include <collections/hashtable.h>
#include <threading/mutex.h>

typedef struct private_rmobike_census_t private_rmobike_census_t;
typedef struct address_t address_t;
typedef struct resident_t resident_t;

/**
 * Private data
 */
struct private_rmobike_census_t {

	/**
	 * Public interface
	 */
	rmobike_census_t public;

	/**
	 * Counted IKE_SAs by unique ID, resident_t
	 */
	hashtable_t *residents;

	/**
	 * Addresses, address_t
	 */
	linked_list_t *addresses;

	/**
	 * Protects them
	 */
	mutex_t *mutex;
};

/**
 * An address of ours
 */
struct address_t {

	/**
	 * The address
	 */
	host_t *host;

	/**
	 * IKE_SAs there, and how many of them can be switched
	 */
	u_int sas, capable;
};

/**
 * A counted IKE_SA
 */
struct resident_t {

	/**
	 * Where it is counted
	 */
	address_t *address;

	/**
	 * TRUE if it can be switched
	 */
	bool capable;
};

/**
 * Convert a number to a key
 */
static inline void *key(uint32_t number)
{
	return (void*)(uintptr_t)number;
}

/**
 * Find an address
 */
static address_t *find_address(private_rmobike_census_t *this, host_t *host)
{
	enumerator_t *enumerator;
	address_t *address, *found = NULL;

	enumerator = this->addresses->create_enumerator(this->addresses);
	while (!found && enumerator->enumerate(enumerator, &address))
	{
		if (host->ip_equals(host, address->host))
		{
			found = address;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Forget an address that nobody is at
 */
static void remove_address(private_rmobike_census_t *this, address_t *address)
{
	this->addresses->remove(this->addresses, address, NULL);
	address->host->destroy(address->host);
	free(address);
}

/**
 * Don't count an IKE_SA anymore
 */
static void leave(private_rmobike_census_t *this, uint32_t id)
{
	resident_t *resident;

	resident = this->residents->remove(this->residents, key(id));
	if (resident)
	{
		resident->address->sas--;
		resident->address->capable -= resident->capable;
		if (!resident->address->sas)
		{
			remove_address(this, resident->address);
		}
		free(resident);
	}
}

/**
 * Count an IKE_SA
 */
static void enter(private_rmobike_census_t *this, ike_sa_t *ike_sa,
				  host_t *local)
{
	resident_t *resident;
	address_t *address;

	leave(this, ike_sa->get_unique_id(ike_sa));
	address = find_address(this, local);
	if (!address)
	{
		INIT(address,
			.host = local->clone(local),
		);
		this->addresses->insert_last(this->addresses, address);
	}
	INIT(resident,
		.address = address,
		.capable = ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
				   ike_sa->supports_extension(ike_sa, EXT_MOBIKE),
	);
	address->sas++;
	address->capable += resident->capable;
	this->residents->put(this->residents,
						 key(ike_sa->get_unique_id(ike_sa)), resident);
}

/**
 * Is it one that we count?
 */
static bool is_responder(ike_sa_t *ike_sa)
{
	return ike_sa->get_version(ike_sa) == IKEV2 &&
		   !ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR);
}

METHOD(listener_t, ike_updown, bool,
	private_rmobike_census_t *this, ike_sa_t *ike_sa, bool up)
{
	if (up && is_responder(ike_sa))
	{
		this->mutex->lock(this->mutex);
		enter(this, ike_sa, ike_sa->get_my_host(ike_sa));
		this->mutex->unlock(this->mutex);
	}
	return TRUE;
}

METHOD(listener_t, ike_update, bool,
	private_rmobike_census_t *this, ike_sa_t *ike_sa, host_t *local,
	host_t *remote)
{
	this->mutex->lock(this->mutex);
	if (this->residents->get(this->residents,
							 key(ike_sa->get_unique_id(ike_sa))))
	{
		enter(this, ike_sa, local);
	}
	this->mutex->unlock(this->mutex);
	return TRUE;
}

METHOD(listener_t, ike_rekey, bool,
	private_rmobike_census_t *this, ike_sa_t *old, ike_sa_t *new)
{
	this->mutex->lock(this->mutex);
	if (this->residents->get(this->residents, key(old->get_unique_id(old))))
	{
		leave(this, old->get_unique_id(old));
		enter(this, new, new->get_my_host(new));
	}
	this->mutex->unlock(this->mutex);
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_rmobike_census_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	if (state == IKE_DESTROYING)
	{
		this->mutex->lock(this->mutex);
		leave(this, ike_sa->get_unique_id(ike_sa));
		this->mutex->unlock(this->mutex);
	}
	return TRUE;
}

METHOD(rmobike_census_t, count, u_int,
	private_rmobike_census_t *this, host_t *host, u_int *capable)
{
	address_t *address;
	u_int sas;

	this->mutex->lock(this->mutex);
	address = find_address(this, host);
	sas = address ? address->sas : 0;
	if (capable)
	{
		*capable = address ? address->capable : 0;
	}
	this->mutex->unlock(this->mutex);
	return sas;
}

CALLBACK(filter, bool,
	void *data, enumerator_t *orig, va_list args)
{
	address_t *address;
	host_t **host;
	u_int *sas, *capable;

	VA_ARGS_VGET(args, host, sas, capable);

	if (!orig->enumerate(orig, &address))
	{
		return FALSE;
	}
	*host = address->host;
	*sas = address->sas;
	*capable = address->capable;
	return TRUE;
}

CALLBACK(destroy_address, void,
	address_t *address)
{
	address->host->destroy(address->host);
	free(address);
}

CALLBACK(destroy_copy, void,
	linked_list_t *copy)
{
	copy->destroy_function(copy, destroy_address);
}

METHOD(rmobike_census_t, create_enumerator, enumerator_t*,
	private_rmobike_census_t *this)
{
	enumerator_t *enumerator;
	address_t *address, *clone;
	linked_list_t *copy;

	copy = linked_list_create();
	this->mutex->lock(this->mutex);
	enumerator = this->addresses->create_enumerator(this->addresses);
	while (enumerator->enumerate(enumerator, &address))
	{
		INIT(clone,
			.host = address->host->clone(address->host),
			.sas = address->sas,
			.capable = address->capable,
		);
		copy->insert_last(copy, clone);
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	return enumerator_create_filter(copy->create_enumerator(copy), filter,
									copy, destroy_copy);
}

CALLBACK(free_resident, void,
	resident_t *resident, const void *id)
{
	free(resident);
}

METHOD(rmobike_census_t, destroy, void,
	private_rmobike_census_t *this)
{
	address_t *address;

	this->residents->destroy_function(this->residents, free_resident);
	while (this->addresses->get_first(this->addresses,
									  (void**)&address) == SUCCESS)
	{
		remove_address(this, address);
	}
	this->addresses->destroy(this->addresses);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_census_t *rmobike_census_create(void)
{
	private_rmobike_census_t *this;

	INIT(this,
		.public = {
			.listener = {
				.ike_updown = _ike_updown,
				.ike_update = _ike_update,
				.ike_rekey = _ike_rekey,
				.ike_state_change = _ike_state_change,
			},
			.count = _count,
			.create_enumerator = _create_enumerator,
			.destroy = _destroy,
		},
		.residents = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									  32),
		.addresses = linked_list_create(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);

	return &this->public;
}
