/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_compat.h"
#include "rmobike_mover.h"
#include "rmobike_options.h"
#include "rmobike_switch_task.h"
#include "rmobike_task.h"

#include <collections/array.h>
#include <processing/jobs/callback_job.h>

typedef struct private_rmobike_mover_t private_rmobike_mover_t;
typedef struct start_t start_t;

/**
 * Private data
 */
struct private_rmobike_mover_t {

	/**
	 * Public interface
	 */
	rmobike_mover_t public;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_peers_t *peers;

	/**
	 * Moves CHILD_SAs without a gap, or NULL
	 */
	rmobike_seamless_t *seamless;

	/**
	 * Sends from addresses that are gone, or NULL
	 */
	rmobike_source_t *source;
};

/**
 * A switch to be started, or to be ended when its time is over
 */
struct start_t {

	/**
	 * Who started it
	 */
	private_rmobike_mover_t *mover;

	/**
	 * IKE_SA
	 */
	ike_sa_id_t *id;

	/**
	 * Serial number of the switch
	 */
	u_int serial;

	/**
	 * Address to switch to
	 */
	host_t *to;
};

CALLBACK(start_destroy, void,
	start_t *start)
{
	DESTROY_IF(start->id);
	DESTROY_IF(start->to);
	free(start);
}

/**
 * Check if an IKE_SA is where it shall be, and is not going elsewhere
 */
static bool is_there(rmobike_peers_t *peers, ike_sa_t *ike_sa, host_t *to)
{
	rmobike_switch_t *asked;
	host_t *me = ike_sa->get_my_host(ike_sa);
	bool there = FALSE;

	if (me->ip_equals(me, to))
	{
		asked = peers->get_switch(peers, ike_sa->get_unique_id(ike_sa));
		there = asked && !asked->replaces;
		rmobike_switch_destroy(asked);
	}
	return there;
}

/**
 * Queue the exchange of a switch, if it is possible and needed
 */
static void queue_switch(private_rmobike_mover_t *this, ike_sa_t *ike_sa,
						 u_int serial, host_t *to)
{
	rmobike_options_t *options;
	const char *why;

	why = rmobike_switch_task_refuses(ike_sa);
	if (why)
	{
		this->peers->end(this->peers, serial, RMOBIKE_FAILED, why);
	}
	else if (is_there(this->peers, ike_sa, to))
	{
		this->peers->end(this->peers, serial, RMOBIKE_DONE, "already there");
	}
	else
	{
		options = rmobike_options_create(lib->settings, lib->ns, NULL, NULL,
										 NULL);
		rmobike_switch_task_queue(ike_sa, this->peers, this->seamless,
								  this->source, serial, to, options);
		rmobike_options_destroy(options);
	}
}

CALLBACK(start_execute, job_requeue_t,
	start_t *start)
{
	private_rmobike_mover_t *this = start->mover;
	ike_sa_t *ike_sa;

	ike_sa = charon->ike_sa_manager->checkout(charon->ike_sa_manager,
											  start->id);
	if (!ike_sa)
	{	/* deleted, which ended it, or rekeyed */
		return JOB_REQUEUE_NONE;
	}
	/* if it was rekeyed it goes on there */
	if (this->peers->get_id(this->peers, start->serial) ==
		ike_sa->get_unique_id(ike_sa))
	{
		queue_switch(this, ike_sa, start->serial, start->to);
		if (ike_sa->initiate(ike_sa, NULL, NULL) == DESTROY_ME)
		{
			charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager,
														ike_sa);
			return JOB_REQUEUE_NONE;
		}
	}
	charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	return JOB_REQUEUE_NONE;
}

CALLBACK(expire_execute, job_requeue_t,
	start_t *expire)
{
	rmobike_peers_t *peers = expire->mover->peers;

	peers->expire(peers, expire->serial);
	return JOB_REQUEUE_NONE;
}

/**
 * Implements rmobike_ended_t
 */
static void switch_ended(void *user, const rmobike_switch_t *ended)
{
	private_rmobike_mover_t *this = user;

	/* otherwise CHILD_SAs are about to use what was prepared for them */
	if (ended->state != RMOBIKE_DONE)
	{
		this->seamless->release(this->seamless, ended->serial);
	}
}

/**
 * Check if an IKE_SA is meant
 */
static bool matches(const rmobike_selector_t *selector, ike_sa_t *ike_sa)
{
	identification_t *id;

	if (ike_sa->get_version(ike_sa) != IKEV2)
	{
		return FALSE;
	}
	switch (ike_sa->get_state(ike_sa))
	{
		case IKE_REKEYED:
		case IKE_DELETING:
		case IKE_DESTROYING:
			/* replaced, or gone soon */
			return FALSE;
		default:
			break;
	}
	if (selector->ike && !streq(selector->ike, ike_sa->get_name(ike_sa)))
	{
		return FALSE;
	}
	if (selector->ike_id && selector->ike_id != ike_sa->get_unique_id(ike_sa))
	{
		return FALSE;
	}
	if (selector->peer_ip &&
		!selector->peer_ip->includes(selector->peer_ip,
									 ike_sa->get_other_host(ike_sa)))
	{
		return FALSE;
	}
	if (selector->local_ip &&
		!selector->local_ip->ip_equals(selector->local_ip,
									   ike_sa->get_my_host(ike_sa)))
	{
		return FALSE;
	}
	id = ike_sa->get_other_eap_id(ike_sa);
	return !selector->peer_id || id->matches(id, selector->peer_id);
}

/**
 * Note a switch, and limit its time
 */
static u_int begin_switch(private_rmobike_mover_t *this, ike_sa_t *ike_sa,
						  host_t *to, const char *tag, u_int timeout)
{
	rmobike_switch_t asked = {
		.id = ike_sa->get_unique_id(ike_sa),
		.name = ike_sa->get_name(ike_sa),
		.from = ike_sa->get_my_host(ike_sa),
		.remote = ike_sa->get_other_host(ike_sa),
		.to = to,
		.tag = (char*)tag,
	};
	char peer_id[BUF_LEN];
	start_t *expire;

	snprintf(peer_id, sizeof(peer_id), "%Y",
			 ike_sa->get_other_eap_id(ike_sa));
	asked.peer_id = peer_id;
	INIT(expire,
		.mover = this,
		.serial = this->peers->begin(this->peers, &asked),
	);
	asked.serial = expire->serial;
	lib->scheduler->schedule_job_ms(lib->scheduler,
			(job_t*)callback_job_create(expire_execute, expire, start_destroy,
										NULL), timeout);
	return asked.serial;
}

/**
 * Start the switch of a matching IKE_SA: note it, leave the rest to a job
 */
static void start_later(private_rmobike_mover_t *this, ike_sa_t *ike_sa,
						host_t *to, const char *tag, u_int timeout)
{
	ike_sa_id_t *id = ike_sa->get_id(ike_sa);
	start_t *start;

	INIT(start,
		.mover = this,
		.id = id->clone(id),
		.serial = begin_switch(this, ike_sa, to, tag, timeout),
		.to = to->clone(to),
	);
	lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create(start_execute, start, start_destroy,
										NULL));
}

/**
 * Get the time a switch may take, in milliseconds
 */
static u_int get_timeout(void)
{
	rmobike_options_t *options;
	u_int timeout;

	options = rmobike_options_create(lib->settings, lib->ns, NULL, NULL, NULL);
	timeout = options->timeout;
	rmobike_options_destroy(options);
	return timeout;
}

/**
 * Check that we have an address, otherwise tell which ones we have
 */
static bool is_own_address(host_t *to, char *why, size_t len)
{
	enumerator_t *enumerator;
	host_t *host;
	int written;

	if (charon->kernel->get_interface(charon->kernel, to, NULL))
	{
		return TRUE;
	}
	written = snprintf(why, len, "%H is not an address of this machine, it "
					   "has:", to);
	enumerator = charon->kernel->create_address_enumerator(charon->kernel,
														   ADDR_TYPE_REGULAR);
	while (enumerator->enumerate(enumerator, &host))
	{
		if (written > 0 && (size_t)written < len)
		{
			written += snprintf(why + written, len - written, " %H", host);
		}
	}
	enumerator->destroy(enumerator);
	return FALSE;
}

METHOD(rmobike_mover_t, start, u_int,
	private_rmobike_mover_t *this, const rmobike_selector_t *selector,
	host_t *to, const char *tag, char *why, size_t len)
{
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;
	u_int count = 0, timeout;

	if (!is_own_address(to, why, len))
	{
		return 0;
	}
	timeout = get_timeout();
	enumerator = charon->ike_sa_manager->create_enumerator(
											charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		if (matches(selector, ike_sa))
		{
			start_later(this, ike_sa, to, tag, timeout);
			count++;
		}
	}
	enumerator->destroy(enumerator);
	if (!count)
	{
		snprintf(why, len, "no matching IKE_SA found");
	}
	return count;
}

METHOD(rmobike_mover_t, start_one, u_int,
	private_rmobike_mover_t *this, ike_sa_t *ike_sa, host_t *to,
	const char *tag)
{
	u_int serial;

	serial = begin_switch(this, ike_sa, to, tag, get_timeout());
	queue_switch(this, ike_sa, serial, to);
	rmobike_task_initiate(ike_sa);
	return serial;
}

METHOD(rmobike_mover_t, resume, void,
	private_rmobike_mover_t *this, ike_sa_t *ike_sa, u_int serial)
{
	rmobike_switch_t *asked;

	asked = this->peers->get_switch(this->peers,
									ike_sa->get_unique_id(ike_sa));
	if (asked && asked->serial == serial)
	{
		queue_switch(this, ike_sa, serial, asked->to);
	}
	rmobike_switch_destroy(asked);
}

METHOD(rmobike_mover_t, destroy, void,
	private_rmobike_mover_t *this)
{
	this->peers->remove_listener(this->peers, this);
	free(this);
}

/*
 * Described in header
 */
rmobike_mover_t *rmobike_mover_create(rmobike_peers_t *peers,
									  rmobike_seamless_t *seamless,
									  rmobike_source_t *source)
{
	private_rmobike_mover_t *this;

	INIT(this,
		.public = {
			.start = _start,
			.start_one = _start_one,
			.resume = _resume,
			.destroy = _destroy,
		},
		.peers = peers,
		.seamless = seamless,
		.source = source,
	);
	if (seamless)
	{
		peers->add_listener(peers, switch_ended, this);
	}
	return &this->public;
}
