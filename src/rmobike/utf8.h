/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/**
 * @defgroup rmobike_utf8 utf8
 * @{ @ingroup rmobike
 */

#ifndef UTF8_H_
#define UTF8_H_

#include <stddef.h>
#include <stdint.h>

/** what stands for octets that are not valid */
#define UTF8_INVALID 0xfffd

/**
 * Get the next character of a text.
 *
 * @param pos			its first octet, moved behind it
 * @param end			end of the text, behind pos
 * @return				character, UTF8_INVALID for an octet that begins none
 */
static inline uint32_t utf8_next(const uint8_t **pos, const uint8_t *end)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const uint8_t *next = *pos + 1;
	uint32_t c = **pos;
	size_t more, i;

	*pos = next;
	if (c < 0x80)
	{
		return c;
	}
	more = (c >= 0xc2) + (c >= 0xe0) + (c >= 0xf0);
	if (!more || c > 0xf4 || (size_t)(end - next) < more)
	{
		return UTF8_INVALID;
	}
	c &= 0x3f >> more;
	for (i = 0; i < more; i++)
	{
		if ((next[i] & 0xc0) != 0x80)
		{
			return UTF8_INVALID;
		}
		c = c << 6 | (next[i] & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
	{
		return UTF8_INVALID;
	}
	*pos = next + more;
	return c;
}

#endif /** UTF8_H_ @}*/
