#!/usr/bin/env python3
"""HTTP as a client may write it: pipelined, one byte at a time, then half-closed."""

import socket

from harness import STACK, main

REQUEST = b"GET / HTTP/1.1\r\nHost: z\r\n\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: z\r\nConnection: close\r\n\r\n"
SIZE = 100


def read_all(connection):
    data = b""
    while part := connection.recv(1 << 16):
        data += part
    return data


def scenario(world):
    server = world.serve("--size", str(SIZE))
    with socket.create_connection((STACK, 80), timeout=10) as c:
        c.sendall(REQUEST * 99 + LAST)
        answer = read_all(c)
        world.check(answer.count(b"HTTP/1.1 200") == 100, "100 pipelined requests get 100 answers")
        world.check(len(answer.split(b"\r\n\r\n")[-1]) == SIZE, "the last body is whole")
    with socket.create_connection((STACK, 80), timeout=10) as c:
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(LAST)):
            c.send(LAST[i:i + 1])
        world.check(read_all(c).startswith(b"HTTP/1.1 200"), "a request in one-byte segments is answered")
    with socket.create_connection((STACK, 80), timeout=10) as c:
        c.sendall(REQUEST)
        c.shutdown(socket.SHUT_WR)
        world.check(read_all(c).startswith(b"HTTP/1.1 200"), "a client that closes its half still gets its answer")
    world.check_alive(server)


if __name__ == "__main__":
    main(scenario)
