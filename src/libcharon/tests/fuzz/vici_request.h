/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * The message that a client of vici is about to send, made line by line. What
 * the lines are is described in fuzz_vici.c.
 */

#ifndef VICI_REQUEST_H_
#define VICI_REQUEST_H_

#include <plugins/vici/vici_socket.h>

/** Octets that a message has at most, that is more than may be sent */
#define REQUEST_MAX (VICI_MESSAGE_SIZE_MAX + 64 * 1024)

/**
 * Begin a message, the one before has ended.
 *
 * @param line			a line that begins one
 * @param len			its length
 */
void request_begin(const char *line, size_t len);

/**
 * Add to the message; what is added to none is lost.
 *
 * @param line			a line that is part of one, in a text that ends with NUL
 * @param len			its length
 */
void request_add(const char *line, size_t len);

/**
 * The message ends.
 *
 * @param message		receives what follows the header, until the next begins
 * @param promised		receives how many octets more the header promises
 * @return				FALSE if none was begun
 */
bool request_end(chunk_t *message, uint32_t *promised);

/**
 * Forget what lines said about messages to come.
 */
void request_reset();

#endif /** VICI_REQUEST_H_ */
