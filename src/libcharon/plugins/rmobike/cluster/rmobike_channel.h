/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_channel rmobike_channel
 * @{ @ingroup rmobike
 *
 * What the two nodes of a cluster tell each other, in authenticated UDP packets
 * (rmobike_seal.h), and whether the other node is alive.
 */

#ifndef RMOBIKE_CHANNEL_H_
#define RMOBIKE_CHANNEL_H_

#include "base/rmobike_options_cluster.h"

#include <library.h>

typedef struct rmobike_channel_t rmobike_channel_t;
typedef enum rmobike_topic_t rmobike_topic_t;

/**
 * Types of messages.
 */
enum rmobike_topic_t {
	/** sign of life */
	RMOBIKE_TOPIC_BEAT,
	/** an IKE_SA is released, see rmobike_handover.h */
	RMOBIKE_TOPIC_RELEASE,
	/** the other node takes it */
	RMOBIKE_TOPIC_TAKEN,
	/** the other node can't take it */
	RMOBIKE_TOPIC_REJECTED,
	/** the client of an IKE_SA is at the other node */
	RMOBIKE_TOPIC_ARRIVED,
	/** that is known */
	RMOBIKE_TOPIC_NOTED,
	/** an IKE packet to be sent from an address of the receiver */
	RMOBIKE_TOPIC_RELAY,
	/** number of topics */
	RMOBIKE_TOPICS
};

/**
 * Called for each authentic message, one after the other, by one of charon's
 * threads. Must not wait for IKE_SAs.
 *
 * @param user		supplied user data
 * @param data		content of the message
 */
typedef void (*rmobike_heard_t)(void *user, chunk_t data);

/**
 * Called by the same thread for what is told with a sign of life.
 *
 * @param user		supplied user data
 * @return			content of the message, allocated
 */
typedef chunk_t (*rmobike_beat_t)(void *user);

/**
 * Called if the other node is there, or not anymore, under the same conditions.
 *
 * @param user		supplied user data
 * @param alive		TRUE if it is
 */
typedef void (*rmobike_alive_t)(void *user, bool alive);

/**
 * The channel. Thread safe.
 */
struct rmobike_channel_t {

	/**
	 * Call a function for messages of a type; before start() only.
	 *
	 * @param topic		which ones
	 * @param cb		function
	 * @param user		data to pass
	 */
	void (*hear)(rmobike_channel_t *this, rmobike_topic_t topic,
				 rmobike_heard_t cb, void *user);

	/**
	 * Call a function when the other node comes and goes; before start() only.
	 *
	 * @param cb		function
	 * @param user		data to pass
	 */
	void (*watch)(rmobike_channel_t *this, rmobike_alive_t cb, void *user);

	/**
	 * Tell something with each sign of life; before start() only.
	 *
	 * @param cb		returns it
	 * @param user		data to pass
	 */
	void (*set_beat)(rmobike_channel_t *this, rmobike_beat_t cb, void *user);

	/**
	 * Begin to send and listen.
	 */
	void (*start)(rmobike_channel_t *this);

	/**
	 * Hear no more of IKE_SAs, but go on to send, also for the other node.
	 */
	void (*deafen)(rmobike_channel_t *this);

	/**
	 * Was it deafened?
	 */
	bool (*is_deaf)(rmobike_channel_t *this);

	/**
	 * Tell the other node something. It may get lost.
	 *
	 * @param topic		type of message
	 * @param data		its content
	 * @return			FALSE if it can't be sent
	 */
	bool (*tell)(rmobike_channel_t *this, rmobike_topic_t topic, chunk_t data);

	/**
	 * Is the other node alive?
	 *
	 * @param since		receives since when it is or is not, in monotonic
	 *					seconds, NULL if of no interest
	 */
	bool (*is_alive)(rmobike_channel_t *this, time_t *since);

	/**
	 * Stop and destroy a rmobike_channel_t.
	 */
	void (*destroy)(rmobike_channel_t *this);
};

/**
 * Create it.
 *
 * @param options	addresses, secret and times, have to exist as long
 * @return			NULL if there can't be one, the log says why
 */
rmobike_channel_t *rmobike_channel_create(rmobike_options_cluster_t *options);

#endif /** RMOBIKE_CHANNEL_H_ @}*/
