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

/** what stands for octets that are not valid UTF-8 */
#define UTF8_INVALID 0xfffd

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
 * Print a line to stderr, prefixed by the name of the tool. Bytes that are not
 * printable ASCII are replaced by '?'.
 *
 * @param fmt			printf format, without newline
 */
void print_error(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

/**
 * The same to stdout, without the prefix. Written at once.
 *
 * @param fmt			printf format, without newline
 */
void print_line(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

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
 * Get the next character of a text.
 *
 * @param pos			its first octet, moved behind it
 * @param end			end of the text, behind pos
 * @return				character, UTF8_INVALID for an octet that begins none
 */
uint32_t utf8_next(const uint8_t **pos, const uint8_t *end);

/**
 * Check if everything printed made it out, complain if not.
 *
 * @return				true if so
 */
bool print_end(void);

#endif /** OUTPUT_H_ @}*/
