#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What this kernel's SAs are besides where they are: a line for each, sorted, with
# everything but its addresses, counters, and sequence numbers. Each attribute that
# the kernel tells is there, in octets, whether this knows it or not.

import socket
import struct

NETLINK_XFRM = 6
GETSA, NEWSA, DONE = 0x12, 0x10, 3
DUMP = 0x301
# struct xfrm_usersa_info: its selector, limits, and what comes after counters
INFO, SELECTOR, SPI, LIMITS, REST = 224, (0, 56), (72, 77), (96, 160), (208, 217)
# XFRMA_REPLAY_VAL, XFRMA_REPLAY_ESN_VAL, XFRMA_LASTUSED change with each packet
VOLATILE = 10, 23, 15


def describe(sa):
	fields = [sa[slice(*part)].hex() for part in (SPI, SELECTOR, LIMITS, REST)]
	rest, attributes = sa[INFO:], []
	while len(rest) >= 4:
		length, kind = struct.unpack_from("=HH", rest)
		if kind not in VOLATILE:
			attributes.append((kind, rest[4:length].hex()))
		rest = rest[length + 3 & ~3:]
	return " ".join(fields + ["%d=%s" % item for item in sorted(attributes)])


def dump():
	with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_XFRM) as sock:
		sock.send(struct.pack("=IHHII", 16, GETSA, DUMP, 1, 0))
		while True:
			data = sock.recv(65536)
			while len(data) >= 16:
				length, kind = struct.unpack_from("=IH", data)
				if kind == DONE:
					return
				assert kind == NEWSA, kind
				# Without an SPI it is one that charon is asked for
				if any(data[16:length][slice(*SPI)][:4]):
					yield data[16:length]
				data = data[length + 3 & ~3:]


print("\n".join(sorted(map(describe, dump()))))
