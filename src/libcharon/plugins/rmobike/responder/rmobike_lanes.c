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
	 * Those under way by what they are known by, rmobike_turn_t
	 */
	hashtable_t *flights;

	/**
	 * The same for those that others don't wait for anymore. There may be
	 * thousands of them, and they are not to be looked at whenever one ends.
	 */
	hashtable_t *late;

	/**
	 * When the next of those under way will be, as far as it was last counted;
	 * {} if there are none
	 */
	timeval_t next_late;

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
		.refs = 1,
	);
	return turn;
}

/*
 * Described in header
 */
void rmobike_turn_destroy(rmobike_turn_t *turn)
{
	if (ref_put(&turn->refs))
	{
		DESTROY_IF(turn->ref);
		rmobike_switch_destroy(turn->info);
		free(turn);
	}
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
 * Keep the earlier of two times, unless there is only one
 */
static void keep_earlier(timeval_t *time, const timeval_t *other)
{
	if (!timerisset(time) || (timerisset(other) && timercmp(other, time, <)))
	{
		*time = *other;
	}
}

/**
 * Count those that others wait for
 */
static u_int count_flights(private_rmobike_lanes_t *this)
{
	enumerator_t *enumerator;
	rmobike_turn_t *turn;
	timeval_t now;
	u_int count = 0, i;
	void *id;

	for (i = 0; i < RMOBIKE_LANES; i++)
	{
		this->lanes[i].busy = this->lanes[i].starting;
		count += this->lanes[i].starting;
	}
	timerclear(&this->next_late);
	time_monotonic(&now);
	enumerator = this->flights->create_enumerator(this->flights);
	while (enumerator->enumerate(enumerator, &id, &turn))
	{
		if (!timercmp(&now, &turn->late, <))
		{
			this->flights->remove_at(this->flights, enumerator);
			this->late->put(this->late, id, turn);
			continue;
		}
		keep_earlier(&this->next_late, &turn->late);
		this->lanes[turn->lane].busy++;
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
	rmobike_turn_t *old;
	u_int start;

	if (turn->id)
	{
		old = this->ids->get(this->ids, key(turn->id));
		if (old && old->lane <= turn->lane)
		{
			return FALSE;
		}
		if (old)
		{
			old->replaced = TRUE;
		}
		this->ids->put(this->ids, key(turn->id), turn);
		if (!lane->waiting->get_count(lane->waiting) && !lane->starting &&
			!lane->flying)
		{
			start = count_flights(this);
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
 * One of the move starts: the next one may when its rate allows it
 */
static void limit_rate(private_rmobike_lanes_t *this)
{
	timeval_t now, interval = {};

	if (this->pace.rate)
	{
		time_monotonic(&now);
		interval.tv_sec = this->pace.rate == 1;
		interval.tv_usec = 1000000 / this->pace.rate % 1000000;
		timeradd(&this->due, &interval, &this->due);
		if (timercmp(&this->due, &now, <))
		{	/* no bursts to catch up */
			timeradd(&now, &interval, &this->due);
		}
	}
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
 * is one even if nothing ends, if that is known
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
		if (count_flights(this) >= lane->window->get_size(lane->window))
		{
			keep_earlier(due, &this->next_late);
			return lane == move && fits_beside(move, tell) ? tell : NULL;
		}
		if (lane != move || !is_early(this))
		{
			return lane;
		}
		keep_earlier(due, &this->due);
	}
	return NULL;
}

METHOD(rmobike_lanes_t, next, rmobike_turn_t*,
	private_rmobike_lanes_t *this, timeval_t *due)
{
	rmobike_turn_t *turn;
	lane_t *lane;

	timerclear(due);
	lane = choose(this, due);
	if (!lane)
	{
		return NULL;
	}
	timerclear(due);
	lane->waiting->remove_first(lane->waiting, (void**)&turn);
	if (!turn->replaced)
	{
		this->ids->remove(this->ids, key(turn->id));
		lane->starting++;
	}
	if (turn->lane == RMOBIKE_MOVE)
	{
		limit_rate(this);
	}
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
	bool others;
	double ms;

	ms = LATE_TIMES * lane->window->get_usual(lane->window);
	time_monotonic(&turn->start);
	turn->late = turn->start;
	timeval_add_ms(&turn->late, max(ms, LATE));
	turn->number = lane->number;
	turn->begun = TRUE;
	ref_get(&turn->refs);
	this->flights->put(this->flights, (void*)id, turn);
	lane->starting--;
	lane->flying++;

	others = turn->lane == RMOBIKE_MOVE && lane->starting + lane->flying > 1;
	for (other = this->lanes; other < this->lanes + RMOBIKE_LANES; other++)
	{
		others |= is_competing(this, other, lane);
	}
	return others;
}

METHOD(rmobike_lanes_t, ended, rmobike_turn_t*,
	private_rmobike_lanes_t *this, uintptr_t id, double ms, bool *current)
{
	rmobike_turn_t *turn;
	timeval_t now;
	lane_t *lane;

	turn = this->flights->remove(this->flights, (void*)id) ?:
		   this->late->remove(this->late, (void*)id);
	if (!turn)
	{
		return NULL;
	}
	lane = &this->lanes[turn->lane];
	lane->flying--;
	*current = turn->lane == RMOBIKE_MOVE && turn->number == lane->number;
	if (turn->number == lane->number && ms >= 0)
	{
		time_monotonic(&now);
		timersub(&now, &turn->start, &now);
		lane->window->add(lane->window, ms ?: now.tv_sec * 1000.0 +
											  now.tv_usec / 1000.0);
	}
	return turn;
}

METHOD(rmobike_lanes_t, get_count, u_int,
	private_rmobike_lanes_t *this, u_int *in_flight)
{
	lane_t *lane = &this->lanes[RMOBIKE_MOVE];

	*in_flight = lane->starting + lane->flying;
	return lane->waiting->get_count(lane->waiting);
}

CALLBACK(destroy_flight, void,
	rmobike_turn_t *turn, const void *id)
{
	rmobike_turn_destroy(turn);
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
	this->flights->destroy_function(this->flights, destroy_flight);
	this->late->destroy_function(this->late, destroy_flight);
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
