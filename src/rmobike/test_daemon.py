#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
#
# A stand-in for charon, for test_cli.sh: speaks vici on a UNIX socket and
# behaves in one of the ways below. Serves one client after the other.
#
# usage: test_daemon.py SOCKET BEHAVIOUR

import os
import socket
import struct
import sys
import time

(CMD_REQUEST, CMD_RESPONSE, CMD_UNKNOWN, EVENT_REGISTER, EVENT_UNREGISTER,
 EVENT_CONFIRM, EVENT_UNKNOWN, EVENT) = range(8)
SECTION_START, SECTION_END, KEY_VALUE = 1, 2, 3


def name8(name):
    return bytes([len(name)]) + name.encode()


def encode(values):
    """A dictionary (of dictionaries) of strings as vici message."""
    out = b""
    for key, value in values.items():
        if isinstance(value, dict):
            out += bytes([SECTION_START]) + name8(key) + encode(value)
            out += bytes([SECTION_END])
        else:
            if isinstance(value, str):
                value = value.encode()
            out += bytes([KEY_VALUE]) + name8(key)
            out += struct.pack("!H", len(value)) + value
    return out


def decode(data):
    """A flat vici message as dictionary."""
    values = {}
    while data:
        assert data[0] == KEY_VALUE
        end = 2 + data[1]
        key = data[2:end].decode()
        (length,) = struct.unpack("!H", data[end:end + 2])
        values[key] = data[end + 2:end + 2 + length].decode()
        data = data[end + 2 + length:]
    return values


class Gone(Exception):
    """The daemon, or the client, is not there anymore."""


class Client:
    def __init__(self, connection, behaviour):
        self.connection = connection
        self.behave = behaviour
        self.tag = None

    def receive(self, count):
        data = b""
        while len(data) < count:
            more = self.connection.recv(count - len(data))
            if not more:
                raise Gone()
            data += more
        return data

    def send(self, packet, payload=b""):
        data = bytes([packet]) + payload
        self.connection.sendall(struct.pack("!I", len(data)) + data)

    def reply(self, **values):
        self.send(CMD_RESPONSE, encode(values))

    def event(self, number, state, **more):
        values = {
            "id": str(number), "name": "rw",
            "peer-id": "carol@strongswan.org",
            "local": "192.0.2.1", "remote": "198.51.100.7",
            "from": "192.0.2.1", "to": "192.0.2.2",
            "state": state, "ms": "41.2", "tag": self.tag,
        }
        values.update(more)
        self.send(EVENT, name8("rmobike-switch") + encode(values))

    def serve(self):
        while True:
            (length,) = struct.unpack("!I", self.receive(4))
            data = self.receive(length)
            name = data[2:2 + data[1]].decode()
            if data[0] == EVENT_REGISTER:
                known = self.behave is not without_plugin
                self.send(EVENT_CONFIRM if known else EVENT_UNKNOWN)
            elif name == "version":
                self.reply(daemon="test")
            elif name in ("rmobike-switch", "rmobike-status") and \
                    self.behave is not without_plugin:
                request = decode(data[2 + data[1]:])
                self.tag = request.get("tag")
                self.behave(self, request)
            else:
                self.send(CMD_UNKNOWN)


def without_plugin(client, request):
    """Never called, only known by its name."""


def all_move(client, request):
    client.reply(success="yes", matches="2")
    client.event(3, "done")
    time.sleep(0.1)
    client.event(4, "done", ms="100.0")


def events_before_reply(client, request):
    client.event(3, "done")
    client.event(4, "done")
    time.sleep(0.1)
    client.reply(success="yes", matches="2")


def already_there(client, request):
    client.reply(success="yes", matches="1")
    client.event(3, "done", to="192.0.2.1", ms="0.0", reason="already there")


def one_refuses(client, request):
    client.reply(success="yes", matches="2")
    client.event(3, "refused", reason="the peer stays at its address")
    client.event(4, "done")


def others_switch_too(client, request):
    client.event(7, "done", tag="another")
    client.event(3, "asked")
    client.reply(success="yes", matches="1")
    client.event(8, "failed", tag="rmobike-1")
    client.event(3, "answered")
    time.sleep(0.1)
    client.event(3, "done")


def no_match(client, request):
    client.reply(success="yes", matches="0")


def refuses_command(client, request):
    client.reply(success="no", matches="0",
                 errmsg="192.0.2.2 is not an address of this machine")


def slow(client, request):
    client.reply(success="yes", matches="1")
    time.sleep(2.5)
    client.event(3, "done")


def dies_before_reply(client, request):
    raise Gone()


def dies_while_waiting(client, request):
    client.reply(success="yes", matches="2")
    client.event(3, "done")
    raise Gone()


def never_ends(client, request):
    client.reply(success="yes", matches="2")
    client.event(3, "done")


def never_replies(client, request):
    time.sleep(60)


def nonsense(client, request):
    client.send(CMD_RESPONSE, b"\x03\xff???")


def evil_strings(client, request):
    client.reply(success="yes", matches="1")
    client.event(3, "failed", reason="a\x1b[2Jb\x9bc\r\nd",
                 **{"peer-id": "\x1b]0;x\x07"})


def echo_request(client, request):
    del request["tag"]
    client.reply(success="no", matches="0",
                 errmsg=" ".join(k + "=" + v for k, v in request.items()))


def nothing_connected(client, request):
    client.reply(sas={})


def ike_sa(number, **more):
    values = {
        "id": str(number), "name": "rw", "peer-id": "carol@strongswan.org",
        "local": "192.0.2.2", "remote": "198.51.100.7",
        "state": "ESTABLISHED",
        "initiator": "no", "mobike": "yes", "capable": "yes",
    }
    values.update(more)
    return values


def some_connected(client, request):
    client.reply(sas={
        "3": ike_sa(3, switch={
            "from": "192.0.2.1", "to": "192.0.2.2", "state": "done",
            "ms": "41.2"}),
        "4": ike_sa(4, capable="no", switch={
            "from": "192.0.2.2", "to": "192.0.2.1", "state": "failed",
            "reason": "peer does not support it", "ms": "0.0"}),
        "5": ike_sa(5, mobike="no", capable="no"),
        "6": ike_sa(6, initiator="yes"),
        "7": ike_sa(7, state="CONNECTING", mobike="no", capable="no"),
    })


def many_connected(client, request):
    after = int(request.get("after", 0))
    sas = {str(i): ike_sa(i) for i in range(after + 1, after + 101)}
    if after < 900:
        client.reply(sas=sas, next=str(after + 100))
    else:
        client.reply(sas=sas)


def next_leads_nowhere(client, request):
    client.reply(sas={"7": ike_sa(7)}, next="7")


def main():
    path, behaviour = sys.argv[1:]
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path + ".new")
    server.listen()
    # it is there as soon as one can connect
    os.rename(path + ".new", path)
    while True:
        connection, _ = server.accept()
        try:
            Client(connection, globals()[behaviour]).serve()
        except (Gone, ConnectionError):
            connection.close()


if __name__ == "__main__":
    main()
