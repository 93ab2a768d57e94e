/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_paths.h"
#include "exchange/rmobike_task.h"
#include "exchange/rmobike_update_task.h"
#include "initiator/rmobike_seek.h"
#include "rmobike_compat.h"
#include "sa/rmobike_ike_sa.h"

/**
 * From which of charon's retransmissions on: the second one, by default after
 * eleven seconds. Lost packets are no reason to leave.
 */
#define SILENCE 2

/**
 * How much earlier the old address may answer, in milliseconds
 */
#define PATIENCE 500

typedef struct private_rmobike_seek_t private_rmobike_seek_t;
typedef struct sought_t sought_t;
typedef struct seek_t seek_t;

/**
 * Private data
 */
struct private_rmobike_seek_t {

	/**
	 * Public interface
	 */
	rmobike_seek_t public;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_accepted_t *accepted;

	/**
	 * Has the request in the air
	 */
	rmobike_rescue_t *rescue;

	/**
	 * Counts updates
	 */
	rmobike_stats_t *stats;

	/**
	 * Records of IKE_SAs, their lock protects sought_t
	 */
	rmobike_records_t *records;
};

/**
 * A responder that is looked for
 */
struct sought_t {

	/**
	 * Message ID of the request that went to all addresses
	 */
	uint32_t mid;

	/**
	 * These addresses, host_t, without the one that the IKE_SA was at
	 */
	linked_list_t *asked;
};

/**
 * Data of a job
 */
struct seek_t {

	/**
	 * Us
	 */
	private_rmobike_seek_t *this;

	/**
	 * Message ID of the request
	 */
	uint32_t mid;

	/**
	 * Where it was answered, NULL if it was not yet
	 */
	host_t *to;
};

/**
 * Free what is known of a responder that is looked for
 */
static void sought_destroy(void *part)
{
	sought_t *sought = part;

	if (sought)
	{
		rmobike_paths_destroy(sought->asked);
		free(sought);
	}
}

/**
 * Look for the responder of an IKE_SA, or stop it (NULL); returns what was
 * known
 */
static sought_t *replace(private_rmobike_seek_t *this, ike_sa_t *ike_sa,
						 sought_t *sought)
{
	this->records->lock(this->records);
	sought = this->records->set(this->records, ike_sa->get_unique_id(ike_sa),
								RMOBIKE_PART_SEEK, sought);
	this->records->unlock(this->records);
	return sought;
}

/**
 * A request was answered: did it go to all addresses, and the answer came from
 * one of them, or from where the IKE_SA is?
 */
static bool is_sought(private_rmobike_seek_t *this, ike_sa_t *ike_sa,
					  uint32_t mid, host_t *from)
{
	host_t *other = ike_sa->get_other_host(ike_sa);
	bool found = FALSE;
	sought_t *sought;

	sought = replace(this, ike_sa, NULL);
	if (sought && sought->mid == mid)
	{
		found = from->ip_equals(from, other) ||
				rmobike_paths_include(sought->asked, from);
	}
	sought_destroy(sought);
	return found;
}

/**
 * Does anybody want us to look for the responder of an IKE_SA?
 */
static bool is_enabled(ike_sa_t *ike_sa)
{
	rmobike_options_t *options;
	bool enabled = FALSE;

	if (ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		ike_sa->supports_extension(ike_sa, EXT_MOBIKE) &&
		ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		(ike_sa->get_state(ike_sa) == IKE_ESTABLISHED ||
		 ike_sa->get_state(ike_sa) == IKE_REKEYING))
	{
		options = rmobike_ike_sa_options(ike_sa);
		enabled = options->accept != RMOBIKE_ACCEPT_NONE;
		rmobike_options_destroy(options);
	}
	return enabled;
}

/**
 * Send the request in the air to all announced addresses, returns those
 */
static linked_list_t *send_to_all(private_rmobike_seek_t *this,
								  ike_sa_t *ike_sa)
{
	linked_list_t *addresses = rmobike_paths_to_responder(ike_sa);
	enumerator_t *enumerator;
	host_t *to;

	enumerator = addresses->create_enumerator(addresses);
	while (enumerator->enumerate(enumerator, &to))
	{
		if (!this->rescue->send_to(this->rescue, ike_sa, to))
		{
			addresses->remove_at(addresses, enumerator);
			to->destroy(to);
		}
	}
	enumerator->destroy(enumerator);
	return addresses;
}

/**
 * The responder was silent for a while
 */
static void seek(private_rmobike_seek_t *this, ike_sa_t *ike_sa)
{
	sought_t *sought;

	INIT(sought,
		.mid = ike_sa->get_message_id(ike_sa, TRUE),
		.asked = send_to_all(this, ike_sa),
	);
	if (!sought->asked->get_count(sought->asked))
	{
		sought_destroy(sought);
		return;
	}
	DBG1(DBG_IKE, "no answer at %H for IKE_SA %s[%u], trying %u more addresses "
		 "that it announced", ike_sa->get_other_host(ike_sa),
		 ike_sa->get_name(ike_sa), ike_sa->get_unique_id(ike_sa),
		 sought->asked->get_count(sought->asked));
	sought_destroy(replace(this, ike_sa, sought));
}

/**
 * The responder answered a request that went to several addresses
 */
static void follow(private_rmobike_seek_t *this, ike_sa_t *ike_sa, host_t *to)
{
	host_t *other = ike_sa->get_other_host(ike_sa);

	if (!to->ip_equals(to, other))
	{
		DBG1(DBG_IKE, "peer of IKE_SA %s[%u] answers at %H, and not at %H "
			 "anymore", ike_sa->get_name(ike_sa), ike_sa->get_unique_id(ike_sa),
			 to, other);
	}
	rmobike_update_task_settle(ike_sa, this->accepted, this->stats, to, TRUE);
	rmobike_ike_sa_initiate(ike_sa);
}

/**
 * Implements rmobike_later_t
 */
static status_t seek_execute(ike_sa_t *ike_sa, void *data)
{
	seek_t *job = data;

	if (!is_enabled(ike_sa))
	{
		sought_destroy(replace(job->this, ike_sa, NULL));
	}
	else if (job->to)
	{
		follow(job->this, ike_sa, job->to);
	}
	else if (job->mid == ike_sa->get_message_id(ike_sa, TRUE))
	{
		seek(job->this, ike_sa);
	}
	return SUCCESS;
}

/**
 * Free data of a job
 */
static void seek_destroy(void *data)
{
	seek_t *job = data;

	DESTROY_IF(job->to);
	free(job);
}

/**
 * Do something in a job of its own
 */
static void schedule(private_rmobike_seek_t *this, ike_sa_t *ike_sa,
					 host_t *to, u_int ms)
{
	seek_t *job;

	INIT(job,
		.this = this,
		.mid = ike_sa->get_message_id(ike_sa, TRUE),
		.to = to ? to->clone(to) : NULL,
	);
	rmobike_ike_sa_later(ike_sa, ms, seek_execute, job, seek_destroy);
}

METHOD(listener_t, alert, bool,
	private_rmobike_seek_t *this, ike_sa_t *ike_sa, alert_t alert,
	va_list args)
{
	/* our own requests choose their path themselves */
	if (alert == ALERT_RETRANSMIT_SEND && ike_sa && is_enabled(ike_sa) &&
		!rmobike_task_is_active(ike_sa))
	{
		(void)va_arg(args, packet_t*);
		if (va_arg(args, u_int) >= SILENCE)
		{
			schedule(this, ike_sa, NULL, PATIENCE);
		}
	}
	return TRUE;
}

/**
 * May charon go where the answer to a probe of its own comes from? Not where a
 * switch would not go unchecked, either.
 */
static bool may_follow(private_rmobike_seek_t *this, ike_sa_t *ike_sa,
					   host_t *from)
{
	rmobike_options_t *options;
	rmobike_verdict_t verdict;

	options = rmobike_ike_sa_options(ike_sa);
	verdict = rmobike_update_task_judge(ike_sa, this->accepted, options,
										RMOBIKE_ACCEPT_ANY, from);
	rmobike_options_destroy(options);
	return verdict == RMOBIKE_VERDICT_MOVE;
}

/**
 * Have charon believe that nothing changed, and do it ourselves: it asked at
 * all addresses that were announced
 */
static void hold_back(private_rmobike_seek_t *this, ike_sa_t *ike_sa,
					  message_t *message)
{
	host_t *me = ike_sa->get_my_host(ike_sa);
	host_t *other = ike_sa->get_other_host(ike_sa);
	host_t *from = message->get_source(message);
	linked_list_t *asked;

	asked = rmobike_paths_to_responder(ike_sa);
	schedule(this, ike_sa, rmobike_paths_include(asked, from) ? from : other,
			 0);
	rmobike_paths_destroy(asked);
	message->set_source(message, other->clone(other));
	message->set_destination(message, me->clone(me));
}

/**
 * As initiator: a request was answered
 */
static void answered(private_rmobike_seek_t *this, ike_sa_t *ike_sa,
					 message_t *message)
{
	host_t *from = message->get_source(message);
	bool moved, mobike;

	moved = !from->ip_equals(from, ike_sa->get_other_host(ike_sa));
	/* charon's own */
	mobike = rmobike_task_find(ike_sa, TASK_QUEUE_ACTIVE, NULL) &&
			 !rmobike_task_is_active(ike_sa);
	if (is_sought(this, ike_sa, message->get_message_id(message), from) &&
		(moved || mobike))
	{	/* an update of charon's own may have been handled anywhere */
		if (moved)
		{	/* what charon sends next, a DELETE after rekeying, goes there */
			this->rescue->follow(this->rescue, ike_sa, from);
		}
		schedule(this, ike_sa, from, 0);
	}
	if (moved && mobike && !may_follow(this, ike_sa, from))
	{
		hold_back(this, ike_sa, message);
	}
}

METHOD(listener_t, message, bool,
	private_rmobike_seek_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	if (incoming && plain && !message->get_request(message) &&
		ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		message->get_exchange_type(message) != IKE_AUTH)
	{
		answered(this, ike_sa, message);
	}
	return TRUE;
}

METHOD(rmobike_seek_t, destroy, void,
	private_rmobike_seek_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_seek_t *rmobike_seek_create(rmobike_records_t *records,
									rmobike_accepted_t *accepted,
									rmobike_rescue_t *rescue,
									rmobike_stats_t *stats)
{
	private_rmobike_seek_t *this;

	INIT(this,
		.public = {
			.listener = {
				.alert = _alert,
				.message = _message,
			},
			.destroy = _destroy,
		},
		.accepted = accepted,
		.rescue = rescue,
		.stats = stats,
		.records = records,
	);
	records->own(records, RMOBIKE_PART_SEEK, sought_destroy, NULL);
	return &this->public;
}
