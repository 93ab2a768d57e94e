/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_command command
 * @{ @ingroup rmobike
 *
 * What a command of the rmobike tool is: an entry of a table.
 */

#ifndef COMMAND_H_
#define COMMAND_H_

#include "daemon.h"

/** most options of a single command, the common ones not counted */
#define COMMAND_MAX_OPTIONS 16

typedef struct command_t command_t;
typedef struct command_option_t command_option_t;

/**
 * An option of a command. The daemon gets it by the same name, and checks it.
 */
struct command_option_t {
	/** long name, without dashes */
	char *name;
	/** short name, unique within the command and the common options */
	char op;
	/** what the value is, as shown in the usage; NULL if there is none */
	char *value;
	/** one line for the usage */
	char *desc;
	/** the daemon does not get it */
	bool local;
	/** lowest and highest number it takes, max is 0 if it takes any text */
	unsigned long min, max;
};

/**
 * A command of the tool.
 */
struct command_t {
	/** long name, without dashes */
	char *name;
	/** short name */
	char op;
	/** what the value of the command is, which the daemon gets as "address";
	 * NULL if it has none */
	char *value;
	/** one line for the usage */
	char *desc;
	/** the vici command behind it */
	char *vici;
	/** synopsis of the options, as many lines as needed, NULL terminated */
	char *usage[8];
	/** seconds to wait before giving up, unless --timeout is given; 0 if it is
	 * there to be stopped */
	unsigned int timeout;
	/** options, the unused ones zeroed */
	command_option_t options[COMMAND_MAX_OPTIONS + 1];
	/** what has to be given: one of these, else that is what is missing */
	struct {
		char *one_of[8];
		char *missing;
	} needs[3];

	/**
	 * Execute the command. May be called again on another connection if it
	 * returned COMMAND_UNKNOWN.
	 *
	 * @param this		command
	 * @param daemon	connection to the daemon
	 * @return			exit status, or COMMAND_UNKNOWN
	 */
	command_status_t (*call)(const command_t *this, daemon_t *daemon);

	/**
	 * Say what is left undone; the tool exits afterwards. Called from a thread
	 * of its own, while call() may be doing anything. May be NULL if there is
	 * nothing to say but that the daemon did not answer.
	 *
	 * @param seconds	the time that was waited for, 0 if a signal ended it
	 * @param ctrl_c	the signal was Ctrl-C
	 * @return			exit status, COMMAND_UNKNOWN if call() comes to an end
	 *					now; if it has not within GUARD_MORE seconds after its
	 *					time was over it is asked again
	 */
	command_status_t (*stop)(unsigned int seconds, bool ctrl_c);
};

/** all that there are, the last one has no name */
extern const command_t commands[];

/** what they do, see command_t.call and command_t.stop */
command_status_t move_call(const command_t *this, daemon_t *daemon);
command_status_t move_stop(unsigned int seconds, bool ctrl_c);
command_status_t leave_call(const command_t *this, daemon_t *daemon);
command_status_t leave_stop(unsigned int seconds, bool ctrl_c);
command_status_t check_call(const command_t *this, daemon_t *daemon);
command_status_t simple_call(const command_t *this, daemon_t *daemon);
command_status_t status_call(const command_t *this, daemon_t *daemon);
command_status_t monitor_call(const command_t *this, daemon_t *daemon);
command_status_t monitor_stop(unsigned int seconds, bool ctrl_c);
command_status_t cluster_call(const command_t *this, daemon_t *daemon);
command_status_t addresses_call(const command_t *this, daemon_t *daemon);
command_status_t stats_call(const command_t *this, daemon_t *daemon);

#endif /** COMMAND_H_ @}*/
