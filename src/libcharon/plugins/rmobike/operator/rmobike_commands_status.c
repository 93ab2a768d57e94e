/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "operator/rmobike_commands.h"
#include "rmobike_compat.h"

#include <collections/array.h>

/**
 * IKE_SAs in one status message; a vici message has at most 512 KiB
 */
#define STATUS_PAGE 500

/*
 * Described in header
 */
void rmobike_commands_add_text(vici_builder_t *builder, char *key,
							   const char *text)
{
	builder->add(builder, VICI_KEY_VALUE, key, chunk_from_str((char*)text));
}

/*
 * Described in header
 */
void rmobike_commands_add_switch(vici_builder_t *builder,
								 const rmobike_switch_t *asked)
{
	builder->add_kv(builder, "from", "%H", asked->from);
	if (asked->to)
	{
		builder->add_kv(builder, "to", "%H", asked->to);
	}
	rmobike_commands_add_text(builder, "state",
						enum_to_name(rmobike_state_names, asked->state));
	if (asked->reason)
	{
		rmobike_commands_add_text(builder, "reason", asked->reason);
	}
	builder->add_kv(builder, "ms", "%.1f", asked->ms);
	if (asked->led)
	{
		builder->add_kv(builder, "by", "mobike");
	}
	if (asked->tag)
	{
		rmobike_commands_add_text(builder, "tag", asked->tag);
	}
}

/**
 * What is told of an IKE_SA
 */
typedef struct {
	/** unique ID */
	uint32_t id;
	/** name and identity */
	char *name;
	identification_t *peer_id;
	/** addresses */
	host_t *local, *remote;
	/** state */
	ike_sa_state_t state;
	/** if we initiated it, and what it can do */
	bool initiator, mobike, capable;
} row_t;

/**
 * Note what is told of an IKE_SA
 */
static row_t *create_row(ike_sa_t *ike_sa)
{
	row_t *row;
	identification_t *peer_id = ike_sa->get_other_eap_id(ike_sa);
	host_t *me = ike_sa->get_my_host(ike_sa);
	host_t *other = ike_sa->get_other_host(ike_sa);

	INIT(row,
		.id = ike_sa->get_unique_id(ike_sa),
		.name = strdup(ike_sa->get_name(ike_sa)),
		.peer_id = peer_id->clone(peer_id),
		.local = me->clone(me),
		.remote = other->clone(other),
		.state = ike_sa->get_state(ike_sa),
		.initiator = ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR),
		.mobike = ike_sa->supports_extension(ike_sa, EXT_MOBIKE),
	);
	row->capable = row->mobike &&
				   ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION);
	return row;
}

/**
 * Free a row
 */
static void destroy_row(row_t *row)
{
	free(row->name);
	row->peer_id->destroy(row->peer_id);
	row->local->destroy(row->local);
	row->remote->destroy(row->remote);
	free(row);
}

/**
 * Add what we know of an IKE_SA
 */
static void add_row(rmobike_commands_t *this, vici_builder_t *builder,
					row_t *row)
{
	rmobike_switch_t *asked;
	char id[16];

	snprintf(id, sizeof(id), "%u", row->id);
	builder->begin_section(builder, id);
	builder->add_kv(builder, "id", "%s", id);
	builder->add_kv(builder, "name", "%s", row->name);
	builder->add_kv(builder, "peer-id", "%Y", row->peer_id);
	builder->add_kv(builder, "local", "%H", row->local);
	builder->add_kv(builder, "remote", "%H", row->remote);
	builder->add_kv(builder, "state", "%N", ike_sa_state_names, row->state);
	builder->add_kv(builder, "initiator", "%s", row->initiator ? "yes" : "no");
	builder->add_kv(builder, "mobike", "%s", row->mobike ? "yes" : "no");
	builder->add_kv(builder, "capable", "%s", row->capable ? "yes" : "no");
	asked = this->switches->get_switch(this->switches, row->id);
	if (asked)
	{
		builder->begin_section(builder, "switch");
		rmobike_commands_add_switch(builder, asked);
		builder->end_section(builder);
		rmobike_switch_destroy(asked);
	}
	builder->end_section(builder);
}

/**
 * Find out where an IKE_SA belongs on a page that is sorted by unique ID
 */
static int find_place(array_t *page, uint32_t id)
{
	int low = 0, high = array_count(page), middle;
	row_t *row;

	while (low < high)
	{
		middle = (low + high) / 2;
		array_get(page, middle, &row);
		if (row->id < id)
		{
			low = middle + 1;
		}
		else
		{
			high = middle;
		}
	}
	return low;
}

/**
 * Put an IKE_SA on a page, unless it is one of a later page; returns TRUE if
 * there are later pages
 */
static bool put_row(array_t *page, ike_sa_t *ike_sa)
{
	row_t *row;
	int place;

	place = find_place(page, ike_sa->get_unique_id(ike_sa));
	if (place < STATUS_PAGE)
	{
		array_insert(page, place, create_row(ike_sa));
	}
	if (array_count(page) > STATUS_PAGE)
	{
		array_remove(page, ARRAY_TAIL, &row);
		destroy_row(row);
		return TRUE;
	}
	return place >= STATUS_PAGE;
}

/**
 * Fill a page with the IKE_SAs that have the lowest unique IDs after one;
 * returns TRUE if there are later pages
 */
static bool fill_page(array_t *page, uint32_t after)
{
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;
	bool more = FALSE;

	enumerator = charon->ike_sa_manager->create_enumerator(
											charon->ike_sa_manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		if (ike_sa->get_version(ike_sa) == IKEV2 &&
			ike_sa->get_unique_id(ike_sa) > after)
		{
			more |= put_row(page, ike_sa);
		}
	}
	enumerator->destroy(enumerator);
	return more;
}

/*
 * Described in header
 */
vici_message_t *rmobike_command_status(void *user, char *name, u_int id,
									   vici_message_t *request)
{
	rmobike_commands_t *this = user;
	vici_builder_t *builder;
	uint32_t last = 0;
	array_t *page;
	row_t *row;
	bool more;

	page = array_create(0, 0);
	more = fill_page(page, request->get_int(request, 0, "after"));
	builder = this->create_builder();
	builder->begin_section(builder, "sas");
	while (array_remove(page, ARRAY_HEAD, &row))
	{
		add_row(this, builder, row);
		last = row->id;
		destroy_row(row);
	}
	array_destroy(page);
	builder->end_section(builder);
	if (more)
	{
		builder->add_kv(builder, "next", "%u", last);
	}
	return builder->finalize(builder);
}

/**
 * Add the reasons of a counter
 */
static void add_reasons(rmobike_commands_t *this, vici_builder_t *builder,
						char *section, rmobike_counter_t counter)
{
	enumerator_t *enumerator;
	const char *reason;
	uint64_t count;

	builder->begin_section(builder, section);
	enumerator = this->stats->create_reason_enumerator(this->stats, counter);
	while (enumerator->enumerate(enumerator, &reason, &count))
	{
		builder->add_kv(builder, (char*)reason, "%llu",
						(unsigned long long)count);
	}
	enumerator->destroy(enumerator);
	builder->end_section(builder);
}

/**
 * Add the histogram
 */
static void add_latency(rmobike_commands_t *this, vici_builder_t *builder)
{
	char name[16];
	uint64_t count;
	double sum;
	int i = -1;

	builder->begin_section(builder, "latency");
	do
	{
		i++;
		count = this->stats->get_latency(this->stats, i, &sum);
		snprintf(name, sizeof(name), "%u", rmobike_stats_bounds[i]);
		builder->add_kv(builder, rmobike_stats_bounds[i] ? name : "inf",
						"%llu", (unsigned long long)count);
	}
	while (rmobike_stats_bounds[i]);
	builder->add_kv(builder, "sum", "%.1f", sum);
	builder->end_section(builder);
}

/**
 * Add an address
 */
static void add_address(rmobike_commands_t *this, vici_builder_t *builder,
						host_t *address, u_int sas, u_int capable)
{
	char name[64];
	int weight;

	snprintf(name, sizeof(name), "%H", address);
	weight = this->placement->get_weight(this->placement, address);
	builder->begin_section(builder, name);
	builder->add_kv(builder, "sas", "%u", sas);
	builder->add_kv(builder, "capable", "%u", capable);
	if (weight >= 0)
	{
		builder->add_kv(builder, "weight", "%d", weight);
	}
	builder->add_kv(builder, "drained", "%s",
		this->placement->is_drained(this->placement, address) ? "yes" : "no");
	builder->end_section(builder);
}

/**
 * Add addresses with IKE_SAs, and drained ones without
 */
static void add_addresses(rmobike_commands_t *this, vici_builder_t *builder)
{
	linked_list_t *empty;
	enumerator_t *enumerator;
	host_t *address;
	u_int sas, capable;

	builder->begin_section(builder, "addresses");
	enumerator = this->census->create_enumerator(this->census);
	while (enumerator->enumerate(enumerator, &address, &sas, &capable))
	{
		add_address(this, builder, address, sas, capable);
	}
	enumerator->destroy(enumerator);

	empty = linked_list_create();
	enumerator = this->placement->create_drained_enumerator(this->placement);
	while (enumerator->enumerate(enumerator, &address))
	{
		if (!this->census->count(this->census, address, NULL))
		{
			empty->insert_last(empty, address->clone(address));
		}
	}
	enumerator->destroy(enumerator);
	while (empty->remove_first(empty, (void**)&address) == SUCCESS)
	{
		add_address(this, builder, address, 0, 0);
		address->destroy(address);
	}
	empty->destroy(empty);
	builder->end_section(builder);
}

/**
 * Add what there is of a cluster
 */
static void add_cluster(rmobike_commands_t *this, vici_builder_t *builder)
{
	rmobike_cluster_status_t status;

	this->cluster->get_status(this->cluster, &status);
	builder->begin_section(builder, "cluster");
	builder->add_kv(builder, "alive", "%s", status.alive ? "yes" : "no");
	builder->add_kv(builder, "here", "%u", status.here);
	builder->add_kv(builder, "copies", "%u", status.copies);
	builder->add_kv(builder, "arriving", "%u", status.arriving);
	builder->add_kv(builder, "untold", "%u", status.untold);
	builder->end_section(builder);
}

/*
 * Described in header
 */
vici_message_t *rmobike_command_stats(void *user, char *name, u_int id,
									  vici_message_t *request)
{
	rmobike_commands_t *this = user;
	vici_builder_t *builder;
	u_int in_flight, queued;
	int i;

	builder = this->create_builder();
	for (i = 0; i < RMOBIKE_COUNTERS; i++)
	{
		builder->add_kv(builder, enum_to_name(rmobike_counter_names, i), "%llu",
						(unsigned long long)this->stats->get(this->stats, i));
	}
	add_reasons(this, builder, "refused-by", RMOBIKE_COUNT_REFUSED);
	add_reasons(this, builder, "failed-by", RMOBIKE_COUNT_FAILED);
	add_reasons(this, builder, "ignored-by", RMOBIKE_COUNT_IGNORED);
	add_latency(this, builder);
	queued = this->mover->get_queued(this->mover, &in_flight);
	builder->add_kv(builder, "in-flight", "%u", in_flight);
	builder->add_kv(builder, "queued", "%u", queued);
	add_addresses(this, builder);
	if (this->cluster)
	{
		add_cluster(this, builder);
	}
	return builder->finalize(builder);
}
