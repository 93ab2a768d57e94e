/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_update_task.h"
#include "initiator/rmobike_mapping.h"

/**
 * charon's method, the same for all IKE_SAs; they have it if the responder was
 * told
 */
static bool (*stock_has_mapping_changed)(ike_sa_t *this, chunk_t hash);

METHOD(ike_sa_t, is_untold, bool,
	ike_sa_t *this, chunk_t hash)
{
	return stock_has_mapping_changed(this, hash);
}

METHOD(ike_sa_t, is_untold_wait, bool,
	ike_sa_t *this, chunk_t hash)
{
	return stock_has_mapping_changed(this, hash);
}

METHOD(ike_sa_t, tell, bool,
	ike_sa_t *this, chunk_t hash)
{
	/* from now on there is something to compare with */
	this->has_mapping_changed = stock_has_mapping_changed;
	this->has_mapping_changed(this, hash);
	return TRUE;
}

/**
 * Was the responder not told yet?
 */
static bool is_attached(ike_sa_t *ike_sa)
{
	return ike_sa->has_mapping_changed == (void*)_is_untold ||
		   ike_sa->has_mapping_changed == (void*)_is_untold_wait ||
		   ike_sa->has_mapping_changed == (void*)_tell;
}

/*
 * Described in header
 */
void rmobike_mapping_attach(ike_sa_t *ike_sa)
{
	if (ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		!is_attached(ike_sa))
	{
		stock_has_mapping_changed = ike_sa->has_mapping_changed;
		ike_sa->has_mapping_changed = (void*)_is_untold;
	}
}

/*
 * Described in header
 */
void rmobike_mapping_wait(ike_sa_t *ike_sa)
{
	if (is_attached(ike_sa))
	{
		ike_sa->has_mapping_changed = (void*)_is_untold_wait;
	}
}

/**
 * Does the answer to a DPD come from where the IKE_SA is and stays?
 */
static bool is_settled(ike_sa_t *ike_sa, message_t *message)
{
	host_t *me = message->get_destination(message);
	host_t *other = message->get_source(message);

	return me->equals(me, ike_sa->get_my_host(ike_sa)) &&
		   other->equals(other, ike_sa->get_other_host(ike_sa)) &&
		   !rmobike_update_task_is_queued(ike_sa, FALSE);
}

/*
 * Described in header
 */
void rmobike_mapping_answered(ike_sa_t *ike_sa, message_t *message)
{
	if (!is_attached(ike_sa) ||
		!message->get_notify(message, NAT_DETECTION_DESTINATION_IP))
	{
		return;
	}
	if (message->get_notify(message, COOKIE2))
	{	/* an update */
		ike_sa->has_mapping_changed = stock_has_mapping_changed;
	}
	else if (ike_sa->has_mapping_changed != (void*)_is_untold_wait &&
			 is_settled(ike_sa, message))
	{
		ike_sa->has_mapping_changed = (void*)_tell;
	}
	else
	{
		ike_sa->has_mapping_changed = (void*)_is_untold;
	}
}
