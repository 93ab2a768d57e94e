/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_ghosts.h"
#include "cluster/rmobike_ownership.h"

#include <collections/hashtable.h>
#include <daemon.h>
#include <processing/jobs/callback_job.h>

/**
 * When all copies are here, in milliseconds: the ha plugin asks after one
 * second or three signs of life
 */
#define COPIED 4000
#define ACQUAINTED 4

typedef struct wanted_t wanted_t;
typedef struct copy_t copy_t;

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
 * A copy
 */
struct copy_t {
	/** its SPIs */
	ike_sa_id_t *spis;
	/** its unique ID */
	uintptr_t id;
	/** does it have CHILD_SAs? */
	bool children;
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
static void remove_copy(uint32_t id, const char *why)
{
	ike_sa_t *ike_sa;

	ike_sa = charon->ike_sa_manager->checkout_by_id(charon->ike_sa_manager, id);
	if (ike_sa && is_copy(ike_sa))
	{
		DBG1(DBG_IKE, "the other node %s IKE_SA %s[%u]", why,
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
	remove_copy(id, "does not have");
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
 * By the SPI that a node chose, which no two IKE_SAs have
 */
static u_int hash(const void *key)
{
	ike_sa_id_t *id = (ike_sa_id_t*)key;
	uint64_t spi = id->get_responder_spi(id);

	return chunk_hash(chunk_from_thing(spi));
}

static bool equals(const void *a, const void *b)
{
	ike_sa_id_t *id = (ike_sa_id_t*)a;

	return id->equals(id, (ike_sa_id_t*)b);
}

/**
 * Note a copy; if it is there already returns the unique ID of the one that is
 * of no use, else 0: the one that is found by its SPIs, which is enumerated
 * first, got the CHILD_SAs
 */
static uintptr_t note(hashtable_t *seen, ike_sa_t *ike_sa)
{
	uintptr_t id = ike_sa->get_unique_id(ike_sa), other;
	ike_sa_id_t *spis = ike_sa->get_id(ike_sa);
	copy_t *copy;

	copy = seen->get(seen, spis);
	if (!copy)
	{
		INIT(copy,
			.spis = spis->clone(spis),
			.id = id,
			.children = ike_sa->get_child_count(ike_sa) > 0,
		);
		seen->put(seen, copy->spis, copy);
		return 0;
	}
	if (copy->children || !ike_sa->get_child_count(ike_sa))
	{
		return id;
	}
	other = copy->id;
	copy->id = id;
	copy->children = TRUE;
	return other;
}

CALLBACK(copy_destroy, void,
	copy_t *copy, const void *key)
{
	copy->spis->destroy(copy->spis);
	free(copy);
}

CALLBACK(remove_twins, job_requeue_t,
	rmobike_channel_t *channel)
{
	hashtable_t *seen, *surplus;
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;
	uintptr_t id;
	void *key;

	if (channel->is_deaf(channel))
	{	/* as above */
		return JOB_REQUEUE_NONE;
	}
	seen = hashtable_create(hash, equals, 32);
	surplus = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr, 1);
	enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		id = is_copy(ike_sa) ? note(seen, ike_sa) : 0;
		if (id)
		{
			surplus->put(surplus, (void*)id, (void*)id);
		}
	}
	enumerator->destroy(enumerator);
	seen->destroy_function(seen, copy_destroy);

	enumerator = surplus->create_enumerator(surplus);
	while (enumerator->enumerate(enumerator, &key, NULL))
	{
		remove_copy((uintptr_t)key, "told twice of");
	}
	enumerator->destroy(enumerator);
	surplus->destroy(surplus);
	return JOB_REQUEUE_NONE;
}

/*
 * Described in header
 */
void rmobike_ghosts_remove_twins(rmobike_channel_t *channel, u_int heartbeat)
{
	lib->scheduler->schedule_job_ms(lib->scheduler,
		(job_t*)callback_job_create(remove_twins, channel, NULL, NULL),
		max(COPIED, ACQUAINTED * heartbeat));
}
