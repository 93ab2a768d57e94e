#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The ledger of requirements says which test shows each of them, and which one
# shows that the violation is refused. Tests say so themselves, in front of
# START_TEST() or as a comment of a live test:
#
#   /* REQ: R-3, MOBIKE-3.7-1 */      # REQ: R-3
#   /* REFUSED: R-4 */                # REFUSED: R-4
#
# This complains if the ledger says anything else, or has an empty cell; and
# writes those two columns anew with the option --write. A cell that no test can
# fill has the reason instead, in parentheses.

import os
import re
import sys

from complaints import TOP, complain, files, read, report

LEDGER = "docs/requirements.md"
SUITES = "src/libcharon/tests/*/*.c"
LIVE = "testing/live/*"
CODE = "src/libcharon/plugins/rmobike/"
TAGS = ("REQ", "REFUSED")


def add(shown, tag, ids, where):
	for name in re.split(r",\s*", ids.strip()):
		shown.setdefault((tag, name), []).append("`%s`" % where)


def tags_of_suite(path, shown):
	"""Tags in front of tests, which have to be run as well"""
	text = read(path)
	for tags, name in re.findall(
			r"((?:/\* (?:%s): [^*]*\*/\s*)+)START_TEST\((\w+)\)"
			% "|".join(TAGS), text):
		if not re.search(r"tcase_add_\w+\([^;]*\b%s\b" % name, text):
			complain("%s: %s has tags, but is not run" % (path, name))
		for tag, ids in re.findall(r"/\* (\w+): ([^*]*?)\s*\*/", tags):
			add(shown, tag, ids, name)
	count = len(re.findall(r"/\* (?:%s): " % "|".join(TAGS), text))
	if count != sum(len(re.findall(r"/\* (?:%s): " % "|".join(TAGS), tags))
					for tags in re.findall(
						r"(?:/\* (?:%s): [^*]*\*/\s*)+(?=START_TEST)"
						% "|".join(TAGS), text)):
		complain("%s: there is a tag without a test" % path)


def tags():
	"""What tests say: names of tests by (tag, requirement)"""
	shown = {}
	for path in files(SUITES):
		tags_of_suite(path, shown)
	for path in files(LIVE):
		for tag, ids in re.findall(r"^# (%s): (.*)$" % "|".join(TAGS),
								   read(path), re.M):
			add(shown, tag, ids, os.path.basename(path))
	return shown


def check_code(name, where):
	"""Files that a row names exist, as PATH:WORD they have that word"""
	for part in re.findall(r"`([^`]+)`", where):
		path, _, word = part.partition(":")
		if not os.path.exists(os.path.join(TOP, CODE, path)):
			complain("%s: %s: there is no %s" % (LEDGER, name, path))
		elif word and not re.search(r"\b%s\b" % word, read(CODE + path)):
			complain("%s: %s: %s has no %s" % (LEDGER, name, path, word))
	if not where:
		complain("%s: %s: no word on where it is" % (LEDGER, name))


def cell(name, tag, shown, old):
	"""What a cell has to be"""
	tests = shown.get((tag, name))
	if tests:
		return ", ".join(tests)
	if re.fullmatch(r"\(.+\)", old):
		return old
	complain("%s: no test says '%s: %s'" % (LEDGER, tag, name))
	return old


def main():
	shown, names, lines = tags(), set(), []
	for line in read(LEDGER).splitlines():
		row = [cell.strip() for cell in line.split("|")[1:-1]]
		if len(row) == 5 and re.fullmatch(r"[A-Z][\w.-]*\d", row[0]):
			name, text, where, good, bad = row
			if name in names:
				complain("%s: %s is there twice" % (LEDGER, name))
			names.add(name)
			check_code(name, where)
			cells = [cell(name, tag, shown, old)
					 for tag, old in zip(TAGS, (good, bad))]
			line = "| %s |" % " | ".join([name, text, where] + cells)
		lines.append(line)
	for tag, name in sorted(shown):
		if name not in names:
			complain("%s: tests have '%s: %s', which is not in it"
					 % (LEDGER, tag, name))
	made = "\n".join(lines) + "\n"
	if "--write" in sys.argv[1:]:
		with open(os.path.join(TOP, LEDGER), "w", encoding="utf-8") as file:
			file.write(made)
	elif made != read(LEDGER):
		complain("%s: is not what the tests say, run "
				 "docs/check_requirements.py --write" % LEDGER)
	if not names:
		complain("%s: no requirements found" % LEDGER)
	return report("%d requirements, each with a test or the reason why not"
				  % len(names))


if __name__ == "__main__":
	sys.exit(main())
