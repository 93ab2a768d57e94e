# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: reach.py: pings the IPv4 addresses on standard input, all at once, and
# those that don't answer again. Ends with status 1 if some never do.

import socket
import struct
import sys
import time

TRIES = 10
AT_ONCE = 50


def echo(number):
    """An ICMP echo request (RFC 792)."""
    body = struct.pack("!HH", 0x726D, number)
    total = 0x0800 + sum(struct.unpack("!HH", body))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!BBH", 8, 0, 0xFFFF - total) + body


def receive(icmp, missing, seconds):
    end = time.monotonic() + seconds
    while missing and (left := end - time.monotonic()) > 0:
        icmp.settimeout(left)
        try:
            packet, (address, _) = icmp.recvfrom(1500)
        except TimeoutError:
            return
        if packet[20] == 0:
            missing.discard(address)


missing = set(sys.stdin.read().split())
count = len(missing)
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as icmp:
    for number in range(TRIES):
        for index, address in enumerate(list(missing)):
            # What waits for an answer to ARP fills the buffer
            icmp.settimeout(None)
            icmp.sendto(echo(number), (address, 0))
            if index % AT_ONCE == 0:
                receive(icmp, missing, 0.02)
        receive(icmp, missing, 2)
print(f"{count - len(missing)} of {count} answer", *sorted(missing)[:10])
sys.exit(0 if count and not missing else 1)
