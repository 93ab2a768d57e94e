/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "responder/rmobike_pacer.h"
#include "sa/rmobike_ike_sa.h"

#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

/**
 * Why the rest of a move is not started
 */
#define TOO_MANY_FAILURES "too many failures"

typedef struct private_rmobike_pacer_t private_rmobike_pacer_t;

/**
 * Private data
 */
struct private_rmobike_pacer_t {

	/**
	 * Public interface
	 */
	rmobike_pacer_t public;

	/**
	 * Records of IKE_SAs
	 */
	rmobike_switches_t *switches;

	/**
	 * Follows IKE_SAs
	 */
	rmobike_refs_t *refs;

	/**
	 * What to call for those in each lane
	 */
	struct {
		/** if it is their turn */
		rmobike_turn_cb_t cb;
		/** if their switch ended, or NULL */
		rmobike_turn_ended_t ended;
		/** data to pass */
		void *user;
	} handlers[RMOBIKE_LANES];

	/**
	 * Who waits, and who is under way
	 */
	rmobike_lanes_t *lanes;

	/**
	 * TRUE if the lane of moves is reserved
	 */
	bool reserved;

	/**
	 * How fast the current move may go
	 */
	rmobike_pace_t pace;

	/**
	 * Number of its IKE_SAs, of those that ended, and of failures
	 */
	u_int total, ended, failures;

	/**
	 * When somebody looks again whether another one may start, {} if nobody
	 */
	timeval_t wake_up;

	/**
	 * Protects all of this
	 */
	mutex_t *mutex;
};

/**
 * A job for a turn
 */
typedef struct {
	/** us */
	private_rmobike_pacer_t *this;
	/** the turn */
	rmobike_turn_t *turn;
} run_t;

METHOD(rmobike_pacer_t, set_cb, void,
	private_rmobike_pacer_t *this, rmobike_lane_t lane, rmobike_turn_cb_t cb,
	rmobike_turn_ended_t ended, void *user)
{
	this->handlers[lane].cb = cb;
	this->handlers[lane].ended = ended;
	this->handlers[lane].user = user;
}

/**
 * Call what is to be called
 */
static status_t call(private_rmobike_pacer_t *this, rmobike_turn_t *turn,
					 ike_sa_t *ike_sa, const char *cancelled)
{
	return this->handlers[turn->lane].cb(this->handlers[turn->lane].user, turn,
										 ike_sa, cancelled);
}

/**
 * Something of the move ended, with the lock; returns turns to be cancelled if
 * too many failed, or NULL
 */
static linked_list_t *note_end(private_rmobike_pacer_t *this, bool failed)
{
	linked_list_t *turns = NULL;

	this->ended++;
	this->failures += failed;
	if (this->pace.max_failures && this->failures >= this->pace.max_failures)
	{
		turns = this->lanes->cancel(this->lanes);
		this->ended += turns->get_count(turns);
	}
	return turns;
}

/**
 * Cancel turns, if there are any; returns their number
 */
static u_int cancel_turns(private_rmobike_pacer_t *this, linked_list_t *turns,
						  const char *why)
{
	u_int count = 0;
	rmobike_turn_t *turn;

	while (turns && turns->remove_first(turns, (void**)&turn) == SUCCESS)
	{
		call(this, turn, NULL, why);
		rmobike_turn_destroy(turn);
		count++;
	}
	DESTROY_IF(turns);
	return count;
}

/**
 * A turn is over: it is under way, or there was nothing to ask
 */
static void end_turn(private_rmobike_pacer_t *this, rmobike_turn_t *turn)
{
	linked_list_t *turns = NULL;

	if (!turn->begun)
	{
		this->mutex->lock(this->mutex);
		this->lanes->skipped(this->lanes, turn);
		if (turn->lane == RMOBIKE_MOVE)
		{
			turns = note_end(this, turn->failed);
		}
		this->mutex->unlock(this->mutex);
		cancel_turns(this, turns, TOO_MANY_FAILURES);
	}
}

/**
 * Have the IKE_SA whose turn it is use it
 */
static void run_turn(private_rmobike_pacer_t *this, rmobike_turn_t *turn)
{
	ike_sa_t *ike_sa;
	status_t status;

	if (turn->replaced)
	{
		return;
	}
	ike_sa = turn->ref->checkout(turn->ref);
	status = call(this, turn, ike_sa, NULL);
	end_turn(this, turn);
	if (ike_sa)
	{
		rmobike_ike_sa_checkin(ike_sa, status);
	}
}

static rmobike_turn_t *kick(private_rmobike_pacer_t *this, rmobike_turn_t *own);

CALLBACK(run_execute, job_requeue_t,
	run_t *run)
{
	run_turn(run->this, run->turn);
	/* only now it is known until when others wait for this one */
	kick(run->this, NULL);
	return JOB_REQUEUE_NONE;
}

CALLBACK(run_destroy, void,
	run_t *run)
{
	rmobike_turn_destroy(run->turn);
	free(run);
}

CALLBACK(wake_up_execute, job_requeue_t,
	private_rmobike_pacer_t *this)
{
	timeval_t now;
	bool needed;

	time_monotonic(&now);
	this->mutex->lock(this->mutex);
	/* another one that was earlier may have taken over, and what that started
	 * has a timer of its own */
	needed = timerisset(&this->wake_up) && !timercmp(&now, &this->wake_up, <);
	if (needed)
	{
		timerclear(&this->wake_up);
	}
	this->mutex->unlock(this->mutex);
	if (needed)
	{
		kick(this, NULL);
	}
	return JOB_REQUEUE_NONE;
}

/**
 * Take the next turn if it may start, NULL if not. Schedules a timer if it may
 * even if nothing ends.
 */
static rmobike_turn_t *take_next(private_rmobike_pacer_t *this)
{
	rmobike_turn_t *turn;
	timeval_t due;
	bool earlier;

	this->mutex->lock(this->mutex);
	turn = this->lanes->next(this->lanes, &due);
	earlier = timerisset(&due) && (!timerisset(&this->wake_up) ||
								   timercmp(&due, &this->wake_up, <));
	if (earlier)
	{
		this->wake_up = due;
	}
	this->mutex->unlock(this->mutex);
	if (earlier)
	{
		lib->scheduler->schedule_job_tv(lib->scheduler,
				(job_t*)callback_job_create(wake_up_execute, this, NULL, NULL),
				due);
	}
	return turn;
}

/**
 * Start as many as may be under way, in jobs. They come after whatever was
 * received: more requests would only have their responses wait longer, until
 * the requests are sent again. The caller's own turn is returned when it comes,
 * those after that are not started yet; NULL if it does not come.
 */
static rmobike_turn_t *kick(private_rmobike_pacer_t *this, rmobike_turn_t *own)
{
	rmobike_turn_t *turn;
	run_t *run;

	while ((turn = take_next(this)) && turn != own)
	{
		INIT(run,
			.this = this,
			.turn = turn,
		);
		lib->processor->queue_job(lib->processor,
				(job_t*)callback_job_create_with_prio(run_execute, run,
										run_destroy, NULL, JOB_PRIO_LOW));
	}
	return turn;
}

METHOD(rmobike_pacer_t, enter, rmobike_turn_t*,
	private_rmobike_pacer_t *this, ike_sa_t *ike_sa, rmobike_lane_t lane)
{
	rmobike_turn_t *turn;
	bool added;

	turn = rmobike_turn_create(lane, ike_sa->get_unique_id(ike_sa),
							   this->refs->create_ref(this->refs, ike_sa),
							   NULL);
	this->mutex->lock(this->mutex);
	added = this->lanes->add(this->lanes, turn);
	this->mutex->unlock(this->mutex);
	if (!added)
	{
		rmobike_turn_destroy(turn);
		return NULL;
	}
	/* nobody else destroys it as long as the IKE_SA is checked out */
	return kick(this, turn);
}

METHOD(rmobike_pacer_t, leave, void,
	private_rmobike_pacer_t *this, rmobike_turn_t *turn)
{
	end_turn(this, turn);
	rmobike_turn_destroy(turn);
	kick(this, NULL);
}

METHOD(rmobike_pacer_t, reserve, bool,
	private_rmobike_pacer_t *this, const rmobike_pace_t *pace, char *why,
	size_t len)
{
	bool reserved;

	this->mutex->lock(this->mutex);
	reserved = !this->reserved && this->lanes->restart(this->lanes, pace);
	if (reserved)
	{
		this->reserved = TRUE;
		this->pace = *pace;
		this->total = this->ended = this->failures = 0;
	}
	else
	{
		snprintf(why, len, "another move is under way (%u of %u done), see "
				 "rmobike --cancel", this->ended, this->total);
	}
	this->mutex->unlock(this->mutex);
	return reserved;
}

METHOD(rmobike_pacer_t, fill, void,
	private_rmobike_pacer_t *this, linked_list_t *turns)
{
	rmobike_turn_t *turn;
	u_int first;

	this->mutex->lock(this->mutex);
	this->total = turns->get_count(turns);
	first = min(this->total, this->pace.max_in_flight);
	while (turns->remove_first(turns, (void**)&turn) == SUCCESS)
	{
		this->lanes->add(this->lanes, turn);
	}
	this->reserved = FALSE;
	this->mutex->unlock(this->mutex);
	turns->destroy(turns);
	/* before anything else can be asked of us */
	while (first-- && (turn = take_next(this)))
	{
		run_turn(this, turn);
		rmobike_turn_destroy(turn);
	}
	kick(this, NULL);
}

METHOD(rmobike_pacer_t, cancel, u_int,
	private_rmobike_pacer_t *this, u_int *in_flight)
{
	linked_list_t *turns;

	this->mutex->lock(this->mutex);
	this->lanes->get_count(this->lanes, in_flight);
	turns = this->lanes->cancel(this->lanes);
	this->ended += turns->get_count(turns);
	this->mutex->unlock(this->mutex);
	return cancel_turns(this, turns, "cancelled");
}

METHOD(rmobike_pacer_t, get_count, u_int,
	private_rmobike_pacer_t *this, u_int *in_flight)
{
	u_int count;

	this->mutex->lock(this->mutex);
	count = this->lanes->get_count(this->lanes, in_flight);
	this->mutex->unlock(this->mutex);
	return count;
}

METHOD(rmobike_pacer_t, begun, bool,
	private_rmobike_pacer_t *this, rmobike_turn_t *turn, uintptr_t key)
{
	bool others;

	this->mutex->lock(this->mutex);
	others = this->lanes->begun(this->lanes, turn, key);
	this->mutex->unlock(this->mutex);
	return others;
}

/**
 * A switch or a task ended; returns its turn, NULL if it is none of ours
 */
static rmobike_turn_t *note_ended(private_rmobike_pacer_t *this, uintptr_t key,
								  double ms, bool failed)
{
	linked_list_t *turns = NULL;
	rmobike_turn_t *turn;
	bool current;

	this->mutex->lock(this->mutex);
	turn = this->lanes->ended(this->lanes, key, ms, &current);
	if (turn && current)
	{
		turns = note_end(this, failed);
	}
	this->mutex->unlock(this->mutex);
	if (turn)
	{
		cancel_turns(this, turns, TOO_MANY_FAILURES);
		kick(this, NULL);
	}
	return turn;
}

METHOD(rmobike_pacer_t, ended, void,
	private_rmobike_pacer_t *this, uintptr_t key, bool answered)
{
	rmobike_turn_t *turn;

	turn = note_ended(this, key, answered ? 0 : -1, FALSE);
	if (turn)
	{
		rmobike_turn_destroy(turn);
	}
}

/**
 * Implements rmobike_ended_t
 */
static void switch_ended(void *user, const rmobike_switch_t *ended)
{
	private_rmobike_pacer_t *this = user;
	bool failed = ended->state != RMOBIKE_DONE &&
				  ended->state != RMOBIKE_REDIRECTED;
	rmobike_turn_t *turn;
	double ms = -1;

	if (ended->state == RMOBIKE_REFUSED && ended->answered)
	{	/* it took that long, then we only waited whether more would come */
		ms = ended->answered;
	}
	else if (!failed && !ended->reason)
	{
		ms = ended->ms;
	}
	turn = note_ended(this, ended->serial, ms, failed);
	if (turn)
	{
		if (this->handlers[turn->lane].ended)
		{
			this->handlers[turn->lane].ended(turn, ended);
		}
		rmobike_turn_destroy(turn);
	}
}

METHOD(rmobike_pacer_t, destroy, void,
	private_rmobike_pacer_t *this)
{
	this->switches->remove_listener(this->switches, this);
	this->lanes->destroy(this->lanes);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_pacer_t *rmobike_pacer_create(rmobike_switches_t *switches,
									  rmobike_refs_t *refs)
{
	private_rmobike_pacer_t *this;

	INIT(this,
		.public = {
			.set_cb = _set_cb,
			.enter = _enter,
			.leave = _leave,
			.reserve = _reserve,
			.fill = _fill,
			.cancel = _cancel,
			.get_count = _get_count,
			.begun = _begun,
			.ended = _ended,
			.destroy = _destroy,
		},
		.switches = switches,
		.refs = refs,
		.lanes = rmobike_lanes_create(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	switches->add_listener(switches, switch_ended, this);

	return &this->public;
}
