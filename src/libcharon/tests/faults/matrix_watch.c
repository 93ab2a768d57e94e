/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * ESP packets in both directions, and where both ends think that they are.
 */

#include "matrix.h"
#include "world_parts.h"

#include <stdio.h>

/** How long a fault is watched, in ms */
#define WATCHED 60000
/** Between two packets in each direction, in ms */
#define INTERVAL 10

/** May more packets be sent? */
static bool sending;

/** Where the initiator thinks that the responder is, and how it got there */
static struct {
	/** empty if there has been no IKE_SA */
	char at[64];
	/** number of times that changed */
	u_int moves;
	/** do both ends agree, and since when, ms? */
	bool agreed;
	double since;
} watched;

/**
 * Find the SA that an end sends in: the youngest one.
 */
static esp_t *find_outbound(side_t side)
{
	enumerator_t *enumerator;
	esp_t *sa, *found = NULL;

	enumerator = esp_create_enumerator();
	while (enumerator->enumerate(enumerator, &sa))
	{
		if (sa->side == side && !sa->inbound && !sa->larval)
		{
			found = sa;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Send packets from both ends, again and again.
 */
static void stream(void *null)
{
	if (sending)
	{
		ping_send(find_outbound(INITIATOR), TRUE);
		ping_send(find_outbound(RESPONDER), TRUE);
		world_later(INTERVAL, stream, NULL);
	}
}

/**
 * Have a look at both ends.
 */
static void look()
{
	const char *why = world_disagreement();
	ike_sa_t *ike_sa;
	char at[64] = "";
	bool agreed;

	ike_sa = world_checkout(INITIATOR);
	if (ike_sa)
	{
		snprintf(at, sizeof(at), "%H", ike_sa->get_other_host(ike_sa));
	}
	world_checkin(ike_sa, SUCCESS);
	agreed = *at && (!why || strpfx(why, "ESP: "));
	if (*at && *watched.at && !streq(at, watched.at))
	{
		watched.moves++;
		watched.since = world_now();
	}
	if (agreed && !watched.agreed)
	{
		watched.since = world_now();
	}
	watched.agreed = agreed;
	strcpy(watched.at, *at ? at : watched.at);
}

/*
 * Described in header
 */
const char *watch_describe(fault_t *fault)
{
	const char *why = world_disagreement();

	if (!world_id(INITIATOR) && !world_id(RESPONDER))
	{
		return fault->ends ?: "SA lost";
	}
	if (!world_id(INITIATOR) || !world_id(RESPONDER))
	{
		return fault->ends ?: "SA lost at one end";
	}
	if (why)
	{
		return why;
	}
	if (!watched.moves)
	{
		return "stayed";
	}
	if (streq(watched.at, OLD))
	{
		return "moved, then back";
	}
	return watched.moves == 1 ? "moved" : "moved, then again";
}

/*
 * Described in header
 */
void watch_run()
{
	u_int step, i;

	for (i = 0; i < WATCHED; i += step)
	{
		look();
		if (i == WATCHED - 1000)
		{
			sending = FALSE;
		}
		step = i < 1000 ? 1 : i < 10000 ? 10 : 100;
		world_run(step);
	}
}

/*
 * Described in header
 */
void watch_begin(bool idle)
{
	look();
	sending = !idle;
	stream(NULL);
}

/*
 * Described in header
 */
double watch_agreed()
{
	return watched.since;
}
