/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "initiator/rmobike_advice.h"
#include "rmobike_compat.h"
#include "sa/rmobike_ike_sa.h"

#include <collections/hashtable.h>
#include <threading/mutex.h>

typedef struct private_rmobike_advice_t private_rmobike_advice_t;

/**
 * Private data
 */
struct private_rmobike_advice_t {

	/**
	 * Public interface
	 */
	rmobike_advice_t public;

	/**
	 * Names of connections that it was logged for, keys and values
	 */
	hashtable_t *told;

	/**
	 * Protects told
	 */
	mutex_t *mutex;
};

/**
 * Is this the first time for a connection?
 */
static bool is_news(private_rmobike_advice_t *this, char *name)
{
	bool news;

	this->mutex->lock(this->mutex);
	news = !this->told->get(this->told, name);
	if (news)
	{
		name = strdup(name);
		this->told->put(this->told, name, name);
	}
	this->mutex->unlock(this->mutex);
	return news;
}

/**
 * Implements rmobike_later_t
 */
static status_t look(ike_sa_t *ike_sa, void *data)
{
	private_rmobike_advice_t *this = data;
	char *name = ike_sa->get_name(ike_sa);

	if (!ike_sa->supports_extension(ike_sa, EXT_MOBIKE) && is_news(this, name))
	{
		DBG1(DBG_IKE, "no MOBIKE with the responder of connection '%s': if "
			 "there is without our extension of it, as with OpenIKED, set "
			 "charon.plugins.rmobike.connections.%s.advertise = no", name,
			 name);
	}
	return SUCCESS;
}

METHOD(rmobike_advice_t, established, void,
	private_rmobike_advice_t *this, ike_sa_t *ike_sa)
{
	if (ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR) &&
		ike_sa->supports_extension(ike_sa, RMOBIKE_EXTENSION))
	{	/* charon handles its authentication before it handles MOBIKE */
		rmobike_ike_sa_later(ike_sa, 0, look, this, (void*)nop);
	}
}

METHOD(rmobike_advice_t, destroy, void,
	private_rmobike_advice_t *this)
{
	this->told->destroy_function(this->told, (void*)free);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_advice_t *rmobike_advice_create()
{
	private_rmobike_advice_t *this;

	INIT(this,
		.public = {
			.established = _established,
			.destroy = _destroy,
		},
		.told = hashtable_create(hashtable_hash_str, hashtable_equals_str, 8),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);

	return &this->public;
}
