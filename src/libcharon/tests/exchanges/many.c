/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "many.h"

/*
 * Described in header
 */
void many_initiate(u_int count)
{
	while (count--)
	{
		world_initiate();
		world_run(100);
	}
	world_run(1000);
}

/*
 * Described in header
 */
void many_establish(u_int count, world_conf_t conf)
{
	world_create(conf);
	many_initiate(count);
	world_mark();
}
