/* SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

/*
 * An IKE_SA that is switched to and fro, for those who count what that costs.
 *
 *   switches NUMBER | --version
 *
 * Both ends are in this process, there is no kernel and the time is not real.
 */

#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Described in header
 */
void world_failed(const char *file, int line, const char *why)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, why);
	_exit(EXIT_FAILURE);
}

int main(int argc, char *argv[])
{
	int i, count;

	if (argc == 2 && streq(argv[1], "--version"))
	{
		printf("%s\n", VERSION);
		return EXIT_SUCCESS;
	}
	count = argc == 2 ? atoi(argv[1]) : 0;
	if (count < 1)
	{
		fprintf(stderr, "usage: %s NUMBER | --version\n", argv[0]);
		return EXIT_FAILURE;
	}
	world_establish(.nat = TRUE, .new_kernel = TRUE, .settings =
					"plugins { rmobike { max_switches = 0 } }");
	for (i = 0; i < count; i++)
	{
		world_switch(i % 2 ? OLD : NEW);
		/* whatever waits for what does not happen has found out */
		world_run(20000);
		world_forget();
	}
	assert_at(count % 2 ? NEW : OLD);
	world_destroy();
	return EXIT_SUCCESS;
}
