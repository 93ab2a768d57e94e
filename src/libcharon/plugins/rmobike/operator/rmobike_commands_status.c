/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_settings.h"
#include "exchange/rmobike_paths.h"
#include "operator/rmobike_commands.h"
#include "rmobike_compat.h"

#include <collections/array.h>

/**
 * IKE_SAs in one status message; a vici message has at most 512 KiB, the
 * longest identity takes 511 octets, a tag 255, the rest about 600
 */
#define STATUS_PAGE 300

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
	char *keys[] = { "after", NULL }, why[BUF_LEN];
	uint32_t last = 0;
	array_t *page;
	row_t *row;
	bool more;

	if (!rmobike_commands_check(request, keys, why, sizeof(why)))
	{
		return rmobike_commands_refuse(this, why);
	}
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
 * Add how an address is reached, and what it is good for
 */
static void add_use(rmobike_commands_t *this, vici_builder_t *builder,
					host_t *address)
{
	rmobike_options_t *options;
	char *interface = NULL;
	time_t moved;
	u_int wait;
	bool usable;
	int i;

	usable = this->homing->get(this->homing, address, &wait, &moved);
	if (charon->kernel->get_interface(charon->kernel, address, &interface))
	{
		builder->add_kv(builder, "interface", "%s", interface);
		free(interface);
	}
	builder->add_kv(builder, "usable", "%s", usable ? "yes" : "no");
	options = rmobike_settings_get(NULL);
	i = options->prefer->index(options->prefer, address);
	if (i >= 0)
	{
		builder->add_kv(builder, "preferred", "%d", i + 1);
	}
	if (options->prefer_after && wait)
	{
		builder->add_kv(builder, "wait", "%u", wait);
	}
	rmobike_options_destroy(options);
	if (moved)
	{
		builder->add_kv(builder, "last-move", "%llu",
						(unsigned long long)moved);
	}
}

/**
 * Begin the section of an address with how many are there
 */
static void begin_address(rmobike_commands_t *this, vici_builder_t *builder,
						  host_t *address)
{
	char name[64], *reason;
	u_int sas, capable;
	bool drained;
	int weight;

	snprintf(name, sizeof(name), "%H", address);
	sas = this->census->count(this->census, address, &capable);
	weight = this->placement->get_weight(this->placement, address);
	drained = this->drained->has(this->drained, address, NULL, &reason);
	builder->begin_section(builder, name);
	builder->add_kv(builder, "sas", "%u", sas);
	builder->add_kv(builder, "capable", "%u", capable);
	if (weight >= 0)
	{
		builder->add_kv(builder, "weight", "%d", weight);
	}
	builder->add_kv(builder, "drained", "%s", drained ? "yes" : "no");
	if (reason)
	{
		rmobike_commands_add_text(builder, "reason", reason);
		free(reason);
	}
}

/**
 * Add addresses to a list, unless they are there; destroys the others
 */
static void merge(linked_list_t *all, linked_list_t *others)
{
	host_t *address;

	while (others->remove_first(others, (void**)&address) == SUCCESS)
	{
		if (rmobike_paths_include(all, address))
		{
			address->destroy(address);
		}
		else
		{
			all->insert_last(all, address);
		}
	}
	others->destroy(others);
}

/**
 * List all addresses, of this machine or configured; or those with IKE_SAs, and
 * drained ones without
 */
static linked_list_t *get_addresses(rmobike_commands_t *this, bool every)
{
	linked_list_t *all = linked_list_create(), *local;
	rmobike_options_t *options;
	enumerator_t *enumerator;
	host_t *address;
	u_int sas, capable;

	enumerator = this->census->create_enumerator(this->census);
	while (enumerator->enumerate(enumerator, &address, &sas, &capable))
	{
		all->insert_last(all, address->clone(address));
	}
	enumerator->destroy(enumerator);
	merge(all, this->drained->get_all(this->drained));
	local = this->choice->get_local(this->choice, FALSE);
	options = rmobike_settings_get(NULL);
	if (every)
	{
		merge(local, options->prefer->get_hosts(options->prefer));
		merge(local, options->drained->get_hosts(options->drained));
	}
	rmobike_options_destroy(options);
	enumerator = local->create_enumerator(local);
	while (!every && enumerator->enumerate(enumerator, &address))
	{
		if (!this->drained->has(this->drained, address, NULL, NULL))
		{
			local->remove_at(local, enumerator);
			address->destroy(address);
		}
	}
	enumerator->destroy(enumerator);
	merge(all, local);
	return all;
}

/*
 * Described in header
 */
vici_message_t *rmobike_command_list_addresses(void *user, char *name, u_int id,
											   vici_message_t *request)
{
	rmobike_commands_t *this = user;
	linked_list_t *addresses = get_addresses(this, TRUE);
	vici_builder_t *builder;
	host_t *address;

	builder = this->create_builder();
	builder->begin_section(builder, "addresses");
	while (addresses->remove_first(addresses, (void**)&address) == SUCCESS)
	{
		begin_address(this, builder, address);
		add_use(this, builder, address);
		builder->end_section(builder);
		address->destroy(address);
	}
	addresses->destroy(addresses);
	builder->end_section(builder);
	return builder->finalize(builder);
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
	linked_list_t *addresses = get_addresses(this, FALSE);
	u_int in_flight, queued, mobike, none;
	host_t *address;
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
	this->census->count_others(this->census, &mobike, &none);
	builder->begin_section(builder, "immovable");
	builder->add_kv(builder, "peer does not support it", "%u", mobike);
	builder->add_kv(builder, "MOBIKE is not enabled", "%u", none);
	builder->end_section(builder);
	builder->begin_section(builder, "addresses");
	while (addresses->remove_first(addresses, (void**)&address) == SUCCESS)
	{
		begin_address(this, builder, address);
		builder->end_section(builder);
		address->destroy(address);
	}
	addresses->destroy(addresses);
	builder->end_section(builder);
	if (this->cluster)
	{
		add_cluster(this, builder);
	}
	return builder->finalize(builder);
}
