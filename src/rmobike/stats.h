/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_stats stats
 * @{ @ingroup rmobike
 *
 * The daemon's counters, printed in various ways.
 */

#ifndef STATS_H_
#define STATS_H_

#include "daemon.h"

/**
 * Print a table of our addresses, nothing if there are none.
 *
 * @param stats			reply to RMOBIKE_STATS
 * @param daemon		connection, to ask charon for the traffic of each; NULL
 *						to do without, as it is if it can't tell
 */
void stats_print_addresses(message_t *stats, daemon_t *daemon);

/**
 * Print all in Prometheus' text format.
 *
 * @param stats			reply to RMOBIKE_STATS
 * @param list			reply to RMOBIKE_ADDRESSES, NULL if it is not known
 */
void stats_print_prometheus(message_t *stats, message_t *list);

#endif /** STATS_H_ @}*/
