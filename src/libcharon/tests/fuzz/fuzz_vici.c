/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Messages of vici clients: strongSwan's own socket, dispatcher and parser, on
 * a real Unix socket, with the plugin's commands and events behind it. There
 * are IKE_SAs to move.
 *
 * Whatever is sent, each request is answered once, and in order. What can't be
 * parsed moves nobody. Each IKE_SA that a reply counts gets its event, and all
 * are in order afterwards. Locks are watched by world/locks.c.
 *
 * The input is text, a line is a step, its first character tells which:
 *
 *     (first line)  what the world is like: a list of letters, see read_world()
 *     !NAME         begins the request of a command
 *     +NAME         registers for an event, ~NAME unregisters
 *     ?OCTETS       begins a message of these octets
 *     KEY=VALUE     adds a value to the message
 *     %N            pads the next value to N octets
 *     {NAME         begins a section, } ends it
 *     [NAME         begins a list, ] ends it, -VALUE is an item
 *     :OCTETS       adds octets
 *     *N            adds the last line N times more
 *     <N            takes N octets from the end
 *     >N            sends a header that promises N octets more than there are
 *     .N            lets N milliseconds pass, 0 is enough for replies
 *     @N            goes on as another client of vici
 *     |             hangs up at once
 *     &             one more IKE_SA is established
 *
 * Messages are sent when something follows that is no part of them.
 */

#include "world_parts.h"

#include "vici_clients.h"
#include "vici_request.h"
#include "vici_server.h"

#include "operator/rmobike_commands.h"

#include <stdio.h>
#include <stdlib.h>

/** Limits of what the input can ask for */
#define MAX_SAS 4
#define MAX_TIME 600000
#define MAX_SENT (2 * REQUEST_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/** The client whose turn it is */
static int current;

/** Octets sent, IKE_SAs, and milliseconds so far */
static size_t sent;
static u_int sas, ms;

/*
 * Described in header
 */
void world_failed(const char *file, int line, const char *why)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, why);
	abort();
}

/**
 * Let time pass; everything that was asked for has to be answered.
 */
static void pass(u_int time)
{
	clients_settle();
	world_require(clients_are_answered());
	if (time)
	{
		world_run(time);
		ms += time;
		clients_settle();
	}
}

/**
 * Send the message that was made.
 */
static void send_message()
{
	chunk_t message;
	uint32_t promised;

	if (request_end(&message, &promised) && sent < MAX_SENT)
	{
		clients_send(current, message, promised);
		sent += message.len;
	}
}

/**
 * One line of the input.
 */
static void step(const char *line, size_t len)
{
	u_int number = atoi(line + 1);

	switch (*line)
	{
		case '!':
		case '+':
		case '~':
		case '?':
			send_message();
			request_begin(line, len);
			break;
		case '.':
			send_message();
			pass(ms < MAX_TIME ? number % MAX_TIME : 0);
			break;
		case '@':
			send_message();
			current = number % CLIENTS;
			break;
		case '|':
			send_message();
			clients_hang_up(current);
			break;
		case '&':
			send_message();
			if (sas < MAX_SAS)
			{
				sas++;
				world_initiate();
				pass(1000);
			}
			break;
		default:
			request_add(line, len);
			break;
	}
}

/**
 * Number of octets before the end of a line.
 */
static size_t line_len(const char *octets, size_t len)
{
	const char *end = memchr(octets, '\n', len);

	return end ? (size_t)(end - octets) : len;
}

/**
 * Do steps as a client.
 */
static void play(int client, const char *lines, size_t len)
{
	size_t end;

	current = client;
	while (len)
	{
		end = line_len(lines, len);
		if (end)
		{
			step(lines, end);
		}
		lines += min(end + 1, len);
		len -= min(end + 1, len);
	}
	send_message();
	pass(0);
}

/**
 * What the world is like.
 */
static world_conf_t read_world(const char *line, size_t len)
{
	world_conf_t conf = {
		.nat = memchr(line, 'n', len),
		.no_mobike = memchr(line, 'm', len),
		.stock_initiator = memchr(line, 's', len),
		.settings = memchr(line, 'b', len) ?
			"plugins { rmobike { balance { addresses {\n"
			"a { address = " OLD " } b { address = " NEW "\n weight = 2 } }\n"
			"} } }" :
			memchr(line, 'p', len) ?
			"plugins { rmobike { prefer = " NEW ", " OLD "\n prefer_after = 5\n"
			"drained = " NEWER " } }" :
			memchr(line, 'r', len) ?
			"plugins { rmobike { accept = none } }" : NULL,
	};

	return conf;
}

/**
 * Delete without waiting for the other end.
 */
static status_t delete(ike_sa_t *ike_sa)
{
	return ike_sa->delete(ike_sa, TRUE);
}

/**
 * Were clients redirected? They set up another IKE_SA, or none at all.
 */
static bool is_redirected()
{
	return world_count("* INFORMATIONAL req * {*REDIR*");
}

/**
 * Is somebody about to go elsewhere?
 */
static bool is_busy()
{
	rmobike_mover_t *mover = world_commands()->mover;
	u_int in_flight;

	return mover->get_queued(mover, &in_flight) || in_flight ||
		   (!is_redirected() && world_tasks());
}

/**
 * Check that the daemon and its IKE_SAs are well.
 */
static void check()
{
	const char *why;

	world_run(200000);
	if (is_busy())
	{	/* just now some return to a better address */
		world_run(10000);
	}
	clients_settle();
	world_require(!is_busy());
	world_require(clients_are_informed());
	if (!is_redirected())
	{
		why = world_disagreement();
		if (why)
		{
			trace_fail(__FILE__, __LINE__, "%s", why);
		}
		world_require(charon->ike_sa_manager->get_count(
										charon->ike_sa_manager) == 2 * sas);
	}
}

/**
 * The first line is about the world, the others are steps.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char watch[] =
		"+rmobike-switch\n+rmobike-drain\n+rmobike-node\n!rmobike-status";
	static const char ignore[] =
		"~rmobike-switch\n~rmobike-drain\n~rmobike-node\n!rmobike-status";
	size_t first;
	char *input;

	input = calloc(1, len + 1);
	memcpy(input, data, len);
	first = line_len(input, len);
	world_establish_(__FILE__, __LINE__, read_world(input, first));
	sas = 1;
	sent = ms = 0;
	request_reset();
	server_listen();

	play(WATCHING, watch, strlen(watch));
	play(0, input + first, len - first);
	check();
	play(WATCHING, ignore, strlen(ignore));

	clients_leave();
	server_close();
	world_each(INITIATOR, delete);
	world_each(RESPONDER, delete);
	/* whether somebody would return now is looked at once more */
	world_run(2 * 3600 * 1000);
	assert_gone();
	world_destroy();
	free(input);
	return 0;
}
