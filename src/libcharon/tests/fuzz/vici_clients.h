/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * Clients of vici: each request that they send has to be answered once, and in
 * order, with what can be parsed.
 */

#ifndef VICI_CLIENTS_H_
#define VICI_CLIENTS_H_

#include <library.h>

/** Clients that the input has, the next one watches */
#define CLIENTS 3
#define WATCHING CLIENTS

/**
 * Send a message as a client, which connects unless it is.
 *
 * @param client		number of the client
 * @param message		what to send after the header
 * @param promised		octets that the header promises besides
 */
void clients_send(int client, chunk_t message, uint32_t promised);

/**
 * A client hangs up, if it is connected.
 *
 * @param client		number of the client
 */
void clients_hang_up(int client);

/**
 * Let all happen that is due now.
 */
void clients_settle();

/**
 * Was everything answered, except for clients that the daemon may hang up on?
 */
bool clients_are_answered();

/**
 * Was there an event for each IKE_SA that a reply counts?
 */
bool clients_are_informed();

/**
 * All hang up, and what was counted is forgotten.
 */
void clients_leave();

#endif /** VICI_CLIENTS_H_ */
