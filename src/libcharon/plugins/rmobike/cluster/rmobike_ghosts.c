/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_ghosts.h"
#include "cluster/rmobike_ownership.h"

#include <daemon.h>
#include <processing/jobs/callback_job.h>

typedef struct wanted_t wanted_t;

/**
 * An IKE_SA that others are ghosts of
 */
struct wanted_t {
	/** whether it is deaf */
	rmobike_channel_t *channel;
	/** unique ID */
	uint32_t id;
	/** one of its virtual IPs */
	host_t *vip;
};

/**
 * Is an IKE_SA a copy?
 */
static bool is_copy(ike_sa_t *ike_sa)
{
	return ike_sa->get_state(ike_sa) == IKE_PASSIVE &&
		   rmobike_ownership_concerns(ike_sa);
}

/**
 * Is an IKE_SA another copy with the virtual IP of the one that is wanted?
 */
static bool is_ghost(ike_sa_t *ike_sa, wanted_t *wanted)
{
	enumerator_t *enumerator;
	host_t *host;
	bool found = FALSE;

	if (ike_sa->get_unique_id(ike_sa) == wanted->id || !is_copy(ike_sa))
	{
		return FALSE;
	}
	enumerator = ike_sa->create_virtual_ip_enumerator(ike_sa, FALSE);
	while (!found && enumerator->enumerate(enumerator, &host))
	{
		found = wanted->vip->ip_equals(wanted->vip, host);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Remove a copy, unless it became ours
 */
static void remove_copy(uint32_t id)
{
	ike_sa_t *ike_sa;

	ike_sa = charon->ike_sa_manager->checkout_by_id(charon->ike_sa_manager, id);
	if (ike_sa && is_copy(ike_sa))
	{
		DBG1(DBG_IKE, "the other node does not have IKE_SA %s[%u]",
			 ike_sa->get_name(ike_sa), id);
		/* the address is not released, it is that of the other IKE_SA */
		ike_sa->clear_virtual_ips(ike_sa, FALSE);
		charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager,
													ike_sa);
	}
	else if (ike_sa)
	{
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	}
}

CALLBACK(remove_ghosts, job_requeue_t,
	wanted_t *wanted)
{
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;
	uint32_t id = 0;

	if (wanted->channel->is_deaf(wanted->channel))
	{	/* who ends this daemon has locked the bus, and waits for IKE_SAs */
		return JOB_REQUEUE_NONE;
	}
	enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, TRUE);
	while (!id && enumerator->enumerate(enumerator, &ike_sa))
	{
		if (is_ghost(ike_sa, wanted))
		{
			id = ike_sa->get_unique_id(ike_sa);
		}
	}
	enumerator->destroy(enumerator);
	if (!id)
	{
		return JOB_REQUEUE_NONE;
	}
	remove_copy(id);
	return JOB_REQUEUE_FAIR;
}

CALLBACK(wanted_destroy, void,
	wanted_t *wanted)
{
	wanted->vip->destroy(wanted->vip);
	free(wanted);
}

/*
 * Described in header
 */
void rmobike_ghosts_remove(rmobike_channel_t *channel, ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	wanted_t *wanted;
	host_t *vip;

	enumerator = ike_sa->create_virtual_ip_enumerator(ike_sa, FALSE);
	while (enumerator->enumerate(enumerator, &vip))
	{
		INIT(wanted,
			.channel = channel,
			.id = ike_sa->get_unique_id(ike_sa),
			.vip = vip->clone(vip),
		);
		lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create(remove_ghosts, wanted, wanted_destroy,
										NULL));
	}
	enumerator->destroy(enumerator);
}
