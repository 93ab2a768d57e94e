/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_paths.h"
#include "initiator/rmobike_echo.h"
#include "rmobike_compat.h"
#include "sa/rmobike_ike_sa.h"
#include "sa/rmobike_requests.h"

typedef struct private_rmobike_echo_t private_rmobike_echo_t;
typedef struct answer_t answer_t;

/**
 * Private data
 */
struct private_rmobike_echo_t {

	/**
	 * Public interface
	 */
	rmobike_echo_t public;

	/**
	 * Limits how often this is done
	 */
	rmobike_accepted_t *accepted;

	/**
	 * Records of IKE_SAs, their lock protects answer_t
	 */
	rmobike_records_t *records;
};

/**
 * What can be answered on an IKE_SA
 */
struct answer_t {

	/**
	 * Message ID of the last answer
	 */
	uint32_t mid;

	/**
	 * What was announced if the IKE_SA is rekeyed, host_t, NULL if not. charon
	 * passes that on to the new IKE_SA, but the answer that makes the responder
	 * have it is that of the old one.
	 */
	linked_list_t *announced;

	/**
	 * Number of octets of the answer, 0 if there was none
	 */
	uint32_t len;

	/**
	 * These octets, one packet after the other. Addresses and objects would
	 * need several times as much for each IKE_SA.
	 */
	uint8_t packets[];
};

/**
 * Where the header of a message has its length (RFC 7296, 3.1)
 */
#define LENGTH_OFFSET 24

/**
 * Get the octets of an answer, to be freed
 */
static chunk_t get_octets(ike_sa_t *ike_sa, message_t *message)
{
	chunk_t octets = chunk_empty;
	linked_list_t *list;
	packet_t *packet;

	list = rmobike_requests_packets(ike_sa, message);
	while (list->remove_first(list, (void**)&packet) == SUCCESS)
	{
		octets = chunk_cat("mc", octets, packet->get_data(packet));
		packet->destroy(packet);
	}
	list->destroy(list);
	return octets;
}

/**
 * Make packets of these octets
 */
static linked_list_t *create_packets(answer_t *last)
{
	linked_list_t *list = linked_list_create();
	chunk_t octets = chunk_create(last->packets, last->len);
	packet_t *packet;
	uint32_t len;

	while (octets.len)
	{
		len = untoh32(octets.ptr + LENGTH_OFFSET);
		packet = packet_create();
		packet->set_data(packet, chunk_clone(chunk_create(octets.ptr, len)));
		list->insert_last(list, packet);
		octets = chunk_skip(octets, len);
	}
	return list;
}

/**
 * Free what can be answered
 */
static void answer_destroy(void *part)
{
	answer_t *last = part;

	rmobike_paths_destroy(last->announced);
	free(last);
}

/**
 * Set what can be answered on an IKE_SA, with the lock
 */
static void set_last(private_rmobike_echo_t *this, ike_sa_t *ike_sa,
					 uint32_t mid, chunk_t octets, linked_list_t *announced)
{
	answer_t *last;

	last = malloc(sizeof(answer_t) + octets.len);
	last->mid = mid;
	last->announced = announced;
	last->len = octets.len;
	if (octets.len)
	{
		memcpy(last->packets, octets.ptr, octets.len);
	}
	last = this->records->set(this->records, ike_sa->get_unique_id(ike_sa),
							  RMOBIKE_PART_ANSWER, last);
	if (last)
	{
		answer_destroy(last);
	}
}

/**
 * Get what can be answered on an IKE_SA, with the lock; NULL if nothing can
 */
static answer_t *get_last(private_rmobike_echo_t *this, ike_sa_t *ike_sa)
{
	return this->records->get(this->records, ike_sa->get_unique_id(ike_sa),
							  RMOBIKE_PART_ANSWER);
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
	answer_t *last;
	bool found;

	*announced = NULL;
	this->records->lock(this->records);
	last = get_last(this, ike_sa);
	found = last && last->len && last->mid == mid;
	if (found)
	{
		*packets = create_packets(last);
		rekeyed = last->announced;
		if (rekeyed)
		{
			*announced = rekeyed->clone_offset(rekeyed,
											   offsetof(host_t, clone));
		}
	}
	this->records->unlock(this->records);
	if (found && !*announced)
	{
		*announced = rmobike_paths_to_responder(ike_sa);
	}
	return found;
}

/**
 * Answer a request to all addresses that the responder announced
 */
static void answer(private_rmobike_echo_t *this, ike_sa_t *ike_sa, uint32_t mid)
{
	linked_list_t *packets, *announced;
	enumerator_t *enumerator;
	packet_t *packet;
	host_t *to;

	if (get_answer(this, ike_sa, mid, &packets, &announced))
	{
		enumerator = packets->create_enumerator(packets);
		while (enumerator->enumerate(enumerator, &packet))
		{
			rmobike_ike_sa_set_dscp(ike_sa, packet);
		}
		enumerator->destroy(enumerator);
		enumerator = announced->create_enumerator(announced);
		while (enumerator->enumerate(enumerator, &to))
		{
			rmobike_paths_send_to(ike_sa, packets, to);
		}
		enumerator->destroy(enumerator);
		rmobike_paths_destroy(announced);
		packets->destroy_offset(packets, offsetof(packet_t, destroy));
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
	linked_list_t *announced = NULL;
	answer_t *last;
	chunk_t octets;

	if (!incoming && !plain && !message->get_request(message) &&
		is_ours(ike_sa))
	{
		octets = get_octets(ike_sa, message);
		this->records->lock(this->records);
		last = get_last(this, ike_sa);
		if (last)
		{
			announced = last->announced;
			last->announced = NULL;
		}
		set_last(this, ike_sa, message->get_message_id(message), octets,
				 announced);
		this->records->unlock(this->records);
		chunk_free(&octets);
	}
	return TRUE;
}

METHOD(rmobike_echo_t, rekeyed, void,
	private_rmobike_echo_t *this, ike_sa_t *old, ike_sa_t *new)
{
	linked_list_t *addresses;
	answer_t *last;

	if (is_ours(new))
	{
		addresses = rmobike_paths_to_responder(new);
		this->records->lock(this->records);
		last = get_last(this, old);
		if (!last)
		{
			set_last(this, old, 0, chunk_empty, addresses);
		}
		else
		{
			rmobike_paths_destroy(last->announced);
			last->announced = addresses;
		}
		this->records->unlock(this->records);
	}
}

METHOD(rmobike_echo_t, destroy, void,
	private_rmobike_echo_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_echo_t *rmobike_echo_create(rmobike_records_t *records,
									rmobike_accepted_t *accepted)
{
	private_rmobike_echo_t *this;

	INIT(this,
		.public = {
			.listener = {
				.alert = _alert,
				.message = _message,
			},
			.rekeyed = _rekeyed,
			.destroy = _destroy,
		},
		.accepted = accepted,
		.records = records,
	);
	records->own(records, RMOBIKE_PART_ANSWER, answer_destroy, NULL);
	return &this->public;
}
