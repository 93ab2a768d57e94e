/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_dialect.h"
#include "cluster/rmobike_ha.h"
#include "cluster/rmobike_interpreter.h"
#include "rmobike_compat.h"

#include <processing/jobs/callback_job.h>
#include <threading/mutex.h>

/**
 * Until the other node certainly knows our version, once we know that of it, in
 * milliseconds: some signs of life
 */
#define ACQUAINTED 1000

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
	 * Its own way to send messages
	 */
	rmobike_ha_push_t push;

	/**
	 * Version of its messages
	 */
	u_int own;

	/**
	 * Version that the other node understands, 0 if not known yet
	 */
	u_int other;

	/**
	 * Request for copies that it perhaps did not understand, if any
	 */
	chunk_t request;

	/**
	 * Protects these two
	 */
	mutex_t *mutex;
};

/**
 * What push() belongs to
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
 * Get the version that the other node understands, 0 if it is not known. Then
 * requests are kept.
 */
static u_int get_other(private_rmobike_interpreter_t *this, chunk_t encoding)
{
	u_int version;

	this->mutex->lock(this->mutex);
	version = this->other;
	if (!version && rmobike_dialect_is_request(encoding))
	{
		chunk_free(&this->request);
		this->request = chunk_clone(encoding);
	}
	this->mutex->unlock(this->mutex);
	return version;
}

/**
 * Send a message, replaces the ha plugin's method
 */
static void push(rmobike_ha_socket_t *socket, rmobike_ha_message_t *message)
{
	private_rmobike_interpreter_t *this = instance;
	rmobike_ha_message_t foreign;
	chunk_t encoding, translated;
	const char *reason;
	u_int version;

	encoding = rmobike_ha_get_encoding(message);
	version = get_other(this, encoding);
	if (!is_foreign(this, version))
	{
		this->push(socket, message);
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
	this->push(socket, &foreign);
	chunk_clear(&translated);
}

METHOD(rmobike_interpreter_t, is_ready, bool,
	private_rmobike_interpreter_t *this)
{
	return this->socket != NULL;
}

CALLBACK(free_request, void,
	chunk_t *request)
{
	chunk_free(request);
	free(request);
}

/**
 * Ask for copies again
 */
CALLBACK(ask_again, job_requeue_t,
	chunk_t *request)
{
	rmobike_ha_message_t message;

	if (instance && instance->socket)
	{
		rmobike_ha_message_init(&message, *request);
		push(instance->socket, &message);
	}
	return JOB_REQUEUE_NONE;
}

METHOD(rmobike_interpreter_t, set_other, void,
	private_rmobike_interpreter_t *this, u_int version)
{
	chunk_t request = chunk_empty, *asked;
	bool changed;

	this->mutex->lock(this->mutex);
	changed = version != this->other;
	this->other = version;
	if (changed && version)
	{
		request = this->request;
		this->request = chunk_empty;
	}
	this->mutex->unlock(this->mutex);
	if (!changed || !is_foreign(this, version))
	{	/* what was asked was understood */
		chunk_free(&request);
		return;
	}
	DBG1(DBG_CFG, "what the ha plugin tells the other node is translated from "
		 "version %u to %u", this->own, version);
	if (request.len)
	{
		asked = malloc_thing(chunk_t);
		*asked = request;
		lib->scheduler->schedule_job_ms(lib->scheduler,
			(job_t*)callback_job_create(ask_again, asked, free_request, NULL),
			ACQUAINTED);
	}
}

METHOD(rmobike_interpreter_t, refuse, const char*,
	private_rmobike_interpreter_t *this, ike_sa_t *ike_sa)
{
	enumerator_t *enumerator;
	child_sa_t *child_sa;
	u_int version;
	bool known;

	version = get_other(this, chunk_empty);
	if (!is_foreign(this, version))
	{
		return NULL;
	}
	version = min(version, this->own);
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
		this->socket = NULL;
	}
}

METHOD(rmobike_interpreter_t, destroy, void,
	private_rmobike_interpreter_t *this)
{
	stop(this);
	instance = NULL;
	chunk_free(&this->request);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_interpreter_t *rmobike_interpreter_create(void)
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
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	instance = this;
	if (this->socket)
	{
		this->push = this->socket->push;
		this->socket->push = push;
	}
	return &this->public;
}
