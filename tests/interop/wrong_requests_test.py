#!/usr/bin/env python3
"""Requests that are wrong get the right refusal and a closed connection, and hurt nobody else."""

import socket

from harness import STACK, main

CASES = [
    (b"nonsense\r\n\r\n", b"400", "no request at all"),
    (b"GET / HTTP/1.1\r\nHost: z\r\nBad Header\r\n\r\n", b"400", "a header without a colon"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400", "a TLS hello"),
    (b"DELETE / HTTP/1.1\r\nHost: z\r\n\r\n", b"405", "a method that is not served"),
    (b"GET / HTTP/1.1\r\nHost: z\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", b"431", "a header of 100 KB"),
    (b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: z\r\n\r\n", b"4", "a target of 100 KB"),
    (b"POST / HTTP/1.1\r\nHost: z\r\nContent-Length: 99999999999\r\n\r\n", b"4", "a body that nobody wants"),
    (b"GET / HTTP/1.1\r\nHost: z\r\nContent-Length: -1\r\n\r\n", b"400", "a negative length"),
]


def refusal(request):
    """What the server says until it closes; the peer may reset while we still send."""
    data = b""
    with socket.create_connection((STACK, 80), timeout=10) as c:
        try:
            c.sendall(request)
        except OSError:
            pass
        try:
            while part := c.recv(1 << 16):
                data += part
        except ConnectionResetError:
            pass
        except TimeoutError:
            return data + b" (and no end)"
    return data


def scenario(world):
    server = world.serve("--size", "64")
    bystander = socket.create_connection((STACK, 80), timeout=10)
    for request, status, text in CASES:
        answer = refusal(request)
        world.check(answer.startswith(b"HTTP/1.1 " + status) and not answer.endswith(b"(and no end)"),
                    f"{text} is refused with {status.decode()} and closed ({answer[:40]!r})")
    bystander.sendall(b"GET / HTTP/1.1\r\nHost: z\r\n\r\n")
    world.check(bystander.recv(100).startswith(b"HTTP/1.1 200"), "another connection did not notice")
    world.check_alive(server)


if __name__ == "__main__":
    main(scenario)
