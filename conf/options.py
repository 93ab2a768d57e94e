#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Describes the plugin's options wherever somebody looks for them. They are
# written once, in plugins/rmobike.opt, as strongSwan writes down those of its
# own plugins (its conf/format-options.py tells how).
#
#   options.py man OPT FILE        options with their long descriptions, for man
#   options.py markdown OPT FILE   tables of the short ones
#
# Prints FILE. The man page has them instead of the line @OPTIONS@, Markdown
# between two comments, so that it can be committed.

import re
import sys
import textwrap

PREFIX = "charon.plugins.rmobike."
CONNECTION = "connections.<conn>."
TITLES = (
	("initiator", "The client's (the initiator of the IKE_SA)"),
	("responder", "The gateway's (the responder)"),
	(None, "Of both"),
)


class Option:
	"""default is None for sections"""
	def __init__(self, name, default):
		self.name = name[len(PREFIX):]
		self.default = default
		self.paragraphs = [[]]

	def text(self):
		"""Paragraphs, the first one is the short description"""
		return [" ".join(lines) for lines in self.paragraphs if lines]

	def role(self):
		"""Whose option it is, and the short description without that"""
		short = self.text()[0]
		found = re.match(r"As (initiator|responder), (.)(.*)", short)
		return ((found[1], found[2].upper() + found[3]) if found
				else (None, short))


def parse(path):
	options = []
	with open(path, encoding="utf-8") as file:
		for line in file:
			line = line.rstrip()
			found = re.match(r"(\S+) (?:\{.*\}|:?=(.*))$", line)
			if found:
				default = None if found[2] is None else found[2].strip()
				options.append(Option(found[1], default))
			elif not line:
				options[-1].paragraphs.append([])
			elif line[0] == "\t":
				options[-1].paragraphs[-1].append(line.strip())
			elif line[0] != "#":
				sys.exit("%s: what is '%s'?" % (path, line))
	return options


def marked(text, bold, italic):
	"""Replace the marks of **bold** and _italic_ text"""
	text = re.sub(r"\*\*(.+?)\*\*", bold, text)
	return re.sub(r"(?<!\w)_(.+?)_(?!\w)", italic, text)


def man(options):
	for option in options:
		# without a value, as an empty one is something else
		value = " [%s]" % option.default if option.default else ""
		yield ".TP"
		yield '.BR "%s" "%s"' % (option.name.replace("-", r"\-"),
								 value.replace("-", r"\-"))
		paragraphs = option.text()
		for number, paragraph in enumerate(paragraphs[1:] or paragraphs):
			if number:
				yield ".IP"
			text = paragraph.replace("\\", r"\e").replace("-", r"\-")
			text = marked(text, r"\\fB\1\\fR", r"\\fI\1\\fR")
			for line in textwrap.wrap(text, 80, break_long_words=False,
									  break_on_hyphens=False):
				yield r"\&" + line if line[0] in ".'" else line


def markdown(options):
	own = {option.name[len(CONNECTION):] for option in options
		   if option.name.startswith(CONNECTION)}
	rows = [option for option in options if option.default is not None
			and not option.name.startswith(CONNECTION)]
	for role, title in TITLES:
		yield "## %s" % title
		yield ""
		yield "| option | default | per connection | meaning |"
		yield "|---|---|---|---|"
		for option in rows:
			whose, text = option.role()
			if whose == role:
				yield "| `%s` | %s | %s | %s |" % (
					option.name, option.default and "`%s`" % option.default,
					"yes" if option.name in own else "",
					marked(text, r"`\1`", r"`\1`"))
		yield ""


def main():
	if len(sys.argv) != 4 or sys.argv[1] not in ("man", "markdown"):
		sys.exit("usage: options.py man|markdown OPT FILE")
	kind, opt, path = sys.argv[1:]
	with open(path, encoding="utf-8") as file:
		text = file.read()
	if kind == "man":
		pattern, lines = r"(?m)()^@OPTIONS@\n()", man(parse(opt))
	else:
		pattern = r"(?s)(<!-- from .*? -->\n\n).*?(<!-- end -->\n)"
		lines = markdown(parse(opt))
	block = "".join(line + "\n" for line in lines)
	text, count = re.subn(pattern, lambda found: found[1] + block + found[2],
						  text)
	if count != 1:
		sys.exit("%s: no place for the options" % path)
	sys.stdout.write(text)


if __name__ == "__main__":
	main()
