/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_hooks hooks
 * @{ @ingroup rmobike
 *
 * A program that is run for each event, one at a time, with what the event says
 * in its environment. It holds nothing up: events wait in a queue, those for
 * which there is no room are counted and forgotten, and who takes too long is
 * killed.
 */

#ifndef HOOKS_H_
#define HOOKS_H_

#include "message.h"

/** most events that wait */
#define HOOKS_MAX 256

/** seconds after which a program is killed by default */
#define HOOKS_TIMEOUT 10

/**
 * Get ready.
 *
 * @param program		path of the program, gets no arguments
 * @param timeout		seconds after which it is killed, 0 for the default
 * @return				false if it can't be run, after complaining
 */
bool hooks_start(const char *program, unsigned int timeout);

/**
 * Have the program run for an event. From any thread, does not wait.
 *
 * @param name			name of the event on vici, or one of ours
 * @param event			event, stays the caller's; NULL if that has only a name
 * @param time			when it happened
 */
void hooks_add(const char *name, message_t *event, const char *time);

/**
 * No events follow: wait for those in the queue, as long as a program may take,
 * and say how many are left then. Does nothing if not started.
 */
void hooks_finish(void);

/**
 * Kill the program that runs, and start no other one. From any thread, which
 * has to exit then: others may wait for it forever.
 */
void hooks_kill(void);

#endif /** HOOKS_H_ @}*/
