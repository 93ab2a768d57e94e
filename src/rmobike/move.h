/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_move move
 * @{ @ingroup rmobike
 *
 * What the commands share that move IKE_SAs: --switch, --drain and --balance.
 * They differ in what they ask the daemon for; how fast, how to wait, and what
 * to print is the same.
 */

#ifndef MOVE_H_
#define MOVE_H_

#include "outcome.h"

/** seconds without any outcome to wait: more than the daemon lets a switch take
 * at most, 165 s */
#define MOVE_TIMEOUT 180

/* clang-format off */

/** options of all commands that move, see command_t.options */
#define MOVE_OPTIONS \
	{ "max-in-flight",	'm', "N",	"switches under way at a time (64)" }, \
	{ "rate",			'R', "N",	"start at most N per second" }, \
	{ "max-failures",	'f', "N",	"stop after N that did not move" }, \
	{ "dry-run",		'n', NULL,	"show what would be done" }, \
	{ "wait",			'w', NULL,	"wait for all outcomes (default)" }, \
	{ "no-wait",		'W', NULL,	"return as soon as it started" }

/* clang-format on */

/** lines for the synopsis */
#define MOVE_USAGE \
	"[--max-in-flight N] [--rate N] [--max-failures N]", \
	"[--dry-run | --no-wait] [--timeout SECONDS]", \
	"[--raw | --pretty | --json] [--uri URI]"

typedef struct move_t move_t;

/**
 * What is asked for.
 */
struct move_t {
	/** vici command */
	char *vici;

	/**
	 * Add what is asked for to a request.
	 *
	 * @param req		request
	 */
	void (*add)(vici_req_t *req);

	/**
	 * Say what was achieved besides. May be NULL.
	 *
	 * @param matches	number of IKE_SAs
	 */
	void (*achieved)(unsigned int matches);

	/** it is an error if no IKE_SA matches */
	bool must_match;
};

/**
 * Take note of one of MOVE_OPTIONS, or of fallback.
 *
 * @param op			short name of the option
 * @param arg			value of the option, NULL if it has none
 * @return				false if unacceptable, after complaining
 */
bool move_option(char op, char *arg);

/**
 * Check these options as a whole.
 *
 * @return				false if unacceptable, after complaining
 */
bool move_check(void);

/**
 * Check if --dry-run was given.
 *
 * @return				true if nothing is to be moved
 */
bool move_is_dry(void);

/**
 * Check if --no-wait was given.
 *
 * @return				true if not to wait for outcomes
 */
bool move_is_unattended(void);

/**
 * Add these options to a request.
 *
 * @param req			request
 */
void move_add(vici_req_t *req);

/**
 * Move, and report. See command_t.call.
 *
 * @param conn			connection to the daemon
 * @param move			what is asked for
 * @return				exit status, or COMMAND_UNKNOWN
 */
command_status_t move_call(command_conn_t *conn, const move_t *move);

/**
 * Start no further switches, see command_t.interrupt.
 */
bool move_interrupt(void);

/**
 * Say what is left undone, see command_t.stopped.
 */
command_status_t move_stopped(command_stop_t why, unsigned int seconds);

#endif /** MOVE_H_ @}*/
