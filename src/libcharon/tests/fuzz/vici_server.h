/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * The daemon's end of vici: strongSwan's dispatcher listens, the plugin's
 * commands and events are behind it.
 */

#ifndef VICI_SERVER_H_
#define VICI_SERVER_H_

#include <library.h>

/**
 * The daemon of the world begins to listen.
 */
void server_listen();

/**
 * It no longer does; clients have hung up.
 */
void server_close();

/**
 * Connect to it.
 *
 * @return				descriptor of the client's end
 */
int server_connect();

/**
 * Tell it once about descriptors that are ready, as charon's watcher does.
 *
 * @return				FALSE if there are none
 */
bool server_watch();

#endif /** VICI_SERVER_H_ */
