#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Somebody on the way: records ESP in UDP and sends it again, to another address.
#
#   replay.py record INTERFACE TO FILE    until SIGTERM; a packet per line, in hex
#   replay.py send FILE TO

import signal
import socket
import struct
import sys

ALL_PROTOCOLS = 0x0003
ESP_PORT = 4500


def record(interface, to, path):
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                            socket.htons(ALL_PROTOCOLS))
    packets.bind((interface, ALL_PROTOCOLS))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open(path, "w", buffering=1) as out:
        while True:
            data, address = packets.recvfrom(65536)
            if address[2] != socket.PACKET_OUTGOING or data[9] != 17:
                continue
            udp = data[(data[0] & 15) * 4:]
            if (data[16:20] == socket.inet_aton(to) and
                    struct.unpack("!H", udp[2:4])[0] == ESP_PORT and
                    len(udp) > 12 and udp[8:12] != bytes(4)):
                out.write(data.hex() + "\n")


def send(path, to):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    with open(path) as lines:
        for line in lines:
            data = bytearray.fromhex(line)
            data[16:20] = socket.inet_aton(to)
            udp = (data[0] & 15) * 4
            data[udp + 6:udp + 8] = bytes(2)    # no checksum
            raw.sendto(data, (to, 0))


if sys.argv[1] == "record":
    record(*sys.argv[2:])
else:
    send(*sys.argv[2:])
