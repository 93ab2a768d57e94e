/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_json json
 * @{ @ingroup rmobike
 *
 * JSON objects, each on a line of its own, from vici messages. They consist of
 * ASCII only: whatever else is in a string is escaped, and octets that are not
 * valid UTF-8 become U+FFFD.
 *
 * vici knows only strings. Values become numbers or booleans if they look like
 * it, but those that are names, addresses or text always stay strings.
 */

#ifndef JSON_H_
#define JSON_H_

#include "command.h"

typedef struct json_t json_t;

/**
 * Begin an object.
 *
 * @return				object to add to
 */
json_t *json_begin(void);

/**
 * Add a value.
 *
 * @param json			object
 * @param key			name of the value
 * @param value			octets
 * @param len			number of octets
 */
void json_add(json_t *json, const char *key, const void *value, size_t len);

/**
 * Add a number.
 *
 * @param json			object
 * @param key			name of the value
 * @param fmt			printf format, resulting in a number
 */
void json_addf(json_t *json, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * Begin an object within it.
 *
 * @param json			object
 * @param key			name of the new one
 */
void json_open(json_t *json, const char *key);

/**
 * End the object begun last by json_open().
 *
 * @param json			object
 */
void json_close(json_t *json);

/**
 * Add all that is in a vici message, or in the section that is being parsed.
 *
 * @param json			object
 * @param res			message, not parsed yet
 * @return				json
 */
json_t *json_message(json_t *json, vici_res_t *res);

/**
 * Print an object as a line, and destroy it.
 *
 * @param json			object
 */
void json_print(json_t *json);

#endif /** JSON_H_ @}*/
