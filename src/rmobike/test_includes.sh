#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
#
# No part of the tool, that is x.c and x.h, includes itself by way of others.
# Names those that do.

cd "$(dirname "$0")" || exit 99
for file in *.[ch]
do
	part=${file%.[ch]}
	sed -n 's/^#include "\(.*\)\.h"$/\1/p' "$file" | grep -vx "$part" |
		sed "s/^/$part /"
done | grep ' ' | tsort >/dev/null
