#!/usr/bin/env python3
"""Offloads of the device left to software, as configured: bodies arrive, and the report says so."""

from harness import curl, main


def scenario(world):
    for left in (["tso"], ["rx-checksum", "tx-checksum", "tx-ip-checksum"], ["lro", "multi-segment"]):
        if world.device == "packet" and {"lro", "rx-checksum"} & set(left):
            continue
        options = [word for name in left for word in ("--without", name)]
        server = world.serve("--size", "300000", *options)
        got = curl("-o", "/dev/null", "-w", "%{http_code} %{size_download}").stdout
        world.check(got == "200 300000", f"without {' '.join(left)} a body arrives whole ({got})")
        world.check(world.stop(server) == 0, "stops with exit code 0")
        said = server.log.read_text(errors="replace")
        for name in left:
            world.check("not used, as configured" in said and name in said, f"the report names {name}")


if __name__ == "__main__":
    main(scenario)
