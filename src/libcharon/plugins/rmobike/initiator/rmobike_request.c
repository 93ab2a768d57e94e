/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_notify.h"
#include "base/rmobike_policy.h"
#include "base/rmobike_settings.h"
#include "exchange/rmobike_task.h"
#include "exchange/rmobike_update_task.h"
#include "initiator/rmobike_request.h"
#include "rmobike_compat.h"
#include "sa/rmobike_ike_sa.h"

#include <encoding/payloads/notify_payload.h>

/**
 * Octets of a notify payload before its SPI, RFC 7296 (3.10)
 */
#define NOTIFY_HEADER_LEN 8

/**
 * Addresses that stay known although a list doesn't have them, if it does not
 * say where it was made; charon announces so many
 */
#define KEPT 8

typedef struct private_rmobike_request_t private_rmobike_request_t;

/**
 * Private data
 */
struct private_rmobike_request_t {

	/**
	 * Public interface
	 */
	rmobike_request_t public;

	/**
	 * What we were asked for and accepted
	 */
	rmobike_accepted_t *accepted;

	/**
	 * Has what is in the air
	 */
	rmobike_rescue_t *rescue;

	/**
	 * Counts what we were asked for
	 */
	rmobike_stats_t *stats;

	/**
	 * Tells the responder where we are
	 */
	rmobike_mapping_t *mapping;
};

/**
 * Get the type of SWITCH_TO_IP_ADDRESS notifies
 */
static u_int get_notify_type(void)
{
	rmobike_options_t *options;
	u_int type;

	options = rmobike_settings_get(NULL);
	type = options->notify_type;
	rmobike_options_destroy(options);
	return type;
}

/**
 * Find the notifies in a message, returns their number and the first one
 */
static u_int find_notifies(message_t *message, notify_payload_t **first)
{
	u_int type = get_notify_type();
	enumerator_t *enumerator;
	payload_t *payload;
	notify_payload_t *notify;
	u_int count = 0;

	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		if (payload->get_type(payload) == PLV2_NOTIFY)
		{
			notify = (notify_payload_t*)payload;
			if ((u_int)notify->get_notify_type(notify) == type && !count++)
			{
				*first = notify;
			}
		}
	}
	enumerator->destroy(enumerator);
	return count;
}

/**
 * Why a notify is not what an initiator has to expect, NULL if it is
 */
static const char *is_unexpected(ike_sa_t *ike_sa, message_t *message,
								 u_int count)
{
	if (!message->get_request(message))
	{
		return "received in a response";
	}
	if (message->get_exchange_type(message) != INFORMATIONAL)
	{
		return "not received in an INFORMATIONAL exchange";
	}
	if (!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{
		return "sent by the original initiator";
	}
	if (!ike_sa->supports_extension(ike_sa, EXT_MOBIKE))
	{
		return "MOBIKE is not enabled";
	}
	if (!ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION))
	{
		return "we did not say that we support it";
	}
	if (ike_sa->get_state(ike_sa) != IKE_ESTABLISHED &&
		ike_sa->get_state(ike_sa) != IKE_REKEYING)
	{
		return "the IKE_SA is not established";
	}
	if (count > 1)
	{
		return "more than one in a message";
	}
	return NULL;
}

/**
 * After a refusal the responder may be about to disappear: find out soon. A
 * check that is queued already will do, a peer can't make us queue many.
 */
static void check_liveness(private_rmobike_request_t *this, ike_sa_t *ike_sa)
{
	ike_mobike_t *mobike;

	this->mapping->wait(this->mapping, ike_sa);
	if (!rmobike_task_find(ike_sa, TASK_QUEUE_QUEUED, NULL))
	{	/* as charon does as initiator, checks the NAT mapping, too */
		mobike = ike_mobike_create(ike_sa, TRUE);
		mobike->dpd(mobike);
		ike_sa->queue_task(ike_sa, &mobike->task);
	}
	rmobike_ike_sa_initiate(ike_sa);
}

/**
 * The address is acceptable: prepare the response and the update
 */
static void accept_switch(private_rmobike_request_t *this, ike_sa_t *ike_sa,
						  message_t *message, rmobike_options_t *options,
						  rmobike_verdict_t verdict, host_t *me, host_t *to)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	bool check = verdict == RMOBIKE_VERDICT_PROBE, new_path;
	u_int serial;

	DBG2(DBG_IKE, "peer asks to switch IKE_SA %s[%u] from %H to %H, accepted%s",
		 ike_sa->get_name(ike_sa), id, ike_sa->get_other_host(ike_sa), to,
		 check ? ", checking path first" : "");

	if (verdict != RMOBIKE_VERDICT_CURRENT)
	{
		this->accepted->leaving(this->accepted, id,
								ike_sa->get_other_host(ike_sa));
	}
	new_path = !options->reply_on_request &&
			   verdict != RMOBIKE_VERDICT_CURRENT;
	serial = this->accepted->add(this->accepted, id,
								 message->get_message_id(message),
								 message->get_packet_data(message),
								 new_path ? me : NULL, new_path ? to : NULL);
	this->stats->count(this->stats, RMOBIKE_COUNT_ACCEPTED, NULL);
	rmobike_update_task_queue(ike_sa, this->accepted, this->stats, serial, to,
							  check, options->path_timeout);
	if (verdict != RMOBIKE_VERDICT_CURRENT)
	{
		this->rescue->follow(this->rescue, ike_sa, to);
	}
	/* runs after the response was sent */
	rmobike_ike_sa_initiate(ike_sa);
}

/**
 * Handle a notify that we may follow
 */
static void handle_switch(private_rmobike_request_t *this, ike_sa_t *ike_sa,
						  message_t *message, host_t *to)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	rmobike_options_t *options;
	rmobike_verdict_t verdict;
	const char *reason;
	host_t *me;

	options = rmobike_ike_sa_options(ike_sa);
	me = rmobike_ike_sa_source(ike_sa, to);
	verdict = rmobike_update_task_judge(ike_sa, this->accepted, options,
										options->accept, to);
	if (rmobike_verdict_is_refusal(verdict))
	{
		reason = enum_to_name(rmobike_verdict_names, verdict);
		this->stats->count(this->stats, RMOBIKE_COUNT_IGNORED, reason);
		if (this->accepted->may_log(this->accepted, id, reason))
		{
			DBG1(DBG_IKE, "peer asks to switch IKE_SA %s[%u] from %H to %H, "
				 "refused: %s", ike_sa->get_name(ike_sa), id,
				 ike_sa->get_other_host(ike_sa), to, reason);
		}
		check_liveness(this, ike_sa);
	}
	else
	{
		accept_switch(this, ike_sa, message, options, verdict, me, to);
	}
	DESTROY_IF(me);
	rmobike_options_destroy(options);
}

/**
 * Does a notify have an SPI? Its methods only tell those of known protocols.
 */
static bool has_spi(notify_payload_t *notify)
{
	payload_t *payload = (payload_t*)notify;

	return payload->get_length(payload) !=
		   NOTIFY_HEADER_LEN + notify->get_notification_data(notify).len;
}

/**
 * charon follows the source of a list of addresses (RFC 4555, 3.6), which is
 * not authenticated, and stays there as long as no update can be sent. Whether
 * we go there is not for charon to decide: have it take the list for one that
 * comes from where the responder is, but answer it where it came from, unless
 * we know better.
 */
static void hold_back(private_rmobike_request_t *this, ike_sa_t *ike_sa,
					  message_t *message)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	uint32_t mid = message->get_message_id(message);
	host_t *from = message->get_source(message), *me, *to;
	host_t *other = ike_sa->get_other_host(ike_sa);

	if (from->ip_equals(from, other))
	{
		return;
	}
	if (this->accepted->get_path(this->accepted, id, mid, &me, &to))
	{
		me->destroy(me);
		to->destroy(to);
	}
	else
	{
		this->accepted->redirect(this->accepted, id, mid,
								 message->get_packet_data(message),
								 message->get_destination(message), from);
	}
	message->set_source(message, other->clone(other));
}

/**
 * Does a message have a list of addresses, as charon understands it?
 */
static bool has_addresses(message_t *message)
{
	return message->get_notify(message, ADDITIONAL_IP4_ADDRESS) ||
		   message->get_notify(message, ADDITIONAL_IP6_ADDRESS) ||
		   message->get_notify(message, NO_ADDITIONAL_ADDRESSES);
}

/**
 * Is it a list of addresses that the responder sends?
 */
static bool is_list(ike_sa_t *ike_sa, message_t *message)
{
	return message->get_request(message) &&
		   message->get_exchange_type(message) == INFORMATIONAL &&
		   ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		   ike_sa->supports_extension(ike_sa, EXT_MOBIKE) &&
		   has_addresses(message);
}

/**
 * Does a list have an address?
 */
static bool has_address(message_t *message, notify_type_t type, chunk_t address)
{
	enumerator_t *enumerator;
	payload_t *payload;
	notify_payload_t *notify;
	bool found = FALSE;

	enumerator = message->create_payload_enumerator(message);
	while (!found && enumerator->enumerate(enumerator, &payload))
	{
		notify = (notify_payload_t*)payload;
		found = payload->get_type(payload) == PLV2_NOTIFY &&
				notify->get_notify_type(notify) == type &&
				chunk_equals(notify->get_notification_data(notify), address);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Get the notify that lists an address
 */
static notify_type_t get_list_type(host_t *address)
{
	return address->get_family(address) == AF_INET6 ? ADDITIONAL_IP6_ADDRESS
													: ADDITIONAL_IP4_ADDRESS;
}

/**
 * Does a list have the address that it came from? Then it was made at another
 * one, and sent again after the responder moved, or from there as well.
 */
static bool was_made_elsewhere(message_t *message)
{
	host_t *from = message->get_source(message);

	return has_address(message, get_list_type(from), from->get_address(from));
}

/**
 * Did the responder make a list when it was at an address that we know?
 */
static bool was_made_at(private_rmobike_request_t *this, ike_sa_t *ike_sa,
						message_t *message, host_t *address)
{
	host_t *from = message->get_source(message);
	host_t *other = ike_sa->get_other_host(ike_sa);

	if (address->ip_equals(address, from))
	{	/* charon adds the one that it believes the list to come from */
		return !from->ip_equals(from, other);
	}
	return address->ip_equals(address, other) ||
		   this->accepted->is_outdated(this->accepted,
									   ike_sa->get_unique_id(ike_sa),
									   message->get_message_id(message),
									   address);
}

/**
 * charon forgets all addresses that a list doesn't have, which is
 * about all but the one where it was made. charon adds the source of the
 * message for that, but it may have been made before the responder handled our
 * update. Those that we know stay known: where it was, or, if it was elsewhere
 * than where the list came from, a few of them.
 */
static void complete_addresses(private_rmobike_request_t *this,
							   ike_sa_t *ike_sa, message_t *message)
{
	bool elsewhere = was_made_elsewhere(message);
	enumerator_t *enumerator;
	notify_type_t type;
	host_t *current;
	u_int kept = 0;

	enumerator = ike_sa->create_peer_address_enumerator(ike_sa);
	while (enumerator->enumerate(enumerator, &current))
	{
		type = get_list_type(current);
		if (!has_address(message, type, current->get_address(current)) &&
			(was_made_at(this, ike_sa, message, current) ||
			 (elsewhere && kept++ < KEPT)))
		{
			message->add_notify(message, FALSE, type,
								current->get_address(current));
		}
	}
	enumerator->destroy(enumerator);
}

/**
 * Go where a list of addresses came from, if policy lets us. An update follows
 * in any case, as another one may be under way that takes the responder
 * elsewhere.
 */
static void follow_addresses(private_rmobike_request_t *this,
							 ike_sa_t *ike_sa, message_t *message)
{
	host_t *from = message->get_source(message);
	rmobike_options_t *options;
	rmobike_verdict_t verdict;

	from = from->clone(from);
	options = rmobike_ike_sa_options(ike_sa);
	verdict = rmobike_update_task_judge(ike_sa, this->accepted, options,
										RMOBIKE_ACCEPT_ANY, from);
	rmobike_options_destroy(options);
	hold_back(this, ike_sa, message);
	rmobike_update_task_settle(ike_sa, this->accepted, this->stats, from, TRUE);
	if (!rmobike_verdict_is_refusal(verdict))
	{
		this->rescue->follow(this->rescue, ike_sa, from);
	}
	rmobike_ike_sa_initiate(ike_sa);
	from->destroy(from);
}

/**
 * The responder sends a list of addresses from another one than where the
 * IKE_SA is. If it did so before it handled our update that must not take us
 * back.
 */
static void handle_addresses(private_rmobike_request_t *this,
							 ike_sa_t *ike_sa, message_t *message)
{
	host_t *from = message->get_source(message);
	host_t *other = ike_sa->get_other_host(ike_sa);

	if (from->ip_equals(from, other))
	{
		return;
	}
	if (this->accepted->is_outdated(this->accepted,
									ike_sa->get_unique_id(ike_sa),
									message->get_message_id(message), from))
	{
		message->set_source(message, other->clone(other));
	}
	else
	{
		follow_addresses(this, ike_sa, message);
	}
}

/**
 * Count and log a notify that means nothing
 */
static void ignore_notify(private_rmobike_request_t *this, ike_sa_t *ike_sa,
						  const char *why)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);

	this->stats->count(this->stats, RMOBIKE_COUNT_IGNORED, why);
	if (this->accepted->may_log(this->accepted, id, why))
	{
		DBG1(DBG_IKE, "ignored SWITCH_TO_IP_ADDRESS for IKE_SA %s[%u]: %s",
			 ike_sa->get_name(ike_sa), id, why);
	}
}

/**
 * Handle what asks us to switch, one notify or several
 */
static void handle_notifies(private_rmobike_request_t *this, ike_sa_t *ike_sa,
							message_t *message, notify_payload_t *notify,
							u_int count)
{
	host_t *to = NULL, *other = ike_sa->get_other_host(ike_sa);
	const char *why;

	this->stats->count(this->stats, RMOBIKE_COUNT_RECEIVED, NULL);
	why = is_unexpected(ike_sa, message, count);
	if (!why)
	{
		to = rmobike_notify_parse_switch(has_spi(notify),
						notify->get_notification_data(notify),
						other->get_port(other), &why);
	}
	if (to)
	{
		handle_switch(this, ike_sa, message, to);
		/* the list that comes along says nothing more */
		hold_back(this, ike_sa, message);
		to->destroy(to);
	}
	else
	{
		ignore_notify(this, ike_sa, why);
	}
}

METHOD(rmobike_request_t, handle, void,
	private_rmobike_request_t *this, ike_sa_t *ike_sa, message_t *message)
{
	notify_payload_t *notify = NULL;
	bool list = is_list(ike_sa, message);
	u_int count;

	if (list)
	{
		complete_addresses(this, ike_sa, message);
	}
	count = find_notifies(message, &notify);
	if (count)
	{
		handle_notifies(this, ike_sa, message, notify, count);
	}
	if (list)
	{
		handle_addresses(this, ike_sa, message);
	}
}

METHOD(rmobike_request_t, destroy, void,
	private_rmobike_request_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_request_t *rmobike_request_create(rmobike_accepted_t *accepted,
										  rmobike_rescue_t *rescue,
										  rmobike_stats_t *stats,
										  rmobike_mapping_t *mapping)
{
	private_rmobike_request_t *this;

	INIT(this,
		.public = {
			.handle = _handle,
			.destroy = _destroy,
		},
		.accepted = accepted,
		.rescue = rescue,
		.stats = stats,
		.mapping = mapping,
	);

	return &this->public;
}
