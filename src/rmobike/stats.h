/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_stats stats
 * @{ @ingroup rmobike
 *
 * The daemon's counters: got, and printed for people and for machines.
 */

#ifndef STATS_H_
#define STATS_H_

#include "traffic.h"

/** vici command */
#define RMOBIKE_STATS "rmobike-stats"

typedef struct stat_t stat_t;
typedef struct stats_t stats_t;

/**
 * A value of the reply.
 */
struct stat_t {
	/** section it is in, empty if in none */
	char *section;
	/** section within that, empty if in none */
	char *item;
	/** key, unique within its section */
	char *key;
	/** value, as the daemon sent it */
	char *value;
};

/**
 * All values, in the order of the reply.
 */
struct stats_t {
	stat_t *stats;
	size_t count;
};

/**
 * Read the values of a reply.
 *
 * @param res			reply, not parsed yet
 * @return				values, NULL if it is invalid
 */
stats_t *stats_create(vici_res_t *res);

/**
 * Find a number.
 *
 * @param stats			values
 * @param section		section
 * @param item			section within that
 * @param key			key
 * @return				number, 0 if there is none
 */
unsigned long long stats_get(stats_t *stats, const char *section,
							 const char *item, const char *key);

/**
 * Find a value.
 *
 * @param stats			values
 * @param section		section
 * @param item			section within that
 * @param key			key
 * @return				value, NULL if there is none
 */
char *stats_find(stats_t *stats, const char *section, const char *item,
				 const char *key);

/**
 * Iterate over the sections within a section.
 *
 * @param stats			values
 * @param section		section
 * @param pos			where to go on, 0 initially
 * @return				name of the next one, NULL if there is none
 */
char *stats_next_item(stats_t *stats, const char *section, size_t *pos);

/**
 * Release the values.
 *
 * @param stats			values, may be NULL
 */
void stats_destroy(stats_t *stats);

/**
 * Print all for people.
 *
 * @param stats			values
 */
void stats_print(stats_t *stats);

/**
 * Print a table of our addresses, nothing if there are none.
 *
 * @param stats			values
 * @param traffic		their traffic, NULL to do without
 */
void stats_print_addresses(stats_t *stats, traffic_t *traffic);

/**
 * Print all in Prometheus' text format.
 *
 * @param stats			values
 */
void stats_print_prometheus(stats_t *stats);

#endif /** STATS_H_ @}*/
