/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_compat.h"
#include "rmobike_listener.h"
#include "rmobike_notify.h"
#include "rmobike_task.h"
#include "rmobike_update_task.h"

#include <encoding/payloads/notify_payload.h>

typedef struct private_rmobike_listener_t private_rmobike_listener_t;

/**
 * Private data
 */
struct private_rmobike_listener_t {

	/**
	 * Public interface
	 */
	rmobike_listener_t public;

	/**
	 * What we asked for
	 */
	rmobike_peers_t *peers;

	/**
	 * What we were asked for and accepted
	 */
	rmobike_accepted_t *accepted;

	/**
	 * Moves CHILD_SAs without a gap, or NULL
	 */
	rmobike_seamless_t *seamless;

	/**
	 * Decides about what we are asked for
	 */
	rmobike_judge_t *judge;

	/**
	 * Starts switches
	 */
	rmobike_asker_t *asker;
};

/**
 * The initiator of an IKE_SA supports the extension
 */
static void enable(private_rmobike_listener_t *this, ike_sa_t *ike_sa)
{
	ike_sa->enable_extension(ike_sa, RMOBIKE_EXTENSION);
	if (this->seamless)
	{
		this->seamless->attach(this->seamless, ike_sa);
	}
}

/**
 * Send or note the capability in an IKE_AUTH request
 */
static void handle_capability(private_rmobike_listener_t *this,
							  ike_sa_t *ike_sa, message_t *message,
							  bool incoming)
{
	notify_payload_t *notify;
	rmobike_options_t *options;

	notify = message->get_notify(message, MOBIKE_SUPPORTED);
	if (!notify)
	{
		return;
	}
	if (incoming)
	{
		if (rmobike_notify_is_capability(notify->get_notification_data(notify)))
		{
			DBG2(DBG_IKE, "peer can be asked to switch to another address");
			enable(this, ike_sa);
		}
		return;
	}
	options = rmobike_task_options(ike_sa);
	if (options->advertise)
	{
		notify->set_notification_data(notify, rmobike_notify_capability());
		enable(this, ike_sa);
	}
	rmobike_options_destroy(options);
}

/**
 * As responder: a peer that checks or updates the path that the IKE_SA has
 * anyway found the new address silent, or was asked to stay.
 */
static void handle_return(private_rmobike_listener_t *this, ike_sa_t *ike_sa,
						  message_t *message)
{
	host_t *me = message->get_destination(message);
	host_t *other = message->get_source(message);

	if (!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		message->get_notify(message, COOKIE2) &&
		me->equals(me, ike_sa->get_my_host(ike_sa)) &&
		other->equals(other, ike_sa->get_other_host(ike_sa)))
	{
		this->peers->stayed(this->peers, ike_sa->get_unique_id(ike_sa), me);
	}
}

/**
 * A request arrived, nothing of it is verified yet. If it is, to the last
 * octet, the one that we answered to another address, charon is about to answer
 * it again where it came from, so that the exchange ends even if the new path
 * is dead; we do so on the new path.
 */
static void handle_retransmit(private_rmobike_listener_t *this,
							  ike_sa_t *ike_sa, message_t *message)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	packet_t *response;

	response = this->accepted->get_response(this->accepted, id,
											message->get_message_id(message),
											message->get_packet_data(message));
	if (response && this->accepted->may_repeat(this->accepted, id))
	{
		charon->sender->send(charon->sender, response);
		response = NULL;
	}
	DESTROY_IF(response);
}

/**
 * Send the response to an accepted request to the new address
 */
static void redirect_response(private_rmobike_listener_t *this,
							  ike_sa_t *ike_sa, message_t *message)
{
	host_t *me, *other;

	if (this->accepted->get_path(this->accepted, ike_sa->get_unique_id(ike_sa),
								 message->get_message_id(message), &me, &other))
	{
		message->set_source(message, me);
		message->set_destination(message, other);
	}
}

/**
 * Keep the response to an accepted request
 */
static void remember_response(private_rmobike_listener_t *this,
							  ike_sa_t *ike_sa, message_t *message)
{
	packet_t *packet;

	if (message->is_encoded(message))
	{
		packet = message->get_packet(message);
		rmobike_task_set_dscp(ike_sa, packet);
		this->accepted->responded(this->accepted, ike_sa->get_unique_id(ike_sa),
								  message->get_message_id(message), packet);
	}
}

METHOD(listener_t, message, bool,
	private_rmobike_listener_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	bool informational, request;

	if (message->get_major_version(message) != IKEV2_MAJOR_VERSION)
	{
		return TRUE;
	}
	informational = message->get_exchange_type(message) == INFORMATIONAL;
	request = message->get_request(message);

	if (plain && request && message->get_exchange_type(message) == IKE_AUTH)
	{
		handle_capability(this, ike_sa, message, incoming);
	}
	if (incoming && plain)
	{
		this->judge->handle(this->judge, ike_sa, message);
		if (request)
		{
			this->asker->heard(this->asker, ike_sa, message);
		}
		if (request && informational)
		{
			handle_return(this, ike_sa, message);
		}
	}
	else if (incoming && request && informational)
	{
		handle_retransmit(this, ike_sa, message);
	}
	else if (!incoming && !request && informational && plain)
	{
		redirect_response(this, ike_sa, message);
	}
	else if (!incoming && !request && informational)
	{
		remember_response(this, ike_sa, message);
	}
	return TRUE;
}

METHOD(listener_t, ike_update, bool,
	private_rmobike_listener_t *this, ike_sa_t *ike_sa, host_t *local,
	host_t *remote)
{
	if (!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{
		this->peers->moved(this->peers, ike_sa->get_unique_id(ike_sa), local);
		/* if the response to our request was lost, it can be had there */
		rmobike_task_hurry(ike_sa);
	}
	return TRUE;
}

METHOD(listener_t, ike_rekey, bool,
	private_rmobike_listener_t *this, ike_sa_t *old, ike_sa_t *new)
{
	u_int serial;

	if (new->supports_extension(new, RMOBIKE_EXTENSION))
	{
		enable(this, new);
	}
	if (this->seamless)
	{
		this->seamless->rekeyed(this->seamless, old->get_unique_id(old),
								new->get_unique_id(new));
	}
	serial = this->peers->rekeyed(this->peers, old->get_unique_id(old),
								  new->get_unique_id(new));
	this->accepted->rekeyed(this->accepted, old->get_unique_id(old),
							new->get_unique_id(new));
	rmobike_update_task_resume(old, new);
	if (serial)
	{	/* the answer may have been lost with the old IKE_SA */
		this->asker->resume(this->asker, new, serial);
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_rmobike_listener_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	if (state == IKE_DESTROYING)
	{
		this->peers->remove(this->peers, ike_sa->get_unique_id(ike_sa));
		this->accepted->remove(this->accepted, ike_sa->get_unique_id(ike_sa));
		if (this->seamless)
		{
			this->seamless->forget(this->seamless,
								   ike_sa->get_unique_id(ike_sa));
		}
	}
	return TRUE;
}

METHOD(rmobike_listener_t, destroy, void,
	private_rmobike_listener_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_listener_t *rmobike_listener_create(rmobike_peers_t *peers,
											rmobike_accepted_t *accepted,
											rmobike_seamless_t *seamless,
											rmobike_judge_t *judge,
											rmobike_asker_t *asker)
{
	private_rmobike_listener_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
				.ike_update = _ike_update,
				.ike_rekey = _ike_rekey,
				.ike_state_change = _ike_state_change,
			},
			.destroy = _destroy,
		},
		.peers = peers,
		.accepted = accepted,
		.seamless = seamless,
		.judge = judge,
		.asker = asker,
	);

	return &this->public;
}
