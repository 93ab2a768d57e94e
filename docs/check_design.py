#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The map of the rooms in docs/design.md is the one of the sources: it names all
# rooms, where they are, and a room includes only what it may.
#
#   check_design.py [MAP [SOURCES]]
#
# Folders are floors, in the order of the block after "of the floors below it",
# those separated by commas are on the same one and don't know each other. Lines of
# the block after "what it can reach by arrows" are
#
#   a, b -> c -> d     a and b may include c and d, and what these may include
#   * -> a             all others may include a
#
# with comments behind two spaces.

import glob
import os
import re
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
MAP = "docs/design.md"
FLOORS_MAX = 8


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
	"""Rooms that are described, arrows, and those for all"""
	rooms = set(re.findall(r"^ {4,}rmobike_(\w+) ", text, re.M))
	arrows, common = set(), set()
	block = re.search(r"what it can reach by arrows.*?\n\n(.*?)\n\n", text, re.S)
	for line in block[1].splitlines():
		line = re.sub(r"(?<=\S)  .*", "", line.strip())
		chain = [part.split(", ") for part in line.split(" -> ")]
		for above, below in zip(chain, chain[1:]):
			if above == ["*"]:
				common |= set(below)
			else:
				arrows |= {(a, b) for a in above for b in below}
	return rooms, arrows, common


def read_floors(text):
	"""Floor of each folder, counted from above, and the folder that each room is
	said to be in"""
	block = re.search(r"of the floors below it:\n\n    (.*?)\n\n", text, re.S)
	floors, folder, said = {}, None, {}
	for number, names in enumerate(block[1].split(" -> ")):
		floors.update((name, number) for name in names.split(", "))
	for line in text[:block.start()].splitlines():
		match = re.match(r"    ([\w.]+)/( |$)", line)
		folder = match[1] if match else folder
		match = re.match(r"      rmobike_(\w+) ", line)
		if match:
			said[match[1]] = folder
	return floors, said


def read_folders(sources):
	"""Folder that each room is in"""
	return {os.path.basename(file)[len("rmobike_"):-2]:
			os.path.relpath(os.path.dirname(file), sources)
			for file in glob.glob(os.path.join(sources, "**", "rmobike_*.h"),
								  recursive=True)}


def check_floors(text, sources, pairs, common):
	"""Complaints about rooms that are elsewhere, or include what is above them"""
	floors, said = read_floors(text)
	folders = read_folders(sources)
	for room, folder in sorted(folders.items()):
		if said.get(room) != folder:
			yield "rmobike_%s is in %s" % (room, folder)
		if folder not in floors:
			yield "%s is no floor" % folder
	for a, b in sorted(pairs):
		above, below = folders[a], folders[b]
		if b not in common and above != below and \
				floors.get(above, 0) >= floors.get(below, 0):
			yield "%s in %s includes %s, which is in %s" % (a, above, b, below)
	if len(set(floors.values())) > FLOORS_MAX:
		yield "%d floors" % len(set(floors.values()))


def reachable(room, arrows):
	found, todo = set(), {room}
	while todo:
		below = {b for a, b in arrows if a in todo}
		todo = below - found
		found |= below
	return found


def main():
	text = read(sys.argv[1] if len(sys.argv) > 1 else os.path.join(TOP, MAP))
	sources = sys.argv[2] if len(sys.argv) > 2 else \
		os.path.join(TOP, "src/libcharon/plugins/rmobike")
	includes = read_includes(sources)
	rooms, arrows, common = read_map(text)
	pairs = {(a, b) for a, found in includes.items() for b in found}
	complaints = list(check_floors(text, sources, pairs, common))

	for room in sorted(set(includes) ^ rooms):
		complaints.append("rmobike_%s %s" % (
			room, "does not exist" if room in rooms else "is not described"))
	for a, b in sorted(pairs):
		if b not in common and b not in reachable(a, arrows):
			complaints.append("no arrow leads from %s to %s, which it includes"
							  % (a, b))
	for a, b in sorted(arrows - pairs):
		complaints.append("%s does not include %s as the map says" % (a, b))
	if not complaints:
		complaints = ["%s and %s are on a circle" % (a, b)
					  for a, b in sorted(pairs)
					  if a in reachable(b, pairs)]

	for complaint in complaints:
		print("%s: %s" % (MAP, complaint))
	if not complaints:
		print("%d rooms, %d includes, all on the map" %
			  (len(includes), len(pairs)))
	return 1 if complaints else 0


if __name__ == "__main__":
	sys.exit(main())
