/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_task.h"
#include "exchange/rmobike_update_task.h"
#include "initiator/rmobike_mapping.h"
#include "rmobike_compat.h"

typedef struct private_rmobike_mapping_t private_rmobike_mapping_t;

/**
 * Private data
 */
struct private_rmobike_mapping_t {

	/**
	 * Public interface
	 */
	rmobike_mapping_t public;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_records_t *records;

	/**
	 * Records of what we accepted
	 */
	rmobike_accepted_t *accepted;

	/**
	 * Counts what becomes of updates
	 */
	rmobike_stats_t *stats;
};

/**
 * Does the responder know where we are? Part of the record of an IKE_SA, in
 * place of a pointer.
 */
typedef enum {
	/** not for certain, and it is to be told after the next DPD */
	UNTOLD,
	/** neither, but that is to go by */
	WAIT,
	/** it was told */
	TOLD,
} told_t;

/**
 * Get what is known of an IKE_SA
 */
static told_t get_told(private_rmobike_mapping_t *this, ike_sa_t *ike_sa)
{
	void *told;

	this->records->lock(this->records);
	told = this->records->get(this->records, ike_sa->get_unique_id(ike_sa),
							  RMOBIKE_PART_MAPPING);
	this->records->unlock(this->records);
	return (uintptr_t)told;
}

/**
 * Set it
 */
static void set_told(private_rmobike_mapping_t *this, ike_sa_t *ike_sa,
					 told_t told)
{
	this->records->lock(this->records);
	this->records->set(this->records, ike_sa->get_unique_id(ike_sa),
					   RMOBIKE_PART_MAPPING, (void*)(uintptr_t)told);
	this->records->unlock(this->records);
}

METHOD(rmobike_mapping_t, wait_, void,
	private_rmobike_mapping_t *this, ike_sa_t *ike_sa)
{
	if (get_told(this, ike_sa) == UNTOLD)
	{
		set_told(this, ike_sa, WAIT);
	}
}

/**
 * Does the answer to a DPD come from where the IKE_SA is and stays? charon may
 * be about to look for another path.
 */
static bool is_settled(ike_sa_t *ike_sa, message_t *message)
{
	host_t *me = message->get_destination(message);
	host_t *other = message->get_source(message);

	return me->equals(me, ike_sa->get_my_host(ike_sa)) &&
		   other->equals(other, ike_sa->get_other_host(ike_sa)) &&
		   !rmobike_update_task_is_queued(ike_sa, FALSE) &&
		   !rmobike_task_find(ike_sa, TASK_QUEUE_QUEUED, NULL);
}

/**
 * A request that has the NAT in it was answered, and the responder not told yet
 */
static void answered(private_rmobike_mapping_t *this, ike_sa_t *ike_sa,
					 message_t *message)
{
	if (message->get_notify(message, COOKIE2))
	{	/* an update */
		set_told(this, ike_sa, TOLD);
	}
	else if (get_told(this, ike_sa) == WAIT || !is_settled(ike_sa, message))
	{
		set_told(this, ike_sa, UNTOLD);
	}
	else
	{	/* told when that is answered */
		rmobike_update_task_settle(ike_sa, this->accepted, this->stats,
								   message->get_source(message), TRUE);
	}
}

METHOD(listener_t, message, bool,
	private_rmobike_mapping_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	if (incoming && plain && !message->get_request(message) &&
		message->get_exchange_type(message) == INFORMATIONAL &&
		message->get_notify(message, NAT_DETECTION_DESTINATION_IP) &&
		ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		get_told(this, ike_sa) != TOLD)
	{
		answered(this, ike_sa, message);
	}
	return TRUE;
}

METHOD(rmobike_mapping_t, destroy, void,
	private_rmobike_mapping_t *this)
{
	free(this);
}

/*
 * Described in header
 */
rmobike_mapping_t *rmobike_mapping_create(rmobike_records_t *records,
										  rmobike_accepted_t *accepted,
										  rmobike_stats_t *stats)
{
	private_rmobike_mapping_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
			},
			.wait = _wait_,
			.destroy = _destroy,
		},
		.records = records,
		.accepted = accepted,
		.stats = stats,
	);
	records->own(records, RMOBIKE_PART_MAPPING, (void*)nop, NULL);
	return &this->public;
}
