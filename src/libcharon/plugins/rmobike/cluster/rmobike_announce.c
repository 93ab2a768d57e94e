/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_announce.h"
#include "exchange/rmobike_paths.h"

#include <encoding/payloads/notify_payload.h>

typedef struct private_rmobike_announce_t private_rmobike_announce_t;

/**
 * Private data
 */
struct private_rmobike_announce_t {

	/**
	 * Public interface
	 */
	rmobike_announce_t public;

	/**
	 * Addresses of the other node
	 */
	linked_list_t *peers;

	/**
	 * Address of ours that only the other node reaches, NULL if there is none
	 */
	host_t *hidden;
};

/**
 * Does a notify announce an address, or any?
 */
static bool announces(notify_payload_t *notify, host_t *host)
{
	chunk_t data = notify->get_notification_data(notify);

	switch (notify->get_notify_type(notify))
	{
		case ADDITIONAL_IP4_ADDRESS:
		case ADDITIONAL_IP6_ADDRESS:
			return !host || chunk_equals(data, host->get_address(host));
		case NO_ADDITIONAL_ADDRESSES:
			return !host;
		default:
			return FALSE;
	}
}

/**
 * Does a message announce an address, or any? If it says that there are none,
 * that is taken back, and so is what nobody but the other node can use.
 */
static bool is_announced(private_rmobike_announce_t *this, message_t *message,
						 host_t *host)
{
	enumerator_t *enumerator;
	notify_payload_t *notify;
	payload_t *payload;
	bool found = FALSE;

	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		notify = (notify_payload_t*)payload;
		if (payload->get_type(payload) != PLV2_NOTIFY)
		{
			continue;
		}
		found = found || announces(notify, host);
		if (notify->get_notify_type(notify) == NO_ADDITIONAL_ADDRESSES ||
			(this->hidden && announces(notify, this->hidden)))
		{
			message->remove_payload_at(message, enumerator);
			payload->destroy(payload);
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Add the addresses to a message that announces some, or that there are none
 */
static void add_peers(private_rmobike_announce_t *this, message_t *message)
{
	enumerator_t *enumerator;
	host_t *host;

	if (!is_announced(this, message, NULL))
	{
		return;
	}
	enumerator = this->peers->create_enumerator(this->peers);
	while (enumerator->enumerate(enumerator, &host))
	{
		if (!is_announced(this, message, host))
		{
			message->add_notify(message, FALSE,
								host->get_family(host) == AF_INET6 ?
								ADDITIONAL_IP6_ADDRESS : ADDITIONAL_IP4_ADDRESS,
								host->get_address(host));
		}
	}
	enumerator->destroy(enumerator);
}

METHOD(listener_t, message, bool,
	private_rmobike_announce_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	if (!incoming && plain &&
		!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		(message->get_exchange_type(message) == IKE_AUTH ||
		 message->get_exchange_type(message) == INFORMATIONAL))
	{
		add_peers(this, message);
	}
	return TRUE;
}

METHOD(rmobike_announce_t, destroy, void,
	private_rmobike_announce_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_announce_t *rmobike_announce_create(
								const rmobike_options_cluster_t *options)
{
	private_rmobike_announce_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
			},
			.destroy = _destroy,
		},
		.peers = options->peers,
	);
	/* clients may well reach the nodes where these reach each other */
	if (options->remote &&
		!rmobike_paths_include(options->peers, options->remote))
	{
		this->hidden = options->local;
	}
	return &this->public;
}
