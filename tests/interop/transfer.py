"""Streams of known bytes through an echo server, compared by hash."""

import hashlib
import socket
import threading

from harness import STACK

BLOCK = 1 << 20


class Stream:
    """Bytes that never repeat for a gigabyte, made faster than any wire: a block with its number in it."""

    def __init__(self):
        self._body = hashlib.shake_128(b"zstack").digest(BLOCK - 8)
        self._next = 0

    def block(self):
        self._next += 1
        return self._next.to_bytes(8, "big") + self._body


def echo(total, port, timeout=30, address=STACK):
    """Sends `total` bytes and reads them back at the same time: (bytes back, equal?, error text)."""
    c = socket.create_connection((address, port), timeout=timeout)
    sent, got = hashlib.sha1(), hashlib.sha1()
    errors = []

    def send():
        stream, left = Stream(), total
        try:
            while left > 0:
                data = stream.block()[:left]
                sent.update(data)
                c.sendall(data)
                left -= len(data)
            c.shutdown(socket.SHUT_WR)
        except OSError as error:
            errors.append(f"sending: {error}")

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    received = 0
    try:
        while part := c.recv(BLOCK):
            got.update(part)
            received += len(part)
    except OSError as error:
        errors.append(f"receiving: {error}")
    sender.join(timeout)
    c.close()
    return received, received == total and sent.digest() == got.digest(), "; ".join(errors)
