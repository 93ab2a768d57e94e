# SPDX-License-Identifier: GPL-2.0-or-later
"""IKEv2 (RFC 7296) for testing/tools/peer, as little of it as two ends need that mean
each other well: one suite (AES-GCM-256, HMAC-SHA-256, ECP-256), pre-shared keys, ESP in
UDP. It has nothing in common with charon, that is what it is for."""

import hashlib
import hmac
import os
import socket
import struct

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL = 34, 35, 36, 37
SA, KE, IDI, IDR, AUTH, NONCE, NOTIFY, DELETE = 33, 34, 35, 36, 39, 40, 41, 42
TSI, TSR, SK, CP = 44, 45, 46, 47
INITIATOR, RESPONSE = 0x08, 0x20
IKE, ESP = 1, 3

INVALID_KE_PAYLOAD, AUTHENTICATION_FAILED, NO_ADDITIONAL_SAS = 17, 24, 35
NAT_DETECTION_SOURCE_IP, NAT_DETECTION_DESTINATION_IP = 16388, 16389
REKEY_SA, MOBIKE_SUPPORTED, ADDITIONAL_IP4_ADDRESS = 16393, 16396, 16397
NO_ADDITIONAL_ADDRESSES, UPDATE_SA_ADDRESSES, COOKIE2 = 16399, 16400, 16401

# What is behind the length in transforms: type, ID, length of the key
SUITES = {
    IKE: [b"\1\0\0\x14\x80\x0e\1\0", b"\2\0\0\5", b"\4\0\0\x13"],
    ESP: [b"\1\0\0\x14\x80\x0e\1\0", b"\5\0\0\0"],
}
GROUP = b"\0\x13"


class Refused(Exception):
    """What the other end sent can't be used."""


# -- payloads: lists of (type, body) -----------------------------------------


def encode(payloads):
    out = b""
    following = [kind for kind, _ in payloads[1:]] + [0]
    for (_, body), kind in zip(payloads, following):
        out += struct.pack("!BxH", kind, len(body) + 4) + body
    return out


def decode(kind, data):
    payloads = []
    while kind:
        following, length = struct.unpack("!BxH", data[:4])
        if not 4 <= length <= len(data):
            raise Refused("a payload has the length %d" % length)
        payloads.append((kind, data[4:length]))
        kind, data = following, data[length:]
    return payloads


def payload(payloads, wanted):
    for kind, body in payloads:
        if kind == wanted:
            return body
    raise Refused("no payload %d, but notifies %s" %
                  (wanted, [number for number, _ in notifies(payloads)]))


def notify(number, data=b""):
    return NOTIFY, struct.pack("!BBH", 0, 0, number) + data


def notifies(payloads):
    """(type, data) of each."""
    return [(int.from_bytes(body[2:4], "big"), body[4 + body[1]:])
            for kind, body in payloads if kind == NOTIFY]


def proposal(protocol, spi=b"", number=1):
    suite = SUITES[protocol]
    body = struct.pack("!BBBB", number, protocol, len(spi), len(suite)) + spi
    for transform in suite:
        more = 3 * (transform != suite[-1])
        body += struct.pack("!BxH", more, 4 + len(transform)) + transform
    return SA, struct.pack("!BxH", 0, 4 + len(body)) + body


def choose(body, protocol):
    """Number and SPI of the first proposal in the SA payload that has our suite."""
    while body:
        length, number, kind, spi = struct.unpack("!xxHBBB", body[:7])
        rest, offered = body[8 + spi:length], []
        while rest:
            size = int.from_bytes(rest[2:4], "big")
            offered.append(rest[4:size])
            rest = rest[size:]
        ours = SUITES[protocol]
        # Of what we don't have, none has to do
        others = {one[:1] for one in offered} - {one[:1] for one in ours}
        wanted = ours + [kind + b"\0\0\0" for kind in others]
        if kind == protocol and set(wanted) <= set(offered):
            return number, body[8:8 + spi]
        body = body[length:]
    raise Refused("no proposal has AES-GCM-256 with our other algorithms")


def identity(name):
    return struct.pack("!Bxxx", 3 if "@" in name else 2) + name.encode()


def selector(first, last):
    """Of all protocols and ports between these two addresses."""
    return b"\1\0\0\0" + struct.pack("!BBHHH", 7, 0, 16, 0, 65535) + \
        socket.inet_aton(first) + socket.inet_aton(last)


def nat_detection(spis, other):
    """As if we were behind a NAT, so that ESP comes in UDP."""
    address = socket.inet_aton(other[0]) + struct.pack("!H", other[1])
    return [notify(NAT_DETECTION_SOURCE_IP, os.urandom(20)),
            notify(NAT_DETECTION_DESTINATION_IP, hashlib.sha1(spis + address).digest())]


# -- keys --------------------------------------------------------------------


def prf(key, data):
    return hmac.digest(key, data, "sha256")


def derive(key, seed, *lengths):
    """Keys of these lengths."""
    stream = block = b""
    for number in range(1, sum(lengths) // 32 + 2):
        block = prf(key, block + seed + bytes([number]))
        stream += block
    for length in lengths:
        yield stream[:length]
        stream = stream[length:]


class Aead:
    """AES-GCM as IKE and ESP use it: the key is followed by four octets of salt."""

    def __init__(self, key):
        self.cipher, self.salt = AESGCM(key[:32]), key[32:]
        self.counter = 0

    def seal(self, plain, head):
        self.counter += 1
        iv = struct.pack("!Q", self.counter)
        return iv + self.cipher.encrypt(self.salt + iv, plain, head)

    def open(self, data, head):
        return self.cipher.decrypt(self.salt + data[:8], data[8:], head)


class Secret:
    """Our half of what both will share."""

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.nonce = os.urandom(32)
        point = self.private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint)
        self.payloads = [(KE, GROUP + b"\0\0" + point[1:]), (NONCE, self.nonce)]

    def shared(self, body):
        curve = ec.SECP256R1()
        point = ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\4" + body[4:])
        return self.private.exchange(ec.ECDH(), point)


class Child:
    """A CHILD_SA that answers pings, whoever they are for."""

    def __init__(self, receive, send, other_spi):
        self.receive, self.send = Aead(receive), Aead(send)
        self.other_spi = other_spi

    def answer(self, data):
        """The ESP packet that answers this one, or None."""
        packet = self.receive.open(data[8:], data[:8])
        header = (packet[0] & 15) * 4
        # IPv4 in a tunnel, an echo request
        if packet[-1] != 4 or packet[9] != 1 or packet[header] != 8:
            return None
        packet = packet[:int.from_bytes(packet[2:4], "big")]
        # The type is part of a sum of 16-bit words in ones' complement
        total = int.from_bytes(packet[header + 2:header + 4], "big") + 0x0800
        total = (total & 0xFFFF) + (total >> 16)
        packet = packet[:12] + packet[16:20] + packet[12:16] + packet[20:header] + \
            b"\0\0" + total.to_bytes(2, "big") + packet[header + 4:]
        head = self.other_spi + struct.pack("!I", self.send.counter + 1)
        padding = bytes(range(1, -(len(packet) + 2) % 4 + 1))
        return head + self.send.seal(packet + padding + bytes([len(padding), 4]), head)


# -- the network -------------------------------------------------------------


class Wire:
    """UDP ports 500 and 4500 of this host, with the address that packets come to or
    leave from. Ends of a path are pairs of address and port."""

    IP_PKTINFO = 8

    def __init__(self):
        self.sockets = {}
        for port in 500, 4500:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.setsockopt(socket.IPPROTO_IP, self.IP_PKTINFO, 1)
            udp.bind(("", port))
            self.sockets[port] = udp

    def receive(self, udp):
        """Data, own end and other end."""
        data, info, _, other = udp.recvmsg(65535, 64)
        return data, (socket.inet_ntoa(info[0][2][8:12]), udp.getsockname()[1]), other

    def send(self, data, own, other):
        info = struct.pack("!I4s4x", 0, socket.inet_aton(own[0]))
        try:
            self.sockets[own[1]].sendmsg(
                [data], [(socket.IPPROTO_IP, self.IP_PKTINFO, info)], 0, other)
        except OSError as error:
            print("not sent from %s to %s: %s" % (own[0], other[0], error), flush=True)
