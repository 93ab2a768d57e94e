/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_ghosts.h"

#include <daemon.h>
#include <processing/jobs/callback_job.h>

typedef struct wanted_t wanted_t;
typedef struct doubted_t doubted_t;

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
 * An IKE_SA that may be a ghost
 */
struct doubted_t {
	/** whether it is deaf */
	rmobike_channel_t *channel;
	/** whose it is */
	rmobike_ownership_t *ownership;
	/** unique ID */
	uint32_t id;
	/** one of its virtual IPs */
	host_t *vip;
	/** identities; copies are known by that of EAP, or by the other one */
	identification_t *me, *peer, *eap;
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
 * Has a peer a virtual IP?
 */
static bool has_vip(ike_sa_t *ike_sa, host_t *vip)
{
	enumerator_t *enumerator;
	host_t *host;
	bool found = FALSE;

	enumerator = ike_sa->create_virtual_ip_enumerator(ike_sa, FALSE);
	while (!found && enumerator->enumerate(enumerator, &host))
	{
		found = vip->ip_equals(vip, host);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Is an IKE_SA another copy with the virtual IP of the one that is wanted?
 */
static bool is_ghost(ike_sa_t *ike_sa, wanted_t *wanted)
{
	return ike_sa->get_unique_id(ike_sa) != wanted->id && is_copy(ike_sa) &&
		   has_vip(ike_sa, wanted->vip);
}

/**
 * Remove an IKE_SA that is checked out. The address is not released, it is that
 * of the other IKE_SA.
 */
static void remove_ghost(ike_sa_t *ike_sa)
{
	ike_sa->clear_virtual_ips(ike_sa, FALSE);
	charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager, ike_sa);
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
		remove_ghost(ike_sa);
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

/**
 * Does the other node serve an IKE_SA with the virtual IP?
 */
static bool is_there(doubted_t *doubted, ike_sa_id_t *ike_sa_id)
{
	ike_sa_t *ike_sa;
	uint32_t id;
	bool there;

	ike_sa = charon->ike_sa_manager->checkout(charon->ike_sa_manager,
											  ike_sa_id);
	if (!ike_sa)
	{
		return FALSE;
	}
	id = ike_sa->get_unique_id(ike_sa);
	there = id != doubted->id && is_copy(ike_sa) &&
			!(doubted->ownership->get(doubted->ownership, id) &
														RMOBIKE_RELEASED) &&
			has_vip(ike_sa, doubted->vip);
	charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	return there;
}

/**
 * The same for any IKE_SA with an identity of the peer
 */
static bool has_another(doubted_t *doubted, identification_t *peer)
{
	enumerator_t *enumerator;
	ike_sa_id_t *ike_sa_id;
	bool found = FALSE;

	enumerator = charon->ike_sa_manager->create_id_enumerator(
						charon->ike_sa_manager, doubted->me, peer, AF_UNSPEC);
	while (!found && enumerator->enumerate(enumerator, &ike_sa_id))
	{
		found = is_there(doubted, ike_sa_id);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Did the client still not come, and nobody else get to know the IKE_SA?
 */
static bool is_doubtful(rmobike_ownership_t *ownership, ike_sa_t *ike_sa)
{
	u_int owned = ownership->get(ownership, ike_sa->get_unique_id(ike_sa));

	return owned & RMOBIKE_ARRIVING && owned & RMOBIKE_ONLY_HERE &&
		   ike_sa->get_state(ike_sa) == IKE_ESTABLISHED;
}

CALLBACK(remove_doubted, job_requeue_t,
	doubted_t *doubted)
{
	ike_sa_t *ike_sa;

	if (doubted->channel->is_deaf(doubted->channel) ||
		!(has_another(doubted, doubted->peer) ||
		  has_another(doubted, doubted->eap)))
	{
		return JOB_REQUEUE_NONE;
	}
	ike_sa = charon->ike_sa_manager->checkout_by_id(charon->ike_sa_manager,
													doubted->id);
	if (ike_sa && is_doubtful(doubted->ownership, ike_sa))
	{
		DBG1(DBG_IKE, "the peer of IKE_SA %s[%u] has another one, at the other "
			 "node", ike_sa->get_name(ike_sa), doubted->id);
		remove_ghost(ike_sa);
	}
	else if (ike_sa)
	{
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	}
	return JOB_REQUEUE_NONE;
}

CALLBACK(doubted_destroy, void,
	doubted_t *doubted)
{
	doubted->vip->destroy(doubted->vip);
	doubted->me->destroy(doubted->me);
	doubted->peer->destroy(doubted->peer);
	doubted->eap->destroy(doubted->eap);
	free(doubted);
}

/*
 * Described in header
 */
void rmobike_ghosts_doubt(rmobike_channel_t *channel,
						  rmobike_ownership_t *ownership, ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	doubted_t *doubted;
	identification_t *me, *peer, *eap;
	host_t *vip;

	enumerator = ike_sa->create_virtual_ip_enumerator(ike_sa, FALSE);
	if (enumerator->enumerate(enumerator, &vip))
	{
		me = ike_sa->get_my_id(ike_sa);
		peer = ike_sa->get_other_id(ike_sa);
		eap = ike_sa->get_other_eap_id(ike_sa);
		INIT(doubted,
			.channel = channel,
			.ownership = ownership,
			.id = ike_sa->get_unique_id(ike_sa),
			.vip = vip->clone(vip),
			.me = me->clone(me),
			.peer = peer->clone(peer),
			.eap = eap->clone(eap),
		);
		lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create(remove_doubted, doubted,
										doubted_destroy, NULL));
	}
	enumerator->destroy(enumerator);
}
