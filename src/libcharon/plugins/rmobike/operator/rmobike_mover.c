/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "kernel/rmobike_routes.h"
#include "operator/rmobike_mover.h"
#include "sa/rmobike_ike_sa.h"

#include <threading/mutex.h>

typedef struct private_rmobike_mover_t private_rmobike_mover_t;

/**
 * Private data
 */
struct private_rmobike_mover_t {

	/**
	 * Public interface
	 */
	rmobike_mover_t public;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_switches_t *switches;

	/**
	 * Asks peers
	 */
	rmobike_ask_t *ask;

	/**
	 * Counts what never began
	 */
	rmobike_stats_t *stats;

	/**
	 * Follows IKE_SAs
	 */
	rmobike_refs_t *refs;

	/**
	 * Chooses addresses if a move has none
	 */
	rmobike_chooser_t chooser;

	/**
	 * Data for that function
	 */
	void *chooser_data;

	/**
	 * What the current move is about; strings and objects of the selector are
	 * not kept
	 */
	rmobike_move_t move;

	/**
	 * How many IKE_SAs are, or are about to be, at each target
	 */
	u_int load[RMOBIKE_WEIGHTS_MAX];

	/**
	 * Tells whose turn it is
	 */
	rmobike_pacer_t *pacer;

	/**
	 * Protects load
	 */
	mutex_t *mutex;
};

/**
 * Free what is kept of a move
 */
static void clear_move(private_rmobike_mover_t *this)
{
	if (this->move.targets)
	{
		this->move.targets->destroy(this->move.targets);
	}
	free((char*)this->move.tag);
	memset(&this->move, 0, sizeof(this->move));
}

/**
 * Tell what became of an IKE_SA that was not asked
 */
static void tell(private_rmobike_mover_t *this, rmobike_turn_t *turn,
				 rmobike_state_t state, const char *reason)
{
	turn->info->id = turn->ref->get_id(turn->ref);
	turn->info->state = state;
	turn->info->reason = reason;
	if (state == RMOBIKE_CANCELLED)
	{
		this->stats->count(this->stats, RMOBIKE_COUNT_CANCELLED, reason);
	}
	this->switches->tell(this->switches, turn->info);
}

/**
 * Choose a target of the move for an IKE_SA
 */
static host_t *choose_target(private_rmobike_mover_t *this, ike_sa_t *ike_sa)
{
	rmobike_weights_t *targets = this->move.targets;
	bool usable[RMOBIKE_WEIGHTS_MAX];
	host_t *target = NULL, *other = ike_sa->get_other_host(ike_sa), *address;
	int i, count, current;

	if (this->move.chooser)
	{
		return this->move.chooser(this->move.user, ike_sa);
	}
	if (!targets)
	{
		return this->chooser ? this->chooser(this->chooser_data, ike_sa) : NULL;
	}
	count = targets->count(targets);
	for (i = 0; i < count; i++)
	{
		address = targets->get_address(targets, i);
		/* somebody chose these, so it is only a question of the family */
		usable[i] = address->get_family(address) == other->get_family(other) ||
					rmobike_ike_sa_reaches(ike_sa, address);
		if (count > 1 && this->ask->is_elsewhere(this->ask, address))
		{
			usable[i] &= !this->ask->refuse(this->ask, ike_sa, address);
		}
	}
	current = targets->find(targets, ike_sa->get_my_host(ike_sa));
	this->mutex->lock(this->mutex);
	i = targets->choose(targets, this->load, usable, current);
	if (i >= 0)
	{
		this->load[i]++;
		target = targets->get_address(targets, i);
		target = target->clone(target);
	}
	this->mutex->unlock(this->mutex);
	return target;
}

/**
 * Name what else the peer lacks
 */
static const char *lacks_redirect(const char *why)
{
	static const struct {
		const char *why, *both;
	} reasons[] = {
		{ "peer does not support it", "peer supports neither it nor REDIRECT" },
		{ "MOBIKE is not enabled", "peer has neither MOBIKE nor REDIRECT" },
	};
	int i;

	for (i = 0; i < (int)countof(reasons); i++)
	{
		if (streq(why, reasons[i].why))
		{
			return reasons[i].both;
		}
	}
	return why;
}

/**
 * It is the turn of an IKE_SA that goes somewhere, asked or led
 */
static status_t begin(private_rmobike_mover_t *this, rmobike_turn_t *turn,
					  ike_sa_t *ike_sa, host_t *target, bool lead)
{
	u_int serial;
	bool others;

	serial = this->ask->begin(this->ask, ike_sa, target, this->move.tag);
	others = this->pacer->begun(this->pacer, turn, serial);
	if (lead)
	{
		this->ask->lead(this->ask, ike_sa, serial, target, this->move.redirect);
	}
	else
	{
		this->ask->queue(this->ask, ike_sa, serial, target, others);
	}
	return ike_sa->initiate(ike_sa, NULL, NULL);
}

/**
 * It is the turn of an IKE_SA that can't be asked: there may be other ways
 */
static status_t fall_back(private_rmobike_mover_t *this, rmobike_turn_t *turn,
						  ike_sa_t *ike_sa, host_t *target, const char *why)
{
	rmobike_move_t *move = &this->move;
	const char *no_lead = why;
	bool lead = FALSE, redirect = FALSE;

	if (target && move->mobike)
	{
		no_lead = this->ask->refuse_lead(this->ask, ike_sa, target);
		lead = !no_lead;
	}
	if (target && move->redirect && this->ask->answers(this->ask, target))
	{
		redirect = rmobike_ike_sa_is_redirectable(ike_sa);
		why = redirect ? why : lacks_redirect(why);
	}
	else
	{
		why = no_lead ?: why;
	}
	if (move->dry_run && (lead || redirect))
	{
		tell(this, turn, RMOBIKE_PLANNED, lead ? "by MOBIKE" : "by REDIRECT");
	}
	else if (move->dry_run)
	{
		tell(this, turn, RMOBIKE_INELIGIBLE, why);
	}
	else if (lead)
	{
		return begin(this, turn, ike_sa, target, TRUE);
	}
	else if (redirect && rmobike_ike_sa_redirect(ike_sa, target))
	{
		tell(this, turn, RMOBIKE_REDIRECTED, why);
	}
	else
	{
		turn->failed = TRUE;
		tell(this, turn, RMOBIKE_FAILED, why);
	}
	return SUCCESS;
}

/**
 * It is the turn of an IKE_SA, or never will be; implements rmobike_turn_cb_t
 */
static status_t turn_came(void *user, rmobike_turn_t *turn, ike_sa_t *ike_sa,
						  const char *cancelled)
{
	private_rmobike_mover_t *this = user;
	const char *why;
	host_t *target;

	if (cancelled)
	{
		tell(this, turn, RMOBIKE_CANCELLED, cancelled);
		return SUCCESS;
	}
	if (!ike_sa)
	{
		turn->failed = TRUE;
		tell(this, turn, RMOBIKE_FAILED, "IKE_SA deleted");
		return SUCCESS;
	}
	target = choose_target(this, ike_sa);
	if (target)
	{
		why = this->ask->refuse(this->ask, ike_sa, target);
		DESTROY_IF(turn->info->to);
		turn->info->to = target;
	}
	else if (this->move.chooser)
	{
		tell(this, turn, RMOBIKE_CANCELLED, "no better address anymore");
		return SUCCESS;
	}
	else
	{
		why = rmobike_ike_sa_refuses(ike_sa) ?:
			  "no address that the peer could reach";
	}
	if (why)
	{
		return fall_back(this, turn, ike_sa, target, why);
	}
	if (this->move.dry_run)
	{
		tell(this, turn, RMOBIKE_PLANNED, NULL);
		return SUCCESS;
	}
	return begin(this, turn, ike_sa, target, FALSE);
}

/**
 * Check that all addresses are ours, or ones that IKE_SAs can go to
 */
static bool are_good_targets(private_rmobike_mover_t *this,
							 rmobike_weights_t *targets, char *why, size_t len)
{
	host_t *address;
	int i;

	for (i = 0; targets && i < targets->count(targets); i++)
	{
		address = targets->get_address(targets, i);
		if (targets->get_weight(targets, i) &&
			!this->ask->is_elsewhere(this->ask, address) &&
			!rmobike_routes_owns(address, why, len))
		{
			return FALSE;
		}
	}
	return TRUE;
}

/**
 * Keep what a move is about, while its lane is reserved
 */
static void keep_move(private_rmobike_mover_t *this, const rmobike_move_t *move)
{
	rmobike_weights_t *targets = move->targets;

	clear_move(this);
	this->move = *move;
	this->move.tag = strdupnull(move->tag);
	this->move.targets = targets ? targets->clone(targets) : NULL;
	memset(&this->move.selector, 0, sizeof(this->move.selector));
	memset(this->load, 0, sizeof(this->load));
	if (move->load)
	{
		memcpy(this->load, move->load,
			   targets->count(targets) * sizeof(*this->load));
	}
	this->move.load = NULL;
}

METHOD(rmobike_mover_t, start, u_int,
	private_rmobike_mover_t *this, const rmobike_move_t *move, char *why,
	size_t len)
{
	rmobike_pace_t pace = {
		.max_in_flight = move->max_in_flight,
		.rate = move->rate,
		.max_failures = move->max_failures,
	};
	linked_list_t *turns;
	u_int count;

	/* charon knows what is there now, and tells others 100 ms later */
	rmobike_routes_forget();
	if (!are_good_targets(this, move->targets, why, len) ||
		!this->pacer->reserve(this->pacer, &pace, why, len))
	{
		return 0;
	}
	turns = rmobike_selector_select(&move->selector, this->ask, this->refs,
									move->targets, move->tag);
	count = turns->get_count(turns);
	keep_move(this, move);
	if (!count && !move->may_be_empty)
	{
		snprintf(why, len, "no matching IKE_SA found");
	}
	this->pacer->fill(this->pacer, turns);
	return count;
}

METHOD(rmobike_mover_t, cancel, u_int,
	private_rmobike_mover_t *this, u_int *in_flight)
{
	return this->pacer->cancel(this->pacer, in_flight);
}

METHOD(rmobike_mover_t, get_queued, u_int,
	private_rmobike_mover_t *this, u_int *in_flight)
{
	return this->pacer->get_count(this->pacer, in_flight);
}

METHOD(rmobike_mover_t, set_chooser, void,
	private_rmobike_mover_t *this, rmobike_chooser_t cb, void *user)
{
	this->chooser = cb;
	this->chooser_data = user;
}

METHOD(rmobike_mover_t, destroy, void,
	private_rmobike_mover_t *this)
{
	clear_move(this);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_mover_t *rmobike_mover_create(rmobike_switches_t *switches,
									  rmobike_ask_t *ask,
									  rmobike_refs_t *refs,
									  rmobike_stats_t *stats,
									  rmobike_pacer_t *pacer)
{
	private_rmobike_mover_t *this;

	INIT(this,
		.public = {
			.start = _start,
			.cancel = _cancel,
			.get_queued = _get_queued,
			.set_chooser = _set_chooser,
			.destroy = _destroy,
		},
		.switches = switches,
		.ask = ask,
		.refs = refs,
		.stats = stats,
		.pacer = pacer,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	pacer->set_cb(pacer, RMOBIKE_MOVE, turn_came, NULL, this);

	return &this->public;
}
