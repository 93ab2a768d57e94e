/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_fillers.h"
#include "cluster/rmobike_message_ids.h"
#include "sa/rmobike_errand.h"

/**
 * How long the client may take to answer a request whose ID the other node may
 * have used up, in milliseconds; charon sends it again before that
 */
#define ANSWERED 5000

typedef struct private_rmobike_message_ids_t private_rmobike_message_ids_t;

/**
 * Private data
 */
struct private_rmobike_message_ids_t {

	/**
	 * Public interface
	 */
	rmobike_message_ids_t public;

	/**
	 * Sends from addresses of the other node
	 */
	rmobike_raw_socket_t *raw_socket;

	/**
	 * Follows IKE_SAs
	 */
	rmobike_refs_t *refs;

	/**
	 * Which IDs were used
	 */
	rmobike_ownership_t *ownership;
};

/**
 * Have the client take requests for message IDs that may be used up or not,
 * beginning with this one and ending before the one that is next
 */
static void send_fillers(private_rmobike_message_ids_t *this, ike_sa_t *ike_sa,
						 uint32_t first, uint32_t next)
{
	rmobike_fillers_send(ike_sa, this->refs, this->raw_socket, first, next);
	/* no hook sees them */
	this->ownership->ask(this->ownership, ike_sa->get_unique_id(ike_sa),
						 next - 1, INFORMATIONAL);
	this->ownership->change(this->ownership, ike_sa->get_unique_id(ike_sa),
							RMOBIKE_FORGOTTEN, 0);
}

/**
 * Get the ID to fill from if nobody knows which one the client waits for: a few
 * before the next one, which may be used up; or if that can't be, the first one
 * that we have not used. An ID can be used for two messages. If a third is to
 * come, the response to the client's own request, charon would find no IV for
 * that (iv_gen_seq).
 */
static uint32_t get_first(ike_sa_t *ike_sa, uint32_t unused, uint32_t next)
{
	if (ike_sa->get_message_id(ike_sa, FALSE) < next &&
		rmobike_fillers_count_ivs(ike_sa))
	{
		return min(unused, next);
	}
	return next - min(next, RMOBIKE_FILLERS);
}

METHOD(rmobike_message_ids_t, fill, void,
	private_rmobike_message_ids_t *this, ike_sa_t *ike_sa)
{
	uint32_t next = ike_sa->get_message_id(ike_sa, TRUE);

	send_fillers(this, ike_sa, get_first(ike_sa, next, next + 1), next + 1);
}

METHOD(rmobike_message_ids_t, fill_orphan, void,
	private_rmobike_message_ids_t *this, ike_sa_t *ike_sa, bool served)
{
	uint32_t next = ike_sa->get_message_id(ike_sa, TRUE);

	/* IVs depend on message IDs, so none is sent twice */
	send_fillers(this, ike_sa, served || !next ? next : next - 1, next + 1);
}

/**
 * The client took what we asked for something that it has answered to the other
 * node, or it sleeps; implements rmobike_errand_t
 */
static status_t skip_spent(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_message_ids_t *this = user;
	uint32_t unused, next;

	unused = this->ownership->get_asked(this->ownership,
										ike_sa->get_unique_id(ike_sa));
	unused = max(unused, ike_sa->get_message_id(ike_sa, TRUE));
	next = this->ownership->spend(this->ownership,
								  ike_sa->get_unique_id(ike_sa), 0);
	if (ike_sa->get_message_id(ike_sa, TRUE) >= next ||
		(ike_sa->get_state(ike_sa) != IKE_ESTABLISHED &&
		 ike_sa->get_state(ike_sa) != IKE_REKEYING))
	{
		return SUCCESS;
	}
	next = max(unused, next);
	/* what is in the air is queued again */
	send_fillers(this, ike_sa, get_first(ike_sa, unused, next), next);
	if (ike_sa->get_state(ike_sa) == IKE_REKEYING)
	{	/* it begins anew, which charon does not let it in that state */
		ike_sa->set_state(ike_sa, IKE_ESTABLISHED);
	}
	return ike_sa->initiate(ike_sa, NULL, NULL);
}

METHOD(rmobike_message_ids_t, catch_up, void,
	private_rmobike_message_ids_t *this, ike_sa_t *ike_sa, uint32_t next)
{
	if (ike_sa->get_message_id(ike_sa, TRUE) < next)
	{
		this->ownership->spend(this->ownership, ike_sa->get_unique_id(ike_sa),
							   next);
		rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa),
			rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_ACTIVE) ? ANSWERED
																   : 0,
			skip_spent, this);
	}
}

/**
 * The client's last requests may have been handled by the other node, or the
 * last one be one that charon has forgotten its response to. If that was built
 * here it can be a second time, but not if our own request with that ID is
 * still to come.
 */
static void repeat(private_rmobike_message_ids_t *this, ike_sa_t *ike_sa,
				   message_t *message)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa), ago;
	uint32_t mid = message->get_message_id(message);

	if (mid > ike_sa->get_message_id(ike_sa, FALSE))
	{	/* to take it resets what is in the air; the client sends it again */
		if (!rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_ACTIVE) &&
			rmobike_fillers_skip(ike_sa, message))
		{	/* what was before it was not asked here, but is over */
			this->ownership->hear(this->ownership, id, mid - 1);
		}
	}
	else if (this->ownership->get(this->ownership, id) & RMOBIKE_FORGOTTEN &&
			 (this->ownership->get_heard(this->ownership, id,
										 &ago) != mid + 1 ||
			  ike_sa->get_message_id(ike_sa, TRUE) > mid ||
			  !rmobike_fillers_count_ivs(ike_sa)))
	{
		rmobike_fillers_repeat(ike_sa, this->ownership, message);
	}
}

/**
 * A response arrived that is authentic. If the other node takes us for dead it
 * asks in our place, and the client may answer here; charon would destroy the
 * IKE_SA.
 */
static void check_response(private_rmobike_message_ids_t *this,
						   ike_sa_t *ike_sa, message_t *message)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	uint32_t mid = message->get_message_id(message);
	bool active = rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_ACTIVE);

	if (active && !this->ownership->is_foreign(this->ownership, id, mid,
										message->get_exchange_type(message)))
	{
		return;
	}
	message->set_exchange_type(message, EXCHANGE_TYPE_UNDEFINED);
	if (this->ownership->spend(this->ownership, id, 0) > mid)
	{	/* another copy of it */
		return;
	}
	DBG1(DBG_IKE, "ignoring the answer to request %u, which is not ours", mid);
	this->ownership->spend(this->ownership, id, mid + 1);
	/* it is not going to answer ours, unless it is told by then that we are not
	 * the one to ask. Not in the hook, charon still handles the answer. */
	rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa),
						 active ? ANSWERED : 0, skip_spent, this);
}

/**
 * A message of ours is sent: which one was answered, or asked for, last?
 */
static void note_sent(private_rmobike_message_ids_t *this, ike_sa_t *ike_sa,
					  message_t *message)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	uint32_t mid = message->get_message_id(message);

	if (message->get_request(message))
	{
		this->ownership->ask(this->ownership, id, mid,
							 message->get_exchange_type(message));
	}
	else
	{	/* to a request with an unknown critical payload, for instance, which
		 * charon tells nobody of */
		this->ownership->hear(this->ownership, id, mid);
	}
}

METHOD(listener_t, message, bool,
	private_rmobike_message_ids_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);

	if (!rmobike_ownership_concerns(ike_sa))
	{
		return TRUE;
	}
	if (!incoming)
	{
		if (plain)
		{
			note_sent(this, ike_sa, message);
		}
	}
	else if (!message->get_request(message))
	{
		if (plain)
		{
			check_response(this, ike_sa, message);
		}
	}
	else if (plain)
	{
		this->ownership->hear(this->ownership, id,
							  message->get_message_id(message));
		this->ownership->change(this->ownership, id, 0, RMOBIKE_FORGOTTEN);
	}
	else
	{
		repeat(this, ike_sa, message);
	}
	return TRUE;
}

METHOD(rmobike_message_ids_t, destroy, void,
	private_rmobike_message_ids_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_message_ids_t *rmobike_message_ids_create(
											rmobike_raw_socket_t *raw_socket,
											rmobike_refs_t *refs,
											rmobike_ownership_t *ownership)
{
	private_rmobike_message_ids_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
			},
			.fill = _fill,
			.fill_orphan = _fill_orphan,
			.catch_up = _catch_up,
			.destroy = _destroy,
		},
		.raw_socket = raw_socket,
		.refs = refs,
		.ownership = ownership,
	);
	return &this->public;
}
