#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Links from our documents to each other, and to their sections, lead somewhere.

import glob
import os
import re
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def read(path):
	with open(path, encoding="utf-8") as file:
		return file.read()


def anchors(path):
	"""Names that sections of a document have in links"""
	return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
			for title in re.findall(r"^#+ (.*)$", read(path), re.M)}


def main():
	broken, count = 0, 0
	for path in sorted(glob.glob(os.path.join(TOP, "*.md")) +
					   glob.glob(os.path.join(TOP, "docs", "*.md"))):
		for link in re.findall(r"\]\(([^):]+)\)", read(path)):
			name, _, anchor = link.partition("#")
			file = os.path.join(os.path.dirname(path), name) if name else path
			if not os.path.isdir(os.path.dirname(os.path.abspath(file))):
				continue	# debian, which is not in tarballs
			count += 1
			if not os.path.exists(file) or (
					anchor and anchor not in anchors(file)):
				print("%s: there is no %s" % (os.path.relpath(path, TOP), link))
				broken += 1
	print("%d links, %d broken" % (count, broken))
	return 1 if broken or not count else 0


if __name__ == "__main__":
	sys.exit(main())
