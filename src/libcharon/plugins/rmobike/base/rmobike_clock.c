/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "base/rmobike_clock.h"

/*
 * Described in header
 */
uint64_t rmobike_clock_now(void)
{
	timeval_t tv;

	time_monotonic(&tv);
	return (uint64_t)tv.tv_sec * 1000 + tv.tv_usec / 1000;
}

/*
 * Described in header
 */
u_int rmobike_clock_turn(uint64_t *last, uint64_t now, u_int ms, u_int apart)
{
	*last = *last ? max(now + ms, *last + apart) : now + ms;
	return *last - now;
}
