/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_bar bar
 * @{ @ingroup rmobike
 *
 * The progress of a move in the last line of a terminal, on stderr. Not
 * thread-safe: whoever prints anything has to serialize it with this.
 */

#ifndef BAR_H_
#define BAR_H_

#include "outcome.h"

/** how often to draw it, in ms */
#define BAR_INTERVAL 100

/**
 * Check if there is a terminal to draw on.
 *
 * @return				true if so
 */
bool bar_available(void);

/**
 * Draw it, over the one before.
 *
 * @param tally			what to show
 * @param now			when, in ms
 * @param stopping		no further switches are started
 */
void bar_draw(tally_t *tally, uint64_t now, bool stopping);

/**
 * Remove it, for something else to be printed. Does nothing if there is none.
 */
void bar_hide(void);

#endif /** BAR_H_ @}*/
