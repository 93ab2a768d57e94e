/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_settings.h"

#include <library.h>
#include <threading/mutex.h>

/**
 * What was read at one time
 */
typedef struct {
	/** for connections without options of their own */
	rmobike_options_t *global;
	/** for the others by name, rmobike_options_t */
	hashtable_t *connections;
	/** which time it was */
	u_int generation;
} snapshot_t;

/**
 * The latest one
 */
static snapshot_t latest;

/**
 * How many times reading has begun
 */
static u_int begun;

/**
 * Protects them
 */
static mutex_t *mutex;

CALLBACK(destroy_connection, void,
	rmobike_options_t *options, const void *name)
{
	rmobike_options_destroy(options);
	free((void*)name);
}

/**
 * Destroy what was read, those in use live on
 */
static void destroy_snapshot(snapshot_t *snapshot)
{
	rmobike_options_destroy(snapshot->global);
	if (snapshot->connections)
	{
		snapshot->connections->destroy_function(snapshot->connections,
												destroy_connection);
	}
}

/*
 * Described in header
 */
void rmobike_settings_reload(void)
{
	snapshot_t new = {}, old;

	mutex->lock(mutex);
	new.generation = ++begun;
	mutex->unlock(mutex);

	new.global = rmobike_options_create(lib->settings, lib->ns, NULL, NULL,
										NULL);
	new.connections = rmobike_options_load(lib->settings, lib->ns);

	mutex->lock(mutex);
	old = new;
	if (new.generation > latest.generation)
	{	/* otherwise somebody has read what is newer */
		old = latest;
		latest = new;
	}
	mutex->unlock(mutex);
	destroy_snapshot(&old);
}

/*
 * Described in header
 */
rmobike_options_t *rmobike_settings_get(const char *connection)
{
	rmobike_options_t *options = NULL;

	mutex->lock(mutex);
	if (connection)
	{
		options = latest.connections->get(latest.connections, connection);
	}
	if (!options)
	{
		options = latest.global;
	}
	ref_get(&options->refs);
	mutex->unlock(mutex);
	return options;
}

/*
 * Described in header
 */
u_int rmobike_settings_get_timeout(void)
{
	u_int timeout;

	mutex->lock(mutex);
	timeout = latest.global->timeout;
	mutex->unlock(mutex);
	return timeout;
}

/*
 * Described in header
 */
void rmobike_settings_init(void)
{
	mutex = mutex_create(MUTEX_TYPE_DEFAULT);
	rmobike_settings_reload();
}

/*
 * Described in header
 */
void rmobike_settings_deinit(void)
{
	destroy_snapshot(&latest);
	latest = (snapshot_t){};
	begun = 0;
	mutex->destroy(mutex);
	mutex = NULL;
}
