#!/usr/bin/env python3
"""1 GiB through the echo server, both ways at once, compared by hash; then a health check by ss."""

import time

from harness import main
from transfer import echo

TOTAL = 1 << 30
PORT = 7


def scenario(world):
    server = world.serve("--echo", port=PORT)
    began = time.monotonic()
    received, equal, error = echo(TOTAL, PORT)
    seconds = time.monotonic() - began
    world.check(equal, f"1 GiB comes back unchanged, {received} bytes in {seconds:.1f} s, {received * 8 / seconds / 1e9:.2f} Gbit/s {error}")
    world.check(server.poll() is None, "zstack lives")
    world.check(world.stop(server) == 0, "stops with exit code 0")


if __name__ == "__main__":
    main(scenario)
