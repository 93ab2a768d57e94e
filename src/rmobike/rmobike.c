/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 * Copyright (C) 2026 The rmobike authors
 */

#include "command.h"

int main(int argc, char *argv[])
{
	return command_dispatch(argc, argv);
}
