/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 *
 * Switches one IKE_SA, and waits until that came to an end. Uses libvici of
 * strongSwan.
 *
 * usage: switch SOCKET UNIQUE-ID ADDRESS
 */

#include <libvici.h>

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** marks our own event */
static char tag[32];

/** posted when it arrived */
static sem_t ended;

/** the IKE_SA is at its new address */
static int done;

/**
 * A switch ended, called by a thread of libvici.
 */
static void on_event(void *user, char *name, vici_res_t *event)
{
	if (strcmp(vici_find_str(event, "", "tag"), tag) == 0)
	{
		done = strcmp(vici_find_str(event, "", "state"), "done") == 0;
		printf("%s[%s] %s -> %s: %s\n", vici_find_str(event, "?", "name"),
			   vici_find_str(event, "?", "id"),
			   vici_find_str(event, "?", "from"),
			   vici_find_str(event, "?", "to"),
			   vici_find_str(event, "?", "state"));
		sem_post(&ended);
	}
}

/**
 * Ask the daemon, report what it has to say against it.
 */
static int start(vici_conn_t *conn, char *unique_id, char *address)
{
	vici_req_t *request;
	vici_res_t *reply;
	int started;

	request = vici_begin("rmobike-switch");
	vici_add_key_valuef(request, "ike-id", "%s", unique_id);
	vici_add_key_valuef(request, "to", "%s", address);
	vici_add_key_valuef(request, "tag", "%s", tag);
	reply = vici_submit(request, conn);
	if (!reply)
	{
		perror("rmobike-switch");
		return 0;
	}
	started = strcmp(vici_find_str(reply, "no", "success"), "yes") == 0;
	if (!started)
	{
		fprintf(stderr, "%s\n", vici_find_str(reply, "failed", "errmsg"));
	}
	vici_free_res(reply);
	return started;
}

int main(int argc, char *argv[])
{
	char uri[128];
	vici_conn_t *conn;

	if (argc != 4)
	{
		fprintf(stderr, "usage: %s SOCKET UNIQUE-ID ADDRESS\n", argv[0]);
		return 2;
	}
	snprintf(uri, sizeof(uri), "unix://%s", argv[1]);
	snprintf(tag, sizeof(tag), "example-%d", (int)getpid());
	sem_init(&ended, 0, 0);

	vici_init();
	conn = vici_connect(uri);
	if (!conn)
	{
		perror(uri);
		return 2;
	}
	/* register first, the event may come before the reply */
	if (vici_register(conn, "rmobike-switch", on_event, NULL) != 0)
	{
		fprintf(stderr, "the daemon has no rmobike plugin\n");
		return 2;
	}
	if (start(conn, argv[2], argv[3]))
	{
		sem_wait(&ended);
	}
	vici_disconnect(conn);
	vici_deinit();
	return done ? 0 : 1;
}
