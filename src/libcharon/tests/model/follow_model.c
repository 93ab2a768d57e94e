/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Does to the code what a story of the model (docs/model) tells, and compares
 * after each step where both ends believe the responder to be. Nothing arrives
 * but what the story says: all packets wait, and of those copies are delivered.
 * When the story is over the weather is fair, and both ends have to agree.
 *
 *   follow_model STORY
 *
 * testing/model-stories makes stories and runs this.
 */

#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/** How long the client waits for an answer at a new address, in ms */
#define PATH_TIMEOUT 500

/** Addresses of the model's responder */
static char *addresses[] = { OLD, NEW };

/** Where a story is */
static char *story;
static u_int line;

/*
 * Described in header
 */
void world_failed(const char *file, int number, const char *why)
{
	fprintf(stderr, "%s:%u: %s (%s:%d)\n", story, line, why, file, number);
	_exit(EXIT_FAILURE);
}

/**
 * Fail, with all that happened.
 */
static void fail(const char *why)
{
	world_dump();
	world_failed(__FILE__, __LINE__, why);
}

/**
 * Packets of one kind that take one path.
 */
static char *describe(side_t from, bool request, char *address)
{
	static char pattern[BUF_LEN];
	side_t asks = request ? from : !from;

	snprintf(pattern, sizeof(pattern), "* %s %s INFORMATIONAL %s %u *",
			 from == INITIATOR ? "->" : "<-", address, request ? "req" : "resp",
			 world_mid(asks, TRUE));
	return pattern;
}

/**
 * A copy of such a packet arrives.
 */
static void deliver(side_t from, bool request, char *address)
{
	if (!world_deliver(describe(from, request, address)))
	{
		fail("there is no such packet");
	}
	world_step();
}

/**
 * Is there a word at the beginning?
 */
static bool is(char *event, char *word)
{
	return streq(event, word);
}

/**
 * Something happens.
 */
static void happen(char *event, char *address)
{
	if (is(event, "c_req") || is(event, "g_req"))
	{
		deliver(event[0] == 'c' ? INITIATOR : RESPONDER, TRUE, address);
	}
	else if (is(event, "c_resp") || is(event, "g_resp"))
	{	/* named after the request */
		deliver(event[0] == 'c' ? RESPONDER : INITIATOR, FALSE, address);
	}
	else if (is(event, "switch"))
	{
		world_switch(address);
		world_step();
	}
	else if (is(event, "c_timer"))
	{
		world_run(PATH_TIMEOUT);
	}
	else if (!is(event, "open"))
	{	/* that says what the story does not deliver until it is open again */
		fail("no such event");
	}
}

/**
 * Compare what both ends believe.
 */
static void compare(char *initiator, char *responder)
{
	if (!world_is_at(INITIATOR, initiator))
	{
		fail("the initiator is elsewhere");
	}
	if (!world_is_at(RESPONDER, responder))
	{
		fail("the responder is elsewhere");
	}
}

/**
 * Is the other end alive?
 */
static status_t check_liveness(ike_sa_t *ike_sa)
{
	return ike_sa->send_dpd(ike_sa);
}

/**
 * From now on the weather is fair.
 */
static void clear_up()
{
	const char *why;
	int i;

	world_fate_none();
	for (i = 0; i < 3; i++)
	{
		world_run(100000);
		world_each(INITIATOR, check_liveness);
		world_each(RESPONDER, check_liveness);
	}
	world_run(100000);
	why = world_disagreement();
	if (why || !world_id(INITIATOR) || world_tasks())
	{
		fail(why ?: "not at rest");
	}
}

/**
 * Follow a story.
 */
static u_int follow(FILE *file)
{
	u_int first, second, steps = 0;
	char buf[BUF_LEN], event[32];

	for (line = 1; fgets(buf, sizeof(buf), file); line++)
	{
		if (sscanf(buf, "%31s %u %u", event, &first, &second) != 3 ||
			is(event, "fair"))
		{
			continue;
		}
		if (first >= countof(addresses))
		{
			fail("no such address");
		}
		if (is(event, "end"))
		{
			clear_up();
			return steps;
		}
		if (is(event, "at"))
		{
			if (second >= countof(addresses))
			{
				fail("no such address");
			}
			compare(addresses[first], addresses[second]);
			steps++;
		}
		else
		{
			happen(event, addresses[first]);
		}
	}
	fail("the story has no end");
	return 0;
}

int main(int argc, char *argv[])
{
	FILE *file;
	u_int steps;

	if (argc != 2)
	{
		fprintf(stderr, "usage: %s STORY\n", argv[0]);
		return EXIT_FAILURE;
	}
	story = argv[1];
	file = fopen(story, "r");
	if (!file)
	{
		fprintf(stderr, "%s: %s\n", story, strerror(errno));
		return EXIT_FAILURE;
	}
	world_establish(.nat = TRUE, .responder = OLD " " NEW,
					.settings = "plugins { rmobike { timeout = 165\n"
								"path_timeout = 0.5 } }");
	world_run(1000);
	world_mark();
	world_fate(HOLD, "*", UINT32_MAX);
	steps = follow(file);
	fclose(file);
	world_destroy();
	printf("%u\n", steps);
	return EXIT_SUCCESS;
}
