#!/usr/bin/env python3
"""An idle server sleeps: it uses next to no CPU, and answers at once when it is asked. Over the cable's
own devices, and where the cable is a veth pair over AF_XDP too."""

import os
import socket
import time
from pathlib import Path

from harness import STACK, main, receive_exactly, run

WATCHED = 2.0
WAKE_UPS = 50
MOST_SECONDS = 10  # lost wake-ups would make it 25
MOST = 0.25  # of a core; a server that polls uses all of it


def cpu_seconds(process):
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def stays_idle(world, name):
    server = world.serve("--echo")
    with socket.create_connection((STACK, 80), timeout=10) as connection:
        connection.settimeout(10)
        connection.sendall(b"before")
        world.check(receive_exactly(connection, 6) == b"before", f"{name}: echoes")
        time.sleep(0.2)
        began, used = time.monotonic(), cpu_seconds(server)
        time.sleep(WATCHED)
        share = (cpu_seconds(server) - used) / (time.monotonic() - began)
        world.check(share < MOST, f"{name}: an idle server uses {100 * share:.1f} % of a core")
        # Many wake-ups, none of them lost: each would last until the next look half a second later.
        began, answered = time.monotonic(), 0
        for i in range(WAKE_UPS):
            time.sleep(0.005)
            connection.sendall(b"%03d" % i)
            answered += receive_exactly(connection, 3) == b"%03d" % i
        took = time.monotonic() - began
        world.check(answered == WAKE_UPS and took < MOST_SECONDS, f"{name}: {answered} answers after as many pauses, in {took:.1f} s")
    world.check(world.stop(server) == 0, f"{name}: stops with exit code 0")


def is_true_root():
    """AF_XDP does not work in a user namespace, where we only seem to be root."""
    return Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"]


def scenario(world):
    stays_idle(world, world.device)
    if world.device == "packet" and is_true_root():
        run("ethtool", "-K", "zp0", "tx", "off")
        world.on_stack_side("ethtool", "-K", "zs0", "tx", "off")
        world.wire = ["--device", "dpdk:net_af_xdp0,iface=zs0"]
        stays_idle(world, "af_xdp")


if __name__ == "__main__":
    main(scenario)
