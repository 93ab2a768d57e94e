/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_dialect.h"
#include "cluster/rmobike_ha.h"
#include "cluster/rmobike_interpreter.h"
#include "rmobike_compat.h"
#include "sa/rmobike_ike_sa.h"

#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

/**
 * Signs of life until the nodes certainly know each other's version
 */
#define ACQUAINTED 3

/**
 * How often it is said that something was told once more, in seconds
 */
#define REPEATED 60

/**
 * When the ha plugin asks for copies, in milliseconds after it was started
 */
#define ASKS 1000

typedef struct private_rmobike_interpreter_t private_rmobike_interpreter_t;

/**
 * Private data
 */
struct private_rmobike_interpreter_t {

	/**
	 * Public interface
	 */
	rmobike_interpreter_t public;

	/**
	 * Socket of the ha plugin, NULL if there is none
	 */
	rmobike_ha_socket_t *socket;

	/**
	 * Its own ways to send and receive messages
	 */
	rmobike_ha_push_t push;
	rmobike_ha_pull_t pull;

	/**
	 * Version of its messages
	 */
	u_int own;

	/**
	 * Version that the other node understands, 0 if not known yet
	 */
	u_int other;

	/**
	 * Protects this
	 */
	mutex_t *mutex;

	/**
	 * Between two signs of life, in milliseconds
	 */
	u_int heartbeat;

	/**
	 * When it was said last that something was told once more, monotonic time,
	 * for the one thread that receives
	 */
	time_t said;
};

/**
 * What push() and pull() belong to
 */
static private_rmobike_interpreter_t *instance;

/**
 * Is a version one to translate to?
 */
static bool is_foreign(private_rmobike_interpreter_t *this, u_int version)
{
	return version != this->own && rmobike_dialect_is_known(version);
}

/**
 * Get the version that the other node understands, 0 if it is not known
 */
static u_int get_other(private_rmobike_interpreter_t *this)
{
	u_int version;

	this->mutex->lock(this->mutex);
	version = this->other;
	this->mutex->unlock(this->mutex);
	return version;
}

/**
 * Send a message in the version that the other node understands, as far as that
 * is known
 */
static void tell(private_rmobike_interpreter_t *this,
				 rmobike_ha_message_t *message)
{
	rmobike_ha_message_t foreign;
	chunk_t encoding, translated;
	const char *reason;
	u_int version;

	encoding = rmobike_ha_get_encoding(message);
	version = get_other(this);
	/* of strongSwan that is newer than we know, messages may be, too */
	if (!is_foreign(this, version) || !encoding.len ||
		*encoding.ptr != this->own)
	{
		this->push(this->socket, message);
		return;
	}
	translated = rmobike_dialect_translate(encoding, version, &reason);
	if (!translated.len)
	{
		DBG1(DBG_CFG, "the other node is not told what the ha plugin says, %s",
			 reason);
		return;
	}
	rmobike_ha_message_init(&foreign, translated);
	this->push(this->socket, &foreign);
	chunk_clear(&translated);
}

CALLBACK(free_request, void,
	chunk_t *request)
{
	chunk_free(request);
	free(request);
}

/**
 * Ask for copies
 */
CALLBACK(ask, job_requeue_t,
	chunk_t *request)
{
	rmobike_ha_message_t message;

	if (instance && instance->socket)
	{
		rmobike_ha_message_init(&message, *request);
		tell(instance, &message);
	}
	return JOB_REQUEUE_NONE;
}

/**
 * Get the milliseconds until a message may be sent. Copies are asked for once,
 * so both nodes have to know each other: what is asked in words that the other
 * one doesn't understand is lost, and so is an answer in what we spoke before.
 */
static int get_delay(private_rmobike_interpreter_t *this,
					 rmobike_ha_message_t *message)
{
	int ms = this->heartbeat * ACQUAINTED;

	if (!rmobike_dialect_is_request(rmobike_ha_get_encoding(message)))
	{
		return 0;
	}
	return get_other(this) ? ms - ASKS : ms;
}

/**
 * Send a message, replaces the ha plugin's method
 */
static void push(rmobike_ha_socket_t *socket, rmobike_ha_message_t *message)
{
	private_rmobike_interpreter_t *this = instance;
	chunk_t *request;
	int ms;

	ms = get_delay(this, message);
	if (ms <= 0)
	{
		tell(this, message);
		return;
	}
	request = malloc_thing(chunk_t);
	*request = chunk_clone(rmobike_ha_get_encoding(message));
	lib->scheduler->schedule_job_ms(lib->scheduler,
		(job_t*)callback_job_create(ask, request, free_request, NULL), ms);
}

/**
 * Is an IKE_SA here, and not just being set up?
 */
static bool is_here(uint64_t initiator, uint64_t responder)
{
	ike_sa_t *ike_sa;
	bool here = FALSE;

	ike_sa = rmobike_ike_sa_checkout(initiator, responder);
	if (ike_sa)
	{	/* that is told of again for each additional key exchange */
		here = ike_sa->get_state(ike_sa) != IKE_CREATED &&
			   ike_sa->get_state(ike_sa) != IKE_CONNECTING;
		charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	}
	return here;
}

/**
 * Receive a message, replaces the ha plugin's method. An IKE_SA that it is told
 * of once more it makes a second time before strongSwan 6, and since then gives
 * other keys to the one that it has.
 */
static rmobike_ha_message_t *pull(rmobike_ha_socket_t *socket)
{
	private_rmobike_interpreter_t *this = instance;
	rmobike_ha_message_t *message;
	uint64_t initiator, responder;
	time_t now;

	while (TRUE)
	{
		message = this->pull(socket);
		if (!rmobike_dialect_get_added(rmobike_ha_get_encoding(message),
									   &initiator, &responder) ||
			!is_here(initiator, responder))
		{
			return message;
		}
		rmobike_ha_message_destroy(message);
		now = time_monotonic(NULL);
		if (!this->said || now - this->said >= REPEATED)
		{
			DBG1(DBG_CFG, "the other node told of IKE_SAs that are here "
				 "already, as by \"*\" in the FIFO of ha; ignored");
			this->said = now;
		}
	}
}

METHOD(rmobike_interpreter_t, is_ready, bool,
	private_rmobike_interpreter_t *this)
{
	return this->socket != NULL;
}

METHOD(rmobike_interpreter_t, set_other, void,
	private_rmobike_interpreter_t *this, u_int version)
{
	bool changed;

	this->mutex->lock(this->mutex);
	changed = version != this->other;
	this->other = version;
	this->mutex->unlock(this->mutex);
	if (changed && is_foreign(this, version))
	{
		DBG1(DBG_CFG, "what the ha plugin tells the other node is translated "
			 "from version %u to %u", this->own, version);
	}
}

METHOD(rmobike_interpreter_t, refuse, const char*,
	private_rmobike_interpreter_t *this, ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	u_int version;
	bool known;

	version = get_other(this);
	if (!is_foreign(this, version))
	{
		return NULL;
	}
	known = rmobike_ha_knows(version, ike_sa->get_proposal(ike_sa), 0);
	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (known && enumerator->enumerate(enumerator, &child_sa))
	{
		known = rmobike_ha_knows(version, child_sa->get_proposal(child_sa),
								 child_sa->get_mode(child_sa));
	}
	enumerator->destroy(enumerator);
	return known ? NULL : "the other node's strongSwan does not know its key "
						  "exchanges or modes";
}

METHOD(rmobike_interpreter_t, stop, void,
	private_rmobike_interpreter_t *this)
{
	if (this->socket)
	{
		this->socket->push = this->push;
		this->socket->pull = this->pull;
		this->socket = NULL;
	}
}

METHOD(rmobike_interpreter_t, destroy, void,
	private_rmobike_interpreter_t *this)
{
	stop(this);
	instance = NULL;
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_interpreter_t *rmobike_interpreter_create(u_int heartbeat)
{
	private_rmobike_interpreter_t *this;

	INIT(this,
		.public = {
			.is_ready = _is_ready,
			.set_other = _set_other,
			.refuse = _refuse,
			.stop = _stop,
			.destroy = _destroy,
		},
		.socket = rmobike_ha_get_socket(),
		.own = rmobike_compat_ha(),
		.heartbeat = heartbeat,
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	instance = this;
	if (this->socket)
	{
		this->push = this->socket->push;
		this->pull = this->socket->pull;
		this->socket->push = push;
		this->socket->pull = pull;
	}
	return &this->public;
}
