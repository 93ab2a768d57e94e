#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
#
# Switches one IKE_SA, and waits until that came to an end. Uses the vici module
# of strongSwan (src/libcharon/plugins/vici/python in its source).
#
# usage: switch.py SOCKET UNIQUE-ID ADDRESS

import os
import socket
import sys

from vici import Session
from vici.exception import CommandException
from vici.protocol import Message, Packet, Transport


def connect(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(path)
    return sock


def main():
    path, unique_id, address = sys.argv[1:]
    tag = "example-%d" % os.getpid()

    # Register first: the event may come before the reply. On a connection of
    # its own, as a Session has no use for events between request and reply.
    events = Transport(connect(path))
    events.send(Packet.register_event("rmobike-switch"))
    if Packet.parse(events.receive()).response_type != Packet.EVENT_CONFIRM:
        sys.exit("the daemon has no rmobike plugin")

    try:
        Session(connect(path)).request("rmobike-switch", {
            "ike-id": unique_id, "to": address, "tag": tag})
    except CommandException as error:
        sys.exit(str(error))

    while True:
        event = Message.deserialize(Packet.parse(events.receive()).payload)
        event = {key: value.decode() for key, value in event.items()}
        if event.get("tag") == tag:
            break
    print("%s[%s] %s -> %s: %s" % (event["name"], event["id"], event["from"],
                                   event["to"], event["state"]))
    sys.exit(event["state"] != "done")


if __name__ == "__main__":
    main()
