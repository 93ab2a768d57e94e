#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The map of the rooms in docs/design.md is the one of the sources: it names all
# rooms, and a room includes only what is below it.
#
#   check_design.py [MAP [SOURCES]]
#
# Lines of the block after "Arrows point down only" are
#
#   a, b -> c -> d     a and b may include c and d, and what these may include
#   * -> a             all others may include a
#   a <-> b            two that include each other
#
# with comments behind two spaces.

import glob
import os
import re
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
MAP = "docs/design.md"


def read(path):
	with open(path, encoding="utf-8") as file:
		return file.read()


def read_includes(sources):
	"""Rooms, and which ones they include. A room has the name of its header,
	what has none of its own belongs to the one with a similar name that it
	includes."""
	files = glob.glob(os.path.join(sources, "**", "rmobike_*.[ch]"),
					  recursive=True)
	names = {file: os.path.basename(file)[len("rmobike_"):-2] for file in files}
	includes = {names[file]: set() for file in files if file.endswith(".h")}
	for file in files:
		found = re.findall(r'^#include "(?:\w+/)*rmobike_(\w+)\.h"', read(file),
						   re.M)
		room = names[file]
		if room not in includes:
			room = max(found, key=lambda other: len(os.path.commonprefix(
				[other, room])))
		includes[room] |= set(found) - {room}
	return includes


def read_map(text):
	"""Rooms that are described, arrows, those for all, and allowed circles"""
	rooms = set(re.findall(r"^ {4,}rmobike_(\w+) ", text, re.M))
	arrows, common, circles = set(), set(), set()
	block = re.search(r"Arrows point down only.*?\n\n(.*?)\n\n", text, re.S)
	for line in block[1].splitlines():
		line = re.sub(r"(?<=\S)  .*", "", line.strip())
		first, both, second = line.partition(" <-> ")
		if both:
			circles |= {(first, second), (second, first)}
			continue
		chain = [part.split(", ") for part in line.split(" -> ")]
		for above, below in zip(chain, chain[1:]):
			if above == ["*"]:
				common |= set(below)
			else:
				arrows |= {(a, b) for a in above for b in below}
	return rooms, arrows, common, circles


def reachable(room, arrows):
	found, todo = set(), {room}
	while todo:
		below = {b for a, b in arrows if a in todo}
		todo = below - found
		found |= below
	return found


def main():
	path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(TOP, MAP)
	includes = read_includes(sys.argv[2] if len(sys.argv) > 2 else
							 os.path.join(TOP, "src/libcharon/plugins/rmobike"))
	rooms, arrows, common, circles = read_map(read(path))
	pairs = {(a, b) for a, found in includes.items() for b in found}
	complaints = []

	for room in sorted(set(includes) ^ rooms):
		complaints.append("rmobike_%s %s" % (
			room, "does not exist" if room in rooms else "is not described"))
	for a, b in sorted(pairs - circles):
		if b not in common and b not in reachable(a, arrows):
			complaints.append("no arrow leads from %s to %s, which it includes"
							  % (a, b))
	for a, b in sorted((arrows | circles) - pairs):
		complaints.append("%s does not include %s as the map says" % (a, b))
	if not complaints:
		complaints = ["%s and %s are on a circle" % (a, b)
					  for a, b in sorted(pairs - circles)
					  if a in reachable(b, pairs - circles)]

	for complaint in complaints:
		print("%s: %s" % (MAP, complaint))
	if not complaints:
		print("%d rooms, %d includes, all on the map" %
			  (len(includes), len(pairs)))
	return 1 if complaints else 0


if __name__ == "__main__":
	sys.exit(main())
