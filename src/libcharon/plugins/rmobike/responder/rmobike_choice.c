/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_policy.h"
#include "exchange/rmobike_paths.h"
#include "kernel/rmobike_routes.h"
#include "responder/rmobike_choice.h"
#include "rmobike_compat.h"
#include "sa/rmobike_ike_sa.h"

#include <encoding/payloads/notify_payload.h>

typedef struct private_rmobike_choice_t private_rmobike_choice_t;
typedef struct announced_t announced_t;

/**
 * Private data
 */
struct private_rmobike_choice_t {

	/**
	 * Public interface
	 */
	rmobike_choice_t public;

	/**
	 * Records of IKE_SAs, their lock protects all of this
	 */
	rmobike_records_t *records;

	/**
	 * Knows where nobody shall be
	 */
	rmobike_drained_t *drained;

	/**
	 * What was announced to any of them, announced_t
	 */
	linked_list_t *lists;
};

/**
 * Addresses that were announced, to one peer or to many
 */
struct announced_t {

	/**
	 * The addresses, host_t
	 */
	linked_list_t *hosts;

	/**
	 * Number of IKE_SAs
	 */
	u_int refs;

	/**
	 * All of these
	 */
	linked_list_t *lists;
};

/**
 * Copy a list of addresses, NULL if there is none
 */
static linked_list_t *clone_hosts(linked_list_t *hosts)
{
	return hosts ? hosts->clone_offset(hosts, offsetof(host_t, clone)) : NULL;
}

/**
 * An IKE_SA is gone, or others were announced to its peer, with the lock
 */
static void release(void *part)
{
	announced_t *announced = part;

	if (!--announced->refs)
	{
		announced->lists->remove(announced->lists, announced, NULL);
		rmobike_paths_destroy(announced->hosts);
		free(announced);
	}
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
 * Get copies of what was announced, and of what was tried; NULL if nothing was
 */
static void get_lists(private_rmobike_choice_t *this, uint32_t id,
					  linked_list_t **announced, linked_list_t **tried)
{
	announced_t *last;

	this->records->lock(this->records);
	last = this->records->get(this->records, id, RMOBIKE_PART_ANNOUNCED);
	*announced = clone_hosts(last ? last->hosts : NULL);
	*tried = clone_hosts(this->records->get(this->records, id,
											RMOBIKE_PART_TRIED));
	this->records->unlock(this->records);
}

METHOD(rmobike_choice_t, choose, host_t*,
	private_rmobike_choice_t *this, ike_sa_t *ike_sa,
	linked_list_t *exclude)
{
	rmobike_options_t *options;
	host_t *me = ike_sa->get_my_host(ike_sa), *host, *source;
	rmobike_candidate_t best = {}, current;
	enumerator_t *enumerator;
	linked_list_t *announced, *tried;

	options = rmobike_ike_sa_options(ike_sa);
	get_lists(this, ike_sa->get_unique_id(ike_sa), &announced, &tried);
	source = rmobike_routes_get_source(ike_sa->get_other_host(ike_sa), NULL);
	enumerator = charon->kernel->create_address_enumerator(charon->kernel,
														   ADDR_TYPE_REGULAR);
	while (enumerator->enumerate(enumerator, &host))
	{
		current = (rmobike_candidate_t){
			.address = host,
			.drained = this->drained->has(this->drained, host, NULL, NULL),
			.preferred = options->prefer->index(options->prefer, host),
			.same_family = host->get_family(host) == me->get_family(me),
			.announced = rmobike_paths_include(announced, host),
			.source = source && host->ip_equals(host, source),
		};
		if (!host->ip_equals(host, me) && !is_link_local(host) &&
			!rmobike_paths_include(exclude, host) &&
			!rmobike_paths_include(tried, host) &&
			(!best.address || rmobike_policy_is_better(&current, &best)) &&
			rmobike_ike_sa_reaches(ike_sa, host))
		{
			DESTROY_IF(best.address);
			best = current;
			best.address = host->clone(host);
		}
	}
	enumerator->destroy(enumerator);
	rmobike_paths_destroy(announced);
	rmobike_paths_destroy(tried);
	DESTROY_IF(source);
	rmobike_options_destroy(options);
	return best.address;
}

METHOD(rmobike_choice_t, get_local, linked_list_t*,
	private_rmobike_choice_t *this, bool usable)
{
	linked_list_t *local = linked_list_create();
	enumerator_t *enumerator;
	host_t *host;

	enumerator = charon->kernel->create_address_enumerator(charon->kernel,
														   ADDR_TYPE_REGULAR);
	while (enumerator->enumerate(enumerator, &host))
	{
		if (!is_link_local(host) &&
			!(usable && this->drained->has(this->drained, host, NULL, NULL)))
		{
			local->insert_last(local, host->clone(host));
		}
	}
	enumerator->destroy(enumerator);
	return local;
}

METHOD(rmobike_choice_t, add_tried, void,
	private_rmobike_choice_t *this, uint32_t id, host_t *address)
{
	linked_list_t *tried;

	this->records->lock(this->records);
	tried = this->records->get(this->records, id, RMOBIKE_PART_TRIED);
	if (!tried)
	{
		tried = linked_list_create();
		this->records->set(this->records, id, RMOBIKE_PART_TRIED, tried);
	}
	tried->insert_last(tried, address->clone(address));
	this->records->unlock(this->records);
}

METHOD(rmobike_choice_t, forget_tried, bool,
	private_rmobike_choice_t *this, uint32_t id)
{
	linked_list_t *tried;

	this->records->lock(this->records);
	tried = this->records->set(this->records, id, RMOBIKE_PART_TRIED, NULL);
	this->records->unlock(this->records);
	rmobike_paths_destroy(tried);
	return tried != NULL;
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
 * the peer uses (RFC 4555, 3.6), each of them once; NULL if it says nothing
 * about addresses
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
		if (host && !rmobike_paths_include(announced, host))
		{
			announced->insert_last(announced, host);
			continue;
		}
		DESTROY_IF(host);
	}
	enumerator->destroy(enumerator);
	return announced;
}

/**
 * Do two lists have the same addresses?
 */
static bool are_same(linked_list_t *a, linked_list_t *b)
{
	enumerator_t *enumerator;
	host_t *host;
	bool same = a->get_count(a) == b->get_count(b);

	enumerator = a->create_enumerator(a);
	while (same && enumerator->enumerate(enumerator, &host))
	{
		same = rmobike_paths_include(b, host);
	}
	enumerator->destroy(enumerator);
	return same;
}

/**
 * Get what has these addresses, with the lock: most peers are told the same.
 * The list is adopted, or set to NULL if it is not needed.
 */
static announced_t *share(private_rmobike_choice_t *this,
						  linked_list_t **hosts)
{
	enumerator_t *enumerator;
	announced_t *announced, *found = NULL;

	enumerator = this->lists->create_enumerator(this->lists);
	while (!found && enumerator->enumerate(enumerator, &announced))
	{
		if (are_same(announced->hosts, *hosts))
		{
			found = announced;
		}
	}
	enumerator->destroy(enumerator);
	if (!found)
	{
		INIT(found,
			.hosts = *hosts,
			.lists = this->lists,
		);
		this->lists->insert_first(this->lists, found);
		*hosts = NULL;
	}
	found->refs++;
	return found;
}

/**
 * Note the addresses that we announce in a message
 */
static void note_announced(private_rmobike_choice_t *this, ike_sa_t *ike_sa,
						   message_t *message)
{
	announced_t *announced;
	linked_list_t *hosts;

	hosts = get_announced(message, ike_sa->get_my_host(ike_sa));
	if (hosts)
	{
		this->records->lock(this->records);
		announced = this->records->set(this->records,
									   ike_sa->get_unique_id(ike_sa),
									   RMOBIKE_PART_ANNOUNCED,
									   share(this, &hosts));
		if (announced)
		{
			release(announced);
		}
		this->records->unlock(this->records);
		rmobike_paths_destroy(hosts);
	}
}

METHOD(listener_t, message, bool,
	private_rmobike_choice_t *this, ike_sa_t *ike_sa, message_t *message,
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

METHOD(rmobike_choice_t, destroy, void,
	private_rmobike_choice_t *this)
{
	this->lists->destroy(this->lists);
	free(this);
}

/*
 * Described in header
 */
rmobike_choice_t *rmobike_choice_create(rmobike_records_t *records,
										rmobike_drained_t *drained)
{
	private_rmobike_choice_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
			},
			.choose = _choose,
			.get_local = _get_local,
			.add_tried = _add_tried,
			.forget_tried = _forget_tried,
			.destroy = _destroy,
		},
		.records = records,
		.drained = drained,
		.lists = linked_list_create(),
	);
	records->own(records, RMOBIKE_PART_ANNOUNCED, release, NULL);
	records->own(records, RMOBIKE_PART_TRIED, (void*)rmobike_paths_destroy,
				 NULL);
	return &this->public;
}
