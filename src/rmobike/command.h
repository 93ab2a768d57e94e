/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_command command
 * @{ @ingroup rmobike
 *
 * What the commands of the rmobike tool share: options, the connection to the
 * daemon, an end to all waiting, and output that is safe for a terminal.
 */

#ifndef COMMAND_H_
#define COMMAND_H_

#include <libvici.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/** compare two strings */
#define streq(a, b) (strcmp(a, b) == 0)

/** number of elements of an array */
#define countof(array) (sizeof(array) / sizeof((array)[0]))

/** most options of a single command, the common ones not counted */
#define COMMAND_MAX_OPTIONS 16

/** what command_t.option is called with for the value of the command itself */
#define COMMAND_VALUE '='

/** socket of the plugin's own, used if the daemon's vici can't be extended */
#define COMMAND_FALLBACK_URI "unix:///run/charon.rmobike"

typedef struct command_t command_t;
typedef struct command_option_t command_option_t;
typedef struct command_conn_t command_conn_t;
typedef enum command_status_t command_status_t;
typedef enum command_stop_t command_stop_t;

/**
 * Exit status of the tool, and what a command returns.
 */
enum command_status_t {
	/** everything asked for was achieved */
	COMMAND_OK = 0,
	/** the daemon did its part, but something was not achieved */
	COMMAND_FAILED = 1,
	/** wrong usage, or no (usable) connection to the daemon */
	COMMAND_TROUBLE = 2,
	/** the daemon does not know the vici command; never an exit status */
	COMMAND_UNKNOWN = -1,
};

/**
 * Why a command is stopped before it is finished.
 */
enum command_stop_t {
	/** the time given with --timeout is over */
	COMMAND_STOP_TIMEOUT,
	/** SIGINT, SIGTERM or SIGHUP */
	COMMAND_STOP_SIGNAL,
};

/**
 * An option of a command.
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
};

/**
 * Connection to a daemon, with the options common to all commands.
 */
struct command_conn_t {
	/** the connection, to be used by the main thread only */
	vici_conn_t *vici;
	/** how to call the other end in messages */
	const char *where;
	/** print vici messages as they are, instead of something readable */
	bool raw;
	/** print vici messages on several lines, implies raw */
	bool pretty;
	/** print vici messages as JSON, a line each */
	bool json;
};

/**
 * A command of the tool.
 */
struct command_t {
	/** long name, without dashes */
	char *name;
	/** short name */
	char op;
	/** what the value of the command is; NULL if it has none */
	char *value;
	/** one line for the usage */
	char *desc;
	/** the vici command behind it */
	char *vici;
	/** synopsis of the options, as many lines as needed, NULL terminated */
	char *usage[8];
	/** seconds to wait before giving up, unless --timeout is given; 0 if it
	 * never gives up */
	unsigned int timeout;
	/** options, the unused ones zeroed */
	command_option_t options[COMMAND_MAX_OPTIONS + 1];

	/**
	 * Take note of an option. NULL if there are none besides the common ones.
	 *
	 * @param op		short name of the option, or COMMAND_VALUE
	 * @param arg		value of the option, NULL if it has none
	 * @return			false if unacceptable, after complaining
	 */
	bool (*option)(char op, char *arg);

	/**
	 * Check the options as a whole. May be NULL.
	 *
	 * @return			false if unacceptable, after complaining
	 */
	bool (*check)(void);

	/**
	 * Execute the command. May be called again on another connection if it
	 * returned COMMAND_UNKNOWN.
	 *
	 * @param conn		connection to the daemon
	 * @return			exit status, or COMMAND_UNKNOWN
	 */
	command_status_t (*call)(command_conn_t *conn);

	/**
	 * Ctrl-C was pressed. Called from a thread of its own, while call() may be
	 * doing anything. May be NULL.
	 *
	 * @return			true if call() comes to an end now, false if the command
	 *					is to be stopped
	 */
	bool (*interrupt)(void);

	/**
	 * Say what is left undone; the tool exits afterwards. Called from a
	 * thread of its own, while call() may be doing anything. May be NULL.
	 *
	 * @param why		what happened
	 * @param seconds	the time that was waited for
	 * @return			exit status
	 */
	command_status_t (*stopped)(command_stop_t why, unsigned int seconds);
};

/** move IKE_SAs */
extern const command_t cmd_switch;

/** move everything away from an address */
extern const command_t cmd_drain;

/** use an address again */
extern const command_t cmd_undrain;

/** spread IKE_SAs over the addresses configured */
extern const command_t cmd_balance;

/** stop the move under way */
extern const command_t cmd_cancel;

/** list IKE_SAs */
extern const command_t cmd_status;

/** print events */
extern const command_t cmd_monitor;

/** print counters */
extern const command_t cmd_stats;

/**
 * Do what the command line asks for.
 *
 * @param argc			number of arguments
 * @param argv			arguments
 * @return				exit status
 */
int command_dispatch(int argc, char *argv[]);

/**
 * Print a line to stderr, prefixed by the name of the tool. Bytes that are not
 * printable ASCII are replaced by '?'.
 *
 * @param fmt			printf format, without newline
 */
void command_error(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

/**
 * Print a line to stdout at once. Bytes that are not printable ASCII are
 * replaced by '?'.
 *
 * @param fmt			printf format, without newline
 */
void command_print(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

/**
 * Print a text to stdout at once, as it is.
 *
 * @param text			text, with newlines
 */
void command_write(const char *text);

/**
 * Get the time, for differences only.
 *
 * @return				milliseconds since whenever
 */
uint64_t command_now(void);

/**
 * Parse a number, complain if it won't do.
 *
 * @param name			option it was given with, without dashes
 * @param arg			text
 * @param min			lowest
 * @param max			highest
 * @param value			receives the number
 * @return				false if unacceptable, after complaining
 */
bool command_number(const char *name, char *arg, unsigned long min,
					unsigned long max, unsigned int *value);

/**
 * Take a value for the daemon, which checks it. Complain if that can't be done.
 *
 * @param opt			where to keep it
 * @param name			option it was given with, without dashes
 * @param arg			value
 * @param takes			what it takes, as in the usage
 * @return				false if unacceptable, after complaining
 */
bool command_take(char **opt, char *name, char *arg, char *takes);

/**
 * Print a vici message if --raw, --pretty or --json was given.
 *
 * @param conn			connection
 * @param res			message
 * @param label			how to label it
 * @return				true if it was printed
 */
bool command_dump(command_conn_t *conn, vici_res_t *res, char *label);

/**
 * The same for the reply to a command.
 *
 * @param conn			connection
 * @param res			message
 * @param name			name of the command
 * @return				true if it was printed
 */
bool command_dump_reply(command_conn_t *conn, vici_res_t *res, char *name);

/**
 * Get a value of a message as string, whatever bytes it contains: for
 * command_print() only.
 *
 * @param res			message
 * @param key			key, in the message itself, not in a section
 * @return				value, to be freed, NULL if there is none
 */
char *command_find(vici_res_t *res, char *key);

/**
 * Add a value to a request, as it is.
 *
 * @param req			request
 * @param key			key
 * @param value			value, NULL to add nothing
 */
void command_add(vici_req_t *req, char *key, char *value);

/**
 * Check if the daemon is still there. libvici reports a closed connection only
 * to those who ask for something.
 *
 * @param conn			connection
 * @return				false if it is not
 */
bool command_is_alive(command_conn_t *conn);

/**
 * Take the reply of the daemon to a command that reports success.
 *
 * @param conn			connection
 * @param res			reply
 * @return				COMMAND_OK, or exit status after complaining
 */
command_status_t command_success(command_conn_t *conn, vici_res_t *res);

/**
 * Complain about a vici exchange that failed, from the current errno.
 *
 * @param conn			connection
 * @param what			name of the vici command or event
 * @return				COMMAND_UNKNOWN or COMMAND_TROUBLE
 */
command_status_t command_vici_failed(command_conn_t *conn, const char *what);

#endif /** COMMAND_H_ @}*/
