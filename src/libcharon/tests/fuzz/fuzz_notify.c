/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include <library.h>

#include "base/rmobike_notify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/**
 * The first octet says if there is an SPI.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *why = NULL;
	chunk_t payload;
	host_t *host;

	if (len < 1)
	{
		return 0;
	}
	payload = chunk_create((u_char*)data + 1, len - 1);
	if (rmobike_notify_is_capability(payload) && *payload.ptr != 'R')
	{
		abort();
	}
	host = rmobike_notify_parse_switch(data[0], payload, 500, &why);
	if (!host == !why ||
		(host && !chunk_equals(host->get_address(host), payload)))
	{
		abort();
	}
	DESTROY_IF(host);
	return 0;
}
