/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_options_cluster.h"
#include "cluster/rmobike_announce.h"
#include "cluster/rmobike_arrival.h"
#include "cluster/rmobike_channel.h"
#include "cluster/rmobike_ha.h"
#include "cluster/rmobike_cluster.h"
#include "cluster/rmobike_ghosts.h"
#include "cluster/rmobike_interpreter.h"
#include "cluster/rmobike_leftovers.h"
#include "cluster/rmobike_nodes.h"
#include "cluster/rmobike_ownership.h"
#include "cluster/rmobike_reception.h"
#include "cluster/rmobike_relay.h"
#include "cluster/rmobike_takeover.h"
#include "exchange/rmobike_paths.h"

#include <threading/mutex.h>

typedef struct private_rmobike_cluster_t private_rmobike_cluster_t;

/**
 * Private data
 */
struct private_rmobike_cluster_t {

	/**
	 * Public interface
	 */
	rmobike_cluster_t public;

	/**
	 * What is configured
	 */
	rmobike_options_cluster_t *options;

	/**
	 * Who wants to know what happens, NULL if nobody does, and data to pass
	 */
	rmobike_cluster_cb_t watcher;
	void *watcher_data;

	/**
	 * Protects these
	 */
	mutex_t *mutex;

	/**
	 * Announces the other node
	 */
	rmobike_announce_t *announce;

	/**
	 * Which IKE_SAs are ours
	 */
	rmobike_ownership_t *ownership;

	/**
	 * Talks to the other node, NULL if it can't
	 */
	rmobike_channel_t *channel;

	/**
	 * Has the ha plugin speak as the other one does, NULL without a channel
	 */
	rmobike_interpreter_t *interpreter;

	/**
	 * What the nodes know of each other, NULL without a channel
	 */
	rmobike_nodes_t *nodes;

	/**
	 * Tells the other node what it should know
	 */
	rmobike_standby_t *standby;

	/**
	 * Knows what is to be done when a client has come
	 */
	rmobike_arrival_t *arrival;

	/**
	 * Takes IKE_SAs
	 */
	rmobike_takeover_t *takeover;

	/**
	 * Message IDs that either node may have used
	 */
	rmobike_message_ids_t *message_ids;

	/**
	 * Gives IKE_SAs, NULL without a channel
	 */
	rmobike_handover_t *handover;

	/**
	 * Gives what nobody said, NULL without a channel
	 */
	rmobike_leftovers_t *leftovers;

	/**
	 * Hears of what the other node gives, NULL without a channel
	 */
	rmobike_reception_t *reception;

	/**
	 * Removes what no client has, or NULL
	 */
	rmobike_ghosts_t *ghosts;
};

/**
 * Implements rmobike_elsewhere_t.has()
 */
static bool has(void *user, host_t *to)
{
	private_rmobike_cluster_t *this = user;

	return rmobike_paths_include(this->options->peers, to);
}

/**
 * Implements rmobike_elsewhere_t.refuse()
 */
static const char *refuse(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_cluster_t *this = user;

	return this->nodes->refuse(this->nodes, ike_sa);
}

/**
 * Implements rmobike_elsewhere_t.answers()
 */
static bool answers(void *user)
{
	private_rmobike_cluster_t *this = user;

	return this->channel->is_alive(this->channel, NULL);
}

/**
 * Implements rmobike_elsewhere_t.came(); from arriving until it was rekeyed
 */
static bool came(void *user, ike_sa_t *ike_sa)
{
	private_rmobike_cluster_t *this = user;

	return this->ownership->change(this->ownership,
								   ike_sa->get_unique_id(ike_sa), 0, 0) &
															RMOBIKE_UNREKEYED;
}

/**
 * Implements rmobike_elsewhere_t.is_link()
 */
static bool is_link(void *user, ike_sa_t *ike_sa)
{
	return rmobike_ha_is_link(ike_sa);
}

/**
 * Implements rmobike_elsewhere_t.go()
 */
static void go(void *user, ike_sa_t *ike_sa, u_int serial, host_t *to)
{
	private_rmobike_cluster_t *this = user;

	this->handover->go(this->handover, ike_sa, serial, to);
}

/**
 * Implements rmobike_relay_t. A node that is stopped drops its IKE_SAs and may
 * be gone before it has sent anything for us; but not if it waits for the
 * client to arrive here.
 */
static bool relay(void *user, packet_t *packet, host_t *me, host_t *other)
{
	private_rmobike_cluster_t *this = user;
	ike_sa_t *ike_sa = charon->bus->get_sa(charon->bus);

	return rmobike_paths_include(this->options->peers, me) &&
		   rmobike_relay_send(this->channel, packet, me, other) && ike_sa &&
		   this->ownership->change(this->ownership,
								   ike_sa->get_unique_id(ike_sa), 0, 0) &
																RMOBIKE_ORDERED;
}

/**
 * Tell who wants to know
 */
static void tell(private_rmobike_cluster_t *this, const char *state,
				 const char *why, u_int taken)
{
	rmobike_cluster_cb_t watcher;
	void *data;

	this->mutex->lock(this->mutex);
	watcher = this->watcher;
	data = this->watcher_data;
	this->mutex->unlock(this->mutex);
	if (watcher)
	{
		watcher(data, this->options->remote, state, why, taken);
	}
}

/**
 * Implements rmobike_taken_t
 */
static void taken(void *user, const char *why, u_int count)
{
	tell(user, "taken", why, count);
}

/**
 * Implements rmobike_alive_t
 */
static void alive(void *user, bool alive)
{
	private_rmobike_cluster_t *this = user;

	tell(this, alive ? "alive" : "silent", NULL, 0);
	if (alive)
	{
		this->standby->tell_all(this->standby);
		this->leftovers->reconsider(this->leftovers);
	}
	else
	{
		this->nodes->forget(this->nodes);
		if (this->options->takeover)
		{
			this->takeover->take_all(this->takeover,
									 "the other node was silent");
		}
	}
}

METHOD(rmobike_cluster_t, get_status, void,
	private_rmobike_cluster_t *this, rmobike_cluster_status_t *status)
{
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;
	time_t since = 0;
	u_int owned;

	memset(status, 0, sizeof(*status));
	status->peers = this->options->peers;
	if (this->channel)
	{
		status->remote = this->options->remote;
		status->alive = this->channel->is_alive(this->channel, &since);
		status->since = since ? time_monotonic(NULL) - since : 0;
		status->conflict = this->nodes->get_other(this->nodes, status->version);
	}
	status->takeover = this->takeover->get_last(this->takeover, &status->ago,
												&status->taken);
	/* those that are busy now are not worth waiting for */
	enumerator = charon->ike_sa_manager->create_enumerator(
												charon->ike_sa_manager, FALSE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		if (!rmobike_ownership_concerns(ike_sa))
		{
			continue;
		}
		owned = this->ownership->change(this->ownership,
									ike_sa->get_unique_id(ike_sa), 0, 0);
		status->here += ike_sa->get_state(ike_sa) == IKE_ESTABLISHED;
		status->copies += ike_sa->get_state(ike_sa) == IKE_PASSIVE;
		status->arriving += (owned & RMOBIKE_ARRIVING) != 0;
		status->untold += (owned & RMOBIKE_UNTOLD) != 0;
	}
	enumerator->destroy(enumerator);
}

METHOD(rmobike_cluster_t, take_over, bool,
	private_rmobike_cluster_t *this, char *why, size_t len)
{
	if (this->channel && this->channel->is_alive(this->channel, NULL))
	{
		snprintf(why, len, "the other node is alive, have it move its IKE_SAs "
				 "here or end it first");
		return FALSE;
	}
	this->takeover->take_all(this->takeover, "by command");
	return TRUE;
}

METHOD(rmobike_cluster_t, watch, void,
	private_rmobike_cluster_t *this, rmobike_cluster_cb_t cb, void *user)
{
	this->mutex->lock(this->mutex);
	this->watcher = cb;
	this->watcher_data = user;
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_cluster_t, listen_, void,
	private_rmobike_cluster_t *this, bool reg)
{
	listener_t *listeners[] = {
		&this->announce->listener,
		&this->standby->listener,
		&this->arrival->listener,
		&this->message_ids->listener,
		&this->takeover->listener,
		this->leftovers ? &this->leftovers->listener : NULL,
	};
	int i;

	for (i = 0; i < (int)countof(listeners) && listeners[i]; i++)
	{
		if (reg)
		{
			charon->bus->add_listener(charon->bus, listeners[i]);
		}
		else
		{
			charon->bus->remove_listener(charon->bus, listeners[i]);
		}
	}
	if (this->channel && reg)
	{
		this->channel->start(this->channel);
	}
	else if (this->channel)
	{
		this->interpreter->stop(this->interpreter);
	}
}

METHOD(rmobike_cluster_t, destroy, void,
	private_rmobike_cluster_t *this)
{
	/* nothing is heard anymore */
	DESTROY_IF(this->channel);
	DESTROY_IF(this->nodes);
	DESTROY_IF(this->leftovers);
	DESTROY_IF(this->handover);
	DESTROY_IF(this->reception);
	DESTROY_IF(this->ghosts);
	this->takeover->destroy(this->takeover);
	this->message_ids->destroy(this->message_ids);
	this->arrival->destroy(this->arrival);
	this->standby->destroy(this->standby);
	DESTROY_IF(this->interpreter);
	this->ownership->destroy(this->ownership);
	this->announce->destroy(this->announce);
	rmobike_options_cluster_destroy(this->options);
	this->mutex->destroy(this->mutex);
	free(this);
}

/**
 * Use the channel
 */
static void connect_nodes(private_rmobike_cluster_t *this,
						  const rmobike_cluster_rooms_t *rooms)
{
	rmobike_elsewhere_t elsewhere = {
		.has = has,
		.refuse = refuse,
		.answers = answers,
		.came = came,
		.is_link = is_link,
		.go = go,
		.user = this,
	};

	this->nodes = rmobike_nodes_create(this->channel, rooms->census,
									   this->interpreter);
	this->ghosts = rmobike_ghosts_create(this->channel, this->ownership);
	this->handover = rmobike_handover_create(this->channel, rooms->switches,
											 rooms->refs, this->ownership,
											 this->standby, this->ghosts);
	this->leftovers = rmobike_leftovers_create(this->channel, rooms->refs,
											   this->ownership, this->handover,
											   this->ghosts);
	this->reception = rmobike_reception_create(this->channel, rooms->refs,
											   rooms->switches, this->ownership,
											   this->takeover,
											   this->message_ids, this->standby,
											   this->ghosts, this->options);
	rooms->ask->set_elsewhere(rooms->ask, &elsewhere);
	rmobike_relay_serve(this->channel);
	if (rooms->raw_socket)
	{
		rooms->raw_socket->set_relay(rooms->raw_socket, relay, this);
	}
	this->channel->watch(this->channel, alive, this);
}

/*
 * Described in header
 */
rmobike_cluster_t *rmobike_cluster_create(const rmobike_cluster_rooms_t *rooms)
{
	rmobike_options_cluster_t *options;
	private_rmobike_cluster_t *this;

	options = rmobike_options_cluster_load(lib->settings, lib->ns, NULL, NULL);
	if (!options->peers->get_count(options->peers))
	{
		rmobike_options_cluster_destroy(options);
		return NULL;
	}
	rmobike_ha_check();
	INIT(this,
		.public = {
			.listen = _listen_,
			.get_status = _get_status,
			.take_over = _take_over,
			.watch = _watch,
			.destroy = _destroy,
		},
		.options = options,
		.announce = rmobike_announce_create(options),
		.ownership = rmobike_ownership_create(rooms->records),
		.channel = rmobike_channel_create(options),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	this->interpreter = this->channel ?
						rmobike_interpreter_create(options->heartbeat) : NULL;
	this->standby = rmobike_standby_create(this->channel, this->interpreter,
										   rooms->refs, this->ownership,
										   options);
	this->arrival = rmobike_arrival_create(this->standby, rooms->refs,
										   this->ownership, options);
	this->message_ids = rmobike_message_ids_create(rooms->raw_socket,
												   rooms->refs,
												   this->ownership);
	this->takeover = rmobike_takeover_create(this->channel, rooms->ask,
											 this->message_ids, rooms->refs,
											 this->ownership, this->arrival,
											 rooms->stats);
	this->takeover->watch(this->takeover, taken, this);
	if (this->channel)
	{
		connect_nodes(this, rooms);
	}
	return &this->public;
}
