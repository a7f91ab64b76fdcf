#!/usr/bin/env python3
"""1,000 connections at once, all alive, all answered; then 1,000 new ones after another."""

import resource
import socket

from harness import STACK, curl, main

COUNT = 1000
REQUEST = b"GET / HTTP/1.1\r\nHost: z\r\n\r\n"


def scenario(world):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    server = world.serve("--size", "64")
    clients = [socket.create_connection((STACK, 80), timeout=20) for _ in range(COUNT)]
    for c in clients:
        c.sendall(REQUEST)
    answered = sum(c.recv(4096).startswith(b"HTTP/1.1 200") for c in clients)
    world.check(answered == COUNT, f"{answered} of {COUNT} connections at once are answered")
    for c in clients:
        c.sendall(REQUEST)
    answered = sum(c.recv(4096).startswith(b"HTTP/1.1 200") for c in clients)
    world.check(answered == COUNT, f"{answered} of {COUNT} are answered again")
    for c in clients:
        c.close()
    served = 0
    for _ in range(COUNT):
        with socket.create_connection((STACK, 80), timeout=20) as c:
            c.sendall(REQUEST)
            served += c.recv(4096).startswith(b"HTTP/1.1 200")
    world.check(served == COUNT, f"{served} of {COUNT} new connections, one after another")
    world.check(curl().returncode == 0 and server.poll() is None, "zstack lives and answers")


if __name__ == "__main__":
    main(scenario)
