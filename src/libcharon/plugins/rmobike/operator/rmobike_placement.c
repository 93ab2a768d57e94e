/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_options_balance.h"
#include "responder/rmobike_drained.h"
#include "operator/rmobike_placement.h"
#include "rmobike_compat.h"
#include "sa/rmobike_errand.h"
#include "sa/rmobike_ike_sa.h"

#include <threading/mutex.h>

typedef struct private_rmobike_placement_t private_rmobike_placement_t;

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
	rmobike_drained_t *drained;

	/**
	 * Balanced addresses, may be empty
	 */
	rmobike_weights_t *weights;

	/**
	 * How much more than its share an address may have, in percent
	 */
	u_int hysteresis;

	/**
	 * Who wants to know what is drained
	 */
	rmobike_drained_cb_t cb;
	void *user;

	/**
	 * Protects what was configured, and who wants to know
	 */
	mutex_t *mutex;
};

/**
 * Shall nobody be at an address?
 */
static bool is_drained(private_rmobike_placement_t *this, host_t *address)
{
	return this->drained->has(this->drained, address, NULL, NULL);
}

/**
 * Chooses addresses for moves without targets, implements rmobike_chooser_t
 */
static host_t *choose_address(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_placement_t *this = user;
	host_t *to;

	to = this->choice->choose(this->choice, ike_sa, NULL);
	if (to && is_drained(this, to))
	{
		to->destroy(to);
		to = NULL;
	}
	return to;
}

/**
 * Copy the balanced addresses, without those of another node while nobody can
 * go there
 */
static rmobike_weights_t *get_weights(private_rmobike_placement_t *this,
									  u_int *hysteresis)
{
	rmobike_weights_t *all, *weights;
	host_t *address;
	int i;

	this->mutex->lock(this->mutex);
	all = this->weights->clone(this->weights);
	*hysteresis = this->hysteresis;
	this->mutex->unlock(this->mutex);
	weights = rmobike_weights_create(NULL, NULL, 0);
	for (i = 0; i < all->count(all); i++)
	{
		address = all->get_address(all, i);
		if (!this->ask->refuse(this->ask, NULL, address))
		{
			weights->add(weights, address, all->get_weight(all, i));
		}
	}
	all->destroy(all);
	return weights;
}

/**
 * Can an IKE_SA be asked to go to one of several addresses?
 */
static bool is_usable(private_rmobike_placement_t *this, ike_sa_t *ike_sa,
					  host_t *address)
{
	host_t *other = ike_sa->get_other_host(ike_sa);

	if (this->ask->is_elsewhere(this->ask, address))
	{
		return address->get_family(address) == other->get_family(other) &&
			   !this->ask->refuse(this->ask, ike_sa, address);
	}
	return charon->kernel->get_interface(charon->kernel, address, NULL) &&
		   rmobike_ike_sa_reaches(ike_sa, address);
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
 * Choose one of several addresses for an IKE_SA that can't stay where it is
 */
static host_t *choose_target(private_rmobike_placement_t *this,
							 rmobike_weights_t *weights, ike_sa_t *ike_sa)
{
	u_int load[RMOBIKE_WEIGHTS_MAX];
	bool usable[RMOBIKE_WEIGHTS_MAX];
	host_t *address;
	int i, current;

	get_load(this, weights, load);
	for (i = 0; i < weights->count(weights); i++)
	{
		address = weights->get_address(weights, i);
		usable[i] = !is_drained(this, address) &&
					is_usable(this, ike_sa, address);
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
 * Find out where an IKE_SA belongs, NULL if it may stay
 */
static host_t *place(private_rmobike_placement_t *this, ike_sa_t *ike_sa)
{
	u_int load[RMOBIKE_WEIGHTS_MAX], hysteresis;
	host_t *me = ike_sa->get_my_host(ike_sa), *to = NULL;
	rmobike_weights_t *weights, *targets;
	bool drained, leave;
	int i;

	weights = get_weights(this, &hysteresis);
	leave = drained = this->drained->has(this->drained, me, &targets, NULL);
	i = weights->find(weights, me);
	if (i >= 0 && !leave)
	{
		get_load(this, weights, load);
		leave = weights->is_overloaded(weights, load, i, hysteresis);
	}
	if (leave)
	{
		to = targets ? choose_target(this, targets, ike_sa) : NULL;
		to = to ?: choose_target(this, weights, ike_sa);
		if (!to && drained)
		{
			to = choose_address(this, ike_sa);
		}
		if (!to && drained)
		{
			DBG1(DBG_IKE, "IKE_SA %s[%u] stays at %H, which is drained: no "
				 "other address is left", ike_sa->get_name(ike_sa),
				 ike_sa->get_unique_id(ike_sa), me);
		}
	}
	DESTROY_IF(targets);
	weights->destroy(weights);
	if (to && to->ip_equals(to, me))
	{
		to->destroy(to);
		to = NULL;
	}
	return to;
}

/**
 * Ask a newcomer to go where it belongs, implements rmobike_errand_t
 */
static status_t place_newcomer(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_placement_t *this = user;
	host_t *to;

	to = rmobike_ike_sa_refuses(ike_sa) ? NULL : place(this, ike_sa);
	if (to)
	{
		this->ask->initiate(this->ask, ike_sa, to, NULL);
		to->destroy(to);
	}
	return SUCCESS;
}

METHOD(listener_t, ike_updown, bool,
	private_rmobike_placement_t *this, ike_sa_t *ike_sa, bool up)
{
	bool rules;

	this->mutex->lock(this->mutex);
	rules = this->weights->count(this->weights);
	this->mutex->unlock(this->mutex);
	rules |= is_drained(this, ike_sa->get_my_host(ike_sa));
	/* who was sent here from elsewhere stays, or it never ends */
	if (up && rules && !this->ask->came(this->ask, ike_sa) &&
		ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION) &&
		!ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{
		rmobike_errand_queue(this->refs->create_ref(this->refs, ike_sa), 0,
							 place_newcomer, this);
	}
	return TRUE;
}

METHOD(rmobike_placement_t, watch, void,
	private_rmobike_placement_t *this, rmobike_drained_cb_t cb, void *user)
{
	this->mutex->lock(this->mutex);
	this->cb = cb;
	this->user = user;
	this->mutex->unlock(this->mutex);
}

/**
 * Tell that an address is drained, or no more
 */
static void tell(private_rmobike_placement_t *this, host_t *address,
				 bool drained, const char *reason)
{
	rmobike_drained_cb_t cb;
	void *user;

	DBG1(DBG_CFG, "address %H is %s%s%s", address,
		 drained ? "drained" : "not drained anymore", reason ? ": " : "",
		 reason ?: "");
	this->mutex->lock(this->mutex);
	cb = this->cb;
	user = this->user;
	this->mutex->unlock(this->mutex);
	if (cb)
	{
		cb(user, address, drained, reason);
	}
}

METHOD(rmobike_placement_t, undrain, bool,
	private_rmobike_placement_t *this, host_t *address, char *why, size_t len)
{
	bool removed = this->drained->remove(this->drained, address);

	if (is_drained(this, address))
	{
		snprintf(why, len, "%H is drained " RMOBIKE_DRAINED_CONFIGURED ", see "
				 "charon.plugins.rmobike.drained", address);
		return FALSE;
	}
	if (!removed)
	{
		snprintf(why, len, "%H is not drained", address);
		return FALSE;
	}
	tell(this, address, FALSE, NULL);
	return TRUE;
}

METHOD(rmobike_placement_t, drain, bool,
	private_rmobike_placement_t *this, host_t *address, const char *reason,
	const rmobike_move_t *template, u_int *matches, char *why, size_t len)
{
	rmobike_move_t move = *template;
	rmobike_weights_t *before;
	char *reason_before;
	bool drained;

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
	drained = this->drained->has(this->drained, address, &before,
								 &reason_before);
	if (!move.dry_run)
	{	/* before, so that no newcomer is missed */
		this->drained->add(this->drained, address, move.targets, reason);
	}
	*why = '\0';
	*matches = this->mover->start(this->mover, &move, why, len);
	if (*why && drained &&
		!streq(reason_before ?: "", RMOBIKE_DRAINED_CONFIGURED))
	{
		this->drained->add(this->drained, address, before, reason_before);
	}
	else if (*why)
	{
		this->drained->remove(this->drained, address);
	}
	else if (!move.dry_run)
	{
		tell(this, address, TRUE, reason);
	}
	DESTROY_IF(before);
	free(reason_before);
	return !*why;
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
	host_t *address;
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
	for (i = 0; !*matches && !*why && i < weights->count(weights); i++)
	{
		address = weights->get_address(weights, i);
		if (surplus[i] && this->ask->is_elsewhere(this->ask, address))
		{
			snprintf(why, len, "%H has too many, balance at its node", address);
		}
	}
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
											  rmobike_drained_t *drained,
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
			.watch = _watch,
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
		.drained = drained,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	reload(this);
	mover->set_chooser(mover, choose_address, this);

	return &this->public;
}
