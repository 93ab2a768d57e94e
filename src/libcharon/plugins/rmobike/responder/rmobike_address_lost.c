/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "exchange/rmobike_task.h"
#include "kernel/rmobike_routes.h"
#include "responder/rmobike_address_lost.h"
#include "rmobike_compat.h"
#include "sa/rmobike_errand.h"
#include "sa/rmobike_ike_sa.h"

#include <processing/jobs/callback_job.h>

/**
 * Milliseconds between the loss of an address and the moment when its IKE_SAs
 * leave, if it is not back by then
 */
#define DEPARTURE_DELAY 10

typedef struct private_rmobike_address_lost_t private_rmobike_address_lost_t;

/**
 * Private data
 */
struct private_rmobike_address_lost_t {

	/**
	 * Public interface
	 */
	rmobike_address_lost_t public;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_switches_t *switches;

	/**
	 * Starts switches
	 */
	rmobike_ask_t *ask;

	/**
	 * Sees to it that they can start
	 */
	rmobike_rescue_t *rescue;

	/**
	 * Tells whose turn it is if many have to leave
	 */
	rmobike_pacer_t *pacer;

	/**
	 * Knows addresses
	 */
	rmobike_choice_t *choice;

	/**
	 * Knows where nobody shall be
	 */
	rmobike_drained_t *drained;

	/**
	 * Follows IKE_SAs
	 */
	rmobike_refs_t *refs;

	/**
	 * Knows at which addresses IKE_SAs are
	 */
	rmobike_census_t *census;

	/**
	 * Knows if charon is about to call roam()
	 */
	rmobike_departures_t *departures;
};

/**
 * The replaced method has no other way to find us
 */
static private_rmobike_address_lost_t *instance;

/**
 * charon's roam(), the same for all IKE_SAs
 */
static status_t (*stock_roam)(ike_sa_t *this, bool address);

/**
 * charon's way to process the answer to the task that tells a peer our
 * addresses, and to destroy that task
 */
static status_t (*stock_process)(task_t *this, message_t *message);
static void (*stock_destroy)(task_t *this);

/**
 * Is the address that an IKE_SA uses still good? Decided as charon does.
 */
static bool is_path_valid(ike_sa_t *ike_sa)
{
	host_t *me = ike_sa->get_my_host(ike_sa), *source;
	rmobike_options_t *options;
	bool best, valid;

	options = rmobike_ike_sa_options(ike_sa);
	best = options->prefer_best_path;
	rmobike_options_destroy(options);
	source = rmobike_routes_get_source(ike_sa->get_other_host(ike_sa),
									   best ? NULL : me);
	valid = source && source->ip_equals(source, me);
	DESTROY_IF(source);
	return valid;
}

/**
 * Is a switch pending whose target we still have?
 */
static bool is_moving(private_rmobike_address_lost_t *this, ike_sa_t *ike_sa)
{
	rmobike_switch_t *asked;
	bool moving;

	asked = this->switches->get_switch(this->switches,
									   ike_sa->get_unique_id(ike_sa));
	moving = asked && asked->state <= RMOBIKE_ANSWERED &&
			 charon->kernel->get_interface(charon->kernel, asked->to, NULL);
	rmobike_switch_destroy(asked);
	return moving;
}

/**
 * The address that an IKE_SA uses is gone, and there is no other one; returns
 * FALSE if charon has to care
 */
static bool wait_for_address(private_rmobike_address_lost_t *this,
							 ike_sa_t *ike_sa)
{
	if (this->choice->forget_tried(this->choice,
								   ike_sa->get_unique_id(ike_sa)))
	{	/* nothing helped, so nothing can be lost either */
		return FALSE;
	}
	DBG1(DBG_IKE, "no other address for IKE_SA %s[%u] than %H, which is gone; "
		 "waiting for one", ike_sa->get_name(ike_sa),
		 ike_sa->get_unique_id(ike_sa), ike_sa->get_my_host(ike_sa));
	return TRUE;
}

/**
 * Does the peer of an IKE_SA have to be asked if our address is gone?
 */
static bool is_ours(ike_sa_t *ike_sa)
{
	rmobike_options_t *options;
	bool enabled;

	if (rmobike_ike_sa_refuses(ike_sa))
	{
		return FALSE;
	}
	options = rmobike_ike_sa_options(ike_sa);
	enabled = options->auto_switch;
	rmobike_options_destroy(options);
	return enabled;
}

/**
 * Decide what a change of addresses or routes means for an IKE_SA: it has to
 * leave its address, or to tell its peer which ones there are. Returns FALSE,
 * and what roam() does, if there is nothing to do when it is its turn.
 */
static bool decide(ike_sa_t *ike_sa, bool address, rmobike_lane_t *lane,
				   status_t *status)
{
	if (!is_ours(ike_sa))
	{
		*status = stock_roam(ike_sa, address);
		return FALSE;
	}
	if (!is_path_valid(ike_sa))
	{
		if (is_moving(instance, ike_sa))
		{
			*status = ike_sa->initiate(ike_sa, NULL, NULL);
			return FALSE;
		}
		*lane = RMOBIKE_LEAVE;
		return TRUE;
	}
	instance->choice->forget_tried(instance->choice,
								   ike_sa->get_unique_id(ike_sa));
	if (!address)
	{
		*status = stock_roam(ike_sa, address);
		return FALSE;
	}
	/* charon would tell all peers at the same moment */
	ike_sa->set_condition(ike_sa, COND_STALE, FALSE);
	*lane = RMOBIKE_TELL;
	return TRUE;
}

/**
 * It is the turn of an IKE_SA to leave its address
 */
static status_t leave(rmobike_turn_t *turn, ike_sa_t *ike_sa)
{
	private_rmobike_address_lost_t *this = instance;
	u_int serial;
	bool others;
	host_t *to;

	to = this->choice->choose(this->choice, ike_sa, NULL);
	if (to)
	{
		if (this->drained->has(this->drained, to, NULL, NULL))
		{
			DBG1(DBG_IKE, "no other address for IKE_SA %s[%u] is left than %H, "
				 "which is drained", ike_sa->get_name(ike_sa),
				 ike_sa->get_unique_id(ike_sa), to);
		}
		serial = this->ask->begin(this->ask, ike_sa, to, NULL);
		others = this->pacer->begun(this->pacer, turn, serial);
		this->ask->queue(this->ask, ike_sa, serial, to, others);
		this->rescue->leave(this->rescue, ike_sa, to);
		to->destroy(to);
	}
	else if (!wait_for_address(this, ike_sa))
	{
		return stock_roam(ike_sa, TRUE);
	}
	/* what was deferred because there was no path may go on */
	return ike_sa->initiate(ike_sa, NULL, NULL);
}

METHOD(task_t, told, status_t,
	task_t *this, message_t *message)
{
	instance->pacer->ended(instance->pacer, (uintptr_t)this, TRUE);
	return stock_process(this, message);
}

METHOD(task_t, destroy_list, void,
	task_t *this)
{
	/* if it was not answered, and before another one has the same address */
	instance->pacer->ended(instance->pacer, (uintptr_t)this, FALSE);
	stock_destroy(this);
}

/**
 * It is the turn of an IKE_SA to tell its peer
 */
static status_t tell(rmobike_turn_t *turn, ike_sa_t *ike_sa)
{
	task_t *task;

	task = rmobike_task_announce(ike_sa);
	if (task)
	{
		stock_process = task->process;
		stock_destroy = task->destroy;
		task->process = _told;
		task->destroy = _destroy_list;
		instance->pacer->begun(instance->pacer, turn, (uintptr_t)task);
	}
	return ike_sa->initiate(ike_sa, NULL, NULL);
}

/**
 * It is the turn of an IKE_SA to do that
 */
static status_t use_turn(rmobike_turn_t *turn, ike_sa_t *ike_sa,
						 rmobike_lane_t lane)
{
	return lane == RMOBIKE_LEAVE ? leave(turn, ike_sa) : tell(turn, ike_sa);
}

/**
 * It is the turn of an IKE_SA that waited, implements rmobike_turn_cb_t
 */
static status_t turn_came(void *user, rmobike_turn_t *turn, ike_sa_t *ike_sa,
						  const char *cancelled)
{
	status_t status = SUCCESS;
	rmobike_lane_t lane;

	if (ike_sa && decide(ike_sa, TRUE, &lane, &status))
	{
		return use_turn(turn, ike_sa, lane);
	}
	return status;
}

METHOD(ike_sa_t, roam, status_t,
	ike_sa_t *this, bool address)
{
	rmobike_pacer_t *pacer = instance->pacer;
	rmobike_turn_t *turn;
	rmobike_lane_t lane;
	status_t status;

	if (!decide(this, address, &lane, &status))
	{
		return status;
	}
	turn = pacer->enter(pacer, this, lane);
	if (!turn)
	{
		return this->initiate(this, NULL, NULL);
	}
	status = use_turn(turn, this, lane);
	pacer->leave(pacer, turn);
	return status;
}

/**
 * From now on, handle what happens to the address of an IKE_SA
 */
static void attach(ike_sa_t *ike_sa)
{
	if (ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		ike_sa->roam != (void*)_roam)
	{
		stock_roam = ike_sa->roam;
		ike_sa->roam = _roam;
	}
}

METHOD(listener_t, message, bool,
	private_rmobike_address_lost_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	host_t *me = message->get_destination(message);

	if (incoming && plain && message->get_request(message) &&
		message->get_exchange_type(message) == INFORMATIONAL &&
		message->get_notify(message, UPDATE_SA_ADDRESSES) &&
		ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		charon->kernel->get_interface(charon->kernel, me, NULL) &&
		rmobike_task_settle(ike_sa))
	{	/* charon does so once in a while, and not forever */
		this->rescue->leave(this->rescue, ike_sa, me);
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_rmobike_address_lost_t *this, ike_sa_t *ike_sa,
	ike_sa_state_t state)
{
	if (state == IKE_ESTABLISHED)
	{
		attach(ike_sa);
	}
	return TRUE;
}

/**
 * See what to do about the address of an IKE_SA, implements rmobike_errand_t
 */
static status_t roam_again(void *user, ike_sa_t *ike_sa)
{
	return ike_sa->roam(ike_sa, TRUE);
}

/**
 * Try the next address after the last one that its peer was asked to go to.
 * In a job it is certain that the IKE_SA exists; implements rmobike_errand_t
 */
static status_t try_next(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_address_lost_t *this = user;
	uint32_t id = ike_sa->get_unique_id(ike_sa);
	rmobike_switch_t *asked;

	asked = this->switches->get_switch(this->switches, id);
	if (asked && asked->state > RMOBIKE_DONE)
	{
		this->choice->add_tried(this->choice, id, asked->to);
	}
	rmobike_switch_destroy(asked);
	return ike_sa->roam(ike_sa, TRUE);
}

/**
 * Announce what addresses are left, as charon does after it left one;
 * implements rmobike_errand_t
 */
static status_t announce(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_address_lost_t *this = user;

	this->choice->forget_tried(this->choice, ike_sa->get_unique_id(ike_sa));
	rmobike_task_announce(ike_sa);
	return ike_sa->initiate(ike_sa, NULL, NULL);
}

/**
 * The same, unless charon called roam() since the switch, so that it is its
 * turn to do that anyway; implements rmobike_errand_t
 */
static status_t announce_untold(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_address_lost_t *this = user;

	return this->departures->has_roamed(this->departures) ? SUCCESS
												: announce(this, ike_sa);
}

/**
 * The address of an IKE_SA was removed, implements rmobike_errand_t
 */
static status_t depart(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_address_lost_t *this = user;
	host_t *to = NULL;
	bool leaves;

	/* it may have left meanwhile; if it can't charon's roam() is soon enough */
	leaves = !is_path_valid(ike_sa) &&
			 (to = this->choice->choose(this->choice, ike_sa, NULL));
	DESTROY_IF(to);
	return leaves ? ike_sa->roam(ike_sa, TRUE) : SUCCESS;
}

CALLBACK(all_depart, job_requeue_t,
	host_t *address)
{
	private_rmobike_address_lost_t *this = instance;
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;
	u_int count = 0;
	host_t *me;

	if (charon->kernel->get_interface(charon->kernel, address, NULL))
	{	/* it is back, unless charon does not know yet */
		return this->departures->roam_follows(this->departures) ?
						JOB_RESCHEDULE_MS(DEPARTURE_DELAY) : JOB_REQUEUE_NONE;
	}
	rmobike_routes_forget();
	enumerator = charon->ike_sa_manager->create_enumerator(
											charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		me = ike_sa->get_my_host(ike_sa);
		if (ike_sa->roam == (void*)_roam && me->ip_equals(me, address) &&
			is_ours(ike_sa))
		{
			rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa), 0,
								 depart, this);
			count++;
		}
	}
	enumerator->destroy(enumerator);
	DBG1(DBG_IKE, "%H is gone, %u IKE_SA%s can't stay there", address, count,
		 count == 1 ? "" : "s");
	return JOB_REQUEUE_NONE;
}

METHOD(rmobike_address_lost_t, departed, void,
	private_rmobike_address_lost_t *this, host_t *address)
{
	u_int capable;

	this->census->count(this->census, address, &capable);
	if (capable)
	{
		lib->scheduler->schedule_job_ms(lib->scheduler,
				(job_t*)callback_job_create(all_depart, address->clone(address),
											(void*)address->destroy, NULL),
				DEPARTURE_DELAY);
	}
}

METHOD(rmobike_address_lost_t, rekeyed, void,
	private_rmobike_address_lost_t *this, ike_sa_t *new)
{
	host_t *me = new->get_my_host(new);

	attach(new);
	if (new->roam == (void*)_roam &&
		!charon->kernel->get_interface(charon->kernel, me, NULL))
	{	/* charon's roam job may have listed all IKE_SAs just before */
		rmobike_errand_queue(this->refs->create_ref(this->refs, new), 0,
							 roam_again, this);
	}
}

/**
 * A switch that we started ended, implements rmobike_turn_ended_t
 */
static void switch_ended(rmobike_turn_t *turn, const rmobike_switch_t *ended)
{
	private_rmobike_address_lost_t *this = instance;
	rmobike_ref_t *ref = turn->ref;

	turn->ref = NULL;
	if (ended->state != RMOBIKE_DONE)
	{
		rmobike_errand_queue(ref, 0, try_next, this);
	}
	else if (this->departures->roam_follows(this->departures))
	{
		rmobike_errand_queue(ref, RMOBIKE_DEPARTURES_ROAM, announce_untold,
							 this);
	}
	else
	{
		rmobike_errand_queue(ref, 0, announce, this);
	}
}

METHOD(rmobike_address_lost_t, destroy, void,
	private_rmobike_address_lost_t *this)
{
	instance = NULL;
	free(this);
}

/*
 * Described in header
 */
rmobike_address_lost_t *rmobike_address_lost_create(
							rmobike_switches_t *switches, rmobike_ask_t *ask,
							rmobike_choice_t *choice,
							rmobike_drained_t *drained,
							rmobike_rescue_t *rescue,
							rmobike_refs_t *refs, rmobike_pacer_t *pacer,
							rmobike_census_t *census,
							rmobike_departures_t *departures)
{
	private_rmobike_address_lost_t *this;

	INIT(this,
		.public = {
			.listener = {
				.message = _message,
				.ike_state_change = _ike_state_change,
			},
			.departed = _departed,
			.rekeyed = _rekeyed,
			.destroy = _destroy,
		},
		.switches = switches,
		.ask = ask,
		.choice = choice,
		.drained = drained,
		.rescue = rescue,
		.refs = refs,
		.pacer = pacer,
		.census = census,
		.departures = departures,
	);
	pacer->set_cb(pacer, RMOBIKE_LEAVE, turn_came, switch_ended, this);
	pacer->set_cb(pacer, RMOBIKE_TELL, turn_came, switch_ended, this);
	instance = this;

	return &this->public;
}
