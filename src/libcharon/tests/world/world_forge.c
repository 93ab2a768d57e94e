/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * What a peer would send that is not like us: notifies nobody asked for, and
 * messages that lack some.
 */

#include "world_parts.h"

#include <encoding/message.h>
#include <encoding/payloads/notify_payload.h>

/** forged_t, in order */
static linked_list_t *forgeries;

/**
 * Add a notify, as wrong as it may be.
 */
static void add_notify(message_t *message, forged_t *this)
{
	notify_payload_t *notify;

	notify = notify_payload_create(PLV2_NOTIFY);
	notify->set_notify_type(notify, this->type);
	if (this->spi)
	{	/* the only way to get one in without its protocol */
		notify->set_protocol_id(notify, PROTO_ESP);
		notify->set_spi(notify, this->spi);
	}
	notify->set_protocol_id(notify, this->protocol);
	notify->set_notification_data(notify, this->data);
	message->add_payload(message, (payload_t*)notify);
}

/**
 * Remove all notifies of a type.
 */
static void remove_notifies(message_t *message, notify_type_t type)
{
	enumerator_t *enumerator;
	payload_t *payload;
	notify_payload_t *notify;

	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		notify = (notify_payload_t*)payload;
		if (payload->get_type(payload) == PLV2_NOTIFY &&
			notify->get_notify_type(notify) == type)
		{
			message->remove_payload_at(message, enumerator);
			payload->destroy(payload);
		}
	}
	enumerator->destroy(enumerator);
}

/**
 * Change a message.
 */
static void forge(message_t *message, forged_t *this)
{
	if (this->replace)
	{
		remove_notifies(message, this->type);
	}
	if (!this->replace || this->data.len)
	{
		add_notify(message, this);
	}
}

METHOD(listener_t, message, bool,
	listener_t *this, ike_sa_t *ike_sa, message_t *message, bool incoming,
	bool plain)
{
	enumerator_t *enumerator;
	forged_t *current;

	if (incoming || !plain)
	{
		return TRUE;
	}
	if (world_conf.no_mobike)
	{
		remove_notifies(message, MOBIKE_SUPPORTED);
	}
	enumerator = forgeries->create_enumerator(forgeries);
	while (enumerator->enumerate(enumerator, &current))
	{
		if (current->from == kernel_side_of(ike_sa) &&
			current->exchange == message->get_exchange_type(message) &&
			current->response == !message->get_request(message))
		{
			forge(message, current);
			forgeries->remove_at(forgeries, enumerator);
			chunk_free(&current->data);
			free(current);
		}
	}
	enumerator->destroy(enumerator);
	return TRUE;
}

/** Listens to charon, before the plugin does */
static listener_t listener;

/*
 * Described in header
 */
void world_forge_(forged_t forged)
{
	forged_t *this;

	INIT(this);
	*this = forged;
	this->data = chunk_clone(forged.data);
	forgeries->insert_last(forgeries, this);
}

/*
 * Described in header
 */
void forge_create()
{
	forgeries = linked_list_create();
	listener = (listener_t){
		.message = _message,
	};
	charon->bus->add_listener(charon->bus, &listener);
}

/*
 * Described in header
 */
void forge_destroy()
{
	charon->bus->remove_listener(charon->bus, &listener);
	forgeries->destroy_function(forgeries, free);
}
