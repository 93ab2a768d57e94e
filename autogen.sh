#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Generate ./configure and the Makefile.in files.

set -eu
cd "$(dirname "$0")"

for tool in autoreconf automake libtoolize pkg-config
do
	command -v "$tool" >/dev/null || {
		echo "autogen.sh: $tool not found, run scripts/install-deps (or:" \
			"apt-get install autoconf automake libtool pkg-config)" >&2
		exit 1
	}
done

exec autoreconf --install --force
