/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_move move
 * @{ @ingroup rmobike
 *
 * Moves, one after the other, for a command that starts several. Called by the
 * main thread, unless it says otherwise.
 */

#ifndef MOVE_H_
#define MOVE_H_

#include "command.h"
#include "outcome.h"

/**
 * Told of each outcome, by a thread of libvici.
 *
 * @param outcome		how a switch ended
 * @param event			the daemon's event
 * @return				false not to print it
 */
typedef bool (*move_filter_t)(outcome_t outcome, message_t *event);

/**
 * Get ready for the outcomes. To be called once, before everything else.
 *
 * @param daemon		connection
 * @param filter		gets them before they are printed, and the sum is not;
 *						NULL to print all
 * @return				COMMAND_OK, COMMAND_UNKNOWN, or COMMAND_TROUBLE after
 *						complaining
 */
command_status_t move_begin(daemon_t *daemon, move_filter_t filter);

/**
 * Start a move and wait for its outcomes, which are printed and counted.
 *
 * @param daemon		connection
 * @param vici			vici command
 * @param req			request for it, without a tag, gets owned
 * @return				COMMAND_OK if all moved or there is a filter,
 *						COMMAND_FAILED if not or if the daemon refused,
 *						COMMAND_UNKNOWN or COMMAND_TROUBLE
 */
command_status_t move_some(daemon_t *daemon, const char *vici, vici_req_t *req);

/**
 * Wait, unless move_end() was or is called.
 *
 * @param ms			how long, 0 just to know
 * @return				false if move_end() was called
 */
bool move_pause(unsigned int ms);

/**
 * Get how many switches came to an end that way, in all moves.
 *
 * @param outcome		how
 * @return				number of them
 */
unsigned int move_count(outcome_t outcome);

/**
 * Wait for no more: lets move_some() return. Any thread may call it.
 *
 * @param cancel		have the daemon start no more switches, and wait for
 *						those under way; otherwise all go on without us
 * @return				false if it was called before
 */
bool move_end(bool cancel);

#endif /** MOVE_H_ @}*/
