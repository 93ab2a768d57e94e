/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_clock.h"
#include "base/rmobike_seal.h"
#include "cluster/rmobike_channel.h"

#include <daemon.h>
#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>
#include <threading/thread.h>

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/**
 * Largest message: an IKE packet, and what else is said about it
 */
#define MESSAGE_MAX 65507

typedef struct private_rmobike_channel_t private_rmobike_channel_t;

/**
 * Private data
 */
struct private_rmobike_channel_t {

	/**
	 * Public interface
	 */
	rmobike_channel_t public;

	/**
	 * Addresses, secret and times
	 */
	rmobike_options_cluster_t *options;

	/**
	 * Authenticates what is sent and received
	 */
	rmobike_seal_t *seal;

	/**
	 * Connected socket
	 */
	int fd;

	/**
	 * Who hears what
	 */
	struct {
		rmobike_heard_t cb;
		void *user;
	} heard[RMOBIKE_TOPICS];

	/**
	 * Who wants to know if the other node is there
	 */
	rmobike_alive_t watcher;

	/**
	 * Data for that function
	 */
	void *watcher_data;

	/**
	 * Says what is told with a sign of life
	 */
	rmobike_beat_t beat;

	/**
	 * Data for that function
	 */
	void *beat_data;

	/**
	 * TRUE if the other node is alive
	 */
	bool alive;

	/**
	 * Monotonic time since when it is or is not
	 */
	time_t since;

	/**
	 * Monotonic time of its last message, and of our next one, in milliseconds;
	 * of the thread that does both
	 */
	uint64_t last, next;

	/**
	 * TRUE if nothing about IKE_SAs is to be heard anymore
	 */
	bool deaf;

	/**
	 * Protects alive, since and deaf
	 */
	mutex_t *mutex;

	/**
	 * What is received
	 */
	u_char buf[MESSAGE_MAX];
};

/**
 * Send a message, adopted
 */
static bool send_message(private_rmobike_channel_t *this, chunk_t message)
{
	bool sent;

	/* who isn't there refuses, which is told by an error of the next packet */
	sent = message.len &&
		   (send(this->fd, message.ptr, message.len, MSG_DONTWAIT) >= 0 ||
			(errno == ECONNREFUSED &&
			 send(this->fd, message.ptr, message.len, MSG_DONTWAIT) >= 0));
	chunk_free(&message);
	return sent;
}

METHOD(rmobike_channel_t, tell, bool,
	private_rmobike_channel_t *this, rmobike_topic_t topic, chunk_t data)
{
	return send_message(this, this->seal->seal(this->seal, topic, data));
}

METHOD(rmobike_channel_t, is_deaf, bool,
	private_rmobike_channel_t *this)
{
	bool deaf;

	this->mutex->lock(this->mutex);
	deaf = this->deaf;
	this->mutex->unlock(this->mutex);
	return deaf;
}

/**
 * Note if the other node is alive, and tell if that is new
 */
static void set_alive(private_rmobike_channel_t *this, bool alive)
{
	bool changed;

	this->mutex->lock(this->mutex);
	changed = alive != this->alive;
	if (changed)
	{
		this->alive = alive;
		this->since = time_monotonic(NULL);
	}
	this->mutex->unlock(this->mutex);
	if (changed)
	{
		DBG1(DBG_CFG, "the other node at %H is %s", this->options->remote,
			 alive ? "alive" : "silent");
		if (this->watcher && !is_deaf(this))
		{
			this->watcher(this->watcher_data, alive);
		}
	}
}

/**
 * Handle an authentic message
 */
static void handle(private_rmobike_channel_t *this, uint8_t type, chunk_t data)
{
	this->last = rmobike_clock_now();
	set_alive(this, TRUE);
	if (type < RMOBIKE_TOPICS && this->heard[type].cb &&
		(type == RMOBIKE_TOPIC_RELAY || !is_deaf(this)))
	{
		this->heard[type].cb(this->heard[type].user, data);
	}
}

/**
 * Handle a packet
 */
static void receive(private_rmobike_channel_t *this, chunk_t message)
{
	uint8_t type;
	chunk_t data;

	switch (this->seal->open(this->seal, message, &type, &data))
	{
		case RMOBIKE_SEAL_FIRST:
			/* it was started, whatever it had is gone */
			set_alive(this, FALSE);
			/* fall-through */
		case RMOBIKE_SEAL_FRESH:
			handle(this, type, data);
			break;
		case RMOBIKE_SEAL_STRANGER:
			send_message(this, this->seal->answer(this->seal, message,
												  RMOBIKE_TOPIC_BEAT));
			break;
		default:
			break;
	}
}

/**
 * Tell that we live if it is time to, and find out if the other node does;
 * returns the milliseconds until that is due again
 */
static u_int beat(private_rmobike_channel_t *this)
{
	uint64_t time = rmobike_clock_now();
	chunk_t data;

	if (time >= this->next)
	{
		data = this->beat(this->beat_data);
		tell(this, RMOBIKE_TOPIC_BEAT, data);
		chunk_free(&data);
		this->next = time + this->options->heartbeat;
	}
	if (this->options->timeout && time - this->last > this->options->timeout)
	{
		set_alive(this, FALSE);
	}
	return this->next - time;
}

/**
 * A thread of its own does that: others may all be busy, and the other node
 * would take us for dead
 */
CALLBACK(run, job_requeue_t,
	private_rmobike_channel_t *this)
{
	struct pollfd pollfd = {
		.fd = this->fd,
		.events = POLLIN,
	};
	ssize_t len = 0;
	u_int ms;
	bool old;

	ms = beat(this);
	old = thread_cancelability(TRUE);
	poll(&pollfd, 1, ms);
	thread_cancelability(old);
	do
	{
		len = recv(this->fd, this->buf, sizeof(this->buf), MSG_DONTWAIT);
		if (len > 0)
		{
			receive(this, chunk_create(this->buf, len));
		}
	}
	while (len > 0 && rmobike_clock_now() < this->next);
	return JOB_REQUEUE_DIRECT;
}

METHOD(rmobike_channel_t, hear, void,
	private_rmobike_channel_t *this, rmobike_topic_t topic, rmobike_heard_t cb,
	void *user)
{
	this->heard[topic].cb = cb;
	this->heard[topic].user = user;
}

METHOD(rmobike_channel_t, watch, void,
	private_rmobike_channel_t *this, rmobike_alive_t cb, void *user)
{
	this->watcher = cb;
	this->watcher_data = user;
}

METHOD(rmobike_channel_t, set_beat, void,
	private_rmobike_channel_t *this, rmobike_beat_t cb, void *user)
{
	this->beat = cb;
	this->beat_data = user;
}

METHOD(rmobike_channel_t, start, void,
	private_rmobike_channel_t *this)
{
	this->last = rmobike_clock_now();
	lib->processor->queue_job(lib->processor,
			(job_t*)callback_job_create_with_prio(run, this, NULL,
											(void*)return_false,
											JOB_PRIO_CRITICAL));
}

METHOD(rmobike_channel_t, deafen, void,
	private_rmobike_channel_t *this)
{
	this->mutex->lock(this->mutex);
	this->deaf = TRUE;
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_channel_t, is_alive, bool,
	private_rmobike_channel_t *this, time_t *since)
{
	bool alive;

	this->mutex->lock(this->mutex);
	alive = this->alive;
	if (since)
	{
		*since = this->since;
	}
	this->mutex->unlock(this->mutex);
	return alive;
}

METHOD(rmobike_channel_t, destroy, void,
	private_rmobike_channel_t *this)
{
	if (this->fd >= 0)
	{
		close(this->fd);
	}
	DESTROY_IF(this->seal);
	this->mutex->destroy(this->mutex);
	free(this);
}

/**
 * Open the socket
 */
static int open_socket(host_t *local, host_t *remote)
{
	int fd;

	fd = socket(local->get_family(local), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
		bind(fd, local->get_sockaddr(local), *local->get_sockaddr_len(local)) ||
		connect(fd, remote->get_sockaddr(remote),
				*remote->get_sockaddr_len(remote)))
	{
		DBG1(DBG_CFG, "no channel to the other node from %#H to %#H: %s", local,
			 remote, strerror(errno));
		if (fd >= 0)
		{
			close(fd);
		}
		return -1;
	}
	return fd;
}

/*
 * Described in header
 */
rmobike_channel_t *rmobike_channel_create(rmobike_options_cluster_t *options)
{
	private_rmobike_channel_t *this;

	if (!options->secret || !options->local || !options->remote)
	{
		DBG1(DBG_CFG, "no channel to the other node, cluster.%s is missing: "
			 "IKE_SAs can't be moved there, nor taken over unless the ha "
			 "plugin does so", !options->secret ? "secret" :
			 !options->local ? "local" : "remote");
		return NULL;
	}
	INIT(this,
		.public = {
			.hear = _hear,
			.watch = _watch,
			.set_beat = _set_beat,
			.start = _start,
			.deafen = _deafen,
			.is_deaf = _is_deaf,
			.tell = _tell,
			.is_alive = _is_alive,
			.destroy = _destroy,
		},
		.options = options,
		.seal = rmobike_seal_create(chunk_from_str(options->secret)),
		.fd = -1,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	if (this->seal)
	{
		this->fd = open_socket(options->local, options->remote);
	}
	else
	{
		DBG1(DBG_CFG, "no channel to the other node, HMAC-SHA-256 or a random "
			 "number generator is missing");
	}
	if (this->fd < 0)
	{
		destroy(this);
		return NULL;
	}
	return &this->public;
}
