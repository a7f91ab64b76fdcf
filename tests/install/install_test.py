#!/usr/bin/env python3
"""Installs zstack into an empty prefix, builds the README's first program against it with pkg-config and
with find_package and the C examples with pkg-config, and talks to them through the kernel.

usage: install_test.py --build BUILD_FOLDER
"""

import argparse
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/interop"))
from harness import STACK, can_connect, receive_exactly, wait_for  # noqa: E402

PROGRAM = ROOT / "examples/first_program.cpp"
C_PROGRAM = ROOT / "tests/install/c_program.c"
C_ECHO = ROOT / "examples/z_echo.c"
WORLD = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"not ok - `{' '.join(map(str, command))}`\n{done.stdout}{done.stderr}")
    return done.stdout


def check(good, text):
    print(f"{'ok' if good else 'not ok'} - {text}", flush=True)
    return good


def pkg_config(library_folder, *what):
    env = {**os.environ, "PKG_CONFIG_PATH": str(library_folder / "pkgconfig")}
    return shlex.split(run("pkg-config", *what, "zstack", env=env))


def build_with_pkg_config(prefix, library_folder, out):
    run("g++", "-std=c++20", "-o", out, PROGRAM, *pkg_config(library_folder, "--cflags", "--libs"))


def build_c(source, library_folder, out):
    """By a C compiler that knows neither C++ nor DPDK's headers."""
    run("gcc", "-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror", f"-I{library_folder.parent / 'include'}",
        "-c", source, "-o", out.with_suffix(".o"))
    run("gcc", "-o", out, out.with_suffix(".o"), *pkg_config(library_folder, "--libs"))


def build_with_cmake(prefix, library_folder, out):
    folder = out.parent / "cmake-build"
    run("cmake", "-S", ROOT / "tests/install/consumer", "-B", folder, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DFIRST_PROGRAM={PROGRAM}")
    run("cmake", "--build", folder)
    (folder / "first_program").rename(out)


def talk_to(program):
    """Inside a world of its own: the program echoes, and ends in order."""
    run("ip", "link", "set", "lo", "up")
    process = subprocess.Popen([program], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    up = wait_for(lambda: process.poll() is not None or can_connect(7), 20)
    if process.poll() is not None or not up:
        process.kill()
        return check(False, f"the program starts: {process.stderr.read()}")
    words = b"".join(b"%d bottles, " % n for n in range(100_000))
    with socket.create_connection((STACK, 7), timeout=10) as c:
        c.setblocking(True)
        sender = os.fork()
        if sender == 0:
            c.sendall(words)
            c.shutdown(socket.SHUT_WR)
            os._exit(0)
        back = receive_exactly(c, len(words))
        os.waitpid(sender, 0)
        good = check(back == words, f"{len(words)} bytes come back ({len(back)})")
    process.send_signal(signal.SIGTERM)
    return check(process.wait(15) == 0, "the program ends with exit code 0") and good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path)
    parser.add_argument("--talk-to")
    args = parser.parse_args()
    if args.talk_to:
        sys.exit(0 if talk_to(args.talk_to) else 1)

    good = True
    with tempfile.TemporaryDirectory(prefix="zs-install-") as temporary:
        prefix = Path(temporary) / "prefix"
        run("cmake", "--build", args.build, "--target", "zstack_archive")
        run("cmake", "--install", args.build, "--prefix", prefix, "--component", "library")
        archives = list(prefix.rglob("libzstack.a"))
        good &= check(len(archives) == 1, "one libzstack.a is installed")
        good &= check((prefix / "include/zstack/zstack.hpp").is_file(), "the headers are installed")
        world = WORLD + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
        can_run = os.path.exists("/dev/net/tun") and subprocess.run([*world, "true"], capture_output=True).returncode == 0

        def serve(name, program):
            if not can_run:
                print(f"# {name}: not run, this machine allows no network namespace or TAP device")
                return os.environ.get("CI") != "true"
            done = subprocess.run([*world, sys.executable, __file__, "--talk-to", program])
            return check(done.returncode == 0, f"{name}: it serves")

        builds = {"pkg-config": (build_with_pkg_config, prefix), "find_package": (build_with_cmake, prefix),
                  C_PROGRAM.name: (build_c, C_PROGRAM), C_ECHO.name: (build_c, C_ECHO)}
        programs = {name: Path(temporary) / f"program_{name.removesuffix('.c')}" for name in builds}
        # Linking is link-time optimisation of the whole library each time: as many at once as there are CPUs.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            done = {name: pool.submit(build, what, archives[0].parent, programs[name])
                    for name, (build, what) in builds.items()}
        for name in builds:
            done[name].result()
            good &= check(True, f"{name}: the program builds")
        for name in ("pkg-config", "find_package", C_ECHO.name):
            good &= serve(name, programs[name])
        said = subprocess.run([programs[C_PROGRAM.name]], capture_output=True, text=True, cwd=temporary)
        print(said.stdout, end="", flush=True)
        good &= check(said.returncode == 0, f"{C_PROGRAM.name} finds what the header promises {said.stderr}")
        if can_run:
            cpus = ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))
            ran = subprocess.run([*world, programs[C_PROGRAM.name], "run", "--lcores", cpus], timeout=60,
                                 capture_output=True, text=True, cwd=temporary)
            good &= check(ran.returncode == 0, f"{C_PROGRAM.name} runs on CPUs {cpus} and stops by itself")
            if ran.returncode != 0:
                print(ran.stdout, ran.stderr)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
