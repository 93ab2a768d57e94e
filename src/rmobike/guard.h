/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_guard guard
 * @{ @ingroup rmobike
 *
 * A thread that ends a command that takes too long, or if a signal asks to.
 */

#ifndef GUARD_H_
#define GUARD_H_

#include "command.h"

/** seconds for a command that comes to an end by itself after its time */
#define GUARD_MORE 5

/**
 * Watch over a command. Has to be called before any thread is started.
 *
 * @param cmd			command that is about to be called
 * @param timeout		seconds until it is stopped, 0 for never
 * @param extends		true if guard_extend() lets the time start again
 * @return				false if that failed, after complaining
 */
bool guard_start(const command_t *cmd, unsigned int timeout, bool extends);

/**
 * The command made progress: may let the time start again. From any thread.
 */
void guard_extend(void);

/**
 * The command came to an end, don't stop it anymore.
 */
void guard_stop(void);

/**
 * Say that the daemon did not answer, see command_t.stop.
 */
command_status_t guard_unanswered(unsigned int seconds);

/**
 * Get the time, for differences only.
 *
 * @return				milliseconds since whenever
 */
uint64_t guard_now(void);

#endif /** GUARD_H_ @}*/
