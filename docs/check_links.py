#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Links from our documents to each other, and to their sections, lead somewhere.

import os
import re
import sys

from complaints import TOP, complain, files, read, report


def anchors(path):
	"""Names that sections of a document have in links"""
	return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
			for title in re.findall(r"^#+ (.*)$", read(path), re.M)}


def main():
	count = 0
	for path in files("*.md") + files("docs/*.md"):
		for link in re.findall(r"\]\(([^):]+)\)", read(path)):
			name, _, anchor = link.partition("#")
			file = os.path.normpath(os.path.join(os.path.dirname(path), name)) \
				if name else path
			if not os.path.isdir(os.path.join(TOP, os.path.dirname(file))):
				continue	# debian, which is not in tarballs
			count += 1
			if not os.path.exists(os.path.join(TOP, file)) or (
					anchor and anchor not in anchors(file)):
				complain("%s: there is no %s" % (path, link))
	if not count:
		complain("no links found")
	return report("%d links, none is broken" % count)


if __name__ == "__main__":
	sys.exit(main())
