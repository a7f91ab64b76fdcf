#!/usr/bin/env python3
"""zstack bench: it runs to its end, and what it writes is whole. How fast anything is, is not asked here."""

import json
import os
import re
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from harness import main, run

# What a page of ours or a script of a user's relies on (docs/performance.md).
SUMMARY = {
    "stack": {"cycles_per_request_64", "copied_bytes_z"},
    "calls": {"z_over_copy_8k", "z_over_copy_64k", "memcpy_share_8k", "memcpy_share_64k"},
    "cable": {"kernel_ratio_64", "kernel_ratio_1k", "kernel_ratio_4k", "kernel_ratio_8k"},
    "connections": {"connections_per_second", "connections_per_second_with_request", "connections_per_second_one_thread"},
    "shards": {"shards_2_over_1", "cross_shard_packets"},
    "idle": {"idle_connection_bytes", "idle_connections_ratio"},
    "million": {"million_bytes_each", "million_connections", "million_idle_core_percent", "million_keepalive_core_percent"},
    "floods": {"floods_withstood", "floods_worst_ratio"},
    "bulk": {"bulk_bytes_per_second", "bulk_bytes_per_second_no_offloads"},
}
SECTIONS = ("stack", "calls", "cable", "cpu", "connections", "shards", "idle", "million", "floods", "bulk")
ONE_CPU = {"stack", "million", "floods"}  # what runs on a single one
PLOTS = {"cable_64_throughput", "cable_64_latency", "cable_8k_throughput", "cable_8k_latency", "cpu"}
SVG = "{http://www.w3.org/2000/svg}svg"


def bench(world, *options):
    return run(world.zstack, "bench", "--quick", "--rounds", "1", "--milliseconds", "20", *options, check=False, timeout=120)


def check_results(world, results, sections, runs):
    summary = results["summary"]
    for section in sections:
        missing = SUMMARY.get(section, set()) - set(summary)
        world.check(not missing, f"summary has the keys of {section} {sorted(missing)}")
    odd = {k: v for k, v in summary.items() if not isinstance(v, (int, float)) or v < 0}
    world.check(not odd, f"the summary's values are numbers {odd}")
    world.check(summary["copied_bytes_z"] == 0, f"no payload byte is copied for the z calls ({summary['copied_bytes_z']})")
    world.check(not results["failed"], f"no section failed {results['failed']}")
    world.check(set(results["skipped"]) == set(SECTIONS) - runs, f"skipped is what one CPU cannot do {results['skipped']}")
    wanted = {t["key"]: t for t in results["targets"]}
    world.check(all((t["verdict"] == "not measured") == (key not in summary) for key, t in wanted.items()),
                "each target is judged if it was measured")
    figures = {f["figure"] for f in results["figures"]}
    world.check(runs <= figures | {"cable"}, f"figures are there for each section {sorted(figures)}")


def check_page(world, folder, plots):
    page = (folder / "index.html").read_text()
    for plot in sorted(plots):
        root = ElementTree.parse(folder / f"{plot}.svg").getroot()
        world.check(root.tag == SVG and root.get("viewBox"), f"{plot}.svg is an SVG document")
        world.check(f'href="{plot}.svg"' in page, f"index.html refers to {plot}.svg")
    world.check(page.count("<svg") == len(plots), "index.html shows every plot")
    outside = re.findall(r"<script|<link|@import|(?:src|href)=\"(?:https?:)?//", page)
    world.check(not outside, f"index.html needs nothing from elsewhere {outside}")


def scenario(world):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder) / "results"
        done = bench(world, "--only", ",".join(SECTIONS), "--out", str(folder))
        world.need(done.returncode == 0, f"exit code 0 ({done.returncode}) {done.stderr.strip()}")
        runs = set(SECTIONS) if len(os.sched_getaffinity(0)) > 1 else ONE_CPU
        results = json.loads((folder / "results.json").read_text())
        check_results(world, results, runs, runs)
        check_page(world, folder, PLOTS if runs != ONE_CPU else set())

    done = bench(world, "--only", "connections", "--json")
    world.check(done.returncode == 0 and json.loads(done.stdout)["summary"].keys() <= SUMMARY["connections"],
                "--json prints the results and nothing else")
    done = bench(world, "--only", "cable,cabel")
    world.check(done.returncode == 2 and "cabel" in done.stderr and "instructions" in done.stderr,
                f"an unknown section: exit code 2 and the names there are ({done.stderr.strip()})")


if __name__ == "__main__":
    main(scenario, devices=("tap",))
