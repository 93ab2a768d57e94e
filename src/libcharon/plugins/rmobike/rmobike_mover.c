/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "rmobike_mover.h"
#include "rmobike_switch_task.h"

#include <collections/array.h>
#include <collections/hashtable.h>
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
	 * Chooses addresses if a move has none
	 */
	rmobike_chooser_t chooser;

	/**
	 * Data for that function
	 */
	void *chooser_data;

	/**
	 * Number of the current move, its switches are under way with that number
	 */
	u_int number;

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
	 * IKE_SAs that wait for their turn, rmobike_selected_t
	 */
	linked_list_t *items;

	/**
	 * These and those whose turn it is, by unique ID
	 */
	hashtable_t *selected;

	/**
	 * Serial numbers of switches under way -> number of their move
	 */
	hashtable_t *in_flight;

	/**
	 * IKE_SAs whose turn it is, but whose switch was not noted yet
	 */
	u_int starting;

	/**
	 * Number of selected IKE_SAs, of those that ended, and of failures
	 */
	u_int total, ended, failures;

	/**
	 * TRUE if a timer is to start the next one
	 */
	bool waiting;

	/**
	 * When the next one may start, with a limited rate
	 */
	timeval_t next;

	/**
	 * Protects all of this
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
 * Convert a number to a key
 */
static inline void *key(u_int number)
{
	return (void*)(uintptr_t)number;
}

/**
 * Is there something left to be started? With the lock.
 */
static bool is_busy(private_rmobike_mover_t *this)
{
	return this->items->get_count(this->items) || this->starting;
}

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
 * Take all items that were not started, with the lock
 */
static linked_list_t *take_items(private_rmobike_mover_t *this)
{
	linked_list_t *items = this->items;
	enumerator_t *enumerator;
	rmobike_selected_t *item;

	this->items = linked_list_create();
	this->ended += items->get_count(items);
	enumerator = items->create_enumerator(items);
	while (enumerator->enumerate(enumerator, &item))
	{
		this->selected->remove(this->selected, key(item->info->id));
	}
	enumerator->destroy(enumerator);
	return items;
}

/**
 * Tell that items were cancelled, without the lock
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
 * Something of the move ended, with the lock; returns items to be cancelled
 */
static linked_list_t *note_end(private_rmobike_mover_t *this, bool failed)
{
	this->ended++;
	this->failures += failed;
	if (this->move.max_failures && this->failures >= this->move.max_failures)
	{
		return take_items(this);
	}
	return NULL;
}

/**
 * Go on after something ended, without the lock
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
	linked_list_t *cancelled;

	tell(this, item, state, reason);
	this->mutex->lock(this->mutex);
	this->starting--;
	cancelled = note_end(this, state == RMOBIKE_FAILED);
	this->mutex->unlock(this->mutex);
	go_on(this, cancelled);
}

/**
 * Implements rmobike_ended_t
 */
static void switch_ended(void *user, const rmobike_switch_t *ended)
{
	private_rmobike_mover_t *this = user;
	linked_list_t *cancelled = NULL;
	void *number = NULL;

	this->mutex->lock(this->mutex);
	if (ended->serial)
	{
		number = this->in_flight->remove(this->in_flight, key(ended->serial));
	}
	if (number == key(this->number))
	{
		cancelled = note_end(this, ended->state != RMOBIKE_DONE);
	}
	this->mutex->unlock(this->mutex);
	if (number)
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
					rmobike_asker_reaches(ike_sa, address);
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
	u_int serial;

	why = rmobike_switch_task_refuses(ike_sa);
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
	this->mutex->lock(this->mutex);
	this->in_flight->put(this->in_flight, key(serial), key(this->number));
	this->starting--;
	this->mutex->unlock(this->mutex);
	this->asker->queue(this->asker, ike_sa, serial, target);
	return ike_sa->initiate(ike_sa, NULL, NULL) != DESTROY_ME;
}

/**
 * Check out the IKE_SA of an item, which may be rekeyed any time before
 */
static ike_sa_t *checkout(private_rmobike_mover_t *this,
						  rmobike_selected_t *item)
{
	ike_sa_t *ike_sa;
	ike_sa_id_t *id;
	uint32_t before, after;

	while (TRUE)
	{
		this->mutex->lock(this->mutex);
		id = item->id->clone(item->id);
		before = item->info->id;
		this->mutex->unlock(this->mutex);

		ike_sa = charon->ike_sa_manager->checkout(charon->ike_sa_manager, id);
		id->destroy(id);

		this->mutex->lock(this->mutex);
		after = item->info->id;
		if (after == before)
		{
			this->selected->remove(this->selected, key(after));
		}
		this->mutex->unlock(this->mutex);
		if (after == before)
		{
			return ike_sa;
		}
		if (ike_sa)
		{
			charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
		}
	}
}

CALLBACK(run_execute, job_requeue_t,
	run_t *run)
{
	private_rmobike_mover_t *this = run->this;
	ike_sa_t *ike_sa;

	ike_sa = checkout(this, run->item);
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
	this->mutex->lock(this->mutex);
	this->waiting = FALSE;
	this->mutex->unlock(this->mutex);
	kick(this);
	return JOB_REQUEUE_NONE;
}

/**
 * May another one start now? Otherwise schedules a timer if it is only the rate
 * that prevents it. With the lock.
 */
static bool may_start(private_rmobike_mover_t *this)
{
	timeval_t now, interval = {};

	if (!this->items->get_count(this->items) ||
		this->in_flight->get_count(this->in_flight) + this->starting >=
		this->move.max_in_flight)
	{
		return FALSE;
	}
	if (!this->move.rate)
	{
		return TRUE;
	}
	time_monotonic(&now);
	if (timercmp(&now, &this->next, <))
	{
		if (!this->waiting)
		{
			this->waiting = TRUE;
			lib->scheduler->schedule_job_tv(lib->scheduler,
				(job_t*)callback_job_create(wait_execute, this, NULL, NULL),
				this->next);
		}
		return FALSE;
	}
	if (this->move.rate == 1)
	{
		interval.tv_sec = 1;
	}
	else
	{
		interval.tv_usec = 1000000 / this->move.rate;
	}
	timeradd(&this->next, &interval, &this->next);
	if (timercmp(&this->next, &now, <))
	{	/* no bursts to catch up */
		timeradd(&now, &interval, &this->next);
	}
	return TRUE;
}

/**
 * Take the next item if it may start
 */
static run_t *take_next(private_rmobike_mover_t *this)
{
	run_t *run = NULL;

	this->mutex->lock(this->mutex);
	if (may_start(this))
	{
		INIT(run,
			.this = this,
		);
		this->items->remove_first(this->items, (void**)&run->item);
		this->starting++;
	}
	this->mutex->unlock(this->mutex);
	return run;
}

/**
 * Start as many as may be under way, in jobs
 */
static void kick(private_rmobike_mover_t *this)
{
	run_t *run;

	while ((run = take_next(this)))
	{
		lib->processor->queue_job(lib->processor,
				(job_t*)callback_job_create(run_execute, run, run_destroy,
											NULL));
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
		run_execute(run);
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
			!rmobike_asker_owns(targets->get_address(targets, i), why, len))
		{
			return FALSE;
		}
	}
	return TRUE;
}

/**
 * Reserve the only move there can be, as long as it has something to start
 */
static bool reserve(private_rmobike_mover_t *this, char *why, size_t len)
{
	bool reserved;

	this->mutex->lock(this->mutex);
	reserved = !is_busy(this);
	if (reserved)
	{
		clear_move(this);
		this->number++;
		this->starting = 1;
		this->total = this->ended = this->failures = 0;
		memset(this->load, 0, sizeof(this->load));
		time_monotonic(&this->next);
	}
	else
	{
		snprintf(why, len, "another move is under way (%u of %u done), see "
				 "rmobike --cancel", this->ended, this->total);
	}
	this->mutex->unlock(this->mutex);
	return reserved;
}

/**
 * Keep what a move is about, with the lock
 */
static void keep_move(private_rmobike_mover_t *this, const rmobike_move_t *move,
					  linked_list_t *items)
{
	rmobike_weights_t *targets = move->targets;
	enumerator_t *enumerator;
	rmobike_selected_t *item;

	this->items->destroy(this->items);
	this->items = items;
	this->total = items->get_count(items);
	enumerator = items->create_enumerator(items);
	while (enumerator->enumerate(enumerator, &item))
	{
		this->selected->put(this->selected, key(item->info->id), item);
	}
	enumerator->destroy(enumerator);
	this->move = *move;
	this->move.tag = strdupnull(move->tag);
	this->move.targets = targets ? targets->clone(targets) : NULL;
	memset(&this->move.selector, 0, sizeof(this->move.selector));
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
	linked_list_t *items;
	u_int count;

	if (!are_own_addresses(move->targets, why, len) ||
		!reserve(this, why, len))
	{
		return 0;
	}
	items = rmobike_selector_select(&move->selector, move->targets, move->tag);
	count = items->get_count(items);
	this->mutex->lock(this->mutex);
	keep_move(this, move, items);
	this->starting = 0;
	this->mutex->unlock(this->mutex);
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
	linked_list_t *items;

	this->mutex->lock(this->mutex);
	*in_flight = this->in_flight->get_count(this->in_flight) + this->starting;
	items = take_items(this);
	this->mutex->unlock(this->mutex);
	return cancel_items(this, items, "cancelled");
}

METHOD(rmobike_mover_t, get_queued, u_int,
	private_rmobike_mover_t *this, u_int *in_flight)
{
	u_int queued;

	this->mutex->lock(this->mutex);
	*in_flight = this->in_flight->get_count(this->in_flight) + this->starting;
	queued = this->items->get_count(this->items);
	this->mutex->unlock(this->mutex);
	return queued;
}

METHOD(rmobike_mover_t, set_chooser, void,
	private_rmobike_mover_t *this, rmobike_chooser_t cb, void *user)
{
	this->chooser = cb;
	this->chooser_data = user;
}

METHOD(listener_t, ike_rekey, bool,
	private_rmobike_mover_t *this, ike_sa_t *old, ike_sa_t *new)
{
	rmobike_selected_t *item;
	ike_sa_id_t *id = new->get_id(new);

	this->mutex->lock(this->mutex);
	item = this->selected->remove(this->selected,
								  key(old->get_unique_id(old)));
	if (item)
	{
		item->id->destroy(item->id);
		item->id = id->clone(id);
		item->info->id = new->get_unique_id(new);
		this->selected->put(this->selected, key(item->info->id), item);
	}
	this->mutex->unlock(this->mutex);
	return TRUE;
}

METHOD(rmobike_mover_t, destroy, void,
	private_rmobike_mover_t *this)
{
	this->peers->remove_listener(this->peers, this);
	this->items->destroy_function(this->items, (void*)rmobike_selected_destroy);
	this->selected->destroy(this->selected);
	this->in_flight->destroy(this->in_flight);
	clear_move(this);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_mover_t *rmobike_mover_create(rmobike_peers_t *peers,
									  rmobike_asker_t *asker,
									  rmobike_stats_t *stats)
{
	private_rmobike_mover_t *this;

	INIT(this,
		.public = {
			.listener = {
				.ike_rekey = _ike_rekey,
			},
			.start = _start,
			.cancel = _cancel,
			.get_queued = _get_queued,
			.set_chooser = _set_chooser,
			.destroy = _destroy,
		},
		.peers = peers,
		.asker = asker,
		.stats = stats,
		.items = linked_list_create(),
		.selected = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									 32),
		.in_flight = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									  32),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	peers->add_listener(peers, switch_ended, this);

	return &this->public;
}
