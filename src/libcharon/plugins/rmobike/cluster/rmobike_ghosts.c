/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_ghosts.h"

#include <collections/hashtable.h>
#include <daemon.h>
#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

/**
 * Until those in doubt are looked at, in milliseconds, all in one go
 */
#define LOOK 500

typedef struct private_rmobike_ghosts_t private_rmobike_ghosts_t;
typedef struct wanted_t wanted_t;

/**
 * Private data
 */
struct private_rmobike_ghosts_t {

	/**
	 * Public interface
	 */
	rmobike_ghosts_t public;

	/**
	 * Channel to the other node
	 */
	rmobike_channel_t *channel;

	/**
	 * Which IKE_SAs are ours
	 */
	rmobike_ownership_t *ownership;

	/**
	 * TRUE if those in doubt are about to be looked at
	 */
	bool looking;

	/**
	 * Protects this
	 */
	mutex_t *mutex;
};

/**
 * An IKE_SA that others are ghosts of
 */
struct wanted_t {
	/** who removes them */
	private_rmobike_ghosts_t *ghosts;
	/** unique ID */
	uint32_t id;
	/** one of its virtual IPs */
	host_t *vip;
};

/**
 * Which IKE_SAs are meant
 */
typedef bool (*meant_t)(private_rmobike_ghosts_t *this, ike_sa_t *ike_sa);

/**
 * Is an IKE_SA a copy? Implements meant_t.
 */
static bool is_copy(private_rmobike_ghosts_t *this, ike_sa_t *ike_sa)
{
	return ike_sa->get_state(ike_sa) == IKE_PASSIVE &&
		   rmobike_ownership_concerns(ike_sa);
}

/**
 * Is an IKE_SA the other node's, as far as we know? Implements meant_t.
 */
static bool is_there(private_rmobike_ghosts_t *this, ike_sa_t *ike_sa)
{
	return is_copy(this, ike_sa) &&
		   !this->ownership->is_released(this->ownership, ike_sa);
}

/**
 * Is an IKE_SA in doubt, and did its client not come since? Implements meant_t.
 */
static bool is_doubted(private_rmobike_ghosts_t *this, ike_sa_t *ike_sa)
{
	u_int owned;

	owned = this->ownership->get(this->ownership,
								 ike_sa->get_unique_id(ike_sa));
	return owned & RMOBIKE_DOUBTED && owned & RMOBIKE_ARRIVING &&
		   ike_sa->get_state(ike_sa) == IKE_ESTABLISHED &&
		   !rmobike_ownership_is_here(ike_sa);
}

/**
 * Remove an IKE_SA, if it is still meant
 */
static void remove_one(private_rmobike_ghosts_t *this, uint32_t id,
					   meant_t is_meant)
{
	ike_sa_t *ike_sa;

	ike_sa = charon->ike_sa_manager->checkout_by_id(charon->ike_sa_manager, id);
	if (ike_sa && is_meant(this, ike_sa))
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

/**
 * Is an IKE_SA another copy with the virtual IP of the one that is wanted?
 */
static bool is_ghost(ike_sa_t *ike_sa, wanted_t *wanted)
{
	enumerator_t *enumerator;
	host_t *host;
	bool found = FALSE;

	if (ike_sa->get_unique_id(ike_sa) == wanted->id ||
		!is_copy(wanted->ghosts, ike_sa))
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

CALLBACK(remove_ghosts, job_requeue_t,
	wanted_t *wanted)
{
	private_rmobike_ghosts_t *this = wanted->ghosts;
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;
	uint32_t id = 0;

	if (this->channel->is_deaf(this->channel))
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
	remove_one(this, id, is_copy);
	return JOB_REQUEUE_FAIR;
}

CALLBACK(wanted_destroy, void,
	wanted_t *wanted)
{
	wanted->vip->destroy(wanted->vip);
	free(wanted);
}

METHOD(rmobike_ghosts_t, remove_, void,
	private_rmobike_ghosts_t *this, ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	wanted_t *wanted;
	host_t *vip;

	enumerator = ike_sa->create_virtual_ip_enumerator(ike_sa, FALSE);
	while (enumerator->enumerate(enumerator, &vip))
	{
		INIT(wanted,
			.ghosts = this,
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
 * Hash an address, without its port
 */
static u_int hash(host_t *address)
{
	return chunk_hash(address->get_address(address));
}

/**
 * Are two addresses the same, whatever their ports?
 */
static bool equals(host_t *a, host_t *b)
{
	return a->ip_equals(a, b);
}

/**
 * Collect IKE_SAs by their virtual IPs: all that are meant, or those with one
 * that another table has, of which that one's are collected
 */
static hashtable_t *collect(private_rmobike_ghosts_t *this, meant_t is_meant,
							hashtable_t *others)
{
	enumerator_t *enumerator, *vips;
	hashtable_t *found;
	ike_sa_t *ike_sa;
	host_t *vip;
	void *id;

	found = hashtable_create((hashtable_hash_t)hash, (hashtable_equals_t)equals,
							 8);
	enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		if (!is_meant(this, ike_sa))
		{
			continue;
		}
		vips = ike_sa->create_virtual_ip_enumerator(ike_sa, FALSE);
		while (vips->enumerate(vips, &vip))
		{
			id = others ? others->get(others, vip)
						: (void*)(uintptr_t)ike_sa->get_unique_id(ike_sa);
			/* what is newer is never the ghost */
			if (id && (!others || ike_sa->get_unique_id(ike_sa) >
															(uintptr_t)id) &&
				!found->get(found, vip))
			{
				found->put(found, vip->clone(vip), id);
			}
		}
		vips->destroy(vips);
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Destroy what was collected
 */
static void collected_destroy(hashtable_t *table)
{
	enumerator_t *enumerator;
	host_t *vip;

	enumerator = table->create_enumerator(table);
	while (enumerator->enumerate(enumerator, &vip, NULL))
	{
		vip->destroy(vip);
	}
	enumerator->destroy(enumerator);
	table->destroy(table);
}

CALLBACK(look, job_requeue_t,
	private_rmobike_ghosts_t *this)
{
	hashtable_t *doubted, *ghosts;
	enumerator_t *enumerator;
	host_t *vip;
	void *id;

	this->mutex->lock(this->mutex);
	this->looking = FALSE;
	this->mutex->unlock(this->mutex);
	if (this->channel->is_deaf(this->channel))
	{	/* as above */
		return JOB_REQUEUE_NONE;
	}
	doubted = collect(this, is_doubted, NULL);
	if (doubted->get_count(doubted))
	{
		ghosts = collect(this, is_there, doubted);
		enumerator = ghosts->create_enumerator(ghosts);
		while (enumerator->enumerate(enumerator, &vip, &id))
		{
			remove_one(this, (uintptr_t)id, is_doubted);
		}
		enumerator->destroy(enumerator);
		collected_destroy(ghosts);
	}
	collected_destroy(doubted);
	return JOB_REQUEUE_NONE;
}

METHOD(rmobike_ghosts_t, doubt, void,
	private_rmobike_ghosts_t *this, ike_sa_t *ike_sa)
{
	bool looking;

	this->ownership->change(this->ownership, ike_sa->get_unique_id(ike_sa),
							RMOBIKE_DOUBTED, 0);
	this->mutex->lock(this->mutex);
	looking = this->looking;
	this->looking = TRUE;
	this->mutex->unlock(this->mutex);
	if (!looking)
	{
		lib->scheduler->schedule_job_ms(lib->scheduler,
					(job_t*)callback_job_create(look, this, NULL, NULL), LOOK);
	}
}

METHOD(rmobike_ghosts_t, destroy, void,
	private_rmobike_ghosts_t *this)
{
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_ghosts_t *rmobike_ghosts_create(rmobike_channel_t *channel,
										rmobike_ownership_t *ownership)
{
	private_rmobike_ghosts_t *this;

	INIT(this,
		.public = {
			.remove = _remove_,
			.doubt = _doubt,
			.destroy = _destroy,
		},
		.channel = channel,
		.ownership = ownership,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
