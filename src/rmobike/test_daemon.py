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

COMMANDS = ["rmobike-" + name for name in (
    "switch", "drain", "undrain", "balance", "cancel", "status", "stats",
    "cluster", "prefer", "list-addresses")]


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
        self.command = None
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

    def events(self, numbers, state, **more):
        for number in numbers:
            self.event(number, state, **more)

    def event(self, number, state, **more):
        values = {
            "id": str(number), "name": "rw",
            "peer-id": "carol@strongswan.org",
            "local": "192.0.2.1", "remote": "198.51.100.7",
            "from": "192.0.2.1", "to": "192.0.2.2",
            "state": state, "ms": "41.2", "tag": self.tag,
        }
        values.update(more)
        values = {k: v for k, v in values.items() if v is not None}
        self.send(EVENT, name8("rmobike-switch") + encode(values))

    def list_sas(self):
        for i in "12":
            child = {"bytes-in": "375", "bytes-out": "249970000"}
            self.send(EVENT, name8("list-sa") + encode({"rw": {
                "uniqueid": i, "local-host": "192.0.2.1",
                "child-sas": {"net0-1": child, "net1-2": child}}}))
        self.reply()

    def serve(self):
        while True:
            (length,) = struct.unpack("!I", self.receive(4))
            data = self.receive(length)
            name = data[2:2 + data[1]].decode()
            if data[0] == EVENT_REGISTER:
                known = self.behave is not without_plugin
                self.send(EVENT_CONFIRM if known else EVENT_UNKNOWN)
                if self.behave is monitored and name == "rmobike-node":
                    self.behave(self)
                if self.behave in (floods, updown) and name == "ike-updown":
                    self.behave(self)
            elif name == "version":
                self.reply(daemon="test")
            elif name == "list-sas" and self.behave is listing:
                self.list_sas()
            elif name in COMMANDS and self.behave is not without_plugin:
                request = decode(data[2 + data[1]:])
                self.command = name
                self.tag = request.get("tag", self.tag)
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


def one_is_led(client, request):
    client.reply(success="yes", matches="2")
    client.event(3, "done", by="mobike")
    client.event(4, "refused", by="mobike", reason="stays")


def one_refuses(client, request):
    client.reply(success="yes", matches="2")
    client.event(3, "refused", reason="the peer stays at its address")
    client.event(4, "done")


def others_switch_too(client, request):
    client.event(7, "done", tag="another")
    client.reply(success="yes", matches="1")
    client.event(8, "failed", tag="rmobike-1")
    time.sleep(0.1)
    client.event(3, "done")


def no_match(client, request):
    client.reply(success="no", matches="0", errmsg="no matching IKE_SA found")


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
    request.pop("tag", None)
    client.reply(success="no", matches="0", errmsg=" ".join(
        [client.command] + [k + "=" + v for k, v in request.items()]))


def many_move(client, request):
    client.reply(success="yes", matches="2000")
    for i in range(1, 2001):
        if i % 1000 == 0:
            client.event(i, "refused", reason="the peer stays at its address")
        else:
            client.event(i, "done", to="192.0.2." + ("2" if i % 3 else "3"))
        if i % 100 == 0:
            time.sleep(0.05)


def every_state(client, request):
    client.reply(success="yes", matches="6")
    client.event(1, "done")
    client.event(2, "redirected")
    client.event(3, "refused", reason="the peer stays at its address")
    client.event(4, "timeout", reason="no answer")
    client.event(5, "failed", reason="peer does not support it")
    client.event(6, "cancelled", reason="too many failures")


def redirects(client, request):
    client.reply(success="yes", matches="2")
    client.events([3, 4], "redirected")


def plans(client, request):
    client.reply(success="yes", matches="12")
    client.events(range(1, 6), "planned", ms=None)
    client.events(range(6, 11), "planned", ms=None, to="192.0.2.3")
    client.events([11, 12], "ineligible", ms=None, to=None,
                  reason="peer does not support it")


def odd_strings(client, request):
    client.reply(success="yes", matches="1")
    client.event(3, "done", **{
        "name": "7", "peer-id": b'"C=\xc3\x84\\\xff\n\xf0\x9f\x98\x80'})


def stoppable(client, request):
    """Cancelled by whoever is connected, as the move was his."""
    if client.command == "rmobike-cancel":
        client.reply(success="yes", cancelled="11", **{"in-flight": "8"})
        client.events(range(2, 13), "cancelled", reason="cancelled")
        time.sleep(0.3)
        client.events(range(13, 21), "done")
    else:
        client.reply(success="yes", matches="20")
        client.event(1, "done")


def just_over(client, request):
    """The move ends while it is being cancelled."""
    if client.command == "rmobike-cancel":
        client.reply(success="no", errmsg="no move is under way")
        client.event(2, "done")
    else:
        never_ends(client, request)


def never_stops(client, request):
    if client.command == "rmobike-cancel":
        client.reply(success="yes", cancelled="0", **{"in-flight": "1"})
    else:
        never_ends(client, request)


def slow_but_sure(client, request):
    client.reply(success="yes", matches="3")
    for i in range(1, 4):
        time.sleep(0.7)
        client.event(i, "done")


def drained_already(client, request):
    client.reply(success="yes", matches="0")


def undrains(client, request):
    client.reply(success="yes")


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
            "reason": "peer does not support it", "ms": "0.0",
            "by": "mobike"}),
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


def monitored(client):
    """Called as soon as somebody registered for the last event, but libvici needs
    a moment."""
    time.sleep(0.3)
    client.event(3, "done", tag="somebody")
    client.event(4, "refused", reason="the peer stays at its address")
    client.event(5, "planned", ms=None)
    for more in {"state": "silent"}, {"state": "taken", "taken": "5",
                                      "why": "the other node was silent"}:
        client.send(EVENT, name8("rmobike-node") + encode(
            {"remote": "10.9.0.1", **more}))


def floods(client):
    """More events than wait for a hook."""
    time.sleep(0.3)
    client.events(range(1, 301), "done", **{"peer-id": "\x1b]0;x\n\xe4"})


def updown(client):
    """A client comes, and goes."""
    time.sleep(0.3)
    client.event(3, "done")
    for more in {"up": "yes"}, {}:
        client.send(EVENT, name8("ike-updown") + encode({**more, "rw": {
            "uniqueid": "9", "local-host": "192.0.2.1", "remote-id": "carol",
            "remote-host": "198.51.100.7", "state": "ESTABLISHED"}}))


def counting(client, request):
    if client.command == "rmobike-status":
        client.reply(sas={"3": ike_sa(3), "4": ike_sa(4)})
        return
    if client.command == "rmobike-list-addresses":
        client.reply(addresses={
            "192.0.2.1": {"sas": "0", "capable": "0", "drained": "no",
                          "interface": "eth0", "usable": "yes",
                          "preferred": "1", "wait": "42", "weight": "3",
                          "last-move": "1700000000"},
            "192.0.2.2": {"sas": "30", "capable": "28", "drained": "yes",
                          "reason": "30 % \"loss\"", "interface": "eth1",
                          "usable": "no"},
            "192.0.2.3": {"sas": "0", "capable": "0", "drained": "no",
                          "usable": "no", "preferred": "2"},
        })
        return
    client.reply(**{
        "asked": "2100", "done": "2000", "refused": "60", "timeout": "10",
        "failed": "30", "superseded": "1", "redirected": "4",
        "cancelled": "5", "in-place": "9", "received": "7", "accepted": "6",
        "ignored": "1", "reverted": "2", "switched": "4", "takeovers": "1", "taken": "20",
        "cluster": {"alive": "yes", "here": "30", "copies": "10",
                    "arriving": "2", "untold": "0"},
        "refused-by": {"the peer stays at its address": "60"},
        "failed-by": {"a \"quoted\" \\ reason": "20",
                      "IKE_SA deleted": "10"},
        "ignored-by": {"not announced by the peer": "1"},
        "latency": {"1": "0", "5": "100", "10": "400", "20": "1000",
                    "50": "300", "100": "150", "200": "40", "500": "7",
                    "1000": "1", "2000": "0", "5000": "0", "10000": "0",
                    "inf": "2", "sum": "57312.5"},
        "in-flight": "64", "queued": "836",
        "addresses": {
            "192.0.2.1": {"sas": "30", "capable": "28", "weight": "3",
                          "drained": "no"},
            "2001:db8::1": {"sas": "10", "capable": "10", "drained": "yes",
                            "reason": "30 % \"loss\""},
        },
        "immovable": {"peer does not support it": "2",
                      "MOBIKE is not enabled": "0"},
    })


def looked_at(client, request, others="0", cut=12):
    """Clients at two addresses; some could not move, and one of two addresses that
    the others would go to was never used."""
    if client.command == "rmobike-stats":
        client.reply(**{
            "in-flight": others, "queued": "0", "addresses": {
                "192.0.2.1": {"sas": str(3 + cut)}, "192.0.2.2": {"sas": "0"},
                "192.0.2.3": {"sas": "1"}}})
    elif client.command == "rmobike-list-addresses":
        client.reply(addresses={
            "192.0.2.1": {"sas": str(3 + cut)},
            "192.0.2.2": {"sas": "0"}, "192.0.2.4": {"sas": "0"},
            "192.0.2.3": {"sas": "0", "last-move": "1700000000"}})
    elif request.get("dry-run") != "yes":
        client.reply(success="no", matches="0", errmsg="this is serious")
    elif request["address"] == "192.0.2.1":
        client.reply(success="yes", matches=str(3 + cut))
        client.events(range(3), "planned")
        client.events(range(3, 3 + cut), "ineligible", to=None,
                      reason="peer does not support it")
    else:
        client.reply(success="yes", matches="1")
        client.event(20, "planned", to="192.0.2.1", **{"from": "192.0.2.3"})


def all_may_go(client, request):
    looked_at(client, request, cut=0)


def goes_already(client, request):
    looked_at(client, request, others="1")


def in_cluster(client, request):
    client.reply(success="yes", remote="10.9.0.1", alive="yes", since="71",
                 version="6.0.1", here="30", copies="10", arriving="2",
                 untold="0", takeover={"why": "by command", "ago": "9",
                                       "taken": "5"},
                 conflict="the other node's ha plugin is of another version")


def left(client, request, done=(3,), bad=(), busy=0, cluster="no"):
    """Two clients at an address, which is to be left; some do."""
    seen = client.__dict__
    if client.command == "rmobike-cluster":
        client.reply(success=cluster,
                     **{"peers": "203.0.113.1"} if cluster == "yes" else {})
    elif client.command == "rmobike-stats":
        seen["looks"] = seen.get("looks", 0) + 1
        client.reply(**{
            "in-flight": "1" if seen["looks"] <= busy else "0",
            "addresses": {
                "192.0.2.1": {"sas": str(2 - seen.get("gone", 0))},
                "192.0.2.2": {"sas": "0"}}})
    elif (client.command == "rmobike-drain" and cluster == "yes" and
          request.get("to") not in ("203.0.113.1", "203.0.113.9")):
        client.reply(success="no", matches="0", errmsg="to nowhere")
    elif client.command == "rmobike-drain":
        passes = seen["passes"] = seen.get("passes", 0) + 1
        client.reply(success="yes", matches=str(3 - passes))
        if passes == 1:
            seen["gone"] = len(done)
            client.events(done, "done")
        client.events(bad, "timeout", reason="no answer")
    else:
        sas = {str(i): ike_sa(i, local="192.0.2.1")
               for i in range(3, 5) if i not in done}
        sas["5"] = ike_sa(5, local="192.0.2.1", initiator="yes")
        sas["6"] = ike_sa(6, local="192.0.2.1", state="PASSIVE")
        sas["7"] = ike_sa(7, local="192.0.2.2")
        client.reply(sas=sas)


def all_leave(client, request):
    left(client, request, done=(3, 4))


def one_remains(client, request):
    left(client, request, bad=(4,))


def leaves_when_idle(client, request):
    left(client, request, done=(3, 4), busy=2)


def leaves_in_vain(client, request):
    left(client, request)


def leaves_a_cluster(client, request):
    left(client, request, done=(3, 4), cluster="yes")


def listing(client, request):
    counting(client, request)


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
