/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_lanes rmobike_lanes
 * @{ @ingroup rmobike
 *
 * Who waits, who is under way, and who is next.
 *
 * There are lanes, one for each reason to wait. The most urgent ones come
 * first, and others not before all of these were started; but what only the
 * operator's limits hold back holds up nobody.
 *
 * Each lane has a window that learns how many at a time are worth it
 * (rmobike_window). Another one starts if that many are not under way yet,
 * whichever lane they are from. Those that take much longer than others, and
 * half a second at least, don't count: they are asleep or far away and have
 * nobody wait.
 */

#ifndef RMOBIKE_LANES_H_
#define RMOBIKE_LANES_H_

#include "sa/rmobike_refs.h"
#include "sa/rmobike_switches.h"

typedef struct rmobike_lanes_t rmobike_lanes_t;
typedef struct rmobike_pace_t rmobike_pace_t;
typedef struct rmobike_turn_t rmobike_turn_t;
typedef enum rmobike_lane_t rmobike_lane_t;

/**
 * Why an IKE_SA waits, most urgent first.
 */
enum rmobike_lane_t {
	/** it lost its address, and can't be reached until it left */
	RMOBIKE_LEAVE,
	/** an operator wants it to be elsewhere */
	RMOBIKE_MOVE,
	/** it has to tell its peer which addresses there are */
	RMOBIKE_TELL,
	/** number of lanes */
	RMOBIKE_LANES,
};

/**
 * How fast the IKE_SAs of a move may start.
 */
struct rmobike_pace_t {
	/** how many switches may be under way; see rmobike_window why there are
	 * fewer, unless they take long */
	u_int max_in_flight;
	/** how many may start per second, 0 for any number */
	u_int rate;
	/** how many may end other than done before the rest is not started anymore,
	 * 0 for any number */
	u_int max_failures;
};

/**
 * An IKE_SA that waits for its turn, has it, or is under way.
 */
struct rmobike_turn_t {
	/** why it waits */
	rmobike_lane_t lane;
	/** the IKE_SA */
	rmobike_ref_t *ref;
	/** what is known of it, NULL unless it is of a move */
	rmobike_switch_t *info;
	/** unique ID it came with, in one lane only; 0 if it is of a move */
	uint32_t id;
	/** TRUE if its IKE_SA got another turn, for something more urgent */
	bool replaced;
	/** TRUE if it began, what it asked is or was under way */
	bool begun;
	/** set to TRUE by whoever runs it if it didn't, and that is a failure */
	bool failed;
	/** number of the window when it began */
	u_int number;
	/** when it began, and when others stop waiting for it */
	timeval_t start, late;
	/** who needs it still: it is under way, and begins at the same time */
	refcount_t refs;
};

/**
 * Not thread safe. Each turn is added, and returned by next() or cancel().
 * Unless it is replaced or cancelled skipped() follows, or begun() and later
 * ended().
 */
struct rmobike_lanes_t {

	/**
	 * Another move begins: how fast the last one was doesn't count anymore, and
	 * what is still under way doesn't tell how fast this one is.
	 *
	 * @param pace		how fast it may go, cloned
	 * @return			FALSE if another one still has something to start
	 */
	bool (*restart)(rmobike_lanes_t *this, const rmobike_pace_t *pace);

	/**
	 * Add a turn.
	 *
	 * @param turn		turn, adopted if TRUE is returned
	 * @return			TRUE if it waits; FALSE if its IKE_SA did already, for
	 *					something as urgent at least
	 */
	bool (*add)(rmobike_lanes_t *this, rmobike_turn_t *turn);

	/**
	 * Get the next turn if it may start.
	 *
	 * @param due		receives when one may even if nothing ends, {} if one
	 *					may now, or that is unknown
	 * @return			turn, NULL if none may start; one that was replaced is
	 *					to be destroyed only
	 */
	rmobike_turn_t *(*next)(rmobike_lanes_t *this, timeval_t *due);

	/**
	 * Cancel all of a move that wait.
	 *
	 * @return			list of rmobike_turn_t
	 */
	linked_list_t *(*cancel)(rmobike_lanes_t *this);

	/**
	 * A turn that next() returned asks nothing.
	 *
	 * @param turn		turn
	 */
	void (*skipped)(rmobike_lanes_t *this, rmobike_turn_t *turn);

	/**
	 * What a turn that next() returned asks is under way.
	 *
	 * @param turn		turn, kept until ended()
	 * @param key		what is under way: the serial number of a switch, or the
	 *					address of a task
	 * @return			TRUE if others wait, and not only for the operator's
	 *					limits, or are under way in the same move
	 */
	bool (*begun)(rmobike_lanes_t *this, rmobike_turn_t *turn, uintptr_t key);

	/**
	 * A switch or a task ended.
	 *
	 * @param key		what ended
	 * @param ms		how long it took, 0 to have it measured, negative if
	 *					that tells nothing about others
	 * @param current	receives TRUE if it is of the current move
	 * @return			its turn, to be destroyed; NULL if it is none of these
	 */
	rmobike_turn_t *(*ended)(rmobike_lanes_t *this, uintptr_t key, double ms,
							 bool *current);

	/**
	 * Count those of a move that wait.
	 *
	 * @param in_flight	receives how many are under way or have their turn, with
	 *					those from before restart()
	 * @return			number
	 */
	u_int (*get_count)(rmobike_lanes_t *this, u_int *in_flight);

	/**
	 * Destroy a rmobike_lanes_t.
	 */
	void (*destroy)(rmobike_lanes_t *this);
};

/**
 * Create a turn.
 *
 * @param lane		why it waits
 * @param id		unique ID of the IKE_SA, 0 if it is of a move
 * @param ref		the IKE_SA, adopted
 * @param info		what is known of it, adopted, NULL unless it is of a move
 */
rmobike_turn_t *rmobike_turn_create(rmobike_lane_t lane, uint32_t id,
									rmobike_ref_t *ref, rmobike_switch_t *info);

/**
 * Destroy a turn, if nobody else needs it.
 */
void rmobike_turn_destroy(rmobike_turn_t *turn);

/**
 * Create empty lanes.
 */
rmobike_lanes_t *rmobike_lanes_create(void);

#endif /** RMOBIKE_LANES_H_ @}*/
