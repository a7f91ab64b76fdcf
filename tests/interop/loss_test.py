#!/usr/bin/env python3
"""1 % of all packets lost by the project's own fault device, and worse: every byte still arrives."""

from harness import main
from transfer import echo

PORT = 7
CABLES = [
    ("1 % loss", ["--fault-loss", "0.01"], 32 << 20),
    ("loss, duplicates and reordering", ["--fault-loss", "0.005", "--fault-duplicate", "0.01", "--fault-reorder", "0.02"], 8 << 20),
    ("1 % loss and 0.1 % damage", ["--fault-loss", "0.01", "--fault-corrupt", "0.001"], 8 << 20),
]


def scenario(world):
    for name, options, total in CABLES:
        server = world.serve("--echo", "--fault-seed", "42", *options, port=PORT)
        received, equal, error = echo(total, PORT, timeout=60)
        world.check(equal, f"{name}: {total >> 20} MiB come back unchanged ({received} bytes) {error}")
        world.check(server.poll() is None, f"{name}: zstack lives")
        world.stop(server)


if __name__ == "__main__":
    main(scenario)
