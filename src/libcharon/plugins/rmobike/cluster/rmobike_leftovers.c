/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_settings.h"
#include "cluster/rmobike_leftovers.h"
#include "cluster/rmobike_mail.h"
#include "sa/rmobike_errand.h"

#include <processing/jobs/callback_job.h>

/**
 * How long the ha plugin has to hand over what it dropped, and how much longer
 * than a switch a client may take, in milliseconds
 */
#define DROPPED 200
#define PATIENCE 500

typedef struct private_rmobike_leftovers_t private_rmobike_leftovers_t;

/**
 * Private data
 */
struct private_rmobike_leftovers_t {

	/**
	 * Public interface
	 */
	rmobike_leftovers_t public;

	/**
	 * Channel to the other node
	 */
	rmobike_channel_t *channel;

	/**
	 * Follows IKE_SAs
	 */
	rmobike_refs_t *refs;

	/**
	 * Which IKE_SAs are ours
	 */
	rmobike_ownership_t *ownership;

	/**
	 * Gives IKE_SAs
	 */
	rmobike_handover_t *handover;

	/**
	 * Removes what no client has
	 */
	rmobike_ghosts_t *ghosts;

	/**
	 * TRUE if the daemon is about to end
	 */
	bool stopping;
};

/**
 * A client that was to come did not, its node may still serve it; implements
 * rmobike_errand_t
 */
static status_t give_back(void *user, ike_sa_t *ike_sa);

/**
 * Give an IKE_SA back if its client doesn't come
 */
static void wait_for_client(private_rmobike_leftovers_t *this, ike_sa_t *ike_sa)
{
	if (!(this->ownership->change(this->ownership,
								  ike_sa->get_unique_id(ike_sa),
								  RMOBIKE_WAITING, 0) & RMOBIKE_WAITING))
	{
		rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa),
							 rmobike_settings_get_timeout() + PATIENCE,
							 give_back, this);
	}
}

/*
 * Described above
 */
static status_t give_back(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_leftovers_t *this = user;
	u_int owned;

	owned = this->ownership->change(this->ownership,
									ike_sa->get_unique_id(ike_sa), 0,
									RMOBIKE_WAITING);
	if (!(owned & RMOBIKE_ARRIVING) || rmobike_ownership_is_here(ike_sa) ||
		ike_sa->get_state(ike_sa) != IKE_ESTABLISHED ||
		!this->channel->is_alive(this->channel, NULL))
	{
		return SUCCESS;
	}
	if (owned & RMOBIKE_DOUBTED)
	{	/* that node has said so before */
		this->ghosts->doubt(this->ghosts, ike_sa);
		wait_for_client(this, ike_sa);
	}
	else
	{
		this->handover->give_up(this->handover, ike_sa);
	}
	return SUCCESS;
}

/**
 * An IKE_SA became passive, but not by us: the ha plugin dropped it. See that
 * the other node really has it, unless we are about to end; implements
 * rmobike_errand_t
 */
static status_t pass_on(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_leftovers_t *this = user;

	if (!this->stopping &&
		this->ownership->is_released(this->ownership, ike_sa))
	{
		this->handover->give_up(this->handover, ike_sa);
	}
	return SUCCESS;
}

/**
 * This node is about to end: the other one shall have what the ha plugin
 * doesn't drop, as it only does so if it takes this node for the active one.
 * The bus is locked, and whoever has an IKE_SA checked out may wait for that,
 * so these are left to the ha plugin.
 */
static void release_all(private_rmobike_leftovers_t *this)
{
	enumerator_t *enumerator;
	rmobike_mail_t mail;
	ike_sa_t *ike_sa;
	chunk_t data;

	enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, FALSE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		if (!rmobike_ownership_concerns(ike_sa) ||
			ike_sa->get_state(ike_sa) != IKE_ESTABLISHED)
		{
			continue;
		}
		this->ownership->release(this->ownership, ike_sa);
		rmobike_mail_start(&mail, ike_sa);
		mail.heard = this->ownership->get_heard(this->ownership,
									ike_sa->get_unique_id(ike_sa), &mail.ago);
		if (rmobike_mail_add_spis(&mail, ike_sa))
		{	/* nobody tells it again */
			mail.tries = RMOBIKE_MAIL_TRIES;
			mail.why = RMOBIKE_MAIL_UNSETTLED;
			data = rmobike_mail_write(&mail);
			this->channel->tell(this->channel, RMOBIKE_TOPIC_RELEASE, data);
			chunk_free(&data);
		}
	}
	enumerator->destroy(enumerator);
}

METHOD(listener_t, alert, bool,
	private_rmobike_leftovers_t *this, ike_sa_t *ike_sa, alert_t alert,
	va_list args)
{
	if (alert == ALERT_SHUTDOWN_SIGNAL)
	{
		this->stopping = TRUE;
		/* the ha plugin is about to wait for all IKE_SAs, so have none be
		 * checked out because of what the other node says */
		this->channel->deafen(this->channel);
		if (this->channel->is_alive(this->channel, NULL))
		{
			release_all(this);
		}
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_rmobike_leftovers_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	uint32_t id = ike_sa->get_unique_id(ike_sa);

	if (!rmobike_ownership_concerns(ike_sa))
	{
		return TRUE;
	}
	if (ike_sa->get_state(ike_sa) == IKE_ESTABLISHED && state == IKE_PASSIVE &&
		!(this->ownership->change(this->ownership, id, RMOBIKE_RELEASED, 0) &
															RMOBIKE_RELEASED))
	{
		rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa),
							 DROPPED, pass_on, this);
	}
	if (ike_sa->get_state(ike_sa) == IKE_PASSIVE && state == IKE_ESTABLISHED)
	{
		wait_for_client(this, ike_sa);
	}
	return TRUE;
}

CALLBACK(wait_for_all, job_requeue_t,
	private_rmobike_leftovers_t *this)
{
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;

	enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		if (this->ownership->change(this->ownership,
									ike_sa->get_unique_id(ike_sa), 0, 0) &
															RMOBIKE_ARRIVING)
		{
			wait_for_client(this, ike_sa);
		}
	}
	enumerator->destroy(enumerator);
	return JOB_REQUEUE_NONE;
}

METHOD(rmobike_leftovers_t, reconsider, void,
	private_rmobike_leftovers_t *this)
{
	lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create(wait_for_all, this, NULL, NULL));
}

METHOD(rmobike_leftovers_t, destroy, void,
	private_rmobike_leftovers_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_leftovers_t *rmobike_leftovers_create(rmobike_channel_t *channel,
											  rmobike_refs_t *refs,
											  rmobike_ownership_t *ownership,
											  rmobike_handover_t *handover,
											  rmobike_ghosts_t *ghosts)
{
	private_rmobike_leftovers_t *this;

	INIT(this,
		.public = {
			.listener = {
				.alert = _alert,
				.ike_state_change = _ike_state_change,
			},
			.reconsider = _reconsider,
			.destroy = _destroy,
		},
		.channel = channel,
		.refs = refs,
		.ownership = ownership,
		.handover = handover,
		.ghosts = ghosts,
	);
	return &this->public;
}
