/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_compat.h"
#include "rmobike_echo.h"
#include "rmobike_inflight.h"
#include "rmobike_paths.h"
#include "rmobike_task.h"
#include "rmobike_update_task.h"

#include <collections/hashtable.h>
#include <threading/mutex.h>

typedef struct private_rmobike_echo_t private_rmobike_echo_t;
typedef struct entry_t entry_t;

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
	 * Answers, entry_t by unique ID of the IKE_SA
	 */
	hashtable_t *entries;

	/**
	 * Protects them
	 */
	mutex_t *mutex;
};

/**
 * What can be answered on an IKE_SA
 */
struct entry_t {

	/**
	 * Message ID of the last answer
	 */
	uint32_t mid;

	/**
	 * Its packets, packet_t, NULL if there was none
	 */
	linked_list_t *packets;

	/**
	 * What was announced if the IKE_SA is rekeyed, host_t, NULL if not. charon
	 * passes that on to the new IKE_SA, but the answer that makes the responder
	 * have it is that of the old one.
	 */
	linked_list_t *announced;
};

/**
 * Convert a number to a key
 */
static inline void *key(uint32_t number)
{
	return (void*)(uintptr_t)number;
}

/**
 * Free packets
 */
static void destroy_packets(linked_list_t *packets)
{
	if (packets)
	{
		packets->destroy_offset(packets, offsetof(packet_t, destroy));
	}
}

/**
 * Destroy an entry
 */
static void entry_destroy(entry_t *entry)
{
	if (entry)
	{
		destroy_packets(entry->packets);
		rmobike_paths_destroy(entry->announced);
		free(entry);
	}
}

/**
 * Get the entry of an IKE_SA, create it if there is none
 */
static entry_t *get_entry(private_rmobike_echo_t *this, ike_sa_t *ike_sa)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	entry_t *entry;

	entry = this->entries->get(this->entries, key(id));
	if (!entry)
	{
		INIT(entry);
		this->entries->put(this->entries, key(id), entry);
	}
	return entry;
}

/**
 * Are we the initiator, and did the responder hear that we support this?
 */
static bool is_ours(ike_sa_t *ike_sa)
{
	return ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		   ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR);
}

/**
 * Get a copy of the last answer if it has that message ID, and of where it may
 * go besides; FALSE if there is none
 */
static bool get_answer(private_rmobike_echo_t *this, ike_sa_t *ike_sa,
					   uint32_t mid, linked_list_t **packets,
					   linked_list_t **announced)
{
	linked_list_t *rekeyed;
	entry_t *entry;
	bool found;

	*announced = NULL;
	this->mutex->lock(this->mutex);
	entry = get_entry(this, ike_sa);
	found = entry->packets && entry->mid == mid;
	if (found)
	{
		*packets = entry->packets->clone_offset(entry->packets,
												offsetof(packet_t, clone));
		rekeyed = entry->announced;
		if (rekeyed)
		{
			*announced = rekeyed->clone_offset(rekeyed,
											   offsetof(host_t, clone));
		}
	}
	this->mutex->unlock(this->mutex);
	if (found && !*announced)
	{
		*announced = rmobike_paths_to_responder(ike_sa);
	}
	return found;
}

/**
 * Send an answer to one address
 */
static void answer_to(ike_sa_t *ike_sa, linked_list_t *packets, host_t *to)
{
	enumerator_t *enumerator;
	packet_t *packet;
	host_t *me;

	me = rmobike_update_task_source(ike_sa, to);
	if (me)
	{
		enumerator = packets->create_enumerator(packets);
		while (enumerator->enumerate(enumerator, &packet))
		{
			rmobike_task_send(packet, me, to);
		}
		enumerator->destroy(enumerator);
		me->destroy(me);
	}
}

/**
 * Answer a request to all addresses that the responder announced
 */
static void answer(private_rmobike_echo_t *this, ike_sa_t *ike_sa, uint32_t mid)
{
	linked_list_t *packets, *announced;
	enumerator_t *enumerator;
	host_t *to;

	if (get_answer(this, ike_sa, mid, &packets, &announced))
	{
		enumerator = announced->create_enumerator(announced);
		while (enumerator->enumerate(enumerator, &to))
		{
			answer_to(ike_sa, packets, to);
		}
		enumerator->destroy(enumerator);
		rmobike_paths_destroy(announced);
		destroy_packets(packets);
	}
}

METHOD(listener_t, alert, bool,
	private_rmobike_echo_t *this, ike_sa_t *ike_sa, alert_t alert,
	va_list args)
{
	host_t *from, *other;
	message_t *request;

	if (alert != ALERT_RETRANSMIT_RECEIVE || !ike_sa || !is_ours(ike_sa))
	{
		return TRUE;
	}
	request = va_arg(args, message_t*);
	from = request->get_source(request);
	other = ike_sa->get_other_host(ike_sa);
	/* others come from where it moved to already */
	if (from->ip_equals(from, other) &&
		this->accepted->may_echo(this->accepted,
								 ike_sa->get_unique_id(ike_sa)))
	{
		answer(this, ike_sa, request->get_message_id(request));
	}
	return TRUE;
}

METHOD(listener_t, message, bool,
	private_rmobike_echo_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	linked_list_t *packets;
	entry_t *entry;

	if (!incoming && !plain && !message->get_request(message) &&
		is_ours(ike_sa))
	{
		packets = rmobike_inflight_packets(ike_sa, message);
		this->mutex->lock(this->mutex);
		entry = get_entry(this, ike_sa);
		entry->mid = message->get_message_id(message);
		destroy_packets(entry->packets);
		entry->packets = packets;
		this->mutex->unlock(this->mutex);
	}
	return TRUE;
}

METHOD(listener_t, ike_rekey, bool,
	private_rmobike_echo_t *this, ike_sa_t *old, ike_sa_t *new)
{
	linked_list_t *addresses;
	entry_t *entry;

	if (is_ours(new))
	{
		addresses = rmobike_paths_to_responder(new);
		this->mutex->lock(this->mutex);
		entry = get_entry(this, old);
		rmobike_paths_destroy(entry->announced);
		entry->announced = addresses;
		this->mutex->unlock(this->mutex);
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_rmobike_echo_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	entry_t *entry;

	if (state == IKE_DESTROYING)
	{
		this->mutex->lock(this->mutex);
		entry = this->entries->remove(this->entries,
									  key(ike_sa->get_unique_id(ike_sa)));
		this->mutex->unlock(this->mutex);
		entry_destroy(entry);
	}
	return TRUE;
}

METHOD(rmobike_echo_t, get_count, u_int,
	private_rmobike_echo_t *this)
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

METHOD(rmobike_echo_t, destroy, void,
	private_rmobike_echo_t *this)
{
	this->entries->destroy_function(this->entries, destroy_entry);
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
				.message = _message,
				.ike_rekey = _ike_rekey,
				.ike_state_change = _ike_state_change,
			},
			.get_count = _get_count,
			.destroy = _destroy,
		},
		.accepted = accepted,
		.entries = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
