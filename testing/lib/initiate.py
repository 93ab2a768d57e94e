# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: initiate.py NUMBER: initiates the CHILD_SAs whose names are on standard
# input, so many at a time, over charon's vici socket: a process for each, like
# swanctl, takes longer than the IKE_SA does. Ends with status 1 if any failed.

import queue
import socket
import sys
import threading

import vici

names = queue.Queue()
failed = []


def work():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect("/run/charon.vici")
    session = vici.Session(connection)
    while True:
        try:
            name = names.get_nowait()
        except queue.Empty:
            return
        try:
            for _ in session.initiate({"child": name, "loglevel": -1}):
                pass
        except vici.exception.CommandException as error:
            failed.append(f"{name}: {error}")


for line in sys.stdin:
    names.put(line.strip())
threads = [threading.Thread(target=work) for _ in range(int(sys.argv[1]))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("\n".join(failed))
sys.exit(1 if failed else 0)
