/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_ike_sa.h"
#include "rmobike_mover.h"
#include "rmobike_queue.h"
#include "rmobike_routes.h"

#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

typedef struct private_rmobike_mover_t private_rmobike_mover_t;
typedef struct run_t run_t;

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
	rmobike_peers_t *peers;

	/**
	 * Asks peers
	 */
	rmobike_asker_t *asker;

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
	 * Who waits, and who is under way
	 */
	rmobike_queue_t *queue;

	/**
	 * Protects load
	 */
	mutex_t *mutex;
};

/**
 * A job for an item
 */
struct run_t {

	/**
	 * The mover
	 */
	private_rmobike_mover_t *this;

	/**
	 * The item
	 */
	rmobike_selected_t *item;
};

static void kick(private_rmobike_mover_t *this);

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
 * Tell what became of an item that was not asked
 */
static void tell(private_rmobike_mover_t *this, rmobike_selected_t *item,
				 rmobike_state_t state, const char *reason)
{
	item->info->id = item->ref->get_id(item->ref);
	item->info->state = state;
	item->info->reason = reason;
	if (state == RMOBIKE_CANCELLED)
	{
		this->stats->count(this->stats, RMOBIKE_COUNT_CANCELLED, reason);
	}
	else if (state == RMOBIKE_REDIRECTED)
	{
		this->stats->count(this->stats, RMOBIKE_COUNT_REDIRECTED, NULL);
	}
	this->peers->tell(this->peers, item->info);
}

/**
 * Tell that items were cancelled
 */
static u_int cancel_items(private_rmobike_mover_t *this, linked_list_t *items,
						  const char *reason)
{
	u_int count = 0;
	rmobike_selected_t *item;

	while (items->remove_first(items, (void**)&item) == SUCCESS)
	{
		tell(this, item, RMOBIKE_CANCELLED, reason);
		rmobike_selected_destroy(item);
		count++;
	}
	items->destroy(items);
	return count;
}

/**
 * Go on after something ended
 */
static void go_on(private_rmobike_mover_t *this, linked_list_t *cancelled)
{
	if (cancelled)
	{
		cancel_items(this, cancelled, "too many failures");
	}
	kick(this);
}

/**
 * An item ended without having been asked
 */
static void skip(private_rmobike_mover_t *this, rmobike_selected_t *item,
				 rmobike_state_t state, const char *reason)
{
	tell(this, item, state, reason);
	go_on(this, this->queue->skipped(this->queue, state == RMOBIKE_FAILED));
}

/**
 * Implements rmobike_ended_t
 */
static void switch_ended(void *user, const rmobike_switch_t *ended)
{
	private_rmobike_mover_t *this = user;
	linked_list_t *cancelled;

	if (this->queue->ended(this->queue, ended, &cancelled))
	{
		go_on(this, cancelled);
	}
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
 * Redirect a peer that can't be asked (RFC 5685)
 */
static bool redirect(ike_sa_t *ike_sa, host_t *target)
{
	identification_t *gateway;
	bool success;

	if (!target || !ike_sa->supports_extension(ike_sa, EXT_IKE_REDIRECTION) ||
		ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{
		return FALSE;
	}
	gateway = identification_create_from_sockaddr(target->get_sockaddr(target));
	success = ike_sa->redirect(ike_sa, gateway) == SUCCESS;
	gateway->destroy(gateway);
	return success;
}

/**
 * It is the turn of an IKE_SA; returns FALSE if it is to be destroyed
 */
static bool run_item(private_rmobike_mover_t *this, rmobike_selected_t *item,
					 ike_sa_t *ike_sa)
{
	rmobike_state_t state = RMOBIKE_FAILED;
	const char *why;
	host_t *target;
	u_int serial, waiting, in_flight;

	why = rmobike_ike_sa_refuses(ike_sa);
	target = choose_target(this, ike_sa);
	if (target)
	{
		DESTROY_IF(item->info->to);
		item->info->to = target;
	}
	if (!why && !target)
	{
		why = "no address that the peer could reach";
	}
	if (this->move.dry_run)
	{
		skip(this, item, why ? RMOBIKE_INELIGIBLE : RMOBIKE_PLANNED, why);
		return TRUE;
	}
	if (why)
	{
		if (this->move.redirect && redirect(ike_sa, target))
		{
			state = RMOBIKE_REDIRECTED;
		}
		skip(this, item, state, why);
		return TRUE;
	}
	serial = this->asker->begin(this->asker, ike_sa, target, this->move.tag);
	this->queue->begun(this->queue, serial);
	waiting = this->queue->get_count(this->queue, &in_flight);
	this->asker->queue(this->asker, ike_sa, serial, target,
					   waiting + in_flight > 1);
	return ike_sa->initiate(ike_sa, NULL, NULL) != DESTROY_ME;
}

/**
 * Check out the IKE_SA whose turn it is
 */
static void run_now(run_t *run)
{
	private_rmobike_mover_t *this = run->this;
	ike_sa_t *ike_sa;

	ike_sa = run->item->ref->checkout(run->item->ref);
	if (!ike_sa)
	{
		skip(this, run->item, RMOBIKE_FAILED, "IKE_SA deleted");
	}
	else if (run_item(this, run->item, ike_sa))
	{
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	}
	else
	{
		charon->ike_sa_manager->checkin_and_destroy(charon->ike_sa_manager,
													ike_sa);
	}
}

CALLBACK(run_execute, job_requeue_t,
	run_t *run)
{
	run_now(run);
	/* only now it is known until when others wait for this one */
	kick(run->this);
	return JOB_REQUEUE_NONE;
}

CALLBACK(run_destroy, void,
	run_t *run)
{
	rmobike_selected_destroy(run->item);
	free(run);
}

CALLBACK(wait_execute, job_requeue_t,
	private_rmobike_mover_t *this)
{
	this->queue->woken_up(this->queue);
	kick(this);
	return JOB_REQUEUE_NONE;
}

/**
 * Take the next item if it may start. Otherwise schedules a timer if it is only
 * the rate that prevents it.
 */
static run_t *take_next(private_rmobike_mover_t *this)
{
	rmobike_selected_t *item;
	timeval_t wake_up;
	run_t *run = NULL;

	item = this->queue->next(this->queue, &wake_up);
	if (item)
	{
		INIT(run,
			.this = this,
			.item = item,
		);
	}
	else if (timerisset(&wake_up))
	{
		lib->scheduler->schedule_job_tv(lib->scheduler,
				(job_t*)callback_job_create(wait_execute, this, NULL, NULL),
				wake_up);
	}
	return run;
}

/**
 * Start as many as may be under way, in jobs. They come after whatever was
 * received: more requests would only have their responses wait longer, until
 * the requests are sent again.
 */
static void kick(private_rmobike_mover_t *this)
{
	run_t *run;

	while ((run = take_next(this)))
	{
		lib->processor->queue_job(lib->processor,
				(job_t*)callback_job_create_with_prio(run_execute, run,
										run_destroy, NULL, JOB_PRIO_LOW));
	}
}

/**
 * Start the first ones, before anything else can be asked of us
 */
static void start_first(private_rmobike_mover_t *this, u_int count)
{
	run_t *run;

	while (count-- && (run = take_next(this)))
	{
		run_now(run);
		run_destroy(run);
	}
	kick(this);
}

/**
 * Check that we have all addresses
 */
static bool are_own_addresses(rmobike_weights_t *targets, char *why, size_t len)
{
	int i;

	for (i = 0; targets && i < targets->count(targets); i++)
	{
		if (targets->get_weight(targets, i) &&
			!rmobike_routes_owns(targets->get_address(targets, i), why, len))
		{
			return FALSE;
		}
	}
	return TRUE;
}

/**
 * Keep what a move is about, while the queue is reserved
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
	linked_list_t *items;
	u_int count;

	if (!are_own_addresses(move->targets, why, len) ||
		!this->queue->reserve(this->queue, why, len))
	{
		return 0;
	}
	items = rmobike_selector_select(&move->selector, this->refs, move->targets,
									move->tag);
	count = items->get_count(items);
	keep_move(this, move);
	this->queue->fill(this->queue, items, &pace);
	if (!count && !move->may_be_empty)
	{
		snprintf(why, len, "no matching IKE_SA found");
	}
	start_first(this, min(count, move->max_in_flight));
	return count;
}

METHOD(rmobike_mover_t, cancel, u_int,
	private_rmobike_mover_t *this, u_int *in_flight)
{
	linked_list_t *items = this->queue->cancel(this->queue, in_flight);

	return cancel_items(this, items, "cancelled");
}

METHOD(rmobike_mover_t, get_queued, u_int,
	private_rmobike_mover_t *this, u_int *in_flight)
{
	return this->queue->get_count(this->queue, in_flight);
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
	this->peers->remove_listener(this->peers, this);
	this->queue->destroy(this->queue);
	clear_move(this);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_mover_t *rmobike_mover_create(rmobike_peers_t *peers,
									  rmobike_asker_t *asker,
									  rmobike_refs_t *refs,
									  rmobike_stats_t *stats)
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
		.peers = peers,
		.asker = asker,
		.refs = refs,
		.stats = stats,
		.queue = rmobike_queue_create(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	peers->add_listener(peers, switch_ended, this);

	return &this->public;
}
