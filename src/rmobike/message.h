/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_message message
 * @{ @ingroup rmobike
 *
 * A vici message as a tree of sections and values, so that whoever wants
 * something of it just looks it up. Lists are left out, there are none.
 */

#ifndef MESSAGE_H_
#define MESSAGE_H_

#include <libvici.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/** compare two strings */
#define streq(a, b) (strcmp(a, b) == 0)

/** number of elements of an array */
#define countof(array) (sizeof(array) / sizeof((array)[0]))

typedef struct message_t message_t;

/**
 * A message, or a section or value within it.
 */
struct message_t {
	/** what follows it in its section */
	message_t *next;
	/** what a section, or the message, begins with */
	message_t *first;
	/** name, NULL for the message */
	char *name;
	/** octets of a value, terminated; NULL for a section */
	char *value;
	/** number of octets */
	size_t len;
};

/**
 * Read a message.
 *
 * @param res			message, not parsed yet, stays the caller's; NULL to
 *						begin an empty one
 * @return				tree, NULL if it is invalid, with errno set to EILSEQ
 */
message_t *message_create(vici_res_t *res);

/**
 * Append a value, or a section, to a section.
 *
 * @param section		section or message
 * @param name			name
 * @param fmt			printf format of the value, NULL for a section
 * @return				what was appended
 */
message_t *message_add(message_t *section, const char *name,
					   const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * Find a section.
 *
 * @param section		where to look, may be NULL
 * @param name			name
 * @return				section within it, NULL if there is none
 */
message_t *message_section(message_t *section, const char *name);

/**
 * Iterate over what is in a section.
 *
 * @param section		where to look for it, may be NULL
 * @param name			name
 * @return				first one within it, NULL if there is none
 */
message_t *message_items(message_t *section, const char *name);

/**
 * Find a value, whatever it contains.
 *
 * @param section		where to look, may be NULL
 * @param key			name
 * @return				value, NULL if there is none
 */
char *message_get(message_t *section, const char *key);

/**
 * The same for lines that always show something.
 *
 * @param section		where to look, may be NULL
 * @param key			name
 * @return				value, "?" if there is none
 */
char *message_text(message_t *section, const char *key);

/**
 * Find a number.
 *
 * @param section		where to look, may be NULL
 * @param key			name
 * @return				number, 0 if there is none
 */
unsigned long long message_number(message_t *section, const char *key);

/**
 * Release a message.
 *
 * @param message		message, may be NULL
 */
void message_destroy(message_t *message);

#endif /** MESSAGE_H_ @}*/
