/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "operator/rmobike_commands.h"

/**
 * Build the reply to a request that can't be met
 */
static vici_message_t *refuse(rmobike_commands_t *this, const char *why)
{
	vici_builder_t *builder;

	builder = this->create_builder();
	builder->add_kv(builder, "success", "no");
	builder->add_kv(builder, "errmsg", "%s", why);
	return builder->finalize(builder);
}

/**
 * Why there is nothing to tell
 */
static const char *no_cluster = "no cluster is configured, see cluster.peers";

/**
 * Add where clients reach the other node, as rmobike-switch takes it
 */
static void add_peers(vici_builder_t *builder, linked_list_t *peers)
{
	enumerator_t *enumerator;
	/* more than there is a use for, each with less than 48 characters */
	char text[BUF_LEN] = "";
	size_t len = 0;
	host_t *host;

	enumerator = peers->create_enumerator(peers);
	while (enumerator->enumerate(enumerator, &host) && len + 48 < sizeof(text))
	{
		len += snprintf(text + len, sizeof(text) - len, "%s%H",
						len ? "," : "", host);
	}
	enumerator->destroy(enumerator);
	builder->add_kv(builder, "peers", "%s", text);
}

/*
 * Described in header
 */
vici_message_t *rmobike_command_cluster(void *user, char *name, u_int id,
										vici_message_t *request)
{
	rmobike_commands_t *this = user;
	rmobike_cluster_status_t status;
	vici_builder_t *builder;

	if (!this->cluster)
	{
		return refuse(this, no_cluster);
	}
	this->cluster->get_status(this->cluster, &status);
	builder = this->create_builder();
	builder->add_kv(builder, "success", "yes");
	if (status.remote)
	{
		builder->add_kv(builder, "remote", "%H", status.remote);
	}
	add_peers(builder, status.peers);
	builder->add_kv(builder, "alive", "%s", status.alive ? "yes" : "no");
	builder->add_kv(builder, "since", "%u", status.since);
	if (*status.version)
	{
		builder->add_kv(builder, "version", "%s", status.version);
	}
	if (status.conflict)
	{
		builder->add_kv(builder, "conflict", "%s", status.conflict);
	}
	builder->add_kv(builder, "here", "%u", status.here);
	builder->add_kv(builder, "copies", "%u", status.copies);
	builder->add_kv(builder, "arriving", "%u", status.arriving);
	builder->add_kv(builder, "untold", "%u", status.untold);
	if (status.takeover)
	{
		builder->begin_section(builder, "takeover");
		builder->add_kv(builder, "why", "%s", status.takeover);
		builder->add_kv(builder, "ago", "%u", status.ago);
		builder->add_kv(builder, "taken", "%u", status.taken);
		builder->end_section(builder);
	}
	return builder->finalize(builder);
}

/*
 * Described in header
 */
vici_message_t *rmobike_command_takeover(void *user, char *name, u_int id,
										 vici_message_t *request)
{
	rmobike_commands_t *this = user;
	vici_builder_t *builder;
	char *keys[] = { NULL }, why[BUF_LEN];

	if (!this->cluster)
	{
		return refuse(this, no_cluster);
	}
	if (!rmobike_commands_check(request, keys, why, sizeof(why)) ||
		!this->cluster->take_over(this->cluster, why, sizeof(why)))
	{
		return refuse(this, why);
	}
	builder = this->create_builder();
	builder->add_kv(builder, "success", "yes");
	return builder->finalize(builder);
}
