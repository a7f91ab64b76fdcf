#!/usr/bin/env python3
"""The kernel pings zstack: small, large, many at once, and an address that is not ours."""

from harness import STACK, main, run


def answered(*options, target=STACK):
    done = run("ping", "-n", "-q", *options, target, check=False)
    received = [word for word in done.stdout.splitlines() if "received" in word]
    return received[0] if received else done.stdout + done.stderr


def scenario(world):
    world.serve()
    world.check("5 received, 0%" in answered("-c", 5, "-i", 0.01), "5 echo requests are answered")
    world.check("3 received, 0%" in answered("-c", 3, "-i", 0.01, "-s", 1472), "an echo that fills the MTU is answered")
    world.check("3 received, 0%" in answered("-c", 3, "-i", 0.01, "-s", 0), "an echo without payload is answered")
    world.check("3 received, 0%" in answered("-c", 3, "-i", 0.01, "-s", 1, "-p", "a5"), "an echo of odd length is answered")
    world.check("0 received" in answered("-c", 1, "-W", 1, target="10.99.0.77"), "another address on the link stays silent")


if __name__ == "__main__":
    main(scenario)
