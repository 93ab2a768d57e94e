/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_settings rmobike_settings
 * @{ @ingroup rmobike
 *
 * The options as they were when strongswan.conf was last loaded, shared by all
 * who decide something: thousands of IKE_SAs that lose their address don't
 * parse anything.
 */

#ifndef RMOBIKE_SETTINGS_H_
#define RMOBIKE_SETTINGS_H_

#include "base/rmobike_options.h"

/**
 * Read the options for the first time, from lib->settings. There is one set of
 * them, to be called before any of the other functions.
 */
void rmobike_settings_init(void);

/**
 * Read the options anew. May be called by any thread while others get options;
 * nobody waits while they are read.
 */
void rmobike_settings_reload(void);

/**
 * Get the options of a connection, or those that apply to all others. Thread
 * safe.
 *
 * @param connection	name of the connection, NULL for the global options
 * @return				options that don't change, never NULL, to be given back
 *						with rmobike_options_destroy()
 */
rmobike_options_t *rmobike_settings_get(const char *connection);

/**
 * Get the time that a switch may take. Thread safe.
 *
 * @return				milliseconds
 */
u_int rmobike_settings_get_timeout(void);

/**
 * Forget the options, after all threads that get some are gone.
 */
void rmobike_settings_deinit(void);

#endif /** RMOBIKE_SETTINGS_H_ @}*/
