#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Everything that administrators and programs can use is documented, and nothing
# else is: options of the plugin with their defaults, its commands and events on
# vici, each with its own keys, options of the command rmobike. What is made from
# the options' description is up to date, and the command sends what is taken.
#
# RMOBIKE is the command, by default the one that was built in this tree.

import os
import re
import subprocess
import sys

from complaints import TOP, complain, files, read, report

OPT = "conf/plugins/rmobike.opt"
DESCRIBE = "conf/options.py"
OPTIONS = "docs/options.md"
MAN = "docs/rmobike.8"
VICI = "docs/vici.md"
COMMAND = "src/rmobike/*.[ch]"
COMPLETION = "src/rmobike/rmobike.bash"
PLUGIN = "src/libcharon/plugins/rmobike/**/*.[ch]"
OPERATOR = "src/libcharon/plugins/rmobike/operator/rmobike_[cv]*.c"
TESTS = "src/libcharon/tests/units/test_options.c"

RMOBIKE = os.environ.get("RMOBIKE",
						 os.path.join(TOP, "src/rmobike/rmobike"))


def read_code(pattern):
	"""C code of several files without comments, adjacent strings joined"""
	code = "\n".join(read(file) for file in files(pattern))
	for name, text in re.findall(r'^#define (\w+) (".*")$', code, re.M):
		code = re.sub(r"\b%s\b" % name, lambda found: text, code)
	code = re.sub(r'("(?:\\.|[^"\\])*"|\'\\?.\')|/\*.*?\*/',
				  lambda found: found[1] or " ", code, flags=re.S)
	return re.sub(r'(?<!\\)"\s+"', "", code)


def between(text, start, end, where):
	"""What is between two patterns, or all that follows the first one"""
	found = re.search(start + "(.*?)(?:" + end + r"|\Z)", text, re.S | re.M)
	if not found:
		complain("%s: there is nothing that looks like %r" % (where, start))
		return ""
	return found[1]


def compare(where, what, documented, existing, optional=False):
	"""Complain about what is on one side only"""
	if not existing and not optional:
		complain("no %s found in the code" % what)
	for name in sorted(set(existing) - set(documented)):
		complain("%s: %s '%s' is not documented" % (where, what, name))
	for name in sorted(set(documented) - set(existing)):
		complain("%s: %s '%s' does not exist" % (where, what, name))


# -- options of the plugin ---------------------------------------------------

def plain(name):
	"""Name of an option, placeholders made the same"""
	return re.sub(r"<\w+>|%s", "<>", name)


def options_in_code():
	"""All options, by the names that they have in OPT"""
	code = read_code(PLUGIN)
	table = between(code, r"option_t options\[\] = \{", r"^\};", PLUGIN)
	rows = re.findall(r'\{ "(\w+)", "[^"]*", (TRUE|FALSE), \w+ \}', table)
	names = {key for key, connection in rows} | {"connections.<>.name"}
	names |= {"connections.<>." + key for key, connection in rows
			  if connection == "TRUE"}
	table = between(code, r"option_t cluster_options\[\] = \{", r"^\};", PLUGIN)
	names |= {"cluster." + key for key in re.findall(r'\{ "(\w+)", ', table)}
	# read by other means than these tables
	return names | {plain(name) for name in re.findall(
		r'get_\w+\([^"]*"%s\.plugins\.rmobike\.([\w.%]+)"', code)
		if not name.endswith("%s")}


def defaults_in_tests():
	"""Defaults, which has_defaults compares with those of the code"""
	table = between(read_code(TESTS), r"\bdefaults\[\] = \{", r"^\};", TESTS)
	return dict(re.findall(r'\{ "(\w+)",\s+"([^"]*)",\s+"', table))


def same_default(documented, tested):
	"""Tests have times in milliseconds, and of lists how long they are"""
	if documented == tested or (not documented and tested == "0"):
		return True
	try:
		return float(documented) * 1000 == float(tested)
	except ValueError:
		return False


def check_options():
	documented = {plain(name): default.strip() for name, default in re.findall(
		r"^charon\.plugins\.rmobike\.(\S+) :?=(.*)$", read(OPT), re.M)}
	compare(OPT, "option", documented, options_in_code())
	defaults = defaults_in_tests()
	compare(TESTS, "default of option", defaults,
			{name for name in documented if "." not in name})
	for name, default in defaults.items():
		if not same_default(documented.get(name, default), default):
			complain("%s: default of '%s' is not '%s'" %
					 (OPT, name, documented[name]))
	current = subprocess.run(
		[sys.executable, os.path.join(TOP, DESCRIBE), "markdown",
		 os.path.join(TOP, OPT), os.path.join(TOP, OPTIONS)],
		stdout=subprocess.PIPE, check=True).stdout.decode()
	if current != read(OPTIONS):
		complain("%s is older than %s, run: make -C docs options" %
				 (OPTIONS, OPT))
	return len(documented)


# -- commands, events and keys on vici ---------------------------------------

def messages_in_vici():
	"""Of each command, as "name()", and event: keys of the request, and those of
	the reply or event"""
	messages = {}
	for name, text in re.findall(r"^### (\S+) .*?$(.*?)(?=^##|\Z)", read(VICI),
								 re.S | re.M):
		message = between(text, r"^\t\{", r"^\t\}\n", VICI)
		request, _, reply = message.rpartition("} => {")
		messages[name] = [set(re.findall(r"^\s+([a-z][\w-]*) = ", part, re.M))
						  for part in (request, reply)]
	return messages


def functions(code):
	"""Bodies of the functions in C code"""
	return dict(re.findall(r"\b(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", code,
						   re.S | re.M))


def reached(name, bodies):
	"""Code of a function and of all that it calls"""
	found, todo = set(), {name}
	while todo:
		found |= todo
		todo = {other for other in bodies
				if any(re.search(r"\b%s\b" % other, bodies[f]) for f in todo)}
		todo -= found
	return "\n".join(bodies[f] for f in sorted(found))


def names_in_enum(code, name):
	return re.findall(r'"([\w-]+)"', between(code, r"ENUM\(%s," % name, r"\)",
										   PLUGIN))


def compare_loosely(where, what, documented, used, code):
	"""As some names are not written where they are used: what is documented
	has to be a string in the code"""
	literals = set(re.findall(r'"((?:\\.|[^"\\])*)"', code))
	compare(where, what, documented,
			set(used) | (set(documented) & literals))


def keys_read(body, code):
	"""Keys that a command takes: those of its table if it has one"""
	table = re.search(r"\b(\w+_keys)\b", body)
	if table:
		return re.findall(r'"([\w-]+)"', between(
			code, r"\b%s\[\] = \{" % table[1], r"\}", OPERATOR))
	return re.findall(r'request->get_\w+\([^";]*"([\w-]+)"\)', body)


def keys_written(body, code):
	"""Keys of replies and events, as far as they are names"""
	keys = set(re.findall(
		r'(?:add_kv|begin_section|begin_list|add_\w+)\((?:\w+, )?builder, '
		r'"([\w-]+)"', body))
	for names in re.findall(r"add_kv\(builder, enum_to_name\((\w+)", body):
		keys |= set(names_in_enum(code, names))
	return keys


def check_vici():
	code = read_code(PLUGIN)
	bodies = functions(read_code(OPERATOR))
	senders = {name + "()": callback for name, callback in re.findall(
		r'\{ "([\w-]+)", (rmobike_command_\w+) \}', code)}
	for name, body in bodies.items():
		senders.update((event, name) for event in re.findall(
			r'raise_event\([^";]*"([\w-]+)"', body))

	messages = messages_in_vici()
	compare(VICI, "command or event", messages, senders)
	for name in sorted(set(messages) & set(senders)):
		body = reached(senders[name], bodies)
		request, reply = messages[name]
		compare(VICI, "key of %s" % name, request,
				keys_read(bodies[senders[name]], code), optional=True)
		compare_loosely(VICI, "key that %s tells" % name, reply,
						keys_written(body, code), body)
	return len(senders)


def check_outcomes():
	"""States of switches, and the reasons that go with them"""
	code = read_code(PLUGIN)
	text = between(read(VICI), r"^## State, reason and time$", r"^## ", VICI)

	states = between(text, r"^\| state \| meaning \|$", r"\n\n", VICI)
	compare(VICI, "state", re.findall(r"^\| ([a-z]\w*) \|", states, re.M),
			names_in_enum(code, "rmobike_state_names"))

	reasons = set(re.findall(
		r'\b(?:finish|end|skip|cancel_items)\([^;"]*"([^"]+)"\)', code))
	reasons |= set(re.findall(r'\bwhy = "([^"]+)"', code))
	refuses = between(code, r"rmobike_ike_sa_refuses\([^)]*\)\n\{",
					  r"^\}", PLUGIN)
	reasons |= set(re.findall(r'return "([^"]+)"', refuses))
	table = between(text, r"^\| state \| reason \|$", r"\n\n", VICI)
	compare_loosely(VICI, "reason",
					re.findall(r"^\| [a-z]\w* \| (.*) \|$", table, re.M),
					reasons, code)


# -- options of the command --------------------------------------------------

def help_of(*command):
	return subprocess.run([RMOBIKE, *command, "--help"], stdout=subprocess.PIPE,
						  check=True).stdout.decode()


def requests_of_command():
	"""Keys that the command sends, by what it calls on vici"""
	code = read_code(COMMAND)
	moving = between(code, r"#define MOVE_OPTIONS \\\n", r"[^\\]\n", COMMAND)
	table = between(code, r"command_t commands\[\] = \{", r"^\};", COMMAND)
	table = re.sub(r"\bMOVE_OPTIONS\b", lambda found: moving, table)
	requests = {}
	for row in table.split(".name = ")[1:]:
		keys = {name for name, local in re.findall(
			r"\{ \"([\w-]+)\",\s+'\w',\s+(?:NULL|\"\w+\"),\s+"
			r'"[^"]*"(,\s+true)?', row) if not local}
		keys |= {"address"} if ".value = " in row else set()
		keys |= {"tag"} if ".call = move_call" in row else set()
		if ".call = monitor_call" not in row:
			name = between(row, r'\.vici = "', '"', COMMAND)
			requests[name] = requests.get(name, set()) | keys
	return requests


def check_requests():
	"""The command can ask for all that can be asked for on vici, and for nothing
	else; pages of lists are its own business"""
	sent = requests_of_command()
	for name, (documented, _) in sorted(messages_in_vici().items()):
		if name.endswith("()") and name != "rmobike-status()":
			for key in sorted(documented ^ sent.get(name[:-2], set())):
				complain("src/rmobike: no option is '%s' of %s" % (key, name)
						 if key in documented else
						 "src/rmobike: %s has no '%s'" % (name, key))


def check_command():
	commands = re.findall(r"^  rmobike (--[\w-]+) +\((-\w)\)", help_of(), re.M)
	options = {"%s, %s" % command for command in commands}
	for command, short in commands:
		if command in ("--help", "--version"):
			continue
		options |= {"%s, %s%s" % (name, op, value and " VALUE")
					for name, value, op in re.findall(
						r"^  (--[\w-]+) +([A-Z]*) +\((-\w)\)",
						help_of(command), re.M)}

	found = re.findall(
		r'^\.BR \\-(\w) ", " \\-\\-([\w\\-]+)( " \\fI\w+\\fR")?$',
		read(MAN), re.M)
	documented = {"--%s, -%s%s" % (name.replace("\\", ""), op,
								   " VALUE" if value else "")
				  for op, name, value in found}
	compare(MAN, "option or command", documented, options)
	compare(COMPLETION, "option or command",
			re.findall(r"--[a-z][\w-]*", read(COMPLETION)),
			{option.partition(",")[0] for option in options})
	return len(options)


def main():
	counts = check_options(), check_vici(), check_command()
	check_outcomes()
	check_requests()
	return report("%d options, %d commands and events, %d options of the command "
				  "are documented" % counts)


if __name__ == "__main__":
	sys.exit(main())
