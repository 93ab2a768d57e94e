# SPDX-License-Identifier: GPL-2.0-or-later
"""What checks of this tree have in common: its files, and what is wrong with them."""

import glob
import os

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")

complaints = []


def complain(text):
	complaints.append(text)


def files(pattern):
	"""Paths below the top, as all of those here"""
	return sorted(os.path.relpath(path, TOP) for path in glob.glob(
		os.path.join(TOP, pattern), recursive=True))


def read(path):
	with open(os.path.join(TOP, path), encoding="utf-8") as file:
		return file.read()


def report(fine):
	"""Print the complaints, or that it is fine. The exit status of the program."""
	print("\n".join(complaints or [fine]))
	return 1 if complaints else 0
