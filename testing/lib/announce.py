# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: announce.py INTERFACE: as charon's vici socket tells of CHILD_SAs that are
# up, announces the virtual IPv4 addresses of their peers on the interface by
# gratuitous ARP (RFC 5227), until it is ended. If charon ends it waits for the next.

import socket
import struct
import sys
import time

import vici

BROADCAST = b"\xff" * 6


def announcement(mac, address):
    ip = socket.inet_aton(address)
    return (
        BROADCAST + mac + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1)
        + mac + ip + bytes(6) + ip
    )


def addresses(message):
    """The peer's virtual addresses in an event: of all IKE_SAs in it."""
    for section in message.values():
        if isinstance(section, dict):
            for address in section.get("remote-vips", []):
                yield address.decode()


def follow(link):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect("/run/charon.vici")
        print("listening", flush=True)
        for name, message in vici.Session(connection).listen(["child-updown"]):
            if message.get("up") != b"yes":
                continue
            for address in addresses(message):
                if ":" not in address:
                    link.send(announcement(link.getsockname()[4], address))
                    print("announced", address, flush=True)


with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
    raw.bind((sys.argv[1], 0))
    while True:
        try:
            follow(raw)
        except OSError:
            time.sleep(0.1)
