/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_parse rmobike_parse
 * @{ @ingroup rmobike
 *
 * Values of options. Unlike those of settings_t these functions tell if there
 * is anything wrong with a value, and then leave the result alone. Pure
 * functions, callable from any thread.
 */

#ifndef RMOBIKE_PARSE_H_
#define RMOBIKE_PARSE_H_

#include <library.h>

/**
 * Parse one of the words that strongSwan knows for yes and no.
 *
 * @param value			text to parse
 * @param result		receives the value
 * @return				FALSE if not valid
 */
bool rmobike_parse_bool(char *value, bool *result);

/**
 * Parse a number, decimal, or hexadecimal behind 0x.
 *
 * @param value			text to parse
 * @param min			lowest valid number
 * @param max			highest valid number
 * @param result		receives the number
 * @return				FALSE if not valid
 */
bool rmobike_parse_number(char *value, u_int min, u_int max, u_int *result);

/**
 * Parse decimal seconds, with an optional fraction. What is less than a
 * millisecond is cut off.
 *
 * @param value			text to parse
 * @param min			shortest valid time, in milliseconds
 * @param max			longest valid time, in milliseconds
 * @param result		receives the time, in milliseconds
 * @return				FALSE if not valid
 */
bool rmobike_parse_seconds(char *value, u_int min, u_int max, u_int *result);

/**
 * Called for each value that is not used because it is not valid.
 *
 * Called with the settings locked for reading: may not write settings. All
 * strings are only valid during the call.
 *
 * @param user			data passed along with the callback
 * @param key			name of the option or section, relative to the plugin's
 *						section, e.g. "accept" or "connections.home.accept"
 * @param value			the value, "{}" for a section
 * @param expected		what would do, continues "expected ..."
 */
typedef void (*rmobike_complain_t)(void *user, const char *key,
								   const char *value, const char *expected);

#endif /** RMOBIKE_PARSE_H_ @}*/
