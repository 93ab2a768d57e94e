/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_clock.h"
#include "cluster/rmobike_ha.h"
#include "cluster/rmobike_ownership.h"

typedef struct private_rmobike_ownership_t private_rmobike_ownership_t;
typedef struct owned_t owned_t;

/**
 * Private data
 */
struct private_rmobike_ownership_t {

	/**
	 * Public interface
	 */
	rmobike_ownership_t public;

	/**
	 * Records of IKE_SAs, their lock protects this
	 */
	rmobike_records_t *records;
};

/**
 * What is known of an IKE_SA
 */
struct owned_t {
	/** rmobike_owned_t */
	u_int flags;
	/** message ID after that of the client's last request here, 0 if none */
	uint32_t heard;
	/** message ID of the client's next request when it came here, plus one; 0
	 * if that is not known */
	uint32_t settled;
	/** message ID after that of our last request, 0 if none */
	uint32_t asked;
	/** its exchange type */
	exchange_type_t type;
	/** message ID after those that the other node used up, 0 if not known */
	uint32_t spent;
	/** response that was sent in charon's place, or NULL, and its message ID */
	packet_t *kept;
	uint32_t kept_id;
	/** when the client's was, monotonic time in milliseconds */
	uint64_t when;
	/** how many times in a row the other node's copy was another one */
	u_int differing;
};

/**
 * Get what is known of an IKE_SA, with the lock
 */
static owned_t *get(private_rmobike_ownership_t *this, uint32_t id)
{
	return this->records->get(this->records, id, RMOBIKE_PART_OWNED);
}

/**
 * The same; if nothing is, that can be changed
 */
static owned_t *provide(private_rmobike_ownership_t *this, uint32_t id)
{
	owned_t *owned = get(this, id);

	if (!owned)
	{
		INIT(owned);
		this->records->set(this->records, id, RMOBIKE_PART_OWNED, owned);
	}
	return owned;
}

METHOD(rmobike_ownership_t, get_, u_int,
	private_rmobike_ownership_t *this, uint32_t id)
{
	owned_t *owned;
	u_int flags;

	this->records->lock(this->records);
	owned = get(this, id);
	flags = owned ? owned->flags : 0;
	this->records->unlock(this->records);
	return flags;
}

METHOD(rmobike_ownership_t, change, u_int,
	private_rmobike_ownership_t *this, uint32_t id, u_int set, u_int clear)
{
	u_int before, after;
	owned_t *owned;

	this->records->lock(this->records);
	owned = get(this, id);
	before = owned ? owned->flags : 0;
	after = (before & ~clear) | set;
	if (after != before)
	{
		provide(this, id)->flags = after;
	}
	this->records->unlock(this->records);
	return before;
}

METHOD(rmobike_ownership_t, hear, void,
	private_rmobike_ownership_t *this, uint32_t id, uint32_t mid)
{
	owned_t *owned;

	this->records->lock(this->records);
	owned = provide(this, id);
	owned->heard = mid + 1;
	owned->when = rmobike_clock_now();
	this->records->unlock(this->records);
}

METHOD(rmobike_ownership_t, get_heard, uint32_t,
	private_rmobike_ownership_t *this, uint32_t id, uint32_t *ago)
{
	uint32_t heard = 0;
	owned_t *owned;

	*ago = 0;
	this->records->lock(this->records);
	owned = get(this, id);
	if (owned && owned->heard)
	{
		heard = owned->heard;
		*ago = min(rmobike_clock_now() - owned->when, UINT32_MAX);
	}
	this->records->unlock(this->records);
	return heard;
}

METHOD(rmobike_ownership_t, settle, void,
	private_rmobike_ownership_t *this, ike_sa_t *ike_sa)
{
	owned_t *owned;

	this->records->lock(this->records);
	owned = provide(this, ike_sa->get_unique_id(ike_sa));
	owned->settled = ike_sa->get_message_id(ike_sa, FALSE) + 1;
	this->records->unlock(this->records);
}

METHOD(rmobike_ownership_t, is_overtaken, bool,
	private_rmobike_ownership_t *this, ike_sa_t *ike_sa)
{
	uint32_t expected = ike_sa->get_message_id(ike_sa, FALSE);
	bool overtaken = FALSE;
	owned_t *owned;

	this->records->lock(this->records);
	owned = get(this, ike_sa->get_unique_id(ike_sa));
	if (owned && (owned->heard || owned->settled))
	{
		overtaken = expected > owned->heard && expected >= owned->settled;
	}
	this->records->unlock(this->records);
	return overtaken;
}

METHOD(rmobike_ownership_t, ask, void,
	private_rmobike_ownership_t *this, uint32_t id, uint32_t mid,
	exchange_type_t type)
{
	owned_t *owned;

	this->records->lock(this->records);
	owned = provide(this, id);
	if (mid + 1 >= owned->asked)
	{
		owned->asked = mid + 1;
		owned->type = type;
	}
	this->records->unlock(this->records);
}

METHOD(rmobike_ownership_t, is_foreign, bool,
	private_rmobike_ownership_t *this, uint32_t id, uint32_t mid,
	exchange_type_t type)
{
	owned_t *owned;
	bool foreign;

	this->records->lock(this->records);
	owned = get(this, id);
	foreign = owned && owned->asked == mid + 1 && owned->type != type;
	this->records->unlock(this->records);
	return foreign;
}

METHOD(rmobike_ownership_t, forget_asked, void,
	private_rmobike_ownership_t *this, uint32_t id)
{
	owned_t *owned;

	this->records->lock(this->records);
	owned = get(this, id);
	if (owned)
	{
		owned->asked = 0;
	}
	this->records->unlock(this->records);
}

METHOD(rmobike_ownership_t, get_asked, uint32_t,
	private_rmobike_ownership_t *this, uint32_t id)
{
	owned_t *owned;
	uint32_t asked;

	this->records->lock(this->records);
	owned = get(this, id);
	asked = owned ? owned->asked : 0;
	this->records->unlock(this->records);
	return asked;
}

METHOD(rmobike_ownership_t, keep, void,
	private_rmobike_ownership_t *this, uint32_t id, uint32_t mid,
	packet_t *packet)
{
	owned_t *owned;

	this->records->lock(this->records);
	owned = provide(this, id);
	DESTROY_IF(owned->kept);
	owned->kept = packet;
	owned->kept_id = mid;
	this->records->unlock(this->records);
}

METHOD(rmobike_ownership_t, get_kept, packet_t*,
	private_rmobike_ownership_t *this, uint32_t id, uint32_t mid)
{
	packet_t *kept = NULL;
	owned_t *owned;

	this->records->lock(this->records);
	owned = get(this, id);
	if (owned && owned->kept && owned->kept_id == mid)
	{
		kept = owned->kept->clone(owned->kept);
	}
	this->records->unlock(this->records);
	return kept;
}

METHOD(rmobike_ownership_t, spend, uint32_t,
	private_rmobike_ownership_t *this, uint32_t id, uint32_t next)
{
	owned_t *owned;
	uint32_t spent;

	this->records->lock(this->records);
	owned = provide(this, id);
	spent = owned->spent = max(owned->spent, next);
	this->records->unlock(this->records);
	return spent;
}

METHOD(rmobike_ownership_t, restore_ids, void,
	private_rmobike_ownership_t *this, ike_sa_t *ike_sa)
{
	uint32_t asked = 0, heard = 0;
	owned_t *owned;

	this->records->lock(this->records);
	owned = get(this, ike_sa->get_unique_id(ike_sa));
	if (owned)
	{
		asked = owned->asked;
		heard = owned->heard;
	}
	this->records->unlock(this->records);
	if (rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_ACTIVE) ||
		rmobike_ownership_has_tasks(ike_sa, TASK_QUEUE_QUEUED))
	{	/* the last one may not have come to the peer */
		return;
	}
	if (ike_sa->get_message_id(ike_sa, TRUE) < asked)
	{
		ike_sa->set_message_id(ike_sa, TRUE, asked);
		change(this, ike_sa->get_unique_id(ike_sa), RMOBIKE_FORGOTTEN, 0);
	}
	if (ike_sa->get_message_id(ike_sa, FALSE) < heard)
	{
		ike_sa->set_message_id(ike_sa, FALSE, heard);
		change(this, ike_sa->get_unique_id(ike_sa), RMOBIKE_FORGOTTEN, 0);
	}
}

METHOD(rmobike_ownership_t, count_differing, u_int,
	private_rmobike_ownership_t *this, uint32_t id, bool differs)
{
	u_int before;
	owned_t *owned;

	this->records->lock(this->records);
	owned = provide(this, id);
	before = owned->differing;
	owned->differing = differs ? before + 1 : 0;
	this->records->unlock(this->records);
	return before;
}

METHOD(rmobike_ownership_t, release, void,
	private_rmobike_ownership_t *this, ike_sa_t *ike_sa)
{
	change(this, ike_sa->get_unique_id(ike_sa), RMOBIKE_RELEASED,
		   RMOBIKE_ARRIVING | RMOBIKE_ORDERED | RMOBIKE_FORGOTTEN |
		   RMOBIKE_UNTOLD | RMOBIKE_DOUBTED | RMOBIKE_MISSED);
	if (ike_sa->get_state(ike_sa) != IKE_PASSIVE)
	{
		ike_sa->set_state(ike_sa, IKE_PASSIVE);
	}
}

METHOD(rmobike_ownership_t, is_released, bool,
	private_rmobike_ownership_t *this, ike_sa_t *ike_sa)
{
	return ike_sa->get_state(ike_sa) == IKE_PASSIVE &&
		   get_(this, ike_sa->get_unique_id(ike_sa)) & RMOBIKE_RELEASED;
}

METHOD(rmobike_ownership_t, destroy, void,
	private_rmobike_ownership_t *this)
{
	free(this);
}

/*
 * Described in header
 */
bool rmobike_ownership_concerns(ike_sa_t *ike_sa)
{
	return ike_sa->get_version(ike_sa) == IKEV2 &&
		   !ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		   !rmobike_ha_is_link(ike_sa);
}

/*
 * Described in header
 */
status_t rmobike_ownership_ask_again(void *user, ike_sa_t *ike_sa)
{
	return ike_sa->retransmit(ike_sa, ike_sa->get_message_id(ike_sa, TRUE));
}

/*
 * Described in header
 */
bool rmobike_ownership_is_here(ike_sa_t *ike_sa)
{
	return charon->kernel->get_interface(charon->kernel,
										 ike_sa->get_my_host(ike_sa), NULL);
}

/*
 * Described in header
 */
bool rmobike_ownership_has_tasks(ike_sa_t *ike_sa, task_queue_t queue)
{
	enumerator_t *enumerator;
	task_t *task;
	bool found;

	enumerator = ike_sa->create_task_enumerator(ike_sa, queue);
	found = enumerator->enumerate(enumerator, &task);
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Free what is known of an IKE_SA
 */
static void owned_destroy(owned_t *owned)
{
	DESTROY_IF(owned->kept);
	free(owned);
}

/**
 * An IKE_SA was rekeyed: message IDs begin anew
 */
static void rekeyed(owned_t *owned, uint32_t id)
{
	DESTROY_IF(owned->kept);
	owned->kept = NULL;
	owned->heard = owned->asked = owned->spent = 0;
	owned->settled = 1;
}

/*
 * Described in header
 */
rmobike_ownership_t *rmobike_ownership_create(rmobike_records_t *records)
{
	private_rmobike_ownership_t *this;

	INIT(this,
		.public = {
			.get = _get_,
			.change = _change,
			.hear = _hear,
			.get_heard = _get_heard,
			.settle = _settle,
			.is_overtaken = _is_overtaken,
			.ask = _ask,
			.is_foreign = _is_foreign,
			.forget_asked = _forget_asked,
			.get_asked = _get_asked,
			.keep = _keep,
			.get_kept = _get_kept,
			.spend = _spend,
			.restore_ids = _restore_ids,
			.count_differing = _count_differing,
			.release = _release,
			.is_released = _is_released,
			.destroy = _destroy,
		},
		.records = records,
	);
	records->own(records, RMOBIKE_PART_OWNED, (void*)owned_destroy,
				 (void*)rekeyed);
	return &this->public;
}
