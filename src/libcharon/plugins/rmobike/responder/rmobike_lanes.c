/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_window.h"
#include "responder/rmobike_lanes.h"

#include <collections/hashtable.h>

/**
 * How many of a move are under way at first
 */
#define MOVE_START 4

/**
 * How many leave or tell at the same time, at first and at most. They can't be
 * reached until they did, so there are more of them than in a move that is no
 * hurry.
 */
#define OTHERS_START 16
#define OTHERS_MAX 1024

/**
 * Who takes longer than that, in milliseconds, and so many times longer than
 * others, has nobody wait: the window is not for them.
 */
#define LATE 500
#define LATE_TIMES 4

/**
 * Which part of the window of a move lists may take while it is full: peers of
 * the move that are silent keep it small, but must not keep others from hearing
 * which addresses there are.
 */
#define BESIDE_MOVE 4

typedef struct private_rmobike_lanes_t private_rmobike_lanes_t;
typedef struct lane_t lane_t;
typedef struct flight_t flight_t;

/**
 * Those that wait for the same reason
 */
struct lane_t {

	/**
	 * In their order, rmobike_turn_t
	 */
	linked_list_t *waiting;

	/**
	 * How many have their turn, and how many are under way
	 */
	u_int starting, flying;

	/**
	 * How many others waited for when that was last counted
	 */
	u_int busy;

	/**
	 * How many may be for now, NULL if there never was one
	 */
	rmobike_window_t *window;

	/**
	 * Number of the window
	 */
	u_int number;
};

/**
 * Private data
 */
struct private_rmobike_lanes_t {

	/**
	 * Public interface
	 */
	rmobike_lanes_t public;

	/**
	 * Lanes
	 */
	lane_t lanes[RMOBIKE_LANES];

	/**
	 * Those that wait and are of no move by unique ID, rmobike_turn_t
	 */
	hashtable_t *ids;

	/**
	 * Those under way by what they are known by, flight_t
	 */
	hashtable_t *flights;

	/**
	 * The same for those that others don't wait for anymore. There may be
	 * thousands of them, and they are not to be looked at whenever one ends.
	 */
	hashtable_t *late;

	/**
	 * How fast the current move may go
	 */
	rmobike_pace_t pace;

	/**
	 * When the next one of it may start with a limited rate
	 */
	timeval_t due;
};

/**
 * A switch or a task under way
 */
struct flight_t {

	/**
	 * Lane it waited in
	 */
	lane_t *lane;

	/**
	 * Number of its window
	 */
	u_int number;

	/**
	 * When it began, and when others stop waiting for it
	 */
	timeval_t start, late;
};

/**
 * Convert a unique ID to a key
 */
static inline void *key(uint32_t id)
{
	return (void*)(uintptr_t)id;
}

/*
 * Described in header
 */
rmobike_turn_t *rmobike_turn_create(rmobike_lane_t lane, uint32_t id,
									rmobike_ref_t *ref, rmobike_switch_t *info)
{
	rmobike_turn_t *turn;

	INIT(turn,
		.lane = lane,
		.id = id,
		.ref = ref,
		.info = info,
	);
	return turn;
}

/*
 * Described in header
 */
void rmobike_turn_destroy(rmobike_turn_t *turn)
{
	turn->ref->destroy(turn->ref);
	rmobike_switch_destroy(turn->info);
	free(turn);
}

/**
 * How fast the last ones were tells nothing about the next ones
 */
static void open_window(lane_t *lane, u_int start, u_int max)
{
	DESTROY_IF(lane->window);
	lane->window = rmobike_window_create(start, max);
	lane->number++;
}

/**
 * Count those that others wait for; sets due to when they don't anymore for one
 * of them, unless it is set to an earlier time already
 */
static u_int count_flights(private_rmobike_lanes_t *this, timeval_t *due)
{
	enumerator_t *enumerator;
	flight_t *flight;
	timeval_t now;
	u_int count = 0, i;
	void *id;

	for (i = 0; i < RMOBIKE_LANES; i++)
	{
		this->lanes[i].busy = this->lanes[i].starting;
		count += this->lanes[i].starting;
	}
	time_monotonic(&now);
	enumerator = this->flights->create_enumerator(this->flights);
	while (enumerator->enumerate(enumerator, &id, &flight))
	{
		if (!timercmp(&now, &flight->late, <))
		{
			this->flights->remove_at(this->flights, enumerator);
			this->late->put(this->late, id, flight);
			continue;
		}
		if (!timerisset(due) || timercmp(&flight->late, due, <))
		{
			*due = flight->late;
		}
		flight->lane->busy++;
		count++;
	}
	enumerator->destroy(enumerator);
	return count;
}

METHOD(rmobike_lanes_t, restart, bool,
	private_rmobike_lanes_t *this, const rmobike_pace_t *pace)
{
	lane_t *lane = &this->lanes[RMOBIKE_MOVE];

	if (lane->waiting->get_count(lane->waiting) || lane->starting)
	{
		return FALSE;
	}
	open_window(lane, MOVE_START, pace->max_in_flight);
	this->pace = *pace;
	time_monotonic(&this->due);
	return TRUE;
}

METHOD(rmobike_lanes_t, add, bool,
	private_rmobike_lanes_t *this, rmobike_turn_t *turn)
{
	lane_t *lane = &this->lanes[turn->lane];
	timeval_t due = {};
	rmobike_turn_t *old;
	u_int start;

	if (turn->id)
	{
		old = this->ids->get(this->ids, key(turn->id));
		if (old && old->lane <= turn->lane)
		{
			return FALSE;
		}
		this->ids->put(this->ids, key(turn->id), turn);
		if (!lane->waiting->get_count(lane->waiting) && !lane->starting &&
			!lane->flying)
		{
			start = count_flights(this, &due);
			open_window(lane, max(start, OTHERS_START), OTHERS_MAX);
		}
	}
	lane->waiting->insert_last(lane->waiting, turn);
	return TRUE;
}

/**
 * Are as many of the move under way as the operator allows?
 */
static bool is_full(private_rmobike_lanes_t *this)
{
	lane_t *move = &this->lanes[RMOBIKE_MOVE];

	return move->starting + move->flying >= this->pace.max_in_flight;
}

/**
 * Is it too early for another one of the move at its rate?
 */
static bool is_early(private_rmobike_lanes_t *this)
{
	timeval_t now;

	time_monotonic(&now);
	return this->pace.rate && timercmp(&now, &this->due, <);
}

/**
 * Is it the time for another one of the move at its rate? Otherwise sets due to
 * when it is.
 */
static bool is_due(private_rmobike_lanes_t *this, timeval_t *due)
{
	timeval_t now, interval = {};

	if (!this->pace.rate)
	{
		return TRUE;
	}
	if (is_early(this))
	{
		*due = this->due;
		return FALSE;
	}
	time_monotonic(&now);
	interval.tv_sec = this->pace.rate == 1;
	interval.tv_usec = 1000000 / this->pace.rate % 1000000;
	timeradd(&this->due, &interval, &this->due);
	if (timercmp(&this->due, &now, <))
	{	/* no bursts to catch up */
		timeradd(&now, &interval, &this->due);
	}
	return TRUE;
}

/**
 * May a list start although the window of a move is full?
 */
static bool fits_beside(lane_t *move, lane_t *tell)
{
	return tell->waiting->get_count(tell->waiting) &&
		   tell->busy * BESIDE_MOVE < move->window->get_size(move->window);
}

/**
 * Choose the lane whose turn it is; NULL if none, due is set then to when there
 * is one even if nothing ends
 */
static lane_t *choose(private_rmobike_lanes_t *this, timeval_t *due)
{
	lane_t *lane, *move = &this->lanes[RMOBIKE_MOVE];
	lane_t *tell = &this->lanes[RMOBIKE_TELL];

	for (lane = this->lanes; lane < this->lanes + RMOBIKE_LANES; lane++)
	{
		if (!lane->waiting->get_count(lane->waiting) ||
			(lane == move && is_full(this)))
		{
			continue;
		}
		if (count_flights(this, due) >= lane->window->get_size(lane->window))
		{
			return lane == move && fits_beside(move, tell) ? tell : NULL;
		}
		if (lane != move || is_due(this, due))
		{
			return lane;
		}
	}
	return NULL;
}

METHOD(rmobike_lanes_t, next, rmobike_turn_t*,
	private_rmobike_lanes_t *this, timeval_t *due)
{
	lane_t *lane;
	rmobike_turn_t *turn = NULL;

	lane = choose(this, due);
	if (!lane)
	{
		return NULL;
	}
	lane->waiting->remove_first(lane->waiting, (void**)&turn);
	if (turn->id && this->ids->get(this->ids, key(turn->id)) != turn)
	{
		turn->cancelled = "something more urgent to do";
		return turn;
	}
	this->ids->remove(this->ids, key(turn->id));
	lane->starting++;
	return turn;
}

METHOD(rmobike_lanes_t, cancel, linked_list_t*,
	private_rmobike_lanes_t *this)
{
	linked_list_t *turns = this->lanes[RMOBIKE_MOVE].waiting;

	this->lanes[RMOBIKE_MOVE].waiting = linked_list_create();
	return turns;
}

METHOD(rmobike_lanes_t, skipped, void,
	private_rmobike_lanes_t *this, rmobike_turn_t *turn)
{
	this->lanes[turn->lane].starting--;
}

/**
 * Do those that wait in a lane compete with somebody in another one, or the
 * same? Those of a move do only if more of them may start.
 */
static bool is_competing(private_rmobike_lanes_t *this, lane_t *lane,
						 lane_t *with)
{
	return lane->waiting->get_count(lane->waiting) &&
		   (lane == with || lane != &this->lanes[RMOBIKE_MOVE] ||
			(!is_full(this) && !is_early(this)));
}

METHOD(rmobike_lanes_t, begun, bool,
	private_rmobike_lanes_t *this, rmobike_turn_t *turn, uintptr_t id)
{
	lane_t *lane = &this->lanes[turn->lane], *other;
	timeval_t late;
	flight_t *flight;
	bool others;
	double ms;

	INIT(flight,
		.lane = lane,
		.number = lane->number,
	);
	ms = LATE_TIMES * lane->window->get_usual(lane->window);
	ms = max(ms, LATE);
	late.tv_sec = ms / 1000;
	late.tv_usec = (ms - late.tv_sec * 1000.0) * 1000;
	time_monotonic(&flight->start);
	timeradd(&flight->start, &late, &flight->late);
	this->flights->put(this->flights, (void*)id, flight);
	turn->begun = TRUE;
	lane->starting--;
	lane->flying++;

	others = turn->lane == RMOBIKE_MOVE && lane->starting + lane->flying > 1;
	for (other = this->lanes; other < this->lanes + RMOBIKE_LANES; other++)
	{
		others |= is_competing(this, other, lane);
	}
	return others;
}

METHOD(rmobike_lanes_t, ended, bool,
	private_rmobike_lanes_t *this, uintptr_t id, double ms, bool *current)
{
	flight_t *flight;
	timeval_t now;
	lane_t *lane;

	flight = this->flights->remove(this->flights, (void*)id) ?:
			 this->late->remove(this->late, (void*)id);
	if (!flight)
	{
		return FALSE;
	}
	lane = flight->lane;
	lane->flying--;
	*current = lane == &this->lanes[RMOBIKE_MOVE] &&
			   flight->number == lane->number;
	if (flight->number == lane->number && ms >= 0)
	{
		time_monotonic(&now);
		timersub(&now, &flight->start, &now);
		lane->window->add(lane->window, ms ?: now.tv_sec * 1000.0 +
											  now.tv_usec / 1000.0);
	}
	free(flight);
	return TRUE;
}

METHOD(rmobike_lanes_t, get_count, u_int,
	private_rmobike_lanes_t *this, u_int *in_flight)
{
	lane_t *lane = &this->lanes[RMOBIKE_MOVE];

	*in_flight = lane->starting + lane->flying;
	return lane->waiting->get_count(lane->waiting);
}

CALLBACK(free_flight, void,
	flight_t *flight, const void *id)
{
	free(flight);
}

METHOD(rmobike_lanes_t, destroy, void,
	private_rmobike_lanes_t *this)
{
	lane_t *lane;

	for (lane = this->lanes; lane < this->lanes + RMOBIKE_LANES; lane++)
	{
		lane->waiting->destroy_function(lane->waiting,
										(void*)rmobike_turn_destroy);
		DESTROY_IF(lane->window);
	}
	this->ids->destroy(this->ids);
	this->flights->destroy_function(this->flights, free_flight);
	this->late->destroy_function(this->late, free_flight);
	free(this);
}

/*
 * Described in header
 */
rmobike_lanes_t *rmobike_lanes_create(void)
{
	private_rmobike_lanes_t *this;
	int i;

	INIT(this,
		.public = {
			.restart = _restart,
			.add = _add,
			.next = _next,
			.cancel = _cancel,
			.skipped = _skipped,
			.begun = _begun,
			.ended = _ended,
			.get_count = _get_count,
			.destroy = _destroy,
		},
		.ids = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr, 32),
		.flights = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr,
									32),
		.late = hashtable_create(hashtable_hash_ptr, hashtable_equals_ptr, 32),
	);
	for (i = 0; i < RMOBIKE_LANES; i++)
	{
		this->lanes[i].waiting = linked_list_create();
	}
	return &this->public;
}
