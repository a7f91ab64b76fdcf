#!/usr/bin/env python3
"""The kernel's iperf3 measures zstack: both directions, several streams, and what is refused."""

import json
import socket
import struct
import subprocess

from harness import STACK, main, run, wait_for

PORT = 5201
SECONDS = 1
CASES = {
    "to zstack": [],
    "from zstack": ["-R"],
    "to zstack, 2 streams": ["-P", "2"],
    "from zstack, 2 streams": ["-R", "-P", "2"],
    "both ways": ["--bidir"],
}
COOKIE = b"a" * 36 + b"\0"
PARAM_EXCHANGE, ACCESS_DENIED, SERVER_ERROR = b"\x09", b"\xff", b"\xfe"


def iperf3(*options, plain=False):
    return run("iperf3", "-c", STACK, *([] if plain else ["-J"]), *options, check=False, timeout=30)


def figures(*options):
    """What iperf3 reports at its end, and what went wrong. With -J it exits with 0 even then."""
    done = iperf3(*options)
    report = json.loads(done.stdout or "{}")
    trouble = report.get("error", "") + done.stderr
    if not trouble and done.returncode != 0:
        trouble = f"exit code {done.returncode}"
    return report.get("end", {}), trouble


def measure(world, name, options):
    end, trouble = figures("-t", str(SECONDS), *options)
    world.need(not trouble, f"{name}: iperf3 ends well ({trouble})")
    for suffix in ("", "_bidir_reverse") if "--bidir" in options else ("",):
        sent = end["sum_sent" + suffix]["bits_per_second"]
        received = end["sum_received" + suffix]["bits_per_second"]
        world.check(sent > 0 and received > 0, f"{name}{suffix}: {sent / 1e9:.2f} Gbit/s sent, {received / 1e9:.2f} received")
        world.check(0.5 < received / max(sent, 1) < 1.5, f"{name}{suffix}: both ends counted about the same")


def dialogue(data, expected):
    """Says `data` on a new connection; true if the first byte that comes is `expected`."""
    with socket.create_connection((STACK, PORT), timeout=5) as connection:
        connection.sendall(data)
        got = connection.recv(1)
        if got == PARAM_EXCHANGE and expected != PARAM_EXCHANGE:
            got = connection.recv(1)
        return got == expected


def long_test():
    client = subprocess.Popen(["iperf3", "-c", STACK, "-t", "20", "-R"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    # Two connections at the kernel's end: the test has begun.
    wait_for(lambda: run("ss", "-tnH", "state", "established", "dst", f"{STACK}:{PORT}").stdout.count("\n") == 2)
    return client


def scenario(world):
    server = world.start("iperf3", port=PORT)
    for name, options in CASES.items():
        measure(world, name, options)

    done = iperf3("-t", "1", plain=True)
    world.check(done.returncode == 0, f"iperf3 without -J exits with 0 ({done.stderr})")
    end, trouble = figures("-t", "1", "-O", "1", "-R", "-b", "20M", "-l", "8K")
    rate = end.get("sum_sent", {}).get("bits_per_second", 0)
    world.check(not trouble and 15e6 < rate < 25e6, f"-b 20M -R keeps the rate: {rate / 1e6:.1f} Mbit/s ({trouble})")
    end, trouble = figures("-t", "1", "-R", "-l", "1", "-P", "64")
    sent = end.get("sum_sent", {}).get("bytes", 0)
    world.check(not trouble and sent > 0, f"64 streams of single bytes work ({sent} bytes {trouble})")
    measure(world, "from zstack after them", ["-R"])
    end, trouble = figures("-n", "10M")
    world.check(not trouble, f"-n 10M works ({trouble})")

    done = iperf3("-u", "-t", "1", plain=True)
    world.check(done.returncode == 1 and "not implemented" in done.stderr, f"UDP is refused ({done.stderr.strip()})")
    world.check(wait_for(lambda: "only TCP is served" in server.log.read_text(), 2), "and the log says why")

    first = long_test()
    world.check(dialogue(COOKIE, ACCESS_DENIED), "a second test is denied while one runs")
    done = iperf3("-t", "1", plain=True)
    world.check(done.returncode == 1 and "busy" in done.stderr, f"and iperf3 says so ({done.stderr.strip()})")
    first.kill()  # without a farewell
    first.wait()
    free = wait_for(lambda: not figures("-n", "1M")[1], 5)
    world.check(free, "a client that is killed frees the place")

    huge = COOKIE + struct.pack(">I", 0xFFFFFFFF) + b"{"
    world.check(dialogue(huge, SERVER_ERROR), "4 GiB of parameters are refused")
    world.check(dialogue(COOKIE + struct.pack(">I", 4) + b"null", SERVER_ERROR), "parameters that are no object are refused")
    measure(world, "after all that", [])
    world.check(server.poll() is None, "zstack lives")
    last = long_test()
    world.check(world.stop(server) == 0, "stops with exit code 0 in the middle of a test")
    world.check("server has terminated" in last.communicate(timeout=10)[1], "and its client hears of it")


if __name__ == "__main__":
    main(scenario)
