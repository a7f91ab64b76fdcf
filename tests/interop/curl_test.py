#!/usr/bin/env python3
"""HTTP by curl: bodies of all sizes, HEAD, many requests on one connection."""

from harness import STACK, curl, main, run


def scenario(world):
    for size in (0, 1, 64, 1460, 8192, 65536, 1_000_000):
        server = world.serve("--size", str(size))
        got = curl("-o", "/dev/null", "-w", "%{http_code} %{size_download}").stdout
        world.check(got == f"200 {size}", f"a body of {size} bytes arrives whole ({got})")
        if size == 8192:
            urls = [x for n in range(50) for x in ("-o", "/dev/null", f"http://{STACK}/{n}")]
            done = run("curl", "-sS", "-w", "%{num_connects} %{size_download}\\n", *urls, check=False)
            rows = done.stdout.split("\n")[:-1]
            world.check(rows == ["1 8192"] + ["0 8192"] * 49, "50 requests use one connection")
            head = curl("--head", "-w", "%{http_code}").stdout
            world.check(head.endswith("200") and "ontent-" in head, "HEAD has a header and no body")
        world.check(world.stop(server) == 0, "stops with exit code 0")


if __name__ == "__main__":
    main(scenario)
