/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "cluster/rmobike_ownership.h"

typedef struct private_rmobike_ownership_t private_rmobike_ownership_t;

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

METHOD(rmobike_ownership_t, change, u_int,
	private_rmobike_ownership_t *this, uint32_t id, u_int set, u_int clear)
{
	u_int before, after;

	this->records->lock(this->records);
	before = (uintptr_t)this->records->get(this->records, id,
										   RMOBIKE_PART_OWNED);
	after = (before & ~clear) | set;
	if (after != before)
	{
		this->records->set(this->records, id, RMOBIKE_PART_OWNED,
						   (void*)(uintptr_t)after);
	}
	this->records->unlock(this->records);
	return before;
}

METHOD(rmobike_ownership_t, release, void,
	private_rmobike_ownership_t *this, ike_sa_t *ike_sa)
{
	change(this, ike_sa->get_unique_id(ike_sa), RMOBIKE_RELEASED,
		   RMOBIKE_ARRIVING | RMOBIKE_ORDERED | RMOBIKE_REPEATED |
		   RMOBIKE_UNREKEYED | RMOBIKE_UNTOLD);
	if (ike_sa->get_state(ike_sa) != IKE_PASSIVE)
	{
		ike_sa->set_state(ike_sa, IKE_PASSIVE);
	}
}

METHOD(rmobike_ownership_t, is_released, bool,
	private_rmobike_ownership_t *this, ike_sa_t *ike_sa)
{
	return ike_sa->get_state(ike_sa) == IKE_PASSIVE &&
		   change(this, ike_sa->get_unique_id(ike_sa), 0, 0) & RMOBIKE_RELEASED;
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
		   !ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR);
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
 * The part is a number, nothing is to be freed
 */
static void forget(void *part)
{
}

/*
 * Described in header
 */
rmobike_ownership_t *rmobike_ownership_create(rmobike_records_t *records)
{
	private_rmobike_ownership_t *this;

	INIT(this,
		.public = {
			.change = _change,
			.release = _release,
			.is_released = _is_released,
			.destroy = _destroy,
		},
		.records = records,
	);
	records->own(records, RMOBIKE_PART_OWNED, forget, NULL);
	return &this->public;
}
