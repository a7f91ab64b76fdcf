#!/usr/bin/env python3
"""Captures an interface into a pcap file until SIGTERM: capture.py INTERFACE FILE. Prints "capturing"
when it does, and at the end how many packets it had no room for.

On a virtual cable a checksum often travels unfinished ("the NIC will fill it in"), and a plain capture
shows it as bad. Here the packet socket tells which ones (PACKET_VNET_HDR), and they are finished the
way a NIC does: the sum over the packet from csum_start on, pseudo-header sum included, which the
sender must have left in the field. A sender that left a wrong one still shows up as a bad checksum.
"""

import select
import signal
import socket
import struct
import sys
import time

SOL_PACKET, PACKET_STATISTICS, PACKET_VNET_HDR = 263, 6, 15
SO_RCVBUFFORCE = 33
BUFFER_BYTES = 256 << 20
ETH_P_ALL = 0x0003
NEEDS_CSUM = 1
VNET_HEADER = struct.Struct("=BBHHHH")  # virtio_net_hdr: flags, gso_type, hdr_len, gso_size, csum_start, csum_offset


def internet_checksum(data):
    """RFC 1071. Adding 16-bit words with end-around carry is arithmetic modulo 0xFFFF, and Python's
    long integers do that for a whole packet at once."""
    number = int.from_bytes(data + b"\0" * (len(data) % 2), "big")
    return ~(number % 0xFFFF or (0xFFFF if number else 0)) & 0xFFFF


def finish_checksum(frame, start, offset):
    packet = bytearray(frame)
    if start + offset + 2 <= len(packet):
        packet[start + offset:start + offset + 2] = struct.pack("!H", internet_checksum(bytes(packet[start:])))
    return bytes(packet)


def open_socket(interface):
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    raw.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    try:
        raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
    except PermissionError:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    raw.bind((interface, 0))
    raw.setblocking(False)
    return raw


def collect(raw):
    """All packets until SIGTERM, as they came: the work is for later, so that the queue stays short."""
    stopping, packets = [], []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    print("capturing", flush=True)
    while True:
        try:
            packets.append((time.time_ns() // 1000, raw.recv(VNET_HEADER.size + 0x20000)))
        except BlockingIOError:
            if stopping:  # everything that was on its way has been read
                return packets
            select.select([raw], [], [], 0.05)
        except OSError:  # the cable was pulled
            if stopping:
                return packets


def main():
    interface, file = sys.argv[1:]
    raw = open_socket(interface)
    packets = collect(raw)
    with open(file, "wb") as out:
        out.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, 1))  # microseconds, Ethernet
        for now, data in packets:
            flags, _, _, _, start, offset = VNET_HEADER.unpack_from(data)
            frame = data[VNET_HEADER.size:]
            if flags & NEEDS_CSUM:
                frame = finish_checksum(frame, start, offset)
            out.write(struct.pack("=IIII", now // 1_000_000, now % 1_000_000, len(frame), len(frame)) + frame)
    _, lost = struct.unpack("=II", raw.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
    print(lost, flush=True)


if __name__ == "__main__":
    main()
