# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: bench.py DIR FEW MANY JSON CASE...: what testing/bench counted for each
# IKE_SA, from what callgrind and strace left in DIR. Prints tables, writes all to the
# file JSON unless that is empty.

import collections
import json
import os
import re
import sys

# Answered without a system call where time does not stand still (vDSO)
CLOCKS = {"clock_gettime", "gettimeofday", "time"}
SHOWN = ("futex", "write", "sendmsg", "recvmsg", "openat")

CALL = re.compile(r"\d+ +(<\.\.\. )?(\w+)( resumed>|\()")
DONE = re.compile(r"\) += (\d+)$")


def profile(path):
	"""Instructions by the library or program that they are in"""
	objects, names, now, skip = collections.Counter(), {}, "", False
	with open(path, encoding="utf-8", errors="replace") as file:
		for line in file:
			if line.startswith("ob="):
				number, _, name = line[3:].strip().partition(" ")
				if name:
					names[number] = os.path.basename(name)
				now = names[number]
			elif line.startswith("cob="):
				number, _, name = line[4:].strip().partition(" ")
				if name:
					names[number] = os.path.basename(name)
			elif line.startswith("calls="):
				skip = True
			elif line[0].isdigit() or line[0] in "+-*":
				if not skip:
					objects[now] += int(line.split()[1])
				skip = False
	return objects


def floor(path):
	"""Instructions of what no switch can do without: sums and ciphers, and what the
	plugin asks the kernel for"""
	found, names = collections.Counter(), {}
	crypto = kernel = called = False
	with open(path, encoding="utf-8", errors="replace") as file:
		for line in file:
			kind, _, what = line.strip().partition("=")
			if kind in ("ob", "cob", "fn", "cfn"):
				number, _, name = what.partition(" ")
				# objects and functions are numbered apart
				key = kind[-2:], number
				name = names.setdefault(key, name)
				if kind == "ob":
					crypto = "libcrypto" in name or "-openssl" in name
				elif kind == "fn":
					kernel = name == "transact"
			elif kind == "calls":
				called = True
			elif line[0].isdigit() or line[0] in "+-*":
				cost = int(line.split()[1])
				if kernel:
					found["kernel"] += cost
				elif crypto and not called:
					found["crypto"] += cost
				called = False
	return found


def calls(path):
	"""System calls, and what was sent and received by them"""
	found, begun = collections.Counter(), {}
	with open(path, encoding="utf-8", errors="replace") as file:
		for line in file:
			thread, call = line.split(" ", 1)[0], CALL.match(line)
			if not call or call[2] in CLOCKS:
				continue
			name, internet = call[2], "sa_family=AF_INET" in line
			if not call[1]:
				found["system calls"] += 1
				found[name] += 1
				found["netlink requests"] += (name.startswith("send") and
											  "AF_NETLINK" in line)
			if "<unfinished" in line:
				begun[thread] = internet
				continue
			internet = begun.pop(thread, False) or internet
			done = DONE.search(line)
			if done and internet and name in ("sendmsg", "recvmsg"):
				found["messages"] += 1
				found["bytes"] += int(done[1])
	return found


def each(read, directory, end, parts):
	"""What each IKE_SA took that was there only the second time"""
	with open(f"{directory}/moved", encoding="utf-8") as file:
		few, many = map(int, file.read().split())
	first, second = (read(os.path.join(directory, f"{end}.{part}"))
					 for part in parts)
	return {name: (second[name] - first[name]) / (many - few)
			for name in sorted(first | second)}


def measure(raw, few, many, case, end):
	objects = each(profile, f"{raw}/{case}/callgrind", end, (1, 2))
	counts = each(calls, f"{raw}/{case}/strace", end, (few, many))
	return {
		"instructions": sum(objects.values()),
		"libraries": objects,
		"floor": each(floor, f"{raw}/{case}/callgrind", end, (1, 2)),
		**{name: counts.pop(name, 0) for name in
		   ("system calls", "netlink requests", "messages", "bytes")},
		"calls": counts,
	}


def table(rows, head, line):
	print("\n| " + " | ".join(head) + " |")
	print("|---" + "|--:" * (len(head) - 1) + "|")
	for name, figures in rows.items():
		print("| " + " | ".join([name, *line(figures)]) + " |")


raw, few, many, target, *cases = sys.argv[1:]
results = {}
for case in cases:
	for end in ("gateway", "client"):
		results[f"{case}, {end}"] = measure(raw, int(few), int(many), case, end)

table(results, ("each IKE_SA", "instructions", "system calls", "netlink requests",
				"messages", "bytes"),
	  lambda r: [f"{r['instructions'] / 1000:,.0f} k",
				 *(f"{r[name]:,.1f}" for name in ("system calls",
				   "netlink requests", "messages", "bytes"))])
table(results, ("of the system calls", *SHOWN, "others"),
	  lambda r: [*(f"{r['calls'].get(name, 0):.1f}" for name in SHOWN),
				 f"{r['system calls'] - sum(r['calls'].get(n, 0) for n in SHOWN):.1f}"])
libraries = sorted({name for r in results.values() for name in r["libraries"]},
				   key=lambda name: -max(r["libraries"].get(name, 0)
										 for r in results.values()))[:10]
table({name: [r["libraries"].get(name, 0) for r in results.values()]
	   for name in libraries}, ("instructions in", *results),
	  lambda row: [f"{n / 1000:,.0f} k" for n in row])
table({name: r for name, r in results.items() if sum(r["floor"].values())},
	  ("instructions that are needed", "sums and ciphers", "requests to the kernel",
	   "of all"),
	  lambda r: [*(f"{r['floor'].get(name, 0) / 1000:,.0f} k"
				   for name in ("crypto", "kernel")),
				 f"1/{r['instructions'] / max(1, sum(r['floor'].values())):.1f}"])
if target:
	with open(target, "w", encoding="utf-8") as file:
		json.dump({"few": int(few), "many": int(many), "each": results}, file,
				  indent="\t")
		file.write("\n")
