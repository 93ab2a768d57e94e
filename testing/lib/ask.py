# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: ask.py CONNECTIONS TIMES COMMAND: gives a command so many times on each of
# so many connections to charon's vici socket, all at once: a process for each, like
# rmobike, asks too seldom to meet another one.

import socket
import sys
import threading

import vici


def ask(times, command):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect("/run/charon.vici")
    session = vici.Session(connection)
    for _ in range(times):
        session.request(command)


threads = [threading.Thread(target=ask, args=(int(sys.argv[2]), sys.argv[3]))
           for _ in range(int(sys.argv[1]))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
