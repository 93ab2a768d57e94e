/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_lead_task.h"
#include "sa/rmobike_ike_sa.h"

#include <processing/jobs/callback_job.h>

/**
 * Milliseconds from one look to the next: at first, and at most
 */
#define LOOK_FIRST 50
#define LOOK_MAX 1000

/**
 * Reason to end a switch, the same as of one that was asked for
 */
#define STAYS "the peer stays at its address"

typedef struct watch_t watch_t;

/**
 * A peer that answered at the new address
 */
struct watch_t {
	/** what for; owns the address */
	rmobike_lead_t lead;
	/** the IKE_SA */
	rmobike_ref_t *ref;
	/** packets received at the old address, at the first look */
	uint64_t received;
	/** when it looked first, and how long it waited, in milliseconds */
	u_int wait, waited;
	/** TRUE after the first look */
	bool looked;
};

/**
 * Does it go on to send to the old one? What was under way when it answered has
 * arrived at the first look.
 */
static bool stays(watch_t *this, ike_sa_t *ike_sa,
				  const rmobike_switch_t *asked)
{
	rmobike_seamless_t *seamless = this->lead.seamless;
	uint64_t received;

	received = seamless->count_received(seamless, ike_sa,
										ike_sa->get_my_host(ike_sa));
	if (!this->looked)
	{
		this->looked = TRUE;
		this->received = received;
	}
	return asked->stays || received > this->received;
}

/**
 * Did the peer send anything to the new address by itself?
 */
static bool is_there(watch_t *this, ike_sa_t *ike_sa,
					 const rmobike_switch_t *asked, bool staying)
{
	rmobike_seamless_t *seamless = this->lead.seamless;

	/* packets at both addresses prove nothing, somebody may repeat them here */
	return asked->new_path || (!staying &&
		   seamless->count_received(seamless, ike_sa, this->lead.to) >
		   this->lead.received);
}

/**
 * Why it can't be at the new address anymore, NULL if it can
 */
static const char *find_obstacle(watch_t *this, ike_sa_t *ike_sa)
{
	rmobike_seamless_t *seamless = this->lead.seamless;
	host_t *to = this->lead.to;

	if (!charon->kernel->get_interface(charon->kernel, to, NULL))
	{
		return "the new address is gone";
	}
	if (!seamless->is_prepared(seamless, ike_sa, to))
	{	/* there are new CHILD_SAs, to count begins anew with copies of them */
		seamless->prepare(seamless, ike_sa, this->lead.serial, to);
		this->lead.received = seamless->count_received(seamless, ike_sa, to);
		this->looked = FALSE;
	}
	if (!seamless->is_prepared(seamless, ike_sa, to))
	{
		return "a CHILD_SA can't be copied to the new address";
	}
	return NULL;
}

/**
 * See where the peer is; returns TRUE to look again
 */
static bool look(watch_t *this, ike_sa_t *ike_sa, const rmobike_switch_t *asked)
{
	rmobike_lead_t *lead = &this->lead;
	host_t *me = ike_sa->get_my_host(ike_sa);
	const char *why;
	bool staying;

	if (!asked)
	{
		return FALSE;
	}
	if (me->ip_equals(me, lead->to))
	{	/* it updated the path itself, or was just led away from there */
		lead->switches->moved(lead->switches, asked->id, me, FALSE);
		return FALSE;
	}
	if (asked->serial != lead->serial)
	{	/* a newer switch goes on from here, unless that is over, too */
		if (asked->state >= RMOBIKE_DONE)
		{
			rmobike_lead_task_settle(ike_sa);
		}
		return FALSE;
	}
	if (asked->state != RMOBIKE_ANSWERED)
	{
		rmobike_lead_task_settle(ike_sa);
		return FALSE;
	}
	why = find_obstacle(this, ike_sa);
	staying = stays(this, ike_sa, asked);
	if (!why && is_there(this, ike_sa, asked, staying))
	{	/* which ends the switch */
		ike_sa->update_hosts(ike_sa, lead->to, NULL, UPDATE_HOSTS_FORCE_ALL);
		rmobike_lead_task_settle(ike_sa);
		return FALSE;
	}
	if (!why && !staying &&
		!(lead->redirect && this->waited > lead->path_timeout))
	{
		return TRUE;
	}
	rmobike_lead_task_give_up(ike_sa, lead,
							  why ? RMOBIKE_FAILED : RMOBIKE_REFUSED,
							  why ?: STAYS);
	rmobike_lead_task_settle(ike_sa);
	return FALSE;
}

CALLBACK(watch_execute, job_requeue_t,
	watch_t *this)
{
	rmobike_switches_t *switches = this->lead.switches;
	rmobike_switch_t *asked;
	ike_sa_t *ike_sa;
	bool again;

	ike_sa = this->ref->checkout(this->ref);
	if (!ike_sa)
	{
		return JOB_REQUEUE_NONE;
	}
	asked = switches->get_switch(switches, ike_sa->get_unique_id(ike_sa));
	again = look(this, ike_sa, asked);
	rmobike_switch_destroy(asked);
	charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	if (!again)
	{
		return JOB_REQUEUE_NONE;
	}
	this->waited += this->wait;
	this->wait = min(2 * this->wait, LOOK_MAX);
	return JOB_RESCHEDULE_MS(this->wait);
}

CALLBACK(watch_destroy, void,
	watch_t *this)
{
	this->ref->destroy(this->ref);
	this->lead.to->destroy(this->lead.to);
	free(this);
}

/*
 * Described in header
 */
void rmobike_lead_task_watch(ike_sa_t *ike_sa, const rmobike_lead_t *lead)
{
	rmobike_switch_t *asked;
	watch_t *this;

	INIT(this,
		.lead = *lead,
		.ref = lead->refs->create_ref(lead->refs, ike_sa),
		.wait = LOOK_FIRST,
	);
	this->lead.to = lead->to->clone(lead->to);
	asked = lead->switches->get_switch(lead->switches,
									   ike_sa->get_unique_id(ike_sa));
	if (asked)
	{	/* at least a round trip */
		this->wait = max(LOOK_FIRST, min(asked->answered, LOOK_MAX));
		rmobike_switch_destroy(asked);
	}
	lib->scheduler->schedule_job_ms(lib->scheduler,
			(job_t*)callback_job_create(watch_execute, this, watch_destroy,
										NULL), this->wait);
}
