/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_commands rmobike_commands
 * @{ @ingroup rmobike
 *
 * The commands behind the operator's door, as documented in docs/vici.md.
 */

#ifndef RMOBIKE_COMMANDS_H_
#define RMOBIKE_COMMANDS_H_

#include "cluster/rmobike_cluster.h"
#include "sa/rmobike_census.h"
#include "operator/rmobike_homing.h"
#include "operator/rmobike_mover.h"
#include "operator/rmobike_placement.h"
#include "sa/rmobike_stats.h"
#include "sa/rmobike_switches.h"

#include <plugins/vici/vici_builder.h>
#include <plugins/vici/vici_message.h>

typedef struct rmobike_commands_t rmobike_commands_t;

/**
 * What the commands need.
 */
struct rmobike_commands_t {
	/** the vici plugin's vici_builder_create(), which can't be linked to */
	vici_builder_t *(*create_builder)(void);
	/** records of IKE_SAs */
	rmobike_switches_t *switches;
	/** moves many */
	rmobike_mover_t *mover;
	/** knows drained and balanced addresses */
	rmobike_placement_t *placement;
	/** has IKE_SAs return to better addresses */
	rmobike_homing_t *homing;
	/** knows the addresses that there are */
	rmobike_choice_t *choice;
	/** knows which of them are drained, and why */
	rmobike_drained_t *drained;
	/** knows how many are where */
	rmobike_census_t *census;
	/** counters */
	rmobike_stats_t *stats;
	/** the other node, NULL if there is none */
	rmobike_cluster_t *cluster;
};

/**
 * Implementations of vici_command_cb_t, user is the struct above.
 */
vici_message_t *rmobike_command_switch(void *user, char *name, u_int id,
									   vici_message_t *request);
vici_message_t *rmobike_command_drain(void *user, char *name, u_int id,
									  vici_message_t *request);
vici_message_t *rmobike_command_undrain(void *user, char *name, u_int id,
										vici_message_t *request);
vici_message_t *rmobike_command_balance(void *user, char *name, u_int id,
										vici_message_t *request);
vici_message_t *rmobike_command_prefer(void *user, char *name, u_int id,
									   vici_message_t *request);
vici_message_t *rmobike_command_cancel(void *user, char *name, u_int id,
									   vici_message_t *request);
vici_message_t *rmobike_command_status(void *user, char *name, u_int id,
									   vici_message_t *request);
vici_message_t *rmobike_command_stats(void *user, char *name, u_int id,
									  vici_message_t *request);
vici_message_t *rmobike_command_list_addresses(void *user, char *name, u_int id,
											   vici_message_t *request);
vici_message_t *rmobike_command_cluster(void *user, char *name, u_int id,
										vici_message_t *request);
vici_message_t *rmobike_command_takeover(void *user, char *name, u_int id,
										 vici_message_t *request);

/**
 * Check that a request can be parsed to its end, has no keys but some, and
 * values that can be read: get_str() takes those that are not printable, or
 * behind something malformed, for not given, and a criterion that is not given
 * is met by all IKE_SAs.
 *
 * @param request	request
 * @param keys		keys that it may have, ends with NULL
 * @param why		gets what is wrong
 * @param len		size of why
 * @return			FALSE if something is wrong
 */
bool rmobike_commands_check(vici_message_t *request, char *keys[], char *why,
							size_t len);

/**
 * Build the reply to a request that failed.
 *
 * @param this		what commands need
 * @param why		what is wrong
 * @return			reply
 */
vici_message_t *rmobike_commands_refuse(rmobike_commands_t *this,
										const char *why);

/**
 * Add a text to a message as it is: there is no format to be read.
 *
 * @param builder	message
 * @param key		key
 * @param text		its value
 */
void rmobike_commands_add_text(vici_builder_t *builder, char *key,
							   const char *text);

/**
 * Add the outcome of a switch to a message.
 *
 * @param builder	message
 * @param asked		the switch
 */
void rmobike_commands_add_switch(vici_builder_t *builder,
								 const rmobike_switch_t *asked);

#endif /** RMOBIKE_COMMANDS_H_ @}*/
