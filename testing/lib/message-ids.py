#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: message-ids.py PCAP CLIENT
#
# What IKE messages of an IKE_SA with AES-GCM, captured on their way to CLIENT and from
# there, say of message IDs without a key. Prints how many ...
#
#   requests     the gateways have sent, copies not counted
#   fillers      of these are empty and have an ID that another one has as well
#   twice        IDs have two requests that are not empty
#   answers      CLIENT has sent to an ID that it had answered otherwise
#   ivs          are in two messages that differ, with the same key

import socket
import struct
import sys
from collections import defaultdict

# UDP header and non-ESP marker, IKE header, that of an encrypted payload
UDP, IKE, PAYLOAD, IV, ICV = 12, 28, 4, 8, 16
# With nothing in it but the length of the padding
EMPTY = IKE + PAYLOAD + IV + 1 + ICV
ENCRYPTED, RESPONSE = 46, 0x20


def packets(data):
	"""Captured frames of Ethernet"""
	magic, network = struct.unpack_from("=I16xI", data)
	assert magic in (0xa1b2c3d4, 0xa1b23c4d) and network == 1
	at = 24
	while at + 16 <= len(data):
		length, full = struct.unpack_from("=8xII", data, at)
		assert length == full
		yield data[at + 16:at + 16 + length]
		at += 16 + length


def messages(data, client):
	"""What is encrypted: is it from CLIENT, SPIs, flags, ID, octets"""
	for frame in packets(data):
		header = 14 + (frame[14] & 15) * 4
		octets = frame[header + UDP:]
		if frame[12:14] != b"\x08\0" or frame[23] != socket.IPPROTO_UDP or \
				frame[header + 8:header + UDP] != bytes(4) or len(octets) < EMPTY:
			continue
		kind, flags, mid, length = struct.unpack_from("!BxxBII", octets, 16)
		if kind == ENCRYPTED:
			yield (frame[26:30] == client, octets[:16], bool(flags & RESPONSE), mid,
				   octets[:length])


def main():
	client = socket.inet_aton(sys.argv[2])
	with open(sys.argv[1], "rb") as file:
		data = file.read()
	sent, ivs = defaultdict(set), defaultdict(set)
	for of_client, spis, response, mid, octets in messages(data, client):
		sent[of_client, response, spis, mid].add(octets)
		iv = octets[IKE + PAYLOAD:IKE + PAYLOAD + IV]
		ivs[of_client, spis, iv].add(octets)
	asked = [found for (of_client, response, _, _), found in sent.items()
			 if not of_client and not response]
	answered = [found for (of_client, response, _, _), found in sent.items()
				if of_client and response]
	full = [sum(len(one) > EMPTY for one in found) for found in asked]
	print("requests", sum(map(len, asked)))
	print("fillers", sum(len(found) - max(count, 1)
						 for found, count in zip(asked, full)))
	print("twice", sum(count > 1 for count in full))
	print("answers", sum(len(found) - 1 for found in answered))
	print("ivs", sum(len(found) - 1 for found in ivs.values()))


main()
