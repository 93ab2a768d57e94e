/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_asker.h"
#include "rmobike_candidates.h"
#include "rmobike_compat.h"
#include "rmobike_policy.h"
#include "rmobike_routes.h"
#include "rmobike_task.h"

#include <collections/hashtable.h>
#include <encoding/payloads/notify_payload.h>
#include <threading/mutex.h>

typedef struct private_rmobike_candidates_t private_rmobike_candidates_t;
typedef struct entry_t entry_t;

/**
 * Private data
 */
struct private_rmobike_candidates_t {

	/**
	 * Public interface
	 */
	rmobike_candidates_t public;

	/**
	 * What we know of IKE_SAs, entry_t by unique ID
	 */
	hashtable_t *entries;

	/**
	 * Protects them
	 */
	mutex_t *mutex;
};

/**
 * What we know of an IKE_SA
 */
struct entry_t {

	/**
	 * Addresses that we announced last
	 */
	linked_list_t *announced;

	/**
	 * Addresses that the peer did not go to since its address is gone
	 */
	linked_list_t *tried;
};

/**
 * Convert a number to a key
 */
static inline void *key(uint32_t number)
{
	return (void*)(uintptr_t)number;
}

/**
 * Empty a list of addresses
 */
static void clear_hosts(linked_list_t *list)
{
	host_t *host;

	while (list->remove_last(list, (void**)&host) == SUCCESS)
	{
		host->destroy(host);
	}
}

/**
 * Look for an address in a list
 */
static bool has_host(linked_list_t *list, host_t *host)
{
	enumerator_t *enumerator;
	host_t *current;
	bool found = FALSE;

	enumerator = list->create_enumerator(list);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		found = current->ip_equals(current, host);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Free what we know of an IKE_SA
 */
static void entry_destroy(entry_t *entry)
{
	entry->announced->destroy_offset(entry->announced,
									 offsetof(host_t, destroy));
	entry->tried->destroy_offset(entry->tried, offsetof(host_t, destroy));
	free(entry);
}

/**
 * Get what we know of an IKE_SA, with the lock
 */
static entry_t *get_entry(private_rmobike_candidates_t *this, uint32_t id)
{
	entry_t *entry;

	entry = this->entries->get(this->entries, key(id));
	if (!entry)
	{
		INIT(entry,
			.announced = linked_list_create(),
			.tried = linked_list_create(),
		);
		this->entries->put(this->entries, key(id), entry);
	}
	return entry;
}

/**
 * Is it an address whose scope is a link?
 */
static bool is_link_local(host_t *host)
{
	chunk_t address = host->get_address(host);

	return host->get_family(host) == AF_INET6 && address.ptr[0] == 0xfe &&
		   (address.ptr[1] & 0xc0) == 0x80;
}

/**
 * Copy what we know of an IKE_SA
 */
static entry_t *copy_entry(private_rmobike_candidates_t *this, uint32_t id)
{
	entry_t *entry, *copy;

	this->mutex->lock(this->mutex);
	entry = get_entry(this, id);
	INIT(copy,
		.announced = entry->announced->clone_offset(entry->announced,
													offsetof(host_t, clone)),
		.tried = entry->tried->clone_offset(entry->tried,
											offsetof(host_t, clone)),
	);
	this->mutex->unlock(this->mutex);
	return copy;
}

METHOD(rmobike_candidates_t, choose, host_t*,
	private_rmobike_candidates_t *this, ike_sa_t *ike_sa,
	linked_list_t *exclude)
{
	rmobike_options_t *options;
	host_t *me = ike_sa->get_my_host(ike_sa), *host, *source;
	rmobike_candidate_t best = {}, current;
	enumerator_t *enumerator;
	entry_t *entry;

	options = rmobike_task_options(ike_sa);
	entry = copy_entry(this, ike_sa->get_unique_id(ike_sa));
	source = rmobike_routes_get_source(ike_sa->get_other_host(ike_sa), NULL);
	enumerator = charon->kernel->create_address_enumerator(charon->kernel,
														   ADDR_TYPE_REGULAR);
	while (enumerator->enumerate(enumerator, &host))
	{
		current = (rmobike_candidate_t){
			.address = host,
			.preferred = options->prefer->index(options->prefer, host),
			.same_family = host->get_family(host) == me->get_family(me),
			.announced = has_host(entry->announced, host),
			.source = source && host->ip_equals(host, source),
		};
		if (!host->ip_equals(host, me) && !is_link_local(host) &&
			!(exclude && has_host(exclude, host)) &&
			!has_host(entry->tried, host) &&
			(!best.address || rmobike_policy_is_better(&current, &best)) &&
			rmobike_asker_reaches(ike_sa, host))
		{
			DESTROY_IF(best.address);
			best = current;
			best.address = host->clone(host);
		}
	}
	enumerator->destroy(enumerator);
	entry_destroy(entry);
	DESTROY_IF(source);
	rmobike_options_destroy(options);
	return best.address;
}

METHOD(rmobike_candidates_t, add_tried, void,
	private_rmobike_candidates_t *this, uint32_t id, host_t *address)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = get_entry(this, id);
	entry->tried->insert_last(entry->tried, address->clone(address));
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_candidates_t, forget_tried, bool,
	private_rmobike_candidates_t *this, uint32_t id)
{
	entry_t *entry;
	bool any;

	this->mutex->lock(this->mutex);
	entry = get_entry(this, id);
	any = entry->tried->get_count(entry->tried) > 0;
	clear_hosts(entry->tried);
	this->mutex->unlock(this->mutex);
	return any;
}

/**
 * Get the family of the addresses that a notify announces, AF_UNSPEC if it says
 * that there are none
 */
static bool get_family(notify_payload_t *notify, int *family)
{
	switch (notify->get_notify_type(notify))
	{
		case ADDITIONAL_IP4_ADDRESS:
			*family = AF_INET;
			return TRUE;
		case ADDITIONAL_IP6_ADDRESS:
			*family = AF_INET6;
			return TRUE;
		case NO_ADDITIONAL_ADDRESSES:
			*family = AF_UNSPEC;
			return TRUE;
		default:
			return FALSE;
	}
}

/**
 * Get the addresses that a message announces, which are all but the one that
 * the peer uses (RFC 4555, 3.6); NULL if it says nothing about addresses
 */
static linked_list_t *get_announced(message_t *message, host_t *me)
{
	linked_list_t *announced = NULL;
	enumerator_t *enumerator;
	payload_t *payload;
	notify_payload_t *notify;
	host_t *host;
	int family;

	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		notify = (notify_payload_t*)payload;
		if (payload->get_type(payload) != PLV2_NOTIFY ||
			!get_family(notify, &family))
		{
			continue;
		}
		if (!announced)
		{
			announced = linked_list_create();
			announced->insert_last(announced, me->clone(me));
		}
		host = host_create_from_chunk(family,
								notify->get_notification_data(notify), 0);
		if (host)
		{
			announced->insert_last(announced, host);
		}
	}
	enumerator->destroy(enumerator);
	return announced;
}

/**
 * Note the addresses that we announce in a message
 */
static void note_announced(private_rmobike_candidates_t *this, ike_sa_t *ike_sa,
						   message_t *message)
{
	linked_list_t *announced, *old;
	entry_t *entry;

	announced = get_announced(message, ike_sa->get_my_host(ike_sa));
	if (announced)
	{
		this->mutex->lock(this->mutex);
		entry = get_entry(this, ike_sa->get_unique_id(ike_sa));
		old = entry->announced;
		entry->announced = announced;
		this->mutex->unlock(this->mutex);
		old->destroy_offset(old, offsetof(host_t, destroy));
	}
}

METHOD(listener_t, message, bool,
	private_rmobike_candidates_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	if (!incoming && plain &&
		ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		(message->get_exchange_type(message) == IKE_AUTH ||
		 message->get_exchange_type(message) == INFORMATIONAL))
	{
		note_announced(this, ike_sa, message);
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_rmobike_candidates_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	entry_t *entry;

	if (state == IKE_DESTROYING)
	{
		this->mutex->lock(this->mutex);
		entry = this->entries->remove(this->entries,
									  key(ike_sa->get_unique_id(ike_sa)));
		this->mutex->unlock(this->mutex);
		if (entry)
		{
			entry_destroy(entry);
		}
	}
	return TRUE;
}

METHOD(listener_t, ike_rekey, bool,
	private_rmobike_candidates_t *this, ike_sa_t *old, ike_sa_t *new)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = this->entries->remove(this->entries,
								  key(old->get_unique_id(old)));
	if (entry)
	{
		entry = this->entries->put(this->entries,
								   key(new->get_unique_id(new)), entry);
	}
	this->mutex->unlock(this->mutex);
	if (entry)
	{
		entry_destroy(entry);
	}
	return TRUE;
}

METHOD(rmobike_candidates_t, get_count, u_int,
	private_rmobike_candidates_t *this)
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

METHOD(rmobike_candidates_t, destroy, void,
	private_rmobike_candidates_t *this)
{
	this->entries->destroy_function(this->entries, destroy_entry);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_candidates_t *rmobike_candidates_create(void)
{
	private_rmobike_candidates_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
				.ike_state_change = _ike_state_change,
				.ike_rekey = _ike_rekey,
			},
			.choose = _choose,
			.add_tried = _add_tried,
			.forget_tried = _forget_tried,
			.get_count = _get_count,
			.destroy = _destroy,
		},
		.entries = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
