/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_ha.h"
#include "cluster/rmobike_mail.h"
#include "cluster/rmobike_standby.h"
#include "sa/rmobike_errand.h"
#include "sa/rmobike_ike_sa.h"

#include <processing/jobs/callback_job.h>

/**
 * When the other node is told again, in milliseconds
 */
#define REMIND 250

/**
 * How long the ha plugin has to tell of an exchange, in milliseconds
 */
#define TOLD 3000

/**
 * How many times the time doubles after that it is told again, if that fails
 */
#define DOUBLINGS 7

typedef struct private_rmobike_standby_t private_rmobike_standby_t;

/**
 * Private data
 */
struct private_rmobike_standby_t {

	/**
	 * Public interface
	 */
	rmobike_standby_t public;

	/**
	 * Channel to the other node, or NULL
	 */
	rmobike_channel_t *channel;

	/**
	 * Knows which IKE_SAs the other node can't have
	 */
	rmobike_interpreter_t *interpreter;

	/**
	 * Follows IKE_SAs
	 */
	rmobike_refs_t *refs;

	/**
	 * Which IKE_SAs are ours
	 */
	rmobike_ownership_t *ownership;

	/**
	 * When the CHILD_SAs are rekeyed
	 */
	rmobike_options_cluster_t *options;
};

/**
 * Queue an errand
 */
static void queue(private_rmobike_standby_t *this, ike_sa_t *ike_sa, u_int ms,
				  rmobike_errand_t cb)
{
	rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa), ms, cb,
						 this);
}

/**
 * Tell the other node, unless it knows; implements rmobike_errand_t
 */
static status_t tell_untold(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_standby_t *this = user;
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	rmobike_mail_t mail;
	chunk_t data;

	if (this->channel && ike_sa->get_state(ike_sa) != IKE_PASSIVE &&
		this->ownership->get(this->ownership, id) & RMOBIKE_UNTOLD &&
		this->channel->is_alive(this->channel, NULL))
	{
		rmobike_mail_start(&mail, ike_sa);
		rmobike_mail_add_spis(&mail, ike_sa);
		mail.heard = this->ownership->get_heard(this->ownership, id, &mail.ago);
		data = rmobike_mail_write(&mail);
		this->channel->tell(this->channel, RMOBIKE_TOPIC_ARRIVED, data);
		chunk_free(&data);
		/* if it isn't there, it is told when it comes back */
		queue(this, ike_sa, REMIND, tell_untold);
	}
	return SUCCESS;
}

METHOD(rmobike_standby_t, tell, void,
	private_rmobike_standby_t *this, ike_sa_t *ike_sa)
{
	this->ownership->change(this->ownership, ike_sa->get_unique_id(ike_sa),
							RMOBIKE_UNTOLD, 0);
	tell_untold(this, ike_sa);
}

METHOD(rmobike_standby_t, claim, void,
	private_rmobike_standby_t *this, ike_sa_t *ike_sa)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);

	if (!(this->ownership->get(this->ownership, id) & RMOBIKE_UNTOLD))
	{
		tell(this, ike_sa);
	}
}

/**
 * Have the other node compare its copy, implements rmobike_errand_t
 */
static status_t check(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_standby_t *this = user;
	u_int before;

	before = this->ownership->change(this->ownership,
									 ike_sa->get_unique_id(ike_sa), 0,
									 RMOBIKE_UNCHECKED);
	if (ike_sa->get_state(ike_sa) == IKE_ESTABLISHED &&
		!(before & RMOBIKE_ARRIVING) && rmobike_ownership_is_here(ike_sa) &&
		/* not known before its peer is authenticated */
		rmobike_ownership_concerns(ike_sa))
	{
		claim(this, ike_sa);
	}
	return SUCCESS;
}

/**
 * Have that done when the ha plugin has told
 */
static void check_soon(private_rmobike_standby_t *this, ike_sa_t *ike_sa)
{
	if (!(this->ownership->change(this->ownership,
								  ike_sa->get_unique_id(ike_sa),
								  RMOBIKE_UNCHECKED, 0) & RMOBIKE_UNCHECKED))
	{
		queue(this, ike_sa, TOLD, check);
	}
}

METHOD(listener_t, message, bool,
	private_rmobike_standby_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	if (incoming && plain && this->channel &&
		rmobike_ownership_concerns(ike_sa) &&
		message->get_exchange_type(message) != IKE_SA_INIT)
	{
		check_soon(this, ike_sa);
	}
	return TRUE;
}

/**
 * Have the ha plugin tell of an IKE_SA, implements rmobike_errand_t
 */
static status_t push(void *user, ike_sa_t *ike_sa)
{
	rmobike_ha_push(ike_sa);
	return SUCCESS;
}

METHOD(listener_t, ike_rekey, bool,
	private_rmobike_standby_t *this, ike_sa_t *old, ike_sa_t *new)
{
	if (rmobike_ownership_concerns(new))
	{	/* ha does not tell the virtual IPs of one that was rekeyed, and a copy
		 * without them can't rekey CHILD_SAs. Follows to the new one. */
		queue(this, old, 0, push);
	}
	return TRUE;
}

METHOD(listener_t, child_state_change, bool,
	private_rmobike_standby_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	child_sa_state_t state)
{
	/* one that was rekeyed goes some time after the exchange */
	if (ike_sa && state == CHILD_DESTROYING && this->channel &&
		ike_sa->get_state(ike_sa) == IKE_ESTABLISHED &&
		rmobike_ownership_concerns(ike_sa))
	{
		check_soon(this, ike_sa);
	}
	return TRUE;
}

/**
 * It is time for a repair; returns FALSE if it is not needed anymore, or this
 * is not the node to do it
 */
static bool begin_repair(private_rmobike_standby_t *this, ike_sa_t *ike_sa)
{
	u_int before;

	before = this->ownership->change(this->ownership,
									 ike_sa->get_unique_id(ike_sa), 0,
									 RMOBIKE_REPAIRING);
	return before & RMOBIKE_REPAIRING &&
		   ike_sa->get_state(ike_sa) == IKE_ESTABLISHED &&
		   rmobike_ownership_is_here(ike_sa);
}

/**
 * Rekey the CHILD_SAs, so that the ha plugin tells of new ones; implements
 * rmobike_errand_t. The IKE_SA can be moved until then.
 */
static status_t rekey_children(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_standby_t *this = user;

	if (!begin_repair(this, ike_sa))
	{
		return SUCCESS;
	}
	/* that is what those that arrive wait for */
	this->ownership->change(this->ownership, ike_sa->get_unique_id(ike_sa), 0,
							RMOBIKE_UNREKEYED);
	check_soon(this, ike_sa);
	return rmobike_ike_sa_rekey_children(ike_sa);
}

/**
 * Rekey the IKE_SA, and then the CHILD_SAs that come with it, which the ha
 * plugin doesn't tell of; implements rmobike_errand_t
 */
static status_t rekey_ike(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_standby_t *this = user;

	if (!begin_repair(this, ike_sa))
	{
		return SUCCESS;
	}
	if (!this->channel->is_alive(this->channel, NULL))
	{	/* it compares again when it is back */
		tell(this, ike_sa);
		return SUCCESS;
	}
	this->ownership->change(this->ownership, ike_sa->get_unique_id(ike_sa),
							RMOBIKE_REPAIRING, 0);
	queue(this, ike_sa, 2 * TOLD, rekey_children);
	/* a copy without CHILD_SAs has it look for those that are gone */
	check_soon(this, ike_sa);
	return ike_sa->rekey(ike_sa);
}

/**
 * Compare once more, it may have asked for it in the meantime; implements
 * rmobike_errand_t
 */
static status_t check_again(void *user, ike_sa_t *ike_sa)
{
	return begin_repair(user, ike_sa) ? check(user, ike_sa) : SUCCESS;
}

/**
 * The other node has another copy, or none: the ha plugin tells of what is new,
 * and of the rest again
 */
static void repair(private_rmobike_standby_t *this, ike_sa_t *ike_sa,
				   bool missing, u_int tries)
{
	u_int ms = max(this->options->rekey_delay, 1) * 1000 <<
												min(tries, DOUBLINGS);

	if (missing)
	{	/* when it was just started it is about to ask for it */
		queue(this, ike_sa, ms, tries ? rekey_ike : check_again);
		return;
	}
	rmobike_ha_push(ike_sa);
	queue(this, ike_sa, tries ? ms : 0, rekey_children);
}

METHOD(rmobike_standby_t, noted, void,
	private_rmobike_standby_t *this, ike_sa_t *ike_sa, uint8_t why)
{
	bool differs = why != RMOBIKE_MAIL_SYNCHRONIZED;
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	u_int before, tries;

	before = this->ownership->change(this->ownership, id, 0, RMOBIKE_UNTOLD |
									 (differs ? 0 : RMOBIKE_REPAIRING));
	if (before & RMOBIKE_UNTOLD &&
		!(before & (RMOBIKE_UNREKEYED | (differs ? RMOBIKE_REPAIRING : 0))))
	{
		tries = this->ownership->count_differing(this->ownership, id, differs);
		if (differs && !this->interpreter->refuse(this->interpreter, ike_sa))
		{
			this->ownership->change(this->ownership, id, RMOBIKE_REPAIRING, 0);
			repair(this, ike_sa, why == RMOBIKE_MAIL_MISSING, tries);
		}
	}
}

CALLBACK(tell_each, job_requeue_t,
	private_rmobike_standby_t *this)
{
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;

	enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		if (this->ownership->get(this->ownership,
						ike_sa->get_unique_id(ike_sa)) & RMOBIKE_UNTOLD)
		{
			queue(this, ike_sa, 0, tell_untold);
		}
	}
	enumerator->destroy(enumerator);
	return JOB_REQUEUE_NONE;
}

METHOD(rmobike_standby_t, tell_all, void,
	private_rmobike_standby_t *this)
{
	lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create(tell_each, this, NULL, NULL));
}

METHOD(rmobike_standby_t, destroy, void,
	private_rmobike_standby_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_standby_t *rmobike_standby_create(rmobike_channel_t *channel,
										  rmobike_interpreter_t *interpreter,
										  rmobike_refs_t *refs,
										  rmobike_ownership_t *ownership,
										  rmobike_options_cluster_t *options)
{
	private_rmobike_standby_t *this;

	INIT(this,
		.public = {
			.listener = {
				.ike_rekey = _ike_rekey,
				.message = _message,
				.child_state_change = _child_state_change,
			},
			.tell = _tell,
			.noted = _noted,
			.claim = _claim,
			.tell_all = _tell_all,
			.destroy = _destroy,
		},
		.channel = channel,
		.interpreter = interpreter,
		.refs = refs,
		.ownership = ownership,
		.options = options,
	);
	return &this->public;
}
