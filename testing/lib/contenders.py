# SPDX-License-Identifier: GPL-2.0-or-later
#
# What testing/tools/contenders measured.
#
# usage: contenders.py reduce DIR: what a run left in DIR becomes packets.csv,
#        messages.csv and run.json there
#        contenders.py show RAW JSON PICTURES: a table of all runs in RAW, all figures
#        in the file JSON and pictures in the directory PICTURES, unless these are empty

import csv
import glob
import json
import os
import statistics
import struct
import subprocess
import sys

NEW = "192.0.2.2"
GATEWAY = ("192.0.2.1", NEW)
CLIENT = "10.1.0.2"
EXCHANGES = {34: "IKE_SA_INIT", 35: "IKE_AUTH", 36: "CREATE_CHILD_SA",
			 37: "INFORMATIONAL"}
WIREGUARD = {1: "initiation", 2: "response", 3: "cookie"}
TITLES = {
	"switch": "rmobike --switch, NAT",
	"lost": "address removed, rmobike, NAT",
	"redirect-psk": "swanctl --redirect, PSK, NAT",
	"redirect-ecdsa": "swanctl --redirect, ECDSA P-256, NAT",
	"redirect-rsa": "swanctl --redirect, RSA-3072, NAT",
	"second": "second tunnel, then the first one ends, NAT",
	"restart": "tunnel ended and set up again, NAT",
	"mobike-routed": "address removed, stock MOBIKE, no NAT",
	"mobike-nat": "address removed, stock MOBIKE, NAT",
	"mobike-nat-dpd": "address removed, stock MOBIKE, NAT, impatient DPD",
	"wireguard-routed": "address removed, WireGuard, no NAT",
	"wireguard-nat": "address removed, WireGuard, NAT",
}
FROM_CLIENT, TO_CLIENT = "from the client", "to the client"
NEVER = float("inf")


# -- one run -------------------------------------------------------------------

def wire(path):
	"""(time, source, destination, octets, name, key) of packets: data has no name,
	messages have, and a key that is the same at both ends"""
	with open(path, "rb") as file:
		data = file.read()
	at = 24
	while at + 16 <= len(data):
		sec, usec, have, _ = struct.unpack_from("<IIII", data, at)
		ip = data[at + 16 + 14:at + 16 + have]
		at += 16 + have
		if len(ip) < 28 or ip[0] >> 4 != 4:
			continue
		time, length = sec + usec / 1e6, struct.unpack_from(">H", ip, 2)[0]
		src, dst = (".".join(map(str, ip[n:n + 4])) for n in (12, 16))
		rest, name, key = ip[(ip[0] & 15) * 4:], None, None
		if ip[9] == 17:
			ports, rest = struct.unpack_from(">HH", rest), rest[8:]
			if 51820 in ports:
				name = WIREGUARD.get(rest[0])
				key = rest[:12]
				if not name and length <= 60:
					continue		# a keepalive
			elif 500 in ports or rest[:4] == bytes(4):
				rest = rest[0 if 500 in ports else 4:]
				name = EXCHANGES.get(rest[18], "?") + \
					(" response" if rest[19] & 32 else " request")
				key = rest[:36]		# with the number of a fragment
			elif length == 29:
				continue			# a keepalive
		yield time, src, dst, length, name, key


def trace(path):
	"""Number and time of packets"""
	with open(path, encoding="ascii") as file:
		return {int(number): float(time) for number, time in map(str.split, file)}


def longest_gap(times):
	return max((b - a for a, b in zip(times, times[1:])), default=NEVER)


def flow(directory, source, end, start):
	"""Packets of one way: what became of them, and each of them"""
	sent, received = trace(f"{directory}/from-{source}"), trace(f"{directory}/to-{end}")
	last = max(sent.values())
	arrivals = sorted(received.values())
	# That none comes any more is a gap, too
	gone = not arrivals or last - arrivals[-1] > 1
	figures = {
		"sent": len(sent),
		"lost": len(sent) - len(received),
		"gap": None if gone else longest_gap(arrivals) * 1000,
		"gap before": longest_gap([t for t in arrivals if t < start]) * 1000,
	}
	return figures, [(n, sent[n], received.get(n)) for n in sorted(sent)]


def messages(ends, start):
	"""Messages since the start: who sent them, when they came to the other end"""
	found = []
	for end, other, own in (("client", "gateway", lambda src: src == CLIENT),
							("gateway", "client", lambda src: src in GATEWAY)):
		came = {}
		for time, src, _, _, name, key in ends[other]:
			if name and (src in GATEWAY) == (end == "gateway"):
				came.setdefault(key, []).append(time)
		for time, src, dst, length, name, key in ends[end]:
			if name and own(src):
				then = came.get(key) and came[key].pop(0)
				if time >= start:
					found.append((time, then, end, src, dst, length, name))
	return sorted(found, key=lambda message: message[0])


def reduce(directory):
	with open(f"{directory}/run", encoding="ascii") as file:
		run = dict(line.split() for line in file)
	start = float(run.pop("start"))
	ends = {end: list(wire(f"{directory}/{end}.pcap")) for end in ("client", "gateway")}
	# The first packet of the tunnel that has come there or from there
	new = [min((time for time, src, dst, _, name, _ in ends[end]
				if not name and NEW == (src if end == "client" else dst) and
				time >= start), default=NEVER) for end in ends]
	run = {"way": run["way"],
		   **{k: int(run[k]) for k in ("rtt", "loss", "rate", "limit")}}
	run["new address"] = None if max(new) == NEVER else (max(new) - start) * 1000
	with open(f"{directory}/packets.csv", "w", encoding="ascii", newline="") as file:
		table = csv.writer(file)
		table.writerow(("way", "number", "sent (ms)", "received (ms)"))
		for way, source, end in ((FROM_CLIENT, "client", "gateway"),
								 (TO_CLIENT, "gateway", "client")):
			run[way], packets = flow(directory, source, end, start)
			table.writerows((way, n, *(t and f"{(t - start) * 1000:.3f}" for t in times))
							for n, *times in packets)
	sent = messages(ends, start)
	# What the command itself takes to start is not the tunnel's business
	run["first message"] = sent and (sent[0][0] - start) * 1000 or None
	run["messages"], run["octets"] = len(sent), sum(m[5] for m in sent)
	with open(f"{directory}/messages.csv", "w", encoding="ascii", newline="") as file:
		table = csv.writer(file)
		table.writerow(("sent (ms)", "received (ms)", "by", "from", "to", "octets",
						"message"))
		table.writerows((*(t and f"{(t - start) * 1000:.3f}" for t in m[:2]), *m[2:])
						for m in sent)
	with open(f"{directory}/run.json", "w", encoding="ascii") as file:
		json.dump(run, file, indent="\t")
	for name in ("client.pcap", "gateway.pcap", "run", "to-client", "to-gateway",
				 "from-client", "from-gateway"):
		os.unlink(f"{directory}/{name}")


# -- all of them -----------------------------------------------------------------

def spread(values, never="no end"):
	"""Median and extremes, of which each may be "never" """
	values = [NEVER if value is None else value for value in values]
	shown = [never if value == NEVER else f"{value:,.0f}" for value in
			 (statistics.median_low(values), min(values), max(values))]
	return shown[0] if shown[1] == shown[2] else "%s (%s–%s)" % tuple(shown)


def show(runs):
	print("| way | RTT (ms) | loss (%) | runs | from the command or loss until both ways use the "
		  "new address (ms) | the same from the first message of a command (ms) "
		  "| lost from and to the client | longest gap from and to it (ms) "
		  "| messages | octets |")
	print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for (way, rtt, loss), some in runs.items():
		ways = [[run[way] for run in some] for way in (FROM_CLIENT, TO_CLIENT)]
		cells = (
			TITLES[way], str(rtt), str(loss), str(len(some)),
			spread([run["new address"] for run in some],
				   f"not in {some[0]['limit']} s"),
			"" if "removed" in TITLES[way] else
			spread([run["new address"] and run["new address"] - origin(run)
					for run in some], f"not in {some[0]['limit']} s"),
			" and ".join(spread([None if f["gap"] is None else f["lost"] for f in each],
								"all") for each in ways),
			" and ".join(spread([f["gap"] for f in each]) for each in ways),
			spread([run["messages"] for run in some]),
			spread([run["octets"] for run in some]))
		print("| " + " | ".join(cells) + " |")


def origin(run):
	"""When it begins: the command itself takes its time to start"""
	return 0 if "removed" in TITLES[run["way"]] else run["first message"]


def typical(some):
	"""The run with the median of what was lost"""
	return sorted(some, key=lambda run: (
		run[FROM_CLIENT]["lost"] + run[TO_CLIENT]["lost"],
		run["new address"] or NEVER))[(len(some) - 1) // 2]


def rows(run, name):
	with open(f"{run['directory']}/{name}.csv", encoding="ascii", newline="") as file:
		return list(csv.DictReader(file))


def gnuplot(target, size, script):
	subprocess.run(["gnuplot"], input=f"""
set terminal svg size {size} font "sans-serif,13" background "#ffffff"
set output
{script}""", stdout=open(target, "w", encoding="ascii"), text=True, check=True)


def histogram(run, begin, end, arrivals, step=10):
	"""Packets that arrived in each step, each way, or that were due to be sent in it
	and arrived"""
	count = {way: [0] * ((end - begin) // step) for way in (FROM_CLIENT, TO_CLIENT)}
	table, each = rows(run, "packets"), 1000 / run["rate"]
	# A busy machine sends some late, and then several at once
	offset = {way: statistics.median(
		float(row["sent (ms)"]) - int(row["number"]) * each
		for row in table if row["way"] == way) for way in count}
	for row in table:
		if row["received (ms)"]:
			time = float(row["received (ms)"]) if arrivals else \
				offset[row["way"]] + int(row["number"]) * each
			time -= origin(run)
			if begin <= time < end:
				count[row["way"]][int(time - begin) // step] += 1
	return [(begin + n * step, *both) for n, both in enumerate(zip(*count.values()))]


def draw_packets(target, chosen, arrivals, begin=-100, end=500):
	"""A panel for each of these runs, on one time axis"""
	high = chosen[0]["rate"] // 100
	top = 2 * high if arrivals else 1.2 * high
	what = "Packets that arrive in 10 ms" if arrivals else \
		"Packets sent in 10 ms that arrive"
	script = f"""
set multiplot layout {len(chosen)},1 margins 0.07,0.98,0.115,0.89 spacing 0,0.075
set xrange [{begin}:{end}]
set yrange [0:{top}]
set ytics 0,{high},{top} nomirror
set xtics 100 format "" nomirror
set border 3
set grid xtics linecolor "#cccccc"
set key at screen 0.98,0.975 right center horizontal samplen 2
set ylabel "packets" font ",11" offset 1
set label 1 "{what}, {chosen[0]['rate']:,} a second each way, RTT {chosen[0]['rtt']} ms" at screen 0.015,0.975
set arrow 1 from 0, graph 0 to 0, graph 1 nohead linecolor "#000000" front
"""
	for n, run in enumerate(chosen):
		ways = [run[way] for way in (FROM_CLIENT, TO_CLIENT)]
		if any(f["gap"] is None for f in ways):
			became = f"no packet for {run['limit']} s"
		else:
			became = "{} of the client's packets lost, {} of those to it; longest " \
				"gap {:,.0f} ms".format(*(f["lost"] or "none" for f in ways),
										max(f["gap"] for f in ways))
		steps = [(t + edge, *both) for t, *both in
				 histogram(run, begin, end, arrivals) for edge in (0, 10)]
		data = "\n".join("%d %d %d" % at for before, at, after in
						 zip([()] + steps, steps, steps[1:] + [()])
						 if not before[1:] == at[1:] == after[1:])
		if n == len(chosen) - 1:
			script += 'set xtics format "%g"\n' \
				'set xlabel "milliseconds since the first message of a command, or the loss of the address" offset 0,0.4\n'
		script += f"""
$data{n} << END
{data}
END
set label 2 "{{/:Bold {TITLES[run['way']]}}}" at graph 0,1.13
set label 3 "{became}" at graph 1,1.13 right
plot $data{n} using 1:2 with filledcurves y1=0 fillstyle solid linecolor "#9ecae1" \
 title "from the client", "" using 1:3 with lines linecolor "#08306b" linewidth 1.5 \
 title "to the client"
set key off
unset label 1
"""
	gnuplot(target, f"900,{115 * len(chosen) + 90}", script)


def message_name(way, row):
	"""What was in there, as far as it can be known from outside"""
	exchange, kind = row["message"].split()
	if exchange != "INFORMATIONAL":
		return exchange
	if kind == "response":
		return kind
	if row["by"] == "gateway":
		return "SWITCH_TO_IP_ADDRESS" if way == "switch" else "REDIRECT"
	return "UPDATE_SA_ADDRESSES" if way == "switch" else "DELETE"


def draw_messages(target, chosen):
	"""Messages of these runs, time goes down"""
	tables = [(run, rows(run, "messages")) for run in chosen]
	first = [float(table[0]["sent (ms)"]) for _, table in tables]
	end = 1.08 * max(float(table[-1]["received (ms)"]) - t
					 for (_, table), t in zip(tables, first))
	script = f"""
set multiplot layout 1,{len(chosen)} margins 0.09,0.985,0.1,0.855 spacing 0.07,0
set yrange [{end:.1f}:{-0.03 * end:.1f}]
set xrange [0:1]
set border 10
set style textbox opaque noborder fillcolor "#ffffff" margins 0.3,0.3
unset xtics
set ytics nomirror
set key off
set label 3 "grey and dashed: over the old address; blue: over the new one; in brackets:\
 octets on the wire" at screen 0.5,0.04 center
set ylabel "milliseconds since the first message"
"""
	for (run, table), start in zip(tables, first):
		octets = sum(int(row["octets"]) for row in table)
		script += f"""
set title "{{/:Bold {TITLES[run['way']]}}}\\n{len(table)} messages, {octets:,} octets" \
 offset 0,0.8
set label 1 "client" at graph 0,1.03
set label 2 "gateway" at graph 1,1.03 right
"""
		last = {"client": -end, "gateway": -end}
		for number, row in enumerate(table):
			here, there = (0, 1) if row["by"] == "client" else (1, 0)
			sent, came = (float(row[k] or row["sent (ms)"]) - start
						  for k in ("sent (ms)", "received (ms)"))
			line = 'linecolor "#08519c" dashtype 1' if NEW in (row["from"], row["to"]) \
				else 'linecolor "#666666" dashtype 2'
			# Names of two at a time are beside each other
			place = 0.72 if sent - last[row["by"]] < end / 25 else 0.28
			last[row["by"]] = sent
			script += f"""
set arrow {number + 1} from {here},{sent} to {there},{came} {line} linewidth 1.5
set label {number + 10} "{message_name(run['way'], row)} ({row['octets']})" at \
 {here + (there - here) * place},{sent + (came - sent) * place} center boxed front \
 noenhanced font ",11"
"""
		script += "plot NaN\nunset arrow\nunset label\nunset ylabel\n"
	gnuplot(target, "900,620", script)


def main():
	if sys.argv[1] == "reduce":
		reduce(sys.argv[2])
		return
	raw, target, pictures = sys.argv[2:]
	runs = {}
	for path in sorted(glob.glob(f"{glob.escape(raw)}/*/*/*/run.json")):
		with open(path, encoding="ascii") as file:
			run = json.load(file)
		runs.setdefault((run["way"], run["rtt"], run["loss"]), []).append(
			{**run, "directory": os.path.dirname(path)})
	ways = list(TITLES)
	runs = dict(sorted(runs.items(),
					   key=lambda one: (ways.index(one[0][0]), *one[0][1:])))
	show(runs)
	if target:
		with open(target, "w", encoding="ascii") as file:
			json.dump([{k: v for k, v in run.items() if k != "directory"}
					   for some in runs.values() for run in some], file, indent="\t")
			file.write("\n")
	if pictures:
		os.makedirs(pictures, exist_ok=True)
		for rtt in sorted({rtt for _, rtt, loss in runs if not loss}):
			def of(*ways, rtt=rtt):
				return [typical(runs[way, rtt, 0]) for way in ways
						if (way, rtt, 0) in runs]
			some = of("switch", "redirect-ecdsa", "lost", "mobike-routed", "mobike-nat")
			if some:
				draw_packets(f"{pictures}/contenders-{rtt}.svg", some, False)
				draw_packets(f"{pictures}/arrivals-{rtt}.svg", some, True)
			some = of("switch", "redirect-ecdsa")
			if len(some) == 2:
				draw_messages(f"{pictures}/messages-{rtt}.svg", some)


main()
