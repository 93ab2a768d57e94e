/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * A gateway, or a client, that asks for what it must not.
 */

#include "matrix.h"

/*
 * Described in header
 */
void hostile_forge(forged_t *forged)
{
	world_forge_(*forged);
}

/**
 * Ask for a switch in a message that is forged.
 */
static void ask(uint8_t protocol, uint32_t spi, chunk_t data)
{
	world_forge(RESPONDER, INFORMATIONAL, FALSE, protocol, spi, MATRIX_SWITCH,
				data);
	world_call(RESPONDER, send_dpd);
}

/*
 * Described in header
 */
void hostile_any_length(void *null)
{
	static char data[64];

	/* none of them is an address */
	ask(0, 0, chunk_create((u_char*)data, matrix_variant));
}

/*
 * Described in header
 */
void hostile_any_header(void *null)
{
	static uint8_t protocols[] = { PROTO_IKE, PROTO_AH, PROTO_ESP, 0 };

	ask(protocols[matrix_variant], 1, chunk_from_chars(192, 0, 2, 2));
}

/** The next address of a flood */
static u_int flooded;

/*
 * Described in header
 */
void hostile_flood(void *null)
{
	u_char address[] = { 203, 0, flooded >> 8, flooded };
	static uint32_t mid;

	if (!flooded || world_mid(RESPONDER, TRUE) > mid)
	{
		mid = world_mid(RESPONDER, TRUE);
		ask(0, 0, chunk_from_thing(address));
		flooded++;
	}
	if (flooded < 1000)
	{
		world_later(25, hostile_flood, NULL);
	}
}

/*
 * Described in header
 */
void hostile_ping_pong(void *null)
{
	u_char address[] = { 192, 0, 2, 1 + !(flooded & 1) };

	ask(0, 0, chunk_from_thing(address));
	if (++flooded < 20)
	{
		world_later(100, hostile_ping_pong, NULL);
	}
}
