/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include <library.h>

#include "base/rmobike_dialect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/**
 * What is translated is a message of that version, and stays as it is when it
 * is translated again.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	chunk_t message, again;
	const char *why;
	u_int version;

	for (version = 2; version <= 6; version++)
	{
		why = NULL;
		message = rmobike_dialect_translate(chunk_create((u_char*)data, len),
											version, &why);
		if (!message.len != !!why || message.len > len)
		{
			abort();
		}
		if (message.len)
		{
			again = rmobike_dialect_translate(message, version, &why);
			if (*message.ptr != version || !chunk_equals(message, again))
			{
				abort();
			}
			chunk_free(&again);
		}
		chunk_free(&message);
	}
	return 0;
}
