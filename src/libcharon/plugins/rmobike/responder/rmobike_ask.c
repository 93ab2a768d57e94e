/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_settings.h"
#include "exchange/rmobike_lead_task.h"
#include "exchange/rmobike_switch_task.h"
#include "responder/rmobike_ask.h"
#include "sa/rmobike_ike_sa.h"

#include <processing/jobs/callback_job.h>

typedef struct private_rmobike_ask_t private_rmobike_ask_t;
typedef struct expire_t expire_t;

/**
 * Private data
 */
struct private_rmobike_ask_t {

	/**
	 * Public interface
	 */
	rmobike_ask_t public;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_switches_t *switches;

	/**
	 * Moves CHILD_SAs without a gap
	 */
	rmobike_seamless_t *seamless;

	/**
	 * Sends from addresses that are gone, or NULL
	 */
	rmobike_raw_socket_t *raw_socket;

	/**
	 * Follows IKE_SAs that are rekeyed
	 */
	rmobike_refs_t *refs;

	/**
	 * Counts what became of switches
	 */
	rmobike_stats_t *stats;

	/**
	 * Brings IKE_SAs to addresses of others, if there are any
	 */
	rmobike_elsewhere_t elsewhere;
};

/**
 * A switch to be ended when its time is over
 */
struct expire_t {

	/**
	 * Records of IKE_SAs
	 */
	rmobike_switches_t *switches;

	/**
	 * Serial number of the switch
	 */
	u_int serial;

	/**
	 * Number of requests of the peer that it ends after, 0 whatever it did
	 */
	u_int requests;
};

CALLBACK(expire_execute, job_requeue_t,
	expire_t *expire)
{
	if (expire->requests)
	{
		expire->switches->quiet(expire->switches, expire->serial,
								expire->requests);
	}
	else
	{
		expire->switches->expire(expire->switches, expire->serial);
	}
	return JOB_REQUEUE_NONE;
}

/**
 * End a switch in ms milliseconds
 */
static void schedule_end(rmobike_switches_t *switches, u_int serial,
						 u_int requests,
						 u_int ms)
{
	expire_t *expire;

	INIT(expire,
		.switches = switches,
		.serial = serial,
		.requests = requests,
	);
	lib->scheduler->schedule_job_ms(lib->scheduler,
			(job_t*)callback_job_create(expire_execute, expire, free, NULL),
			ms);
}

/**
 * Count what became of a switch
 */
static void count_ended(rmobike_stats_t *stats, const rmobike_switch_t *ended)
{
	switch (ended->state)
	{
		case RMOBIKE_DONE:
			if (streq(ended->reason, RMOBIKE_ALREADY_THERE))
			{
				stats->count(stats, RMOBIKE_COUNT_IN_PLACE, NULL);
				break;
			}
			stats->count(stats, RMOBIKE_COUNT_DONE, NULL);
			stats->add_latency(stats, ended->ms);
			break;
		case RMOBIKE_REFUSED:
			stats->count(stats, RMOBIKE_COUNT_REFUSED, ended->reason);
			break;
		case RMOBIKE_TIMEOUT:
			stats->count(stats, RMOBIKE_COUNT_TIMEOUT, NULL);
			break;
		case RMOBIKE_REDIRECTED:
			stats->count(stats, RMOBIKE_COUNT_REDIRECTED, NULL);
			break;
		case RMOBIKE_FAILED:
			if (streq(ended->reason, RMOBIKE_SUPERSEDED))
			{
				stats->count(stats, RMOBIKE_COUNT_SUPERSEDED, NULL);
				break;
			}
			stats->count(stats, RMOBIKE_COUNT_FAILED, ended->reason);
			break;
		default:
			break;
	}
}

/**
 * Implements rmobike_ended_t
 */
static void switch_ended(void *user, const rmobike_switch_t *ended)
{
	private_rmobike_ask_t *this = user;

	count_ended(this->stats, ended);
	/* otherwise CHILD_SAs are about to use what was prepared for them */
	if (ended->serial && ended->state != RMOBIKE_DONE)
	{
		this->seamless->release(this->seamless, ended->serial);
	}
}

/**
 * Check if an IKE_SA is where it shall be, and is not going elsewhere
 */
static bool is_there(rmobike_switches_t *switches, ike_sa_t *ike_sa, host_t *to)
{
	rmobike_switch_t *asked;
	host_t *me = ike_sa->get_my_host(ike_sa);
	bool there = FALSE;

	if (me->ip_equals(me, to))
	{
		asked = switches->get_switch(switches, ike_sa->get_unique_id(ike_sa));
		there = asked && !asked->replaces;
		rmobike_switch_destroy(asked);
	}
	return there;
}

METHOD(rmobike_ask_t, begin, u_int,
	private_rmobike_ask_t *this, ike_sa_t *ike_sa, host_t *to,
	const char *tag)
{
	rmobike_switch_t asked;
	char peer_id[BUF_LEN];
	u_int serial;

	asked = rmobike_ike_sa_describe(ike_sa, to, tag, peer_id, sizeof(peer_id));
	serial = this->switches->begin(this->switches, &asked);
	if (!is_there(this->switches, ike_sa, to))
	{
		this->stats->count(this->stats, RMOBIKE_COUNT_ASKED, NULL);
	}
	schedule_end(this->switches, serial, 0,
				 rmobike_settings_get_timeout());
	return serial;
}

METHOD(rmobike_ask_t, set_elsewhere, void,
	private_rmobike_ask_t *this, const rmobike_elsewhere_t *elsewhere)
{
	this->elsewhere = *elsewhere;
}

METHOD(rmobike_ask_t, is_elsewhere, bool,
	private_rmobike_ask_t *this, host_t *to)
{
	return this->elsewhere.has && this->elsewhere.has(this->elsewhere.user, to);
}

METHOD(rmobike_ask_t, refuse, const char*,
	private_rmobike_ask_t *this, ike_sa_t *ike_sa, host_t *to)
{
	const char *why;

	why = ike_sa ? rmobike_ike_sa_refuses(ike_sa) : NULL;
	if (!why && ike_sa && rmobike_ike_sa_is_bound(ike_sa, to))
	{
		why = "has transport mode CHILD_SAs, which only strongSwan 6.1.0 on "
			  "Linux 7.2 can move to another address family";
	}
	if (!why && is_elsewhere(this, to))
	{
		why = this->elsewhere.refuse(this->elsewhere.user, ike_sa);
	}
	return why;
}

METHOD(rmobike_ask_t, answers, bool,
	private_rmobike_ask_t *this, host_t *to)
{
	return !is_elsewhere(this, to) ||
		   this->elsewhere.answers(this->elsewhere.user);
}

METHOD(rmobike_ask_t, came, bool,
	private_rmobike_ask_t *this, ike_sa_t *ike_sa)
{
	return this->elsewhere.came &&
		   this->elsewhere.came(this->elsewhere.user, ike_sa);
}

METHOD(rmobike_ask_t, is_link, bool,
	private_rmobike_ask_t *this, ike_sa_t *ike_sa)
{
	return this->elsewhere.is_link &&
		   this->elsewhere.is_link(this->elsewhere.user, ike_sa);
}

METHOD(rmobike_ask_t, queue, void,
	private_rmobike_ask_t *this, ike_sa_t *ike_sa, u_int serial, host_t *to,
	bool patient)
{
	rmobike_options_t *options;
	const char *why;

	why = refuse(this, ike_sa, to);
	if (is_there(this->switches, ike_sa, to))
	{
		this->switches->end(this->switches, serial, RMOBIKE_DONE,
							RMOBIKE_ALREADY_THERE);
	}
	else if (why)
	{
		this->switches->end(this->switches, serial, RMOBIKE_FAILED, why);
	}
	else if (is_elsewhere(this, to))
	{
		this->elsewhere.go(this->elsewhere.user, ike_sa, serial, to);
	}
	else
	{
		options = rmobike_settings_get(NULL);
		rmobike_switch_task_queue(ike_sa, this->switches, this->seamless,
								  this->raw_socket, serial, to, patient,
								  options);
		rmobike_options_destroy(options);
	}
}

METHOD(rmobike_ask_t, initiate, u_int,
	private_rmobike_ask_t *this, ike_sa_t *ike_sa, host_t *to,
	const char *tag)
{
	u_int serial;

	serial = begin(this, ike_sa, to, tag);
	queue(this, ike_sa, serial, to, FALSE);
	rmobike_ike_sa_initiate(ike_sa);
	return serial;
}

METHOD(rmobike_ask_t, refuse_lead, const char*,
	private_rmobike_ask_t *this, ike_sa_t *ike_sa, host_t *to)
{
	const char *why;

	why = refuse(this, ike_sa, to);
	if (why && !is_elsewhere(this, to))
	{
		why = rmobike_lead_task_refuses(ike_sa, this->seamless, to);
	}
	return why;
}

METHOD(rmobike_ask_t, lead, void,
	private_rmobike_ask_t *this, ike_sa_t *ike_sa, u_int serial, host_t *to,
	bool redirect)
{
	rmobike_options_t *options;
	rmobike_lead_t lead = {
		.switches = this->switches,
		.seamless = this->seamless,
		.refs = this->refs,
		.raw_socket = this->raw_socket,
		.serial = serial,
		.to = to,
		.redirect = redirect,
	};

	if (is_there(this->switches, ike_sa, to))
	{
		this->switches->end(this->switches, serial, RMOBIKE_DONE,
							RMOBIKE_ALREADY_THERE);
		return;
	}
	this->switches->lead(this->switches, serial, redirect);
	options = rmobike_settings_get(NULL);
	lead.path_timeout = options->path_timeout;
	rmobike_options_destroy(options);
	rmobike_lead_task_queue(ike_sa, &lead);
}

METHOD(rmobike_ask_t, resume, void,
	private_rmobike_ask_t *this, ike_sa_t *ike_sa, u_int serial)
{
	rmobike_switch_t *asked;

	asked = this->switches->get_switch(this->switches,
									   ike_sa->get_unique_id(ike_sa));
	if (asked && asked->serial == serial && asked->led)
	{
		lead(this, ike_sa, serial, asked->to, asked->redirect);
	}
	else if (asked && asked->serial == serial)
	{
		queue(this, ike_sa, serial, asked->to, FALSE);
	}
	rmobike_switch_destroy(asked);
}

METHOD(rmobike_ask_t, heard, void,
	private_rmobike_ask_t *this, ike_sa_t *ike_sa, message_t *message)
{
	u_int serial, requests, ms;

	ms = this->switches->requested(this->switches,
								   ike_sa->get_unique_id(ike_sa),
						message->get_destination(message),
						message->get_notify(message, UPDATE_SA_ADDRESSES) ||
						message->get_notify(message, COOKIE2),
						&serial, &requests);
	if (ms)
	{
		schedule_end(this->switches, serial, requests, ms);
	}
}

METHOD(rmobike_ask_t, destroy, void,
	private_rmobike_ask_t *this)
{
	this->switches->remove_listener(this->switches, this);
	free(this);
}

/*
 * Described in header
 */
rmobike_ask_t *rmobike_ask_create(rmobike_switches_t *switches,
								  rmobike_seamless_t *seamless,
								  rmobike_raw_socket_t *raw_socket,
								  rmobike_refs_t *refs, rmobike_stats_t *stats)
{
	private_rmobike_ask_t *this;

	INIT(this,
		.public = {
			.begin = _begin,
			.queue = _queue,
			.refuse_lead = _refuse_lead,
			.lead = _lead,
			.initiate = _initiate,
			.resume = _resume,
			.set_elsewhere = _set_elsewhere,
			.is_elsewhere = _is_elsewhere,
			.refuse = _refuse,
			.answers = _answers,
			.came = _came,
			.is_link = _is_link,
			.heard = _heard,
			.destroy = _destroy,
		},
		.switches = switches,
		.seamless = seamless,
		.raw_socket = raw_socket,
		.refs = refs,
		.stats = stats,
	);
	switches->add_listener(switches, switch_ended, this);
	return &this->public;
}
