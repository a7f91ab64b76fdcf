#!/usr/bin/env python3
"""zstack over DPDK's drivers: the kernel speaks to it directly (AF_PACKET, AF_XDP) or through testpmd,
which stands at the other end of a memif or a virtio wire and carries frames to a veth pair."""

import hashlib
import os
from pathlib import Path

from harness import STACK, curl, main, run, wait_for

NR_HUGEPAGES = Path("/proc/sys/vm/nr_hugepages")
RELAY_MB = 256
BODY = 300_000


def free_hugepages():
    text = Path("/proc/meminfo").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("HugePages_Free")))


class Hugepages:
    """Enough of them for a virtio wire, whose memory both processes see; as it was, afterwards."""

    def __init__(self, pages):
        self.before = NR_HUGEPAGES.read_text()
        self.enough = free_hugepages() >= pages
        if not self.enough and os.access(NR_HUGEPAGES, os.W_OK):
            NR_HUGEPAGES.write_text(str(int(self.before) + pages))
            self.enough = free_hugepages() >= pages

    def give_back(self):
        if NR_HUGEPAGES.read_text() != self.before:
            NR_HUGEPAGES.write_text(self.before)


def testpmd(world, vdev, memory, mode="io", commands=()):
    """A relay between `vdev` and the cable's zs0, which DPDK's AF_PACKET driver serves."""
    eal = ["dpdk-testpmd", *memory, "-m", str(RELAY_MB), "--file-prefix", f"zs-relay-{os.getpid()}", "--no-pci", "--no-telemetry",
           "--lcores", "0@0,1@1", "--vdev", vdev, "--vdev", "net_af_packet0,iface=zs0"]
    world.leftovers.append(Path("/var/run/dpdk", f"zs-relay-{os.getpid()}"))
    process = world.spawn("testpmd", *eal, "--", "-i", f"--forward-mode={mode}", "--total-num-mbufs=8192")
    process.stdin.write("".join(f"{line}\n" for line in (*commands, "start")).encode())
    process.stdin.flush()
    return process


def end_relay(process):
    process.stdin.write(b"stop\nquit\n")
    process.stdin.close()
    process.wait(20)


def converse(world, name, options):
    """Ping, requests one after another, and a download whose bytes are compared."""
    server = world.serve("--size", str(BODY), *options)
    for line in server.log.read_text().splitlines():
        if "offloads:" in line:
            world.check(True, f"{name}: reports {line.split(' info ')[-1].strip()}")
    done = run("ping", "-c", "3", "-i", "0.2", "-W", "2", STACK, check=False)
    world.check(" 0% packet loss" in done.stdout, f"{name}: ping")
    bodies = [run("curl", "-sS", "--max-time", "20", f"http://{STACK}/", check=False, timeout=30).stdout for _ in range(5)]
    digests = {hashlib.sha256(body.encode()).hexdigest() for body in bodies}
    world.check(len(digests) == 1 and len(bodies[0]) == BODY, f"{name}: five downloads of {BODY} bytes are the same")
    done = curl("-o", "/dev/null", "-w", "%{http_code}")
    world.check(done.stdout == "200", f"{name}: still answers ({done.stdout} {done.stderr.strip()})")
    return server


def over(world, name, device, *options, mtu=1500):
    world.wire = ["--device", f"dpdk:{device}", "--mtu", str(mtu)]
    server = converse(world, name, options)
    if mtu > 1500:
        done = run("ping", "-c", "2", "-i", "0.2", "-M", "do", "-s", str(mtu - 28), STACK, check=False)
        world.check(" 0% packet loss" in done.stdout, f"{name}: ping fills {mtu} bytes")
    world.check(world.stop(server) == 0, f"{name}: stops with exit code 0")


def over_virtio(world):
    socket = world.folder / "guest.sock"
    relay = testpmd(world, f"eth_vhost0,iface={socket},queues=1", ["--in-memory"])
    wait_for(socket.exists)
    over(world, "virtio_user", f"net_virtio_user0,path={socket},queues=1,queue_size=1024")
    end_relay(relay)

    # A guest may be handed half a checksum. This one carries packets on, so it has to complete them.
    socket = world.folder / "host.sock"
    finish = [f"csum mac-swap off {port}" for port in (0, 1)]
    finish += [f"csum set {what} sw {port}" for what in ("ip", "tcp", "udp") for port in (0, 1)]
    relay = testpmd(world, f"net_virtio_user0,path={socket},queues=1,queue_size=1024,server=1",
                    ["--in-memory", "--single-file-segments"], "csum", finish)
    wait_for(socket.exists)
    over(world, "vhost", f"eth_vhost0,iface={socket},queues=1,client=1")
    end_relay(relay)


def scenario(world):
    # What the kernel hands these drivers must be complete: they know no half checksums.
    run("ethtool", "-K", "zp0", "tx", "off")
    world.on_stack_side("ethtool", "-K", "zs0", "tx", "off")

    over(world, "af_xdp", "net_af_xdp0,iface=zs0")

    socket = world.folder / "memif.sock"
    relay = testpmd(world, f"net_memif0,role=server,socket={socket},socket-abstract=no", ["--no-huge", "--no-shconf"])
    wait_for(socket.exists)
    over(world, "memif", f"net_memif0,role=client,socket={socket},socket-abstract=no")
    end_relay(relay)

    pages = Hugepages(2 * RELAY_MB // 2 + 64)
    try:
        if world.check(pages.enough, "there are hugepages for a virtio wire"):
            over_virtio(world)
    finally:
        pages.give_back()

    for end, where in (("zp0", run), ("zs0", world.on_stack_side)):
        where("ip", "link", "set", end, "mtu", "9000")
    over(world, "af_packet", "net_af_packet0,iface=zs0,framesz=16384,blocksz=65536", mtu=9000)


if __name__ == "__main__":
    main(scenario, devices=("packet",))
