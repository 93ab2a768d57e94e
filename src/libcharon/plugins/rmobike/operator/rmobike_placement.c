/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_options_balance.h"
#include "exchange/rmobike_paths.h"
#include "operator/rmobike_placement.h"
#include "rmobike_compat.h"
#include "sa/rmobike_ike_sa.h"

#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

typedef struct private_rmobike_placement_t private_rmobike_placement_t;
typedef struct newcomer_t newcomer_t;

/**
 * Private data
 */
struct private_rmobike_placement_t {

	/**
	 * Public interface
	 */
	rmobike_placement_t public;

	/**
	 * Asks newcomers
	 */
	rmobike_ask_t *ask;

	/**
	 * Moves many
	 */
	rmobike_mover_t *mover;

	/**
	 * Knows the best address for an IKE_SA
	 */
	rmobike_choice_t *choice;

	/**
	 * Knows how many are where
	 */
	rmobike_census_t *census;

	/**
	 * Follows newcomers
	 */
	rmobike_refs_t *refs;

	/**
	 * Drained addresses
	 */
	linked_list_t *drained;

	/**
	 * Balanced addresses, may be empty
	 */
	rmobike_weights_t *weights;

	/**
	 * How much more than its share an address may have, in percent
	 */
	u_int hysteresis;

	/**
	 * Protects drained and weights
	 */
	mutex_t *mutex;
};

/**
 * A job for a newcomer
 */
struct newcomer_t {

	/**
	 * Where it is placed
	 */
	private_rmobike_placement_t *this;

	/**
	 * The IKE_SA
	 */
	rmobike_ref_t *ref;
};

/**
 * Copy the list of drained addresses
 */
static linked_list_t *get_drained(private_rmobike_placement_t *this)
{
	linked_list_t *drained;

	this->mutex->lock(this->mutex);
	drained = this->drained->clone_offset(this->drained,
										  offsetof(host_t, clone));
	this->mutex->unlock(this->mutex);
	return drained;
}

/**
 * Count who is at the balanced addresses
 */
static void get_load(private_rmobike_placement_t *this,
					 rmobike_weights_t *weights, u_int *load)
{
	int i;

	for (i = 0; i < weights->count(weights); i++)
	{
		load[i] = this->census->count(this->census,
									  weights->get_address(weights, i), NULL);
	}
}

/**
 * Choose a balanced address for an IKE_SA that can't stay where it is
 */
static host_t *choose_balanced(private_rmobike_placement_t *this,
							   rmobike_weights_t *weights,
							   linked_list_t *drained, ike_sa_t *ike_sa)
{
	u_int load[RMOBIKE_WEIGHTS_MAX];
	bool usable[RMOBIKE_WEIGHTS_MAX];
	host_t *address;
	int i, current;

	get_load(this, weights, load);
	for (i = 0; i < weights->count(weights); i++)
	{
		address = weights->get_address(weights, i);
		usable[i] = !rmobike_paths_include(drained, address) &&
					charon->kernel->get_interface(charon->kernel, address,
												  NULL) &&
					rmobike_ike_sa_reaches(ike_sa, address);
	}
	current = weights->find(weights, ike_sa->get_my_host(ike_sa));
	if (current >= 0)
	{
		load[current]--;
	}
	i = weights->choose(weights, load, usable, current);
	if (i < 0)
	{
		return NULL;
	}
	address = weights->get_address(weights, i);
	return address->clone(address);
}

/**
 * Copy the balanced addresses
 */
static rmobike_weights_t *get_weights(private_rmobike_placement_t *this,
									  u_int *hysteresis)
{
	rmobike_weights_t *weights;

	this->mutex->lock(this->mutex);
	weights = this->weights->clone(this->weights);
	*hysteresis = this->hysteresis;
	this->mutex->unlock(this->mutex);
	return weights;
}

/**
 * Find out where an IKE_SA belongs, NULL if it may stay
 */
static host_t *place(private_rmobike_placement_t *this, ike_sa_t *ike_sa)
{
	u_int load[RMOBIKE_WEIGHTS_MAX], hysteresis;
	host_t *me = ike_sa->get_my_host(ike_sa), *to = NULL;
	rmobike_weights_t *weights;
	linked_list_t *drained;
	bool leave;
	int i;

	drained = get_drained(this);
	weights = get_weights(this, &hysteresis);
	leave = rmobike_paths_include(drained, me);
	i = weights->find(weights, me);
	if (i >= 0 && !leave)
	{
		get_load(this, weights, load);
		leave = weights->is_overloaded(weights, load, i, hysteresis);
	}
	if (leave)
	{
		to = choose_balanced(this, weights, drained, ike_sa);
		if (!to && rmobike_paths_include(drained, me))
		{
			to = this->choice->choose(this->choice, ike_sa, drained);
		}
	}
	rmobike_paths_destroy(drained);
	weights->destroy(weights);
	if (to && to->ip_equals(to, me))
	{
		to->destroy(to);
		to = NULL;
	}
	return to;
}

CALLBACK(newcomer_execute, job_requeue_t,
	newcomer_t *newcomer)
{
	private_rmobike_placement_t *this = newcomer->this;
	ike_sa_t *ike_sa;
	host_t *to;

	ike_sa = newcomer->ref->checkout(newcomer->ref);
	if (ike_sa)
	{
		to = rmobike_ike_sa_refuses(ike_sa) ? NULL : place(this, ike_sa);
		if (to)
		{
			this->ask->initiate(this->ask, ike_sa, to, NULL);
			to->destroy(to);
		}
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	}
	return JOB_REQUEUE_NONE;
}

CALLBACK(newcomer_destroy, void,
	newcomer_t *newcomer)
{
	newcomer->ref->destroy(newcomer->ref);
	free(newcomer);
}

METHOD(listener_t, ike_updown, bool,
	private_rmobike_placement_t *this, ike_sa_t *ike_sa, bool up)
{
	newcomer_t *newcomer;
	bool rules;

	this->mutex->lock(this->mutex);
	rules = this->drained->get_count(this->drained) ||
			this->weights->count(this->weights);
	this->mutex->unlock(this->mutex);
	if (up && rules && ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{
		INIT(newcomer,
			.this = this,
			.ref = this->refs->create_ref(this->refs, ike_sa),
		);
		lib->processor->queue_job(lib->processor,
				(job_t*)callback_job_create(newcomer_execute, newcomer,
											newcomer_destroy, NULL));
	}
	return TRUE;
}

/**
 * Chooses addresses for moves without targets, implements rmobike_chooser_t
 */
static host_t *choose_address(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_placement_t *this = user;
	linked_list_t *drained;
	host_t *to;

	drained = get_drained(this);
	to = this->choice->choose(this->choice, ike_sa, drained);
	rmobike_paths_destroy(drained);
	return to;
}

/**
 * Mark an address as drained; returns FALSE if it was already
 */
static bool mark(private_rmobike_placement_t *this, host_t *address)
{
	bool marked;

	this->mutex->lock(this->mutex);
	marked = !rmobike_paths_include(this->drained, address);
	if (marked)
	{
		this->drained->insert_last(this->drained, address->clone(address));
	}
	this->mutex->unlock(this->mutex);
	return marked;
}

METHOD(rmobike_placement_t, undrain, bool,
	private_rmobike_placement_t *this, host_t *address)
{
	enumerator_t *enumerator;
	host_t *current;
	bool found = FALSE;

	this->mutex->lock(this->mutex);
	enumerator = this->drained->create_enumerator(this->drained);
	while (!found && enumerator->enumerate(enumerator, &current))
	{
		if (current->ip_equals(current, address))
		{
			this->drained->remove_at(this->drained, enumerator);
			current->destroy(current);
			found = TRUE;
		}
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	return found;
}

METHOD(rmobike_placement_t, drain, bool,
	private_rmobike_placement_t *this, host_t *address,
	const rmobike_move_t *template, u_int *matches, char *why, size_t len)
{
	rmobike_move_t move = *template;
	bool marked = FALSE;

	if (move.targets && move.targets->find(move.targets, address) >= 0)
	{
		snprintf(why, len, "%H can't be drained and be the address to go to",
				 address);
		return FALSE;
	}
	move.selector = (rmobike_selector_t){
		.local_ip = address,
	};
	move.may_be_empty = TRUE;
	if (!move.dry_run)
	{	/* before, so that no newcomer is missed */
		marked = mark(this, address);
	}
	*why = '\0';
	*matches = this->mover->start(this->mover, &move, why, len);
	if (*why && marked)
	{
		undrain(this, address);
	}
	return !*why;
}

METHOD(rmobike_placement_t, is_drained, bool,
	private_rmobike_placement_t *this, host_t *address)
{
	bool drained;

	this->mutex->lock(this->mutex);
	drained = rmobike_paths_include(this->drained, address);
	this->mutex->unlock(this->mutex);
	return drained;
}

METHOD(rmobike_placement_t, create_drained_enumerator, enumerator_t*,
	private_rmobike_placement_t *this)
{
	linked_list_t *drained = get_drained(this);

	return enumerator_create_cleaner(drained->create_enumerator(drained),
									 (void*)rmobike_paths_destroy, drained);
}

/**
 * Balance addresses
 */
static bool start_balance(private_rmobike_placement_t *this,
						  rmobike_weights_t *weights, u_int hysteresis,
						  const rmobike_move_t *template, u_int *matches,
						  char *why, size_t len)
{
	u_int load[RMOBIKE_WEIGHTS_MAX], share[RMOBIKE_WEIGHTS_MAX];
	u_int surplus[RMOBIKE_WEIGHTS_MAX], total = 0;
	rmobike_move_t move = *template;
	bool uneven = FALSE;
	int i;

	get_load(this, weights, load);
	for (i = 0; i < weights->count(weights); i++)
	{
		total += load[i];
		uneven |= weights->is_overloaded(weights, load, i, hysteresis);
	}
	*matches = 0;
	*why = '\0';
	if (!uneven)
	{
		return TRUE;
	}
	weights->divide(weights, total, share);
	for (i = 0; i < weights->count(weights); i++)
	{
		surplus[i] = load[i] > share[i] ? load[i] - share[i] : 0;
		load[i] -= surplus[i];
	}
	move.selector = (rmobike_selector_t){
		.all = TRUE,
		.surplus = surplus,
	};
	move.targets = weights;
	move.load = load;
	move.may_be_empty = TRUE;
	*matches = this->mover->start(this->mover, &move, why, len);
	return !*why;
}

METHOD(rmobike_placement_t, balance, bool,
	private_rmobike_placement_t *this, const rmobike_move_t *move,
	u_int *matches, char *why, size_t len)
{
	rmobike_weights_t *weights;
	u_int hysteresis;
	bool success;

	weights = get_weights(this, &hysteresis);
	success = weights->count(weights) > 0;
	if (success)
	{
		success = start_balance(this, weights, hysteresis, move, matches, why,
								len);
	}
	else
	{
		snprintf(why, len, "no addresses to balance, see "
				 "charon.plugins.rmobike.balance.addresses");
	}
	weights->destroy(weights);
	return success;
}

METHOD(rmobike_placement_t, get_weight, int,
	private_rmobike_placement_t *this, host_t *address)
{
	int i, weight = -1;

	this->mutex->lock(this->mutex);
	i = this->weights->find(this->weights, address);
	if (i >= 0)
	{
		weight = this->weights->get_weight(this->weights, i);
	}
	this->mutex->unlock(this->mutex);
	return weight;
}

METHOD(rmobike_placement_t, reload, void,
	private_rmobike_placement_t *this)
{
	rmobike_weights_t *weights, *old;
	u_int hysteresis;

	/* the plugin complains about what is not valid */
	weights = rmobike_options_balance_load(lib->settings, lib->ns, &hysteresis,
										   NULL,
										   NULL);
	this->mutex->lock(this->mutex);
	old = this->weights;
	this->weights = weights;
	this->hysteresis = hysteresis;
	this->mutex->unlock(this->mutex);
	DESTROY_IF(old);
}

METHOD(rmobike_placement_t, destroy, void,
	private_rmobike_placement_t *this)
{
	rmobike_paths_destroy(this->drained);
	this->weights->destroy(this->weights);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_placement_t *rmobike_placement_create(rmobike_ask_t *ask,
											  rmobike_mover_t *mover,
											  rmobike_choice_t *choice,
											  rmobike_census_t *census,
											  rmobike_refs_t *refs)
{
	private_rmobike_placement_t *this;

	INIT(this,
		.public = {
			.listener = {
				.ike_updown = _ike_updown,
			},
			.drain = _drain,
			.undrain = _undrain,
			.is_drained = _is_drained,
			.create_drained_enumerator = _create_drained_enumerator,
			.balance = _balance,
			.get_weight = _get_weight,
			.reload = _reload,
			.destroy = _destroy,
		},
		.ask = ask,
		.mover = mover,
		.choice = choice,
		.census = census,
		.refs = refs,
		.drained = linked_list_create(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	reload(this);
	mover->set_chooser(mover, choose_address, this);

	return &this->public;
}
