/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_settings.h"
#include "responder/rmobike_drained.h"

#include <threading/mutex.h>

typedef struct private_rmobike_drained_t private_rmobike_drained_t;
typedef struct entry_t entry_t;

/**
 * Private data
 */
struct private_rmobike_drained_t {

	/**
	 * Public interface
	 */
	rmobike_drained_t public;

	/**
	 * Addresses, entry_t
	 */
	linked_list_t *entries;

	/**
	 * Protects them
	 */
	mutex_t *mutex;
};

/**
 * A drained address
 */
struct entry_t {

	/**
	 * The address
	 */
	host_t *address;

	/**
	 * Where those go who come there, or NULL
	 */
	rmobike_weights_t *targets;

	/**
	 * Why, or NULL
	 */
	char *reason;
};

CALLBACK(entry_destroy, void,
	entry_t *entry)
{
	entry->address->destroy(entry->address);
	DESTROY_IF(entry->targets);
	free(entry->reason);
	free(entry);
}

/**
 * Find an address, with the lock
 */
static entry_t *find(private_rmobike_drained_t *this, host_t *address)
{
	enumerator_t *enumerator;
	entry_t *entry, *found = NULL;

	enumerator = this->entries->create_enumerator(this->entries);
	while (!found && enumerator->enumerate(enumerator, &entry))
	{
		if (address->ip_equals(address, entry->address))
		{
			found = entry;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Copy targets, if there are any
 */
static rmobike_weights_t *clone_targets(rmobike_weights_t *targets)
{
	return targets ? targets->clone(targets) : NULL;
}

METHOD(rmobike_drained_t, add, void,
	private_rmobike_drained_t *this, host_t *address,
	rmobike_weights_t *targets, const char *reason)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = find(this, address);
	if (!entry)
	{
		INIT(entry,
			.address = address->clone(address),
		);
		this->entries->insert_last(this->entries, entry);
	}
	DESTROY_IF(entry->targets);
	entry->targets = clone_targets(targets);
	free(entry->reason);
	entry->reason = strdupnull(reason);
	this->mutex->unlock(this->mutex);
}

METHOD(rmobike_drained_t, remove_, bool,
	private_rmobike_drained_t *this, host_t *address)
{
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = find(this, address);
	if (entry)
	{
		this->entries->remove(this->entries, entry, NULL);
		entry_destroy(entry);
	}
	this->mutex->unlock(this->mutex);
	return entry != NULL;
}

/**
 * Is an address there by configuration?
 */
static bool is_configured(host_t *address)
{
	rmobike_options_t *options;
	bool configured;

	options = rmobike_settings_get(NULL);
	configured = options->drained->includes(options->drained, address);
	rmobike_options_destroy(options);
	return configured;
}

METHOD(rmobike_drained_t, has, bool,
	private_rmobike_drained_t *this, host_t *address,
	rmobike_weights_t **targets, char **reason)
{
	bool configured = is_configured(address);
	const char *why = configured ? RMOBIKE_DRAINED_CONFIGURED : NULL;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	entry = find(this, address);
	if (targets)
	{
		*targets = entry ? clone_targets(entry->targets) : NULL;
	}
	if (reason)
	{
		*reason = strdupnull(entry && entry->reason ? entry->reason : why);
	}
	this->mutex->unlock(this->mutex);
	return entry || configured;
}

METHOD(rmobike_drained_t, get_all, linked_list_t*,
	private_rmobike_drained_t *this)
{
	linked_list_t *all = linked_list_create();
	enumerator_t *enumerator;
	entry_t *entry;

	this->mutex->lock(this->mutex);
	enumerator = this->entries->create_enumerator(this->entries);
	while (enumerator->enumerate(enumerator, &entry))
	{
		all->insert_last(all, entry->address->clone(entry->address));
	}
	enumerator->destroy(enumerator);
	this->mutex->unlock(this->mutex);
	return all;
}

METHOD(rmobike_drained_t, destroy, void,
	private_rmobike_drained_t *this)
{
	this->entries->destroy_function(this->entries, entry_destroy);
	this->mutex->destroy(this->mutex);
	free(this);
}

/*
 * Described in header
 */
rmobike_drained_t *rmobike_drained_create(void)
{
	private_rmobike_drained_t *this;

	INIT(this,
		.public = {
			.add = _add,
			.remove = _remove_,
			.has = _has,
			.get_all = _get_all,
			.destroy = _destroy,
		},
		.entries = linked_list_create(),
		.mutex = mutex_create(MUTEX_TYPE_DEFAULT),
	);
	return &this->public;
}
