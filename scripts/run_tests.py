#!/usr/bin/env python3
"""Builds zstack and runs every test, stage by stage, and says at the end what happened.

usage: ./test [--quick] [--only STAGE[,STAGE...]] [--list]

  --quick   the everyday loop: tidy, and the unit, packet and sim tests of the dev build
  --only    just these stages (and the builds that they need)
  --list    name the stages and stop

A stage that fails does not stop the others. Logs are in build/test-logs/. A stage that this machine
cannot run (no root, no /dev/net/tun) is skipped with a message; with CI=true that is a failure.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-logs"
JOBS = str(os.cpu_count() or 2)


class Skip(Exception):
    """This machine cannot run the stage; the text says why and what to do."""


class Failed(Exception):
    """The stage did not get as far as its tests."""


@dataclass
class Result:
    passed: int = 0
    failed: int = 0
    notes: list = field(default_factory=list)

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.notes += other.notes


class Log:
    def __init__(self, stage):
        self.path = LOGS / f"{stage}.log"
        self.path.write_text("")

    def run(self, *command, env=None):
        """Runs a command with its output in the log; its exit code."""
        with self.path.open("a") as out:
            out.write(f"\n$ {' '.join(command)}\n")
            out.flush()
            return subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                  env={**os.environ, **(env or {})}).returncode

    def need(self, *command, env=None):
        if self.run(*command, env=env) != 0:
            raise Failed(f"`{' '.join(command)}` failed")


def tail(path, lines=25):
    return "\n".join("    | " + line for line in path.read_text(errors="replace").splitlines()[-lines:])


def one(passed):
    return Result(1, 0) if passed else Result(0, 1)


def configure(log, preset):
    if not (ROOT / "build" / preset / "build.ninja").is_file():
        log.need("cmake", "--preset", preset)


def build(log, preset, *targets):
    configure(log, preset)
    log.need("cmake", "--build", "--preset", preset, "-j", JOBS, *(["--target", *targets] if targets else []))


def count_case(case):
    """How many tests hide in one ctest test: GoogleTest and our scenarios say so in their output."""
    output = case.findtext("system-out") or ""
    ok = case.get("status") == "run"
    passed = sum(int(n) for n in re.findall(r"^\[  PASSED  \] (\d+) tests?\.", output, re.MULTILINE))
    failed = sum(int(n) for n in re.findall(r"^\[  FAILED  \] (\d+) tests?, listed below", output, re.MULTILINE))
    passed += len(re.findall(r"^ok - ", output, re.MULTILINE))
    failed += len(re.findall(r"^not ok - ", output, re.MULTILINE))
    if ok:
        return Result(max(passed, 1), 0)
    return Result(passed, max(failed, 1), [f"{case.get('name')} failed"])


def ctest(log, preset, *selection, jobs=JOBS, env=None):
    report = LOGS / f"{log.path.stem}.xml"
    report.unlink(missing_ok=True)
    log.run("ctest", "--test-dir", f"build/{preset}", "--output-on-failure", "-j", jobs, "--output-junit", str(report),
            "--test-output-size-passed", "10000000", "--test-output-size-failed", "10000000", *selection, env=env)
    if not report.is_file():
        raise Failed("ctest did not run")
    result = Result()
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        if case.get("status") in ("disabled", "notrun") and case.find("skipped") is not None:
            result.notes.append(f"{case.get('name')} skipped")
            if os.environ.get("CI") == "true":
                result.failed += 1
            continue
        result.add(count_case(case))
    if result.passed + result.failed == 0:
        raise Failed(f"ctest {' '.join(selection)} found no test")
    return result


def need_network():
    if os.geteuid() != 0:
        raise Skip("needs root to make network namespaces: run `sudo ./test --only interop,demo`")
    if not os.path.exists("/dev/net/tun"):
        raise Skip("/dev/net/tun is missing: `modprobe tun`, or start the container with --device /dev/net/tun")


# --- the stages, in the order in which they run -----------------------------------------------


def stage_tidy(log):
    build(log, "asan", "check_headers")
    return ctest(log, "asan", "-L", "^tidy$")


def stage_dev(log):
    build(log, "dev")
    return ctest(log, "dev", "-LE", "^(tidy|interop|install|fuzz)$")


def stage_clang_tidy(log):
    configure(log, "asan")  # it wants the command lines only
    return one(log.run("scripts/clang-tidy") == 0)


def stage_asan(log):
    build(log, "asan")
    return ctest(log, "asan", "-LE", "^(tidy|interop|install|fuzz)$",
                 env={"ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1", "UBSAN_OPTIONS": "print_stacktrace=1"})


def stage_tsan(log):
    # Only what has threads: a shard on its lcore, the control thread beside it, a cable between two.
    build(log, "tsan", "unit_dev", "unit_runtime")
    return ctest(log, "tsan", "-R", "^unit[.](dev|runtime)$", env={"TSAN_OPTIONS": "halt_on_error=1"})


def stage_fuzz(log):
    build(log, "fuzz")
    return ctest(log, "fuzz", "-L", "^fuzz$")


def stage_release(log):
    build(log, "release")
    return one(log.run("build/release/zstack", "--help") == 0)


def stage_install(log):
    need_network()
    build(log, "release")
    code = log.run(sys.executable, "tests/install/install_test.py", "--build", "build/release")
    lines = log.path.read_text(errors="replace").splitlines()
    passed = sum(line.startswith("ok - ") for line in lines)
    failed = sum(line.startswith("not ok - ") for line in lines)
    return Result(passed, failed or int(code != 0 or not passed))


def stage_interop(log):
    need_network()
    build(log, "release")
    configure(log, "asan")  # it knows the list of scenarios
    return ctest(log, "asan", "-L", "^interop$", env={"ZSTACK": str(ROOT / "build/release/zstack")})


def stage_demo(log):
    need_network()
    build(log, "release")
    if log.run("./demo", "--quick") != 0:
        return one(False)
    text = log.path.read_text(errors="replace").rstrip().splitlines()
    return one(bool(text) and re.fullmatch(r"demo: ok \d+ requests/s", text[-1]) is not None)


STAGES = {
    "tidy": (stage_tidy, "format, include direction, forbidden calls, lengths; headers without a source compile alone"),
    "unit": (stage_dev, "unit, packet and sim tests, dev build; by default asan runs the same tests instead"),
    "clang-tidy": (stage_clang_tidy, "clang-tidy over src/ and apps/"),
    "asan": (stage_asan, "unit, packet and sim tests under ASan and UBSan"),
    "tsan": (stage_tsan, "what has threads, under TSan"),
    "fuzz": (stage_fuzz, "each fuzz target for some seconds"),
    "release": (stage_release, "the release build starts"),
    "install": (stage_install, "programs build against the installed tree"),
    "interop": (stage_interop, "the Linux kernel as the peer, in network namespaces"),
    "demo": (stage_demo, "./demo --quick"),
}
QUICK = ("tidy", "unit")
FULL = tuple(name for name in STAGES if name != "unit")  # asan runs the same tests, with more eyes


def run_stage(name):
    """(verdict, result) of a stage; never raises."""
    log = Log(name)
    try:
        result = STAGES[name][0](log)
    except Skip as why:
        if os.environ.get("CI") == "true":
            return "FAILED", Result(0, 1, [f"cannot run here, and CI must: {why}"])
        return "SKIPPED", Result(0, 0, [str(why)])
    except Failed as why:
        return "FAILED", Result(0, 1, [str(why)])
    except OSError as why:
        return "FAILED", Result(0, 1, [f"cannot start: {why}"])
    return ("ok" if result.failed == 0 else "FAILED"), result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="./test")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    if args.list:
        for name, (_, text) in STAGES.items():
            print(f"{name:12} {text}")
        return 0
    chosen = [name for name in args.only.split(",") if name] or list(QUICK if args.quick else FULL)
    unknown = [name for name in chosen if name not in STAGES]
    if unknown:
        print(f"./test: no stage is called {', '.join(unknown)}; there are: {', '.join(STAGES)}", file=sys.stderr)
        return 2
    if args.only == "" and not args.quick:
        shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True, exist_ok=True)

    rows, total, began = [], Result(), time.monotonic()
    for name in chosen:
        print(f"test: {name}: {STAGES[name][1]} ...", flush=True)
        start = time.monotonic()
        verdict, result = run_stage(name)
        seconds = time.monotonic() - start
        rows.append((name, verdict, result, seconds))
        total.add(result)
        print(f"test: {name}: {verdict}, {result.passed} passed, {result.failed} failed, {seconds:.0f} s", flush=True)
        for note in result.notes:
            print(f"    {note}")
        if verdict == "FAILED":
            print(tail(LOGS / f"{name}.log"))

    print("\nstage         verdict   passed  failed    time")
    for name, verdict, result, seconds in rows:
        print(f"{name:12}  {verdict:8}  {result.passed:6}  {result.failed:6}  {seconds:5.0f} s")
    print(f"{'all':12}  {'':8}  {total.passed:6}  {total.failed:6}  {time.monotonic() - began:5.0f} s")
    failed = [name for name, verdict, _, _ in rows if verdict == "FAILED"]
    skipped = [name for name, verdict, _, _ in rows if verdict == "SKIPPED"]
    if skipped:
        print(f"\nNOT RUN on this machine: {', '.join(skipped)} (reasons above)")
    for name in failed:
        print(f"\nfailed: {name}; its log: build/test-logs/{name}.log; again: ./test --only {name}")
    print(f"\n{total.passed} passed, {total.failed} failed")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
