#!/usr/bin/env python3
"""zstack load: over zstack against the kernel's servers, and over the kernel's sockets against zstack serve."""

import json
import os
import signal
import sys

from harness import KERNEL, STACK, can_connect, main, run, wait_for

KEYS = {
    "target", "kind", "transport", "connections", "rate", "close", "seconds", "requests", "requests_per_second",
    "connections_made", "connections_per_second", "bytes_sent", "bytes_received", "sent_bits_per_second",
    "received_bits_per_second", "latency_ns", "late", "unsent", "errors",
}
HTTP, ECHO, CLOSED = 8080, 7, 9
BODY = 64


def load(world, address, port, *options, kernel=False):
    """Runs `zstack load` to its end. Over zstack it lives where the stack lives, as any of its programs."""
    start = run if kernel else world.on_stack_side
    where = ["--transport", "kernel"] if kernel else [*world.network_options(), "--log-level", "warning"]
    return start(world.zstack, "load", f"{address}:{port}", *where, *options, check=False)


def figures(world, text, done):
    """The JSON of a load that went well."""
    world.need(done.returncode == 0, f"{text}: ends with exit code 0 ({done.returncode}: {done.stderr.strip()[-300:]})")
    report = json.loads(done.stdout)
    world.check(sum(report["errors"].values()) == 0, f"{text}: no errors")
    return report


def check_order(world, text, latency):
    values = [latency[k] for k in ("p50", "p90", "p99", "p99.9", "max")]
    world.check(0 < values[0] and values == sorted(values) and latency["mean"] <= latency["max"], f"{text}: percentiles in order {values}")


def check_counts(world, text, address, port, kernel):
    """Everything that is asked for a number of times is counted as often, byte by byte."""
    def ask(*options):
        return load(world, address, port, "--json", *options, kernel=kernel)

    r = figures(world, text, ask("-n", "500", "-c", "8"))
    world.check(set(r) == KEYS, f"{text}: the documented keys {sorted(set(r) ^ KEYS)}")
    world.check(r["requests"] == 500 and r["connections_made"] == 8, f"{text}: 500 requests over 8 connections ({r['requests']}, {r['connections_made']})")
    per_answer = r["bytes_received"] / 500
    world.check(per_answer == int(per_answer) and BODY < per_answer < BODY + 400, f"{text}: answers of {per_answer} bytes")
    check_order(world, text, r["latency_ns"])

    r = figures(world, f"{text}, --close", ask("-n", "200", "-c", "4", "--close"))
    world.check(r["requests"] == 200 and r["connections_made"] == 200, f"{text}: 200 requests over as many connections ({r['connections_made']})")

    r = figures(world, f"{text}, --rate", ask("--rate", "500", "-d", "2s", "--warmup", "200ms", "-c", "8"))
    # 500/s for 2 s: what is late is sent nevertheless, so a pause of the machine costs little.
    world.check(800 <= r["requests"] <= 1000, f"{text}: 500/s for 2 s are {r['requests']} requests")
    world.check(r["requests"] + r["unsent"] == 1000, f"{text}: all of them are accounted for ({r['unsent']} unsent)")


def check_echo(world, text, address, kernel):
    r = figures(world, text, load(world, address, ECHO, "--json", "--echo", "--size", "200KiB", "--verify", "-n", "50", "-c", "3", kernel=kernel))
    expected = 50 * 200 * 1024
    world.check(r["bytes_sent"] == r["bytes_received"] == expected, f"{text}: 50 echoes of 200 KiB, equal byte for byte")
    r = figures(world, text, load(world, address, ECHO, "--json", "--echo", "--close", "-n", "100", "-c", "3", kernel=kernel))
    world.check(r["requests"] == r["connections_made"] == 100, f"{text}: 100 echoes over as many connections")


def check_shards(world):
    """Answers come in at any shard's queue, and must reach the one that asked."""
    cpus = sorted(os.sched_getaffinity(0))[:2]
    if len(cpus) < 2:
        return print("# several shards: skipped, there is one CPU only")
    options = ["--json", "-n", "400", "-c", "16", "--close", "--lcores", ",".join(map(str, cpus))]
    r = figures(world, "two shards", load(world, KERNEL, HTTP, *options))
    world.check(r["requests"] == r["connections_made"] == 400, f"two shards: 400 requests over as many connections ({r['requests']})")


def check_refused(world, text, address, kernel):
    done = load(world, address, CLOSED, kernel=kernel)
    world.check(done.returncode == 1 and "Connection refused" in done.stderr and f"{address}:{CLOSED}" in done.stderr,
                f"{text}: a port without a server is told at once ({done.returncode}: {done.stderr.strip()[-200:]})")


def check_usage(world):
    for text, target, options in (
        ("no port", STACK, []),
        ("a rate of nothing", f"{STACK}:80", ["--rate", "0"]),
        ("a path that is none", f"{STACK}:80", ["--path", "index.html"]),
        ("two ways to end", f"{STACK}:80", ["-n", "5", "-d", "1s"]),
        ("a device for the kernel", f"{STACK}:80", ["--device", "tap:zs9"]),
    ):
        done = run(world.zstack, "load", target, "--transport", "kernel", *options, check=False, timeout=20)
        said = done.stderr.strip()
        world.check(done.returncode == 2 and said, f"{text}: exit code {done.returncode}: {said.splitlines()[0][:120] if said else '(nothing)'}")


def check_signal(world):
    """Ctrl-C: what was measured until then is told."""
    process = world.spawn("interrupted", str(world.zstack), "load", f"{KERNEL}:{HTTP}", *world.network_options(), "-d", "60s", "--warmup", "0s")
    connected = wait_for(lambda: run("ss", "-tnH", "state", "established", "sport", f":{HTTP}").stdout.strip(), 20)
    world.check(connected, "the load has connected")
    process.send_signal(signal.SIGINT)
    code = process.wait(20)
    world.check(code == 0 and "requests" in (world.folder / "interrupted.log").read_text(), f"Ctrl-C ends it with a report (exit code {code})")


ECHO_SERVER = f"""
import asyncio
async def echo(reader, writer):
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()
    except ConnectionError:
        pass
async def serve():
    server = await asyncio.start_server(echo, "0.0.0.0", {ECHO})
    await server.serve_forever()
asyncio.run(serve())
"""


# Answers as http.server does not: HTTP/1.1 with keep-alive, and closed when the client wants it.
HTTP_SERVER = f"""
import asyncio
async def serve_one(reader, writer):
    try:
        while True:
            is_last = b"Connection: close" in await reader.readuntil(b"\\r\\n\\r\\n")
            said = b"Connection: close\\r\\n" if is_last else b""
            writer.write(b"HTTP/1.1 200 OK\\r\\n" + said + b"Content-Length: {BODY}\\r\\n\\r\\n" + b"x" * {BODY})
            await writer.drain()
            if is_last:
                return writer.close()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def serve():
    server = await asyncio.start_server(serve_one, "0.0.0.0", {HTTP})
    await server.serve_forever()
asyncio.run(serve())
"""


def kernel_server(world, name, program, port):
    world.spawn_beside_kernel(name, sys.executable, "-c", program)
    world.need(wait_for(lambda: can_connect(port, "127.0.0.1"), 20), f"the kernel's {name} server is up")


def scenario(world):
    kernel_server(world, "http", HTTP_SERVER, HTTP)
    kernel_server(world, "echo", ECHO_SERVER, ECHO)
    check_counts(world, "over zstack", KERNEL, HTTP, kernel=False)
    check_echo(world, "echo over zstack", KERNEL, kernel=False)
    check_refused(world, "over zstack", KERNEL, kernel=False)
    check_shards(world)
    check_signal(world)

    server = world.serve("--size", str(BODY))
    check_counts(world, "over the kernel", STACK, 80, kernel=True)
    check_refused(world, "over the kernel", STACK, kernel=True)
    r = figures(world, "bulk", load(world, STACK, 80, "--json", "--path", "/bytes/1000000", "-n", "20", "-c", "2", kernel=True))
    world.check(r["bytes_received"] >= 20_000_000, "20 bodies of a megabyte arrive whole")
    world.check(world.stop(server) == 0, "the server stops with exit code 0")
    server = world.serve("--echo", port=ECHO)
    check_echo(world, "echo over the kernel", STACK, kernel=True)
    world.stop(server)
    check_usage(world)


if __name__ == "__main__":
    main(scenario)
