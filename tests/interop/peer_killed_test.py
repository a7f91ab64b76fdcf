#!/usr/bin/env python3
"""The peer dies in mid-transfer, again and again: zstack goes on, and forgets what was lost."""

import signal
import socket
import struct
import subprocess

from harness import STACK, curl, main, wait_for


def scenario(world):
    server = world.serve("--size", "50000000")
    for _ in range(10):
        client = subprocess.Popen(["curl", "-s", "-o", "/dev/null", "--limit-rate", "20M", f"http://{STACK}/"])
        wait_for(lambda: len(socket_lines()) > 0, 5)
        client.send_signal(signal.SIGKILL)
        client.wait()
    world.check(server.poll() is None, "zstack lives after ten clients were killed in mid-transfer")
    for _ in range(100):  # RST instead of FIN, with unread data on both sides
        c = socket.create_connection((STACK, 80), timeout=10)
        c.sendall(b"GET / HTTP/1.1\r\nHost: z\r\n\r\n")
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close()
    got = curl("-o", "/dev/null", "-w", "%{size_download}").stdout
    world.check(got == "50000000", "the next client gets everything")
    world.check(world.stop(server) == 0, "stops with exit code 0")


def socket_lines():
    out = subprocess.run(["ss", "-tnH", "state", "established", "dst", STACK], capture_output=True, text=True).stdout
    return out.split("\n")[:-1]


if __name__ == "__main__":
    main(scenario)
