#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: switch.py NAME ADDRESS: asks for a switch on charon's vici socket and
# prints what it says, without any library.

import socket
import struct
import sys


def key_values(**pairs):
    return b"".join(
        bytes([3, len(key)]) + key.encode()
        + struct.pack("!H", len(value)) + value.encode()
        for key, value in ((k.replace("_", "-"), v) for k, v in pairs.items()))


def send(kind, name, content=b""):
    packet = bytes([kind, len(name)]) + name.encode() + content
    vici.sendall(struct.pack("!I", len(packet)) + packet)


def receive():
    size = struct.unpack("!I", vici.recv(4, socket.MSG_WAITALL))[0]
    packet = vici.recv(size, socket.MSG_WAITALL)
    kind, content = packet[0], packet[1:]
    name = ""
    if kind == 7:
        name = content[1:1 + content[0]].decode()
        content = content[1 + content[0]:]
    pairs = {}
    while content:
        # this needs nothing but keys with a value
        assert content[0] == 3
        key, content = content[2:2 + content[1]], content[2 + content[1]:]
        size = struct.unpack("!H", content[:2])[0]
        pairs[key.decode()] = content[2:2 + size].decode()
        content = content[2 + size:]
    return kind, name, pairs


def show(what, pairs):
    print(what, " ".join("%s=%s" % pair for pair in sorted(pairs.items())))


vici = socket.socket(socket.AF_UNIX)
vici.settimeout(30)
vici.connect("/var/run/charon.vici")
send(3, "rmobike-switch")
assert receive()[0] == 5, "no event rmobike-switch"
send(0, "rmobike-switch",
     key_values(ike=sys.argv[1], to=sys.argv[2], tag="by-vici"))
reply = event = None
while not (reply and event):
    kind, name, pairs = receive()
    assert kind in (1, 7), "no command rmobike-switch"
    if kind == 1:
        reply = pairs
        show("reply", pairs)
        if pairs.get("success") != "yes":
            sys.exit(1)
    else:
        event = pairs
        show("event " + name, pairs)
