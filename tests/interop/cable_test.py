#!/usr/bin/env python3
"""The cable is pulled in mid-transfer and put back: the transfer goes on and is whole."""

import hashlib
import socket
import threading

from harness import KERNEL, STACK, curl, main, run, wait_for
from transfer import BLOCK, Stream

PORT = 7
TOTAL = 64 << 20


def scenario(world):
    server = world.serve("--echo", port=PORT)
    c = socket.create_connection((STACK, PORT), timeout=60)
    sent, got, progress = hashlib.sha1(), hashlib.sha1(), [0]

    def send():
        stream, left = Stream(), TOTAL
        while left:
            data = stream.block()[:left]
            sent.update(data)
            c.sendall(data)
            left -= len(data)
        c.shutdown(socket.SHUT_WR)

    def receive():
        while part := c.recv(BLOCK):
            got.update(part)
            progress[0] += len(part)

    threads = [threading.Thread(target=f, daemon=True) for f in (send, receive)]
    for t in threads:
        t.start()
    wait_for(lambda: progress[0] > TOTAL // 8)
    run("ip", "link", "set", world.interface, "down")
    seen = progress[0]
    wait_for(lambda: progress[0] > seen, 0.5)  # long enough for retransmissions into the void
    world.check(server.poll() is None, "zstack lives without a cable")
    run("ip", "link", "set", world.interface, "up")
    run("ip", "addr", "replace", f"{KERNEL}/24", "dev", world.interface)
    for t in threads:
        t.join(60)
    world.check(progress[0] == TOTAL and sent.digest() == got.digest(), f"all {TOTAL} bytes arrive ({progress[0]})")
    world.check(server.poll() is None, "zstack lives")
    world.stop(server)


if __name__ == "__main__":
    main(scenario)
