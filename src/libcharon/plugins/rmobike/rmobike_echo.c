/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_compat.h"
#include "rmobike_echo.h"
#include "rmobike_task.h"
#include "rmobike_update_task.h"

#include <collections/hashtable.h>
#include <processing/jobs/process_message_job.h>
#include <threading/mutex.h>

/**
 * An answer is sent to so many addresses at most
 */
#define ADDRESSES 4

typedef struct private_rmobike_echo_t private_rmobike_echo_t;

/**
 * Private data
 */
struct private_rmobike_echo_t {

	/**
	 * Public interface
	 */
	rmobike_echo_t public;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_accepted_t *accepted;

	/**
	 * What was announced to IKE_SAs that are rekeyed, linked_list_t of host_t
	 * by unique ID. charon passes that on to the new IKE_SA, but the answer
	 * that makes the responder have it is that of the old one.
	 */
	hashtable_t *rekeyed;

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

/**
 * Get the addresses that the responder announced on an IKE_SA, as charon has
 * them
 */
static linked_list_t *get_peer_addresses(ike_sa_t *ike_sa)
{
	linked_list_t *addresses = linked_list_create();
	enumerator_t *enumerator;
	host_t *current;

	enumerator = ike_sa->create_peer_address_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &current))
	{
		addresses->insert_last(addresses, current->clone(current));
	}
	enumerator->destroy(enumerator);
	return addresses;
}

/**
 * Get the addresses that the responder announced, also if that is rekeyed
 */
static linked_list_t *get_announced(private_rmobike_echo_t *this,
									ike_sa_t *ike_sa)
{
	linked_list_t *addresses;

	this->mutex->lock(this->mutex);
	addresses = this->rekeyed->get(this->rekeyed,
								   key(ike_sa->get_unique_id(ike_sa)));
	if (addresses)
	{
		addresses = addresses->clone_offset(addresses, offsetof(host_t, clone));
	}
	this->mutex->unlock(this->mutex);
	return addresses ?: get_peer_addresses(ike_sa);
}

/**
 * Free a list of addresses
 */
static void destroy_addresses(linked_list_t *addresses)
{
	if (addresses)
	{
		addresses->destroy_offset(addresses, offsetof(host_t, destroy));
	}
}

/**
 * Does the operator want answers to go to addresses that were announced?
 */
static bool is_enabled(ike_sa_t *ike_sa)
{
	rmobike_options_t *options;
	bool enabled;

	options = rmobike_task_options(ike_sa);
	enabled = options->accept != RMOBIKE_ACCEPT_NONE;
	rmobike_options_destroy(options);
	return enabled;
}

/**
 * Let charon answer a request once more, as if it had come from an address;
 * returns FALSE if there is no way to it
 */
static bool answer_to(ike_sa_t *ike_sa, message_t *request, host_t *address)
{
	host_t *me, *to, *from = request->get_source(request);
	packet_t *packet;
	message_t *copy;

	to = address->clone(address);
	to->set_port(to, from->get_port(from));
	me = rmobike_update_task_source(ike_sa, to);
	if (!me || charon->kernel->get_interface(charon->kernel, to, NULL))
	{
		DESTROY_IF(me);
		to->destroy(to);
		return FALSE;
	}
	packet = request->get_packet(request);
	packet->set_source(packet, to);
	packet->set_destination(packet, me);
	copy = message_create_from_packet(packet);
	if (copy->parse_header(copy) != SUCCESS)
	{
		copy->destroy(copy);
		return FALSE;
	}
	lib->processor->queue_job(lib->processor,
							  (job_t*)process_message_job_create(copy));
	return TRUE;
}

/**
 * Answer a request to all addresses that the responder announced
 */
static void answer(private_rmobike_echo_t *this, ike_sa_t *ike_sa,
				   message_t *request)
{
	host_t *current, *from = request->get_source(request);
	linked_list_t *announced;
	enumerator_t *enumerator;
	u_int count = 0;

	announced = get_announced(this, ike_sa);
	enumerator = announced->create_enumerator(announced);
	while (count < ADDRESSES && enumerator->enumerate(enumerator, &current))
	{
		if (!current->ip_equals(current, from))
		{
			count += answer_to(ike_sa, request, current);
		}
	}
	enumerator->destroy(enumerator);
	destroy_addresses(announced);
}

METHOD(listener_t, alert, bool,
	private_rmobike_echo_t *this, ike_sa_t *ike_sa, alert_t alert,
	va_list args)
{
	host_t *from, *other;
	message_t *request;

	if (alert != ALERT_RETRANSMIT_RECEIVE || !ike_sa ||
		!ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) ||
		!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{
		return TRUE;
	}
	request = va_arg(args, message_t*);
	from = request->get_source(request);
	other = ike_sa->get_other_host(ike_sa);
	/* others are our own copies, or come from where it moved to already */
	if (from->ip_equals(from, other) && is_enabled(ike_sa) &&
		this->accepted->may_echo(this->accepted,
								 ike_sa->get_unique_id(ike_sa)))
	{
		answer(this, ike_sa, request);
	}
	return TRUE;
}

METHOD(listener_t, ike_rekey, bool,
	private_rmobike_echo_t *this, ike_sa_t *old, ike_sa_t *new)
{
	linked_list_t *addresses;

	if (new->supports_extension(new, RMOBIKE_EXTENSION) &&
		new->has_condition(new, COND_ORIGINAL_INITIATOR))
	{
		addresses = get_peer_addresses(new);
		this->mutex->lock(this->mutex);
		addresses = this->rekeyed->put(this->rekeyed,
									   key(old->get_unique_id(old)), addresses);
		this->mutex->unlock(this->mutex);
		destroy_addresses(addresses);
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_rmobike_echo_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	linked_list_t *addresses;

	if (state == IKE_DESTROYING)
	{
		this->mutex->lock(this->mutex);
		addresses = this->rekeyed->remove(this->rekeyed,
										  key(ike_sa->get_unique_id(ike_sa)));
		this->mutex->unlock(this->mutex);
		destroy_addresses(addresses);
	}
	return TRUE;
}

METHOD(rmobike_echo_t, get_count, u_int,
	private_rmobike_echo_t *this)
{
	u_int count;

	this->mutex->lock(this->mutex);
	count = this->rekeyed->get_count(this->rekeyed);
	this->mutex->unlock(this->mutex);
	return count;
}

CALLBACK(destroy_entry, void,
	linked_list_t *addresses, const void *id)
{
	destroy_addresses(addresses);
}

METHOD(rmobike_echo_t, destroy, void,
	private_rmobike_echo_t *this)
{
	this->rekeyed->destroy_function(this->rekeyed, destroy_entry);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_echo_t *rmobike_echo_create(rmobike_accepted_t *accepted)
{
	private_rmobike_echo_t *this;

	INIT(this,
		.public = {
			.listener = {
				.alert = _alert,
				.ike_rekey = _ike_rekey,
				.ike_state_change = _ike_state_change,
			},
			.get_count = _get_count,
			.destroy = _destroy,
		},
		.accepted = accepted,
		.rekeyed = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
