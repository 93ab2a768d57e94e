# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: listen.py: prints the events about IKE_SAs and CHILD_SAs on charon's vici
# socket as they come, with addresses if there are any, until it is ended.

import socket

import vici

EVENTS = ["ike-updown", "ike-rekey", "ike-update", "child-updown", "child-rekey"]

with socket.socket(socket.AF_UNIX) as connection:
    connection.connect("/run/charon.vici")
    session = vici.Session(connection)
    print("listening", flush=True)
    for name, message in session.listen(EVENTS):
        hosts = [message.get(key, b"").decode() for key in ("local-host", "remote-host")]
        print(name.decode(), *hosts, flush=True)
