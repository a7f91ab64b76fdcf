#!/usr/bin/env python3
"""wrk with 50 connections: no error of any kind, and the kernel counted no bad segment."""

import re

from harness import STACK, main, run


def counter(name):
    """From /proc/net/snmp, e.g. Tcp InCsumErrors."""
    rows = [line.split() for line in open("/proc/net/snmp") if line.startswith("Tcp:")]
    return int(dict(zip(*rows))[name])


def scenario(world):
    for size in (64, 8192):
        server = world.serve("--size", str(size))
        out = run("wrk", "-t1", "-c50", "-d2s", f"http://{STACK}/").stdout
        rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
        world.check(rate and float(rate.group(1)) > 1000, f"{size} B: {rate.group(1) if rate else out} requests/s")
        world.check("Socket errors" not in out and "Non-2xx" not in out, f"{size} B: no error")
        world.check_alive(server)
        world.check(world.stop(server) == 0, "stops with exit code 0")
    world.check(counter("InCsumErrors") == 0 and counter("InErrs") == 0, "the kernel received no bad segment")


if __name__ == "__main__":
    main(scenario)
