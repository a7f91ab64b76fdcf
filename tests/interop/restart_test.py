#!/usr/bin/env python3
"""Stop by SIGTERM or SIGINT leaves nothing behind, and a second start right after works."""

import os
import signal
import socket
import subprocess

from harness import STACK, curl, main, wait_for


def hugepage_files():
    return [f for f in (os.listdir("/dev/hugepages") if os.path.isdir("/dev/hugepages") else []) if f.startswith("rte")]



def scenario(world):
    before = hugepage_files()
    for number, sign in enumerate((signal.SIGTERM, signal.SIGINT, signal.SIGTERM), 1):
        server = world.serve("--size", "64")
        world.check(curl().returncode == 0, f"start {number}: answers")
        idle = socket.create_connection((STACK, 80), timeout=10)  # an open connection must not hold it up
        server.send_signal(sign)
        try:
            code = server.wait(15)
        except subprocess.TimeoutExpired:
            code = None
        world.check(code == 0, f"stop {number} by {sign.name}: exit code {code}")
        idle.settimeout(5)
        try:
            ended = idle.recv(1) == b""
        except ConnectionResetError:
            ended = True
        except OSError:
            ended = False
        world.check(ended, f"stop {number}: the open connection was closed")
        if world.device == "tap":
            gone = wait_for(lambda: subprocess.run(["ip", "link", "show", "zs0"], capture_output=True).returncode != 0, 5)
            world.check(gone, f"stop {number}: the TAP interface is gone")
    world.check(hugepage_files() == before, "no hugepage file is left")


if __name__ == "__main__":
    main(scenario)
