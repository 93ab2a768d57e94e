/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "vici_server.h"

#include "world.h"

#include "operator/rmobike_vici.h"

#include <plugins/vici/vici_dispatcher.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/** So many descriptors at most */
#define MAX_FD 1024

/** What charon's watcher would watch, by descriptor */
static struct {
	watcher_event_t events;
	watcher_cb_t cb;
	void *data;
} watched[MAX_FD];

/** What vici's plugin looks like to ours */
static struct {
	plugin_t public;
	vici_dispatcher_t *dispatcher;
} plugin;

/** Our commands and events */
static rmobike_vici_t *vici;

/** Where it listens */
static char uri[64];

METHOD(watcher_t, watcher_add, void,
	watcher_t *this, int fd, watcher_event_t events, watcher_cb_t cb,
	void *data)
{
	world_require(fd < MAX_FD && !watched[fd].events);
	watched[fd].events = events;
	watched[fd].cb = cb;
	watched[fd].data = data;
}

METHOD(watcher_t, watcher_remove, void,
	watcher_t *this, int fd)
{
	watched[fd].events = 0;
}

METHOD(plugin_t, get_name, char*,
	plugin_t *this)
{
	return "vici";
}

METHOD(plugin_loader_t, create_plugin_enumerator, enumerator_t*,
	plugin_loader_t *this)
{
	return enumerator_create_single(&plugin, NULL);
}

/**
 * Tell about a descriptor if it is ready.
 */
static bool watch(int fd, short poll_for, watcher_event_t event)
{
	struct pollfd ready = {
		.fd = fd,
		.events = poll_for,
	};

	if (!(watched[fd].events & event) || poll(&ready, 1, 0) <= 0)
	{
		return FALSE;
	}
	if (!watched[fd].cb(watched[fd].data, fd, event))
	{
		watched[fd].events &= ~event;
	}
	return TRUE;
}

/*
 * Described in header
 */
bool server_watch()
{
	bool busy = FALSE;
	int fd;

	for (fd = 0; fd < MAX_FD; fd++)
	{
		busy |= watch(fd, POLLIN, WATCHER_READ);
		busy |= watch(fd, POLLOUT, WATCHER_WRITE);
	}
	return busy;
}

/*
 * Described in header
 */
int server_connect()
{
	struct sockaddr_un addr = {
		.sun_family = AF_UNIX,
	};
	int fd;

	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(addr.sun_path, uri + strlen("unix://"));
	world_require(connect(fd, (struct sockaddr*)&addr, sizeof(addr)) == 0);
	return fd;
}

/*
 * Described in header
 */
void server_listen()
{
	plugin_loader_t loader = *lib->plugins;

	/* as charon does: clients hang up */
	signal(SIGPIPE, SIG_IGN);
	lib->watcher->add = _watcher_add;
	lib->watcher->remove = _watcher_remove;
	snprintf(uri, sizeof(uri), "unix:///tmp/fuzz_vici.%d", getpid());
	plugin.public.get_name = _get_name;
	plugin.dispatcher = vici_dispatcher_create(uri);
	world_require(plugin.dispatcher);
	lib->plugins->create_plugin_enumerator = _create_plugin_enumerator;
	vici = rmobike_vici_create(world_commands());
	*lib->plugins = loader;
	world_require(vici);
}

/*
 * Described in header
 */
void server_close()
{
	vici->destroy(vici);
	plugin.dispatcher->destroy(plugin.dispatcher);
	unlink(uri + strlen("unix://"));
}
