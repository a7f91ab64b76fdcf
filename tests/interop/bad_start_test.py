#!/usr/bin/env python3
"""Wrong configuration and missing devices: a clear sentence and exit code, never a crash or a hang."""

import subprocess

from harness import STACK, main


def scenario(world):
    base = ["--device", "tap:zs0"]
    address = ["--address", f"{STACK}/24"]
    cases = [
        ("an unknown option", ["serve", *base, *address, "--colour", "red"]),
        ("a device that is not there", ["serve", "--device", "packet:nothere0", *address]),
        ("a device of an unknown kind", ["serve", "--device", "carrier-pigeon:1", *address]),
        ("an interface name that is too long", ["serve", "--device", "tap:averyveryverylongname", *address]),
        ("no address that could be ours", ["serve", *base, "--address", "224.0.0.1/24"]),
        ("an address that is none", ["serve", *base, "--address", "10.99.0/24"]),
        ("a port that is none", ["serve", *base, *address, "--port", "70000"]),
        ("a value of the wrong type", ["serve", *base, *address, "--mtu", "large"]),
        ("a missing configuration file", ["serve", "--config", "/nowhere/zstack.toml"]),
        ("a CPU that is not there", ["serve", *base, *address, "--lcores", "4095"]),
    ]
    for text, arguments in cases:
        try:
            done = subprocess.run([str(world.zstack), *arguments], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
            said = (done.stderr or done.stdout).strip()
            world.check(done.returncode in (1, 2) or 100 <= done.returncode < 128, f"{text}: exit code {done.returncode}")
            world.check(said and len(said.splitlines()) <= 6, f"{text}: says why: {said.splitlines()[-1][:160] if said else '(nothing)'}")
        except subprocess.TimeoutExpired:
            world.check(False, f"{text}: refused at once")


if __name__ == "__main__":
    main(scenario, devices=("tap",))
