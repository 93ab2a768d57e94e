/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_fillers.h"
#include "cluster/rmobike_ownership.h"
#include "exchange/rmobike_paths.h"

#include <encoding/message.h>
#include <processing/jobs/callback_job.h>

/**
 * When they are sent, in milliseconds since they were the last time: as often
 * as our own request. As long as that waits for them the last time goes on.
 */
static const u_int again[] = { 150, 350, 1000, 2000, 4000 };

typedef struct fillers_t fillers_t;

/**
 * Requests to be sent again
 */
struct fillers_t {
	/** IKE_SA they belong to */
	rmobike_ref_t *ref;
	/** sends them */
	rmobike_raw_socket_t *raw_socket;
	/** address of the other node */
	host_t *me;
	/** the requests, in the order of their IDs */
	packet_t *packets[RMOBIKE_FILLERS];
	/** message ID after theirs */
	uint32_t next;
	/** how many times they were sent again */
	u_int times;
};

/**
 * Free them
 */
static void fillers_destroy(fillers_t *this)
{
	int i;

	for (i = 0; i < RMOBIKE_FILLERS; i++)
	{
		DESTROY_IF(this->packets[i]);
	}
	this->me->destroy(this->me);
	this->ref->destroy(this->ref);
	free(this);
}

/**
 * Send them
 */
static void fillers_send(fillers_t *this, ike_sa_t *ike_sa)
{
	int i;

	for (i = 0; i < RMOBIKE_FILLERS; i++)
	{
		if (this->packets[i])
		{
			rmobike_paths_send_from(ike_sa, this->raw_socket, this->packets[i],
									NULL, RMOBIKE_SILENT_NONE);
		}
	}
}

/**
 * Does the peer have to take them before it takes what we ask for?
 */
static bool is_needed(fillers_t *this, ike_sa_t *ike_sa)
{
	return ike_sa->get_message_id(ike_sa, TRUE) == this->next &&
		   rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_ACTIVE);
}

CALLBACK(resend, job_requeue_t,
	fillers_t *this)
{
	ike_sa_t *ike_sa;
	host_t *me;
	bool more;

	ike_sa = this->ref->checkout(this->ref);
	if (!ike_sa)
	{
		return JOB_REQUEUE_NONE;
	}
	me = ike_sa->get_my_host(ike_sa);
	more = is_needed(this, ike_sa);
	if (ike_sa->get_state(ike_sa) != IKE_ESTABLISHED)
	{	/* it was released, and may be taken back */
		more = more && ike_sa->get_state(ike_sa) == IKE_PASSIVE;
	}
	/* it may have come by itself, without any of them */
	else if (more || me->ip_equals(me, this->me))
	{
		fillers_send(this, ike_sa);
		this->times = min(this->times + 1, countof(again));
		/* it may sleep, for as long as charon sends again what comes next */
		more = this->times < countof(again) || is_needed(this, ike_sa);
	}
	charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	if (more)
	{
		return JOB_RESCHEDULE_MS(again[min(this->times, countof(again) - 1)]);
	}
	return JOB_REQUEUE_NONE;
}

/**
 * Build a message that no hook sees, so that nobody takes the ID for used but
 * us: an empty request, or the answer to one that creates CHILD_SAs
 */
static packet_t *build(ike_sa_t *ike_sa, uint32_t mid, bool request)
{
	host_t *me = ike_sa->get_my_host(ike_sa);
	host_t *other = ike_sa->get_other_host(ike_sa);
	packet_t *packet = NULL;
	message_t *message;

	message = message_create(IKEV2_MAJOR_VERSION, IKEV2_MINOR_VERSION);
	message->set_message_id(message, mid);
	message->set_exchange_type(message,
							   request ? INFORMATIONAL : CREATE_CHILD_SA);
	message->set_request(message, request);
	message->set_ike_sa_id(message, ike_sa->get_id(ike_sa));
	message->set_source(message, me->clone(me));
	message->set_destination(message, other->clone(other));
	if (!request)
	{
		message->add_notify(message, FALSE, TEMPORARY_FAILURE, chunk_empty);
	}
	if (message->generate(message, ike_sa->get_keymat(ike_sa),
						  &packet) != SUCCESS)
	{
		packet = NULL;
	}
	message->destroy(message);
	return packet;
}

/*
 * Described in header
 */
void rmobike_fillers_send(ike_sa_t *ike_sa, rmobike_refs_t *refs,
						  rmobike_raw_socket_t *raw_socket, uint32_t first,
						  uint32_t next)
{
	host_t *me = ike_sa->get_my_host(ike_sa);
	fillers_t *this;
	u_int i = 0;

	INIT(this,
		.ref = refs->create_ref(refs, ike_sa),
		.raw_socket = raw_socket,
		.me = me->clone(me),
		.next = next,
	);
	first = max(first, next - min(next, RMOBIKE_FILLERS));
	while (first < next)
	{
		this->packets[i++] = build(ike_sa, first++, TRUE);
	}
	ike_sa->set_message_id(ike_sa, TRUE, next);
	fillers_send(this, ike_sa);
	lib->scheduler->schedule_job_ms(lib->scheduler,
			(job_t*)callback_job_create((void*)resend, this,
										(void*)fillers_destroy, NULL),
			again[0]);
}

/*
 * Described in header
 */
bool rmobike_fillers_count_ivs(ike_sa_t *ike_sa)
{
	proposal_t *proposal = ike_sa->get_proposal(ike_sa);
	uint16_t alg;

	return !proposal ||
		   !proposal->get_algorithm(proposal, ENCRYPTION_ALGORITHM, &alg,
									NULL) ||
		   encryption_algorithm_is_aead(alg) ||
		   alg == ENCR_AES_CTR || alg == ENCR_CAMELLIA_CTR;
}

/**
 * The client shall try again later. It may have to be told more than once, by
 * the same message.
 */
static void refuse(ike_sa_t *ike_sa, rmobike_ownership_t *ownership,
				   message_t *message)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	uint32_t mid = message->get_message_id(message);
	packet_t *packet;

	packet = ownership->get_kept(ownership, id, mid);
	if (!packet)
	{
		packet = build(ike_sa, mid, FALSE);
		if (!packet)
		{
			return;
		}
		ownership->keep(ownership, id, mid, packet->clone(packet));
	}
	/* a NAT may have forgotten it, RFC 7296 (2.11) */
	rmobike_paths_send(packet, message->get_destination(message),
					   message->get_source(message));
	packet->destroy(packet);
}

/**
 * Get a copy of a request that was verified, the original can be parsed once
 * only; NULL if it isn't authentic. To be parsed is not enough: charon takes
 * requests without any payload, or those of IKE_SA_INIT, that are not
 * protected.
 */
static message_t *verify(ike_sa_t *ike_sa, message_t *message)
{
	payload_type_t type = message->get_first_payload_type(message);
	message_t *copy;

	if (type != PLV2_ENCRYPTED && type != PLV2_FRAGMENT)
	{
		return NULL;
	}
	copy = message_create_from_packet(message->get_packet(message));
	if (copy->parse_header(copy) != SUCCESS ||
		copy->parse_body(copy, ike_sa->get_keymat(ike_sa)) != SUCCESS)
	{
		copy->destroy(copy);
		return NULL;
	}
	return copy;
}

/*
 * Described in header
 */
bool rmobike_fillers_skip(ike_sa_t *ike_sa, message_t *message)
{
	uint32_t mid = message->get_message_id(message);
	message_t *copy;

	/* charon takes that one for none */
	copy = mid != UINT32_MAX ? verify(ike_sa, message) : NULL;
	if (!copy)
	{
		return FALSE;
	}
	copy->destroy(copy);
	DBG1(DBG_IKE, "the peer asked the other node for something that is not "
		 "known here, its next request is %u", mid);
	ike_sa->set_message_id(ike_sa, FALSE, mid);
	return TRUE;
}

/**
 * Can a request be handled once more? The message is a copy that was verified.
 */
static bool can_repeat(ike_sa_t *ike_sa, rmobike_ownership_t *ownership,
					   message_t *message, host_t *source)
{
	switch (message->get_exchange_type(message))
	{
		case CREATE_CHILD_SA:
			refuse(ike_sa, ownership, message);
			return FALSE;
		case INFORMATIONAL:
			if (rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_ACTIVE))
			{	/* to handle it resets what is in the air; it is sent again */
				return FALSE;
			}
			/* charon follows peers without MOBIKE to any address */
			return source->equals(source, ike_sa->get_other_host(ike_sa)) ||
				   (ike_sa->supports_extension(ike_sa, EXT_MOBIKE) &&
					!message->get_notify(message, UPDATE_SA_ADDRESSES));
		default:
			/* charon refuses it, and waits for it ever after */
			return FALSE;
	}
}

/*
 * Described in header
 */
void rmobike_fillers_repeat(ike_sa_t *ike_sa, rmobike_ownership_t *ownership,
							message_t *message)
{
	uint32_t mid = message->get_message_id(message);
	message_t *copy;
	bool repeat;

	copy = mid + 1 == ike_sa->get_message_id(ike_sa, FALSE) ?
										verify(ike_sa, message) : NULL;
	repeat = copy && can_repeat(ike_sa, ownership, copy,
								message->get_source(message));
	DESTROY_IF(copy);
	if (repeat)
	{
		DBG1(DBG_IKE, "handling request %u of the peer once more, the "
			 "response to it got lost", mid);
		ike_sa->set_message_id(ike_sa, FALSE, mid);
	}
}
