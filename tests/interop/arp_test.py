#!/usr/bin/env python3
"""Neighbours: zstack announces itself, answers for itself only, and follows a peer that changes its address."""

import socket
import time

from harness import KERNEL, STACK, curl, main, run, tshark, wait_for

ETH_P_ARP = 0x0806

class ArpListener:
    """The ARP packets on an interface, as (operation, sender's address, target's address)."""

    def __init__(self, interface):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ARP))
        self._socket.bind((interface, 0))
        self.seen = []

    def hears(self, *packet, seconds=10):
        """Waits for such a packet."""
        end = time.monotonic() + seconds
        while packet not in self.seen and (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                arp = self._socket.recv(2048)[14:]
            except TimeoutError:
                break
            self.seen.append((int.from_bytes(arp[6:8], "big"), socket.inet_ntoa(arp[14:18]), socket.inet_ntoa(arp[24:28])))
        return packet in self.seen


def scenario(world):
    if world.device == "packet":  # the tap appears together with zstack, too late to hear its first words
        listener = ArpListener(world.interface)
        server = world.serve()
        world.check(listener.hears(1, "0.0.0.0", STACK), "a probe looks for a duplicate first")
        world.check(listener.hears(1, STACK, STACK), f"a gratuitous ARP announces the address {listener.seen}")
    else:
        server = world.serve()
    interface = world.interface
    run("ip", "neigh", "flush", "dev", interface)
    world.check(curl().returncode == 0, "answers again after the kernel forgot it")

    with world.capture() as file:
        run("ip", "neigh", "flush", "dev", interface)
        run("ping", "-n", "-q", "-c", 1, "-W", 1, "10.99.0.77", check=False)
    world.check(not tshark(file, "arp.opcode == 2 && arp.src.proto_ipv4 == 10.99.0.77"), "does not answer for another address")

    run("ip", "link", "set", interface, "down")
    run("ip", "link", "set", interface, "address", "02:00:00:00:00:77")
    run("ip", "link", "set", interface, "up")
    run("ip", "addr", "replace", f"{KERNEL}/24", "dev", interface)
    world.check(wait_for(lambda: curl(timeout=2).returncode == 0, 15), "follows the kernel to a new Ethernet address")
    world.check_alive(server)


if __name__ == "__main__":
    main(scenario)
