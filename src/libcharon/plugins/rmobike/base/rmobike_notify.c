/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_notify.h"

#include <sys/socket.h>

/**
 * Lengths of the two kinds of addresses.
 */
#define IPV4_LEN 4
#define IPV6_LEN 16

/**
 * Notification data of the capability, 'R' in ASCII.
 */
static u_char capability[] = { 0x52 };

/*
 * Described in header
 */
chunk_t rmobike_notify_capability(void)
{
	return chunk_from_thing(capability);
}

/*
 * Described in header
 */
bool rmobike_notify_is_capability(chunk_t data)
{
	return chunk_equals(data, rmobike_notify_capability());
}

/**
 * Say what is wrong with a SWITCH_TO_IP_ADDRESS notify, NULL if nothing.
 */
static const char *check_switch(bool has_spi, chunk_t data)
{
	if (has_spi)
	{
		return "has an SPI, expected none";
	}
	if (data.len != IPV4_LEN && data.len != IPV6_LEN)
	{
		return "has no address of 4 or 16 octets";
	}
	return NULL;
}

/*
 * Described in header
 */
host_t *rmobike_notify_parse_switch(bool has_spi, chunk_t data, uint16_t port,
									const char **why)
{
	const char *flaw;

	flaw = check_switch(has_spi, data);
	if (flaw)
	{
		if (why)
		{
			*why = flaw;
		}
		return NULL;
	}
	return host_create_from_chunk(AF_UNSPEC, data, port);
}
