#!/usr/bin/env python3
"""zstack and the kernel over bad paths of the project's own fault device: both roles, IPv4 and IPv6, up to 10 % of loss,
reordering, 0 to 200 ms of delay. Every byte that goes there comes back, and is the right one.

`--long` (as the first argument) takes all combinations, and more bytes."""

import json
import os
import socket
import sys
import threading
from pathlib import Path

from harness import KERNEL, STACK, can_connect, main, run, wait_for
from transfer import echo

PORT = 7
STACK6, KERNEL6 = "fd99::2", "fd99::1"

# name, options of the fault device (each direction), bytes, by which the short ones take a second or two each
SHORT = [
    ("no loss, 200 ms", ["--fault-delay", "100ms"], 256 << 10),
    ("1 % loss, 40 ms", ["--fault-loss", "0.01", "--fault-delay", "20ms"], 512 << 10),
    ("10 % loss, 2 ms", ["--fault-loss", "0.1", "--fault-delay", "1ms"], 64 << 10),
    ("5 % reordered, 20 ms", ["--fault-reorder", "0.05", "--fault-delay", "10ms"], 512 << 10),
    ("3 % loss, 3 % reordered, jitter, duplicates", ["--fault-loss", "0.03", "--fault-reorder", "0.03", "--fault-duplicate", "0.02",
                                                     "--fault-delay", "5ms", "--fault-jitter", "4ms"], 256 << 10),
]
LONG = [(f"{loss} % loss, {reorder} % reordered, {2 * delay} ms",
         ["--fault-loss", str(loss / 100), "--fault-reorder", str(reorder / 100), "--fault-delay", f"{delay}ms"], 2 << 20)
        for loss in (0, 1, 3, 10) for reorder in (0, 5) for delay in (0, 10, 100)]
LONG_WANTED = "ZS_INTEROP_LONG"


class KernelEcho(threading.Thread):
    """An echo server on the kernel's sockets, for both families."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True)

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    @staticmethod
    def answer(connection):
        try:
            while part := connection.recv(1 << 16):
                connection.sendall(part)
        except OSError:
            pass
        connection.close()


def as_server(world, name, options, total):
    """The kernel opens, zstack answers; over IPv4 and IPv6 at once."""
    server = world.serve("--address", f"{STACK6}/64", "--bind", "::", "--memory-mb", "64", "--echo", "--fault-seed", "7", *options, port=PORT)
    outcome = {}

    def one(family, address):
        try:
            outcome[family] = echo(total, PORT, timeout=60, address=address)
        except OSError as error:
            outcome[family] = 0, False, f"connecting: {error}"

    threads = [threading.Thread(target=one, args=x) for x in (("IPv4", STACK), ("IPv6", STACK6))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for family in ("IPv4", "IPv6"):
        received, equal, error = outcome.get(family, (0, False, "no connection"))
        world.check(equal, f"{family}, the kernel opens, {name}: {total >> 10} KiB come back unchanged ({received} bytes) {error}")
    world.check(server.poll() is None, f"{name}: zstack lives")
    world.stop(server)


def as_client(world, name, options, total, families):
    """zstack opens; it compares what comes back itself."""
    for family in families:
        target = KERNEL if family == "IPv4" else f"[{KERNEL6}]"
        done = world.on_stack_side(world.zstack, "load", f"{target}:{PORT}", *world.network_options(), "--address", f"{STACK6}/64",
                                   "--log-level", "warning", "--memory-mb", "64", "--fault-seed", "8", *options, "--echo", "--verify", "-s", str(total // 2),
                                   "-n", "2", "-c", "2", "--timeout", "60s", "--json", check=False)
        world.need(done.returncode == 0, f"{family}, zstack opens, {name}: ends with exit code 0 ({done.stderr.strip()[-300:]})")
        report = json.loads(done.stdout)
        world.check(report["requests"] == 2 and sum(report["errors"].values()) == 0,
                    f"{family}, zstack opens, {name}: {total >> 10} KiB come back unchanged ({report['requests']} of 2, {report['errors']})")


def scenario(world):
    Path(f"/proc/sys/net/ipv6/conf/{world.interface}/disable_ipv6").write_text("0")
    run("ip", "-6", "addr", "add", f"{KERNEL6}/64", "dev", world.interface, "nodad")
    echoing = KernelEcho()
    echoing.start()
    wait_for(lambda: can_connect(PORT, "127.0.0.1"))
    every = os.environ.get(LONG_WANTED)
    for i, (name, options, total) in enumerate(LONG if every else SHORT):
        as_server(world, name, options, total)
        as_client(world, name, options, total, ("IPv4", "IPv6") if every else ("IPv4", "IPv6")[i % 2:][:1])


if __name__ == "__main__":
    if "--long" in sys.argv:
        sys.argv.remove("--long")
        os.environ[LONG_WANTED] = "1"
    main(scenario, devices=("packet",))
