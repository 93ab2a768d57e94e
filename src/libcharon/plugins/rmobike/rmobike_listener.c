/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_notify.h"
#include "exchange/rmobike_lead_task.h"
#include "exchange/rmobike_task.h"
#include "exchange/rmobike_update_task.h"
#include "rmobike_compat.h"
#include "rmobike_listener.h"
#include "sa/rmobike_ike_sa.h"

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
	 * Who has to know what happens
	 */
	rmobike_rooms_t rooms;
};

/**
 * The initiator of an IKE_SA supports the extension
 */
static void enable(private_rmobike_listener_t *this, ike_sa_t *ike_sa)
{
	ike_sa->enable_extension(ike_sa, RMOBIKE_EXTENSION);
	this->rooms.seamless->attach(this->rooms.seamless, ike_sa);
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
	options = rmobike_ike_sa_options(ike_sa);
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
	rmobike_switches_t *switches = this->rooms.switches;
	host_t *me = message->get_destination(message);
	host_t *other = message->get_source(message);

	if (!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		message->get_notify(message, COOKIE2) &&
		me->equals(me, ike_sa->get_my_host(ike_sa)) &&
		other->equals(other, ike_sa->get_other_host(ike_sa)))
	{
		switches->stayed(switches, ike_sa->get_unique_id(ike_sa), me);
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
	rmobike_accepted_t *accepted = this->rooms.accepted;
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	packet_t *response;

	response = accepted->get_response(accepted, id,
									  message->get_message_id(message),
									  message->get_packet_data(message));
	if (response && accepted->may_repeat(accepted, id))
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
	rmobike_accepted_t *accepted = this->rooms.accepted;
	host_t *me, *other;

	if (accepted->get_path(accepted, ike_sa->get_unique_id(ike_sa),
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
	rmobike_accepted_t *accepted = this->rooms.accepted;
	packet_t *packet;

	if (message->is_encoded(message))
	{
		packet = message->get_packet(message);
		rmobike_ike_sa_set_dscp(ike_sa, packet);
		accepted->responded(accepted, ike_sa->get_unique_id(ike_sa),
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
		this->rooms.request->handle(this->rooms.request, ike_sa, message);
		if (request)
		{
			this->rooms.ask->heard(this->rooms.ask, ike_sa, message);
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
	rmobike_switches_t *switches = this->rooms.switches;

	if (!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{
		switches->moved(switches, ike_sa->get_unique_id(ike_sa), local,
						!local->ip_equals(local, ike_sa->get_my_host(ike_sa)));
		/* if the response to our request was lost, it can be had there */
		rmobike_task_hurry(ike_sa);
	}
	return TRUE;
}

METHOD(listener_t, ike_rekey, bool,
	private_rmobike_listener_t *this, ike_sa_t *old, ike_sa_t *new)
{
	rmobike_rooms_t *rooms = &this->rooms;
	u_int serial;

	if (new->supports_extension(new, RMOBIKE_EXTENSION))
	{
		enable(this, new);
	}
	rooms->records->rekeyed(rooms->records, old, new);
	rooms->seamless->rekeyed(rooms->seamless, old->get_unique_id(old),
							 new->get_unique_id(new));
	rmobike_update_task_resume(old, new);
	rmobike_lead_task_resume(new, rooms->switches);
	serial = rooms->switches->get_unanswered(rooms->switches,
											 new->get_unique_id(new));
	if (serial)
	{	/* the answer may have been lost with the old IKE_SA */
		rooms->ask->resume(rooms->ask, new, serial);
	}
	rooms->echo->rekeyed(rooms->echo, old, new);
	rooms->address_lost->rekeyed(rooms->address_lost, new);
	rooms->redirect->rekeyed(rooms->redirect, new);
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_rmobike_listener_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	rmobike_rooms_t *rooms = &this->rooms;
	uint32_t id = ike_sa->get_unique_id(ike_sa);

	switch (state)
	{
		case IKE_ESTABLISHED:
			if (ike_sa->get_state(ike_sa) == IKE_PASSIVE &&
				ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION))
			{	/* a copy of the ha plugin, no message of it was seen */
				enable(this, ike_sa);
			}
			rooms->advice->established(rooms->advice, ike_sa);
			break;
		case IKE_REKEYED:
			rooms->records->replaced(rooms->records, id);
			break;
		case IKE_DESTROYING:
			rooms->switches->gone(rooms->switches, id);
			rooms->seamless->forget(rooms->seamless, id);
			rooms->records->remove(rooms->records, id);
			break;
		default:
			break;
	}
	return TRUE;
}

METHOD(listener_t, child_state_change, bool,
	private_rmobike_listener_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	child_sa_state_t state)
{
	if (ike_sa && state == CHILD_DESTROYING)
	{
		rmobike_compat_forget(ike_sa, child_sa);
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
rmobike_listener_t *rmobike_listener_create(const rmobike_rooms_t *rooms)
{
	private_rmobike_listener_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
				.ike_update = _ike_update,
				.ike_rekey = _ike_rekey,
				.ike_state_change = _ike_state_change,
				.child_state_change = _child_state_change,
			},
			.destroy = _destroy,
		},
		.rooms = *rooms,
	);

	return &this->public;
}
