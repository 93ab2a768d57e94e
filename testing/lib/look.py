# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: look.py DIRECTORY CLIENT NODE=ADDRESS...: answers questions about the client of a
# cluster, a line for each on standard input, from charon's vici sockets of these
# hosts, DIRECTORY/HOST/run/charon.vici. One process for all of them, as each new one
# takes a virtual machine longer than it takes to answer. Who does not run has nothing.
#
#   served      "NODE ADDRESS" with the client's virtual address if one node has it,
#               whatever else there is, the client agrees, and another node that runs
#               has a copy; or else "-"
#   children    the inbound SPIs of the client's CHILD_SAs, those not in use with "-"

import os
import socket
import sys

import vici

lab, client = sys.argv[1:3]
nodes = dict(node.split("=") for node in sys.argv[3:])


def sas(host):
    """The IKE_SAs there, None if nothing runs there"""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(os.path.join(lab, host, "run/charon.vici"))
            return [ike for sa in vici.Session(connection).list_sas()
                    for ike in sa.values()]
        except OSError:
            return None


def those(ikes, state, end):
    """The client's IKE_SAs among these, where it is the local or the remote end"""
    return [ike for ike in ikes or [] if ike["state"] == state
            and ike.get(end + "-id", b"").startswith(client.encode() + b"@")]


def same(ike):
    """What an IKE_SA and its copy agree on"""
    children = sorted((child["spi-in"], child["spi-out"])
                      for child in ike["child-sas"].values()
                      if child["state"] == b"INSTALLED")
    return ike["initiator-spi"], ike["responder-spi"], children


def served():
    """What is said above"""
    at = {node: sas(node) for node in nodes}
    have = {node: those(at[node], b"ESTABLISHED", "remote") for node in nodes}
    owners = [node for node in nodes if have[node]]
    home = those(sas(client), b"ESTABLISHED", "local")
    if len(owners) != 1 or len(have[owners[0]]) != 1 or len(home) != 1:
        return "-"
    ike = have[owners[0]][0]
    address = nodes[owners[0]].encode()
    if [ike["local-host"], home[0]["remote-host"]] != [address] * 2 or not same(ike)[2]:
        return "-"
    for node in nodes:
        copies = those(at[node], b"PASSIVE", "remote")
        if node != owners[0] and at[node] is not None and \
                [same(copy) for copy in copies] != [same(ike)]:
            return "-"
    vips = home[0].get("local-vips")
    return f"{owners[0]} {vips[0].decode()}" if vips else "-"


def children():
    """What is said above"""
    return " ".join(child["spi-in"].decode() if child["state"] == b"INSTALLED" else "-"
                    for ike in those(sas(client), b"ESTABLISHED", "local")
                    for child in ike["child-sas"].values())


for question in sys.stdin:
    print({"served": served, "children": children}[question.strip()](), flush=True)
