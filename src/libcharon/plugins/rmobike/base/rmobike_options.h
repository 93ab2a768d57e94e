/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_options rmobike_options
 * @{ @ingroup rmobike
 *
 * Options of the plugin, as read from strongswan.conf. The functions may be
 * called from any thread, settings_t does the locking. To decide something use
 * what rmobike_settings has read already.
 */

#ifndef RMOBIKE_OPTIONS_H_
#define RMOBIKE_OPTIONS_H_

#include "base/rmobike_addrs.h"
#include "base/rmobike_parse.h"
#include "base/rmobike_policy.h"

#include <collections/hashtable.h>
#include <settings/settings.h>
#include <utils/utils.h>

typedef struct rmobike_options_t rmobike_options_t;

/**
 * Options that apply to a connection, or to all of them.
 */
struct rmobike_options_t {
	/** tell responders that we can be asked to switch */
	bool advertise;
	/** which addresses we accept to switch to */
	rmobike_accept_t accept;
	/** addresses we accept besides, never NULL */
	rmobike_addrs_t *accept_addresses;
	/** answer to where the request came from, not to the new address */
	bool reply_on_request;
	/** which new paths are checked before ESP uses them */
	rmobike_path_check_t path_check;
	/** how long a new path may stay silent, in milliseconds */
	u_int path_timeout;
	/** type of SWITCH_TO_IP_ADDRESS notifies */
	uint16_t notify_type;
	/** when a switch that we asked for counts as failed, in milliseconds */
	u_int timeout;
	/** switch away from addresses that are gone */
	bool auto_switch;
	/** addresses to go to first then, never NULL */
	rmobike_addrs_t *prefer;
	/** addresses where nobody shall be, never NULL */
	rmobike_addrs_t *drained;
	/** seconds that a better address has to be usable until IKE_SAs return to
	 * it, 0 for never */
	u_int prefer_after;
	/** how many switches we follow per interval, 0 for any number */
	u_int max_switches;
	/** that interval, in seconds */
	u_int switch_interval;
	/** switch if `swanctl --redirect` names an address of ours */
	bool upgrade_redirect;
	/** URI of our own vici socket, never NULL */
	char *socket;
	/** charon's own option: leave an address for a better one */
	bool prefer_best_path;
	/** how many have a reference */
	refcount_t refs;
};

/**
 * Read the options of a connection, or those that apply to all others.
 *
 * A connection has the options of the section connections.<name>. Since section
 * names can't have any of the characters . : , = # { } and whitespace, such a
 * section may have the connection's name as value of the key "name" instead.
 *
 * What is not configured for the connection is as configured globally. What is
 * not configured there either has its default.
 *
 * A value that is not valid is as if not configured, but never opens up: for
 * accept the result is then never RMOBIKE_ACCEPT_ANY, and for accept_addresses
 * and prefer an empty list.
 *
 * @param settings		settings to read from
 * @param ns			namespace, lib->ns
 * @param connection	name of the connection, NULL for the global options
 * @param complain		called for each value that is not valid, only its own
 *						if a connection is given, NULL to be silent
 * @param user			data to pass to complain
 * @return				options, to be destroyed, never NULL
 */
rmobike_options_t *rmobike_options_create(settings_t *settings, const char *ns,
										  const char *connection,
										  rmobike_complain_t complain,
										  void *user);

/**
 * Read the options of all connections that have a section of their own.
 *
 * @param settings		settings to read from
 * @param ns			namespace, lib->ns
 * @return				rmobike_options_t by name of the connection (char*), all
 *						to be destroyed, never NULL
 */
hashtable_t *rmobike_options_load(settings_t *settings, const char *ns);

/**
 * Give a reference to options back, the last one destroys them.
 *
 * @param this			options, may be NULL
 */
void rmobike_options_destroy(rmobike_options_t *this);

/**
 * Check all that is configured: the global options, those of each connection
 * and that there are no others.
 *
 * @param settings		settings to check
 * @param ns			namespace, lib->ns
 * @param complain		called once for each value that is not valid and each
 *						option and section that is not known
 * @param user			data to pass to complain
 */
void rmobike_options_check(settings_t *settings, const char *ns,
						   rmobike_complain_t complain, void *user);

#endif /** RMOBIKE_OPTIONS_H_ @}*/
