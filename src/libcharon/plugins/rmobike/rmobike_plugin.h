/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike rmobike
 * @ingroup cplugins
 *
 * @defgroup rmobike_plugin rmobike_plugin
 * @{ @ingroup rmobike
 */

#ifndef RMOBIKE_PLUGIN_H_
#define RMOBIKE_PLUGIN_H_

#include <plugins/plugin.h>

typedef struct rmobike_plugin_t rmobike_plugin_t;

/**
 * Responder initiated address update in MOBIKE
 * (draft-smyslov-ipsecme-ikev2-r-mobike).
 */
struct rmobike_plugin_t {

	/**
	 * Implements plugin interface.
	 */
	plugin_t plugin;
};

/**
 * What the daemon looks for in the module.
 */
plugin_t *rmobike_plugin_create(void);
extern const char *rmobike_plugin_version;

#endif /** RMOBIKE_PLUGIN_H_ @}*/
