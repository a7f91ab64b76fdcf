#!/usr/bin/env python3
"""Neighbours: zstack announces itself, answers for itself only, and follows a peer that changes its address."""

from harness import KERNEL, STACK, curl, main, run, tshark, wait_for


def scenario(world):
    if world.device == "packet":  # the tap appears together with zstack, too late to capture its first words
        with world.capture() as file:
            server = world.serve()
        rows = tshark(file, "arp", "arp.opcode", "arp.src.proto_ipv4", "arp.dst.proto_ipv4")
        world.check([r for r in rows if r[1] == STACK and r[2] == STACK], "a gratuitous ARP announces the address")
        world.check([r for r in rows if r[0] == "1" and r[1] == "0.0.0.0" and r[2] == STACK], "a probe looks for a duplicate first")
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
