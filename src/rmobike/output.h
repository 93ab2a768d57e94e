/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_output output
 * @{ @ingroup rmobike
 *
 * What is printed: lines that are safe for a terminal, and messages as they
 * are, or as JSON.
 *
 * A JSON object is a line that consists of ASCII only: whatever else is in a
 * string is escaped, and octets that are not valid UTF-8 become U+FFFD. vici
 * knows only strings. Values become numbers or booleans if they look like it,
 * but those that are names, addresses or text always stay strings.
 */

#ifndef OUTPUT_H_
#define OUTPUT_H_

#include "message.h"

#include <stdio.h>

typedef enum output_format_t output_format_t;

/**
 * How to print messages.
 */
enum output_format_t {
	/** as something readable */
	OUTPUT_TEXT,
	/** as they are */
	OUTPUT_RAW,
	/** as they are, on several lines */
	OUTPUT_PRETTY,
	/** as JSON */
	OUTPUT_JSON,
};

/** the format asked for, to be set before anything is printed */
extern output_format_t output_format;

/**
 * Print a line, at once. Bytes that are not printable ASCII become '?'.
 *
 * @param out			stdout or stderr
 * @param fmt			printf format, without newline
 */
void print_to(FILE *out, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** a line of what was asked for */
#define print_line(...) print_to(stdout, __VA_ARGS__)

/** a line about what went wrong */
#define print_error(...) print_to(stderr, "rmobike: " __VA_ARGS__)

/**
 * Print a message, or a section of it, as a JSON object.
 *
 * @param message		message
 * @param time			text to begin with as "time", NULL for none
 */
void print_json(message_t *message, const char *time);

/**
 * Print a message if anything but text is asked for.
 *
 * @param message		message
 * @param res			the same, as it was received
 * @param what			what it is, "event" or "event reply"
 * @return				true if it was printed
 */
bool print_message(message_t *message, vici_res_t *res, char *what);

/**
 * Check if everything printed made it out, complain if not.
 *
 * @return				true if so
 */
bool print_end(void);

#endif /** OUTPUT_H_ @}*/
