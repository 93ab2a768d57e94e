/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "sa/rmobike_census.h"
#include "rmobike_compat.h"

typedef struct private_rmobike_census_t private_rmobike_census_t;
typedef struct address_t address_t;
typedef struct group_t group_t;

/**
 * Private data
 */
struct private_rmobike_census_t {

	/**
	 * Public interface
	 */
	rmobike_census_t public;

	/**
	 * Records of IKE_SAs, which have the group_t that they are counted in;
	 * their lock protects all of this
	 */
	rmobike_records_t *records;

	/**
	 * Addresses, address_t
	 */
	linked_list_t *addresses;

	/**
	 * How many are at addresses that are not ours, NULL if nobody told
	 */
	rmobike_weights_t *elsewhere;
};

/**
 * What the IKE_SAs of a group have
 */
enum {
	/** no MOBIKE */
	NONE,
	/** MOBIKE, but not our extension of it */
	MOBIKE,
	/** both, they can be switched */
	CAPABLE,
	/** number of groups */
	GROUPS
};

/**
 * IKE_SAs at an address that have the same
 */
struct group_t {

	/**
	 * Where they are
	 */
	address_t *address;

	/**
	 * Number of them
	 */
	u_int sas;
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
	 * IKE_SAs by what they have
	 */
	group_t groups[GROUPS];

	/**
	 * List that it is in
	 */
	linked_list_t *addresses;
};

/**
 * Count the IKE_SAs at an address, and how many of them can be switched
 */
static u_int get_sas(address_t *address, u_int *capable)
{
	u_int sas = 0;
	int i;

	for (i = 0; address && i < GROUPS; i++)
	{
		sas += address->groups[i].sas;
	}
	*capable = address ? address->groups[CAPABLE].sas : 0;
	return sas;
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
 * Don't count an IKE_SA anymore, with the lock
 */
static void leave(void *part)
{
	group_t *group = part;
	address_t *address = group->address;
	u_int capable;

	group->sas--;
	if (!get_sas(address, &capable))
	{
		address->addresses->remove(address->addresses, address, NULL);
		address->host->destroy(address->host);
		free(address);
	}
}

/**
 * Count an IKE_SA
 */
static void enter(private_rmobike_census_t *this, ike_sa_t *ike_sa,
				  host_t *local)
{
	address_t *address;
	group_t *group;

	address = find_address(this, local);
	if (!address)
	{
		INIT(address,
			.host = local->clone(local),
			.addresses = this->addresses,
		);
		this->addresses->insert_last(this->addresses, address);
	}
	group = &address->groups[NONE];
	if (ike_sa->supports_extension(ike_sa, EXT_MOBIKE))
	{
		group = &address->groups[MOBIKE];
		if (ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION))
		{
			group = &address->groups[CAPABLE];
		}
	}
	group->address = address;
	group->sas++;
	group = this->records->set(this->records, ike_sa->get_unique_id(ike_sa),
							   RMOBIKE_PART_ADDRESS, group);
	if (group)
	{
		leave(group);
	}
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
	group_t *group;

	if (!is_responder(ike_sa))
	{
		return TRUE;
	}
	this->records->lock(this->records);
	if (up)
	{
		enter(this, ike_sa, ike_sa->get_my_host(ike_sa));
	}
	else
	{	/* it may live on as a copy of another node's */
		group = this->records->set(this->records, ike_sa->get_unique_id(ike_sa),
								   RMOBIKE_PART_ADDRESS, NULL);
		if (group)
		{
			leave(group);
		}
	}
	this->records->unlock(this->records);
	return TRUE;
}

METHOD(listener_t, ike_update, bool,
	private_rmobike_census_t *this, ike_sa_t *ike_sa, host_t *local,
	host_t *remote)
{
	this->records->lock(this->records);
	if (this->records->get(this->records, ike_sa->get_unique_id(ike_sa),
						   RMOBIKE_PART_ADDRESS))
	{
		enter(this, ike_sa, local);
	}
	this->records->unlock(this->records);
	return TRUE;
}

METHOD(rmobike_census_t, count, u_int,
	private_rmobike_census_t *this, host_t *host, u_int *capable)
{
	u_int sas, able;
	int i;

	this->records->lock(this->records);
	sas = get_sas(find_address(this, host), capable ?: &able);
	i = this->elsewhere ? this->elsewhere->find(this->elsewhere, host) : -1;
	if (i >= 0)
	{
		sas += this->elsewhere->get_weight(this->elsewhere, i);
	}
	this->records->unlock(this->records);
	return sas;
}

METHOD(rmobike_census_t, count_others, void,
	private_rmobike_census_t *this, u_int *mobike, u_int *none)
{
	enumerator_t *enumerator;
	address_t *address;

	*mobike = *none = 0;
	this->records->lock(this->records);
	enumerator = this->addresses->create_enumerator(this->addresses);
	while (enumerator->enumerate(enumerator, &address))
	{
		*mobike += address->groups[MOBIKE].sas;
		*none += address->groups[NONE].sas;
	}
	enumerator->destroy(enumerator);
	this->records->unlock(this->records);
}

METHOD(rmobike_census_t, set_elsewhere, void,
	private_rmobike_census_t *this, rmobike_weights_t *sas)
{
	rmobike_weights_t *old;

	this->records->lock(this->records);
	old = this->elsewhere;
	this->elsewhere = sas;
	this->records->unlock(this->records);
	DESTROY_IF(old);
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
	*sas = get_sas(address, capable);
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
	this->records->lock(this->records);
	enumerator = this->addresses->create_enumerator(this->addresses);
	while (enumerator->enumerate(enumerator, &address))
	{
		INIT(clone,
			.host = address->host->clone(address->host),
		);
		memcpy(clone->groups, address->groups, sizeof(clone->groups));
		copy->insert_last(copy, clone);
	}
	enumerator->destroy(enumerator);
	this->records->unlock(this->records);
	return enumerator_create_filter(copy->create_enumerator(copy), filter,
									copy, destroy_copy);
}

METHOD(rmobike_census_t, destroy, void,
	private_rmobike_census_t *this)
{
	this->addresses->destroy(this->addresses);
	DESTROY_IF(this->elsewhere);
	free(this);
}

/*
 * Described in header
 */
rmobike_census_t *rmobike_census_create(rmobike_records_t *records)
{
	private_rmobike_census_t *this;

	INIT(this,
		.public = {
			.listener = {
				.ike_updown = _ike_updown,
				.ike_update = _ike_update,
			},
			.count = _count,
			.count_others = _count_others,
			.set_elsewhere = _set_elsewhere,
			.create_enumerator = _create_enumerator,
			.destroy = _destroy,
		},
		.records = records,
		.addresses = linked_list_create(),
	);
	records->own(records, RMOBIKE_PART_ADDRESS, leave, NULL);

	return &this->public;
}
