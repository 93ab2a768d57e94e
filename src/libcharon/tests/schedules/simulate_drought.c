/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * Addresses of the responder that are away for long, all but one.
 */

#include "simulate.h"

/** How long it takes until another address is the only one left, in seconds */
#define DUSK 20

/** How long an address may be blocked then, in seconds: charon sends requests
 * again after 47 and 89 seconds, and gives up */
#define BLOCKED 45

/** What becomes of each address of the responder meanwhile */
static struct {
	/** the responder does not have it */
	bool removed;
	/** nothing passes, until this drought */
	int blocked;
} away[ADDRESSES];

/**
 * An address of the responder is gone for longer, or back again.
 */
static void come_back(void *index)
{
	uintptr_t i = (uintptr_t)index;

	world_unblock(addresses[i]);
	if (away[i].removed)
	{
		away[i].removed = FALSE;
		world_add_address(RESPONDER, addresses[i]);
		world_roam(RESPONDER);
	}
}

static void go_away(void *index)
{
	uintptr_t i = (uintptr_t)index;

	away[i].removed = TRUE;
	world_del_address(RESPONDER, addresses[i]);
	world_roam(RESPONDER);
}

static void get_blocked(void *index)
{
	world_block(addresses[(uintptr_t)index]);
	world_later(BLOCKED * 1000, come_back, index);
}

/**
 * From now on one address is the only one that is needed.
 */
static void only_one(u_int number, uintptr_t only)
{
	static u_int dusk[] = { 1000, 5000, DUSK * 1000 };
	uintptr_t i;
	u_int when;

	come_back((void*)only);
	for (i = 0; i < ADDRESSES; i++)
	{
		when = dusk[world_random(countof(dusk))];
		/* a request to an initiator that is silent has no other path, so not
		 * twice in a row */
		if (i == only || away[i].removed || away[i].blocked == number)
		{
			continue;
		}
		if (world_random(2))
		{
			world_later(when, go_away, (void*)i);
		}
		else
		{
			away[i].blocked = number + 1;
			world_later(when, get_blocked, (void*)i);
		}
	}
}

static void begin_drought(void *null)
{
	static uintptr_t only = ADDRESSES;
	static u_int number = 1;
	uintptr_t next;

	do
	{
		next = world_random(ADDRESSES);
	}
	while (next == only);
	only = next;
	only_one(number++, only);
}

/*
 * Described in header
 */
void drought_forecast()
{
	int i;

	for (i = 0; i < DROUGHTS; i++)
	{
		world_later(i * DROUGHT * 1000, begin_drought, NULL);
	}
}

/*
 * Described in header
 */
void drought_end()
{
	uintptr_t i;

	for (i = 0; i < ADDRESSES; i++)
	{
		come_back((void*)i);
	}
}
