/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_paths.h"
#include "sa/rmobike_ike_sa.h"

/**
 * There are so many at most
 */
#define ADDRESSES 4

/**
 * How many addresses are announced at most, as many as charon does
 */
#define ANNOUNCED_MAX 8

/**
 * Does the operator want anything to go to addresses that were announced?
 */
static bool is_enabled(ike_sa_t *ike_sa)
{
	rmobike_options_t *options;
	bool enabled;

	options = rmobike_ike_sa_options(ike_sa);
	enabled = options->accept != RMOBIKE_ACCEPT_NONE;
	rmobike_options_destroy(options);
	return enabled;
}

/*
 * Described in header
 */
linked_list_t *rmobike_paths_to_responder(ike_sa_t *ike_sa)
{
	linked_list_t *addresses = linked_list_create();
	host_t *to, *current, *other = ike_sa->get_other_host(ike_sa);
	enumerator_t *enumerator;

	if (!is_enabled(ike_sa))
	{
		return addresses;
	}
	enumerator = ike_sa->create_peer_address_enumerator(ike_sa);
	while (addresses->get_count(addresses) < ADDRESSES &&
		   enumerator->enumerate(enumerator, &current))
	{
		if (!current->ip_equals(current, other) &&
			!charon->kernel->get_interface(charon->kernel, current, NULL))
		{
			to = current->clone(current);
			to->set_port(to, other->get_port(other));
			addresses->insert_last(addresses, to);
		}
	}
	enumerator->destroy(enumerator);
	return addresses;
}

/*
 * Described in header
 */
linked_list_t *rmobike_paths_from_responder(ike_sa_t *ike_sa)
{
	linked_list_t *addresses = linked_list_create();
	host_t *from, *current, *me = ike_sa->get_my_host(ike_sa);
	host_t *other = ike_sa->get_other_host(ike_sa);
	enumerator_t *enumerator;

	enumerator = charon->kernel->create_address_enumerator(charon->kernel,
														   ADDR_TYPE_REGULAR);
	while (addresses->get_count(addresses) < ADDRESSES &&
		   enumerator->enumerate(enumerator, &current))
	{
		if (!current->ip_equals(current, me) &&
			current->get_family(current) == other->get_family(other))
		{
			from = current->clone(current);
			from->set_port(from, me->get_port(me));
			addresses->insert_last(addresses, from);
		}
	}
	enumerator->destroy(enumerator);
	return addresses;
}

/*
 * Described in header
 */
void rmobike_paths_send(packet_t *packet, host_t *me, host_t *other)
{
	packet_t *copy;

	copy = packet->clone(packet);
	copy->set_source(copy, me->clone(me));
	copy->set_destination(copy, other->clone(other));
	charon->sender->send(charon->sender, copy);
}

/*
 * Described in header
 */
bool rmobike_paths_send_to(ike_sa_t *ike_sa, linked_list_t *packets, host_t *to)
{
	enumerator_t *enumerator;
	packet_t *packet;
	host_t *me;

	me = rmobike_ike_sa_source(ike_sa, to);
	if (!me)
	{
		return FALSE;
	}
	enumerator = packets->create_enumerator(packets);
	while (enumerator->enumerate(enumerator, &packet))
	{
		rmobike_paths_send(packet, me, to);
	}
	enumerator->destroy(enumerator);
	me->destroy(me);
	return TRUE;
}

/*
 * Described in header
 */
void rmobike_paths_send_from(ike_sa_t *ike_sa, rmobike_raw_socket_t *raw_socket,
							 packet_t *packet, host_t *to,
							 rmobike_silence_t silent)
{
	host_t *me = ike_sa->get_my_host(ike_sa), *from;
	host_t *other = ike_sa->get_other_host(ike_sa);
	enumerator_t *enumerator;
	linked_list_t *addresses;

	if (!raw_socket || charon->kernel->get_interface(charon->kernel, me, NULL))
	{
		rmobike_paths_send(packet, me, other);
	}
	else
	{
		raw_socket->send(raw_socket, packet, me, other);
	}
	if (!silent)
	{
		return;
	}
	addresses = rmobike_paths_from_responder(ike_sa);
	enumerator = addresses->create_enumerator(addresses);
	while (enumerator->enumerate(enumerator, &from))
	{
		if (silent == RMOBIKE_SILENT_BOTH || (to && from->ip_equals(from, to)))
		{
			rmobike_paths_send(packet, from, other);
		}
	}
	enumerator->destroy(enumerator);
	rmobike_paths_destroy(addresses);
}

/**
 * Announce an address (RFC 4555, 3.6)
 */
static void announce(message_t *message, host_t *host)
{
	message->add_notify(message, FALSE,
						host->get_family(host) == AF_INET6
							? ADDITIONAL_IP6_ADDRESS
							: ADDITIONAL_IP4_ADDRESS,
						host->get_address(host));
}

/*
 * Described in header
 */
void rmobike_paths_announce(message_t *message, host_t *at, host_t *first)
{
	enumerator_t *enumerator;
	host_t *host;
	u_int count = 0;

	if (!first->ip_equals(first, at))
	{
		announce(message, first);
		count++;
	}
	enumerator = charon->kernel->create_address_enumerator(charon->kernel,
														   ADDR_TYPE_REGULAR);
	while (count < ANNOUNCED_MAX && enumerator->enumerate(enumerator, &host))
	{
		if (!host->ip_equals(host, at) && !host->ip_equals(host, first))
		{
			announce(message, host);
			count++;
		}
	}
	enumerator->destroy(enumerator);
	if (!count)
	{
		message->add_notify(message, FALSE, NO_ADDITIONAL_ADDRESSES,
							chunk_empty);
	}
}

/*
 * Described in header
 */
bool rmobike_paths_include(linked_list_t *addresses, host_t *address)
{
	enumerator_t *enumerator;
	host_t *current;
	bool found = FALSE;

	if (!addresses)
	{
		return FALSE;
	}
	enumerator = addresses->create_enumerator(addresses);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		found = address->ip_equals(address, current);
	}
	enumerator->destroy(enumerator);
	return found;
}

/*
 * Described in header
 */
void rmobike_paths_destroy(linked_list_t *addresses)
{
	if (addresses)
	{
		addresses->destroy_offset(addresses, offsetof(host_t, destroy));
	}
}
