#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The rmobike authors
#
# Runs the tool as an interactive shell would: it does not ignore SIGINT, and
# has a terminal if asked to. What it writes there goes to standard output.
#
# usage: test_tool.py [--terminal] TOOL [ARGS...]

import fcntl
import os
import pty
import signal
import struct
import sys
import termios


def on_terminal(command):
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.execv(command[0], command)
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break
        os.write(1, data)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main():
    command = sys.argv[1:]
    if command[0] == "--terminal":
        sys.exit(on_terminal(command[1:]))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
