#!/usr/bin/env python3
"""Installs zstack into an empty prefix, builds the README's first program against it with pkg-config and
with find_package, the C examples with pkg-config and the programs in F-Stack's shape with its includes and its
-lfstack, and talks to them through the kernel.

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
import conversations  # noqa: E402
from harness import STACK, can_connect, receive_exactly, wait_for  # noqa: E402

PROGRAM = ROOT / "examples/first_program.cpp"
C_PROGRAM = ROOT / "tests/install/c_program.c"
C_ECHO = ROOT / "examples/z_echo.c"
WAITING_ECHO = ROOT / "examples/echo_blocking.c"
# In F-Stack's shape: how each is linked, and what it is asked.
FSTACK = {
    ROOT / "examples/f-stack/echo_kqueue.c": ("zstack", "echo"),
    ROOT / "examples/f-stack/http_epoll.c": ("libfstack", "http hello from epoll!"),
    ROOT / "examples/f-stack/http_zc.c": ("-lfstack", "http 0123456789"),
    ROOT / "examples/paper/z_calls.c": ("zstack", "http Your data here"),
    ROOT / "tests/install/ff_wrong_use.c": ("zstack", "nothing"),
    ROOT / "tests/install/ff_shapes.c": ("libfstack", "shapes"),
}
CO_ECHO = ROOT / "examples/echo_co.cpp"
PROXY = ROOT / "examples/l4_proxy.cpp"
CHAT = ROOT / "examples/chat.cpp"
DNS = ROOT / "examples/dns.c"
TLS = ROOT / "examples/tls.cpp"
BALANCER = ROOT / "examples/l7_balancer.cpp"
CLIENTS = ROOT / "examples/many_clients.cpp"
LIBRARIES = {TLS: ("-lssl", "-lcrypto"), BALANCER: ("-lhttp_parser",)}
CONFIG_INI = ROOT / "examples/f-stack/config.ini"
WORLD = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"not ok - `{' '.join(map(str, command))}`\n{done.stdout}{done.stderr}")
    return done.stdout


def check(good, text):
    print(f"{'ok' if good else 'not ok'} - {text}", flush=True)
    return good


def pkg_config(library_folder, *what, package="zstack"):
    env = {**os.environ, "PKG_CONFIG_PATH": str(library_folder / "pkgconfig")}
    return shlex.split(run("pkg-config", *what, package, env=env))


def build_with_pkg_config(source, library_folder, out):
    run("g++", "-std=c++20", "-O0", "-o", out, source, *pkg_config(library_folder, "--cflags", "--libs"),
        *LIBRARIES.get(source, ()))


def build_c(source, library_folder, out):
    """By a C compiler that knows neither C++ nor DPDK's headers."""
    run("gcc", "-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror", f"-I{library_folder.parent / 'include'}",
        "-c", source, "-o", out.with_suffix(".o"))
    run("gcc", "-o", out, out.with_suffix(".o"), *pkg_config(library_folder, "--libs"))


def build_fstack(source, library_folder, out):
    """As F-Stack's own examples are built: by its include names, with DPDK's headers in sight."""
    how = FSTACK[source][0]
    package = "zstack" if how == "-lfstack" else how
    flags = pkg_config(library_folder, "--cflags", "--libs", package=package)
    if how == "-lfstack":
        flags = [flag if flag != "-lzstack" else how for flag in flags]
    run("gcc", "-O0", "-Wall", "-Werror", "-o", out, source, *flags)


def build_with_cmake(prefix, library_folder, out):
    folder = out.parent / "cmake-build"
    run("cmake", "-S", ROOT / "tests/install/consumer", "-B", folder, "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DFIRST_PROGRAM={PROGRAM}")
    run("cmake", "--build", folder)
    (folder / "first_program").rename(out)


def config_ini(reserve):
    """F-Stack's file, on a core that this process may use; its sockets' descriptors begin at `reserve`."""
    mask = 1 << min(os.sched_getaffinity(0))
    return CONFIG_INI.read_text().replace("lcore_mask=1\n", f"lcore_mask={mask:x}\n").replace("fd_reserve=1024\n", f"fd_reserve={reserve}\n")


def curl_answers(process, expected):
    """An HTTP program answers several requests of one connection, and several connections."""
    for _ in range(3):
        got = subprocess.run(["curl", "-sS", "--max-time", "10", f"http://{STACK}/", f"http://{STACK}/"],
                             capture_output=True, text=True)
        if got.returncode != 0 or got.stdout.count(expected) < 2:
            return check(False, f"curl gets its page: {got.stdout[:200]} {got.stderr}")
    return check(process.poll() is None, f"curl gets \"{expected}\" six times")


def echo_on_the_kernel():
    """What l4_proxy forwards to."""
    listener = socket.create_server(("0.0.0.0", 9000))
    if os.fork() == 0:
        while True:  # until this world ends
            client, _ = listener.accept()
            if os.fork() == 0:
                while data := client.recv(65536):
                    client.sendall(data)
                os._exit(0)
            client.close()
    return ["10.99.0.1", "9000"]


def chat_reaches_all():
    people = [socket.create_connection((STACK, 7), timeout=10) for _ in range(3)]
    # Who has just connected may not be in the room yet: the speaker repeats himself.
    def heard(person):
        people[0].sendall(b"hello all")
        person.settimeout(0.2)
        try:
            return b"hello all" in person.recv(4096)
        except TimeoutError:
            return False
    return check(all(wait_for(lambda p=p: heard(p), 10) for p in people[1:]), "what one says the others hear")


def dns_answers():
    question = (b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01" + b"\x07example\x03com\x00\x00\x01\x00\x01" +
                b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.2)

        def answer():
            try:  # until there is an interface, and somebody listens
                s.sendto(question, (STACK, 53))
                return s.recv(512)
            except OSError:
                return b""
        got = wait_for(answer, 20) or b""
    return check(got[:2] == question[:2] and got.endswith(bytes([192, 0, 2, 1])) and len(got) == 45, f"DNS answers {got!r}")


def talk_to(program, question="echo"):
    """Inside a world of its own: the program answers, and ends in order."""
    run("ip", "link", "set", "lo", "up")
    kind, _, expected = question.partition(" ")
    arguments = []
    if expected or "kqueue" in program or kind == "shapes":
        Path("config.ini").write_text(config_ini(reserve=64 if kind == "shapes" else 1024))
        arguments = ["--conf", "config.ini", "--proc-type=primary", "--proc-id=0"]
    if kind in ("tls", "balancer", "clients", "shapes"):
        return getattr(conversations, kind)(program, *arguments)
    if kind == "proxy":
        arguments = echo_on_the_kernel()
    process = subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if kind == "nothing":
        said = process.communicate(timeout=30)[1]
        return check(process.returncode == 0, f"the program is satisfied {said}")
    if kind == "dns":
        good = dns_answers()
        process.send_signal(signal.SIGTERM)
        return check(process.wait(15) == 0, "the program ends with exit code 0") and good
    port = 80 if kind == "http" else 7
    up = wait_for(lambda: process.poll() is not None or can_connect(port), 20)
    if process.poll() is not None or not up:
        process.kill()
        return check(False, f"the program starts: {process.stderr.read()}")
    if kind in ("http", "chat"):
        good = curl_answers(process, expected) if kind == "http" else chat_reaches_all()
        process.send_signal(signal.SIGTERM)
        return check(process.wait(15) == 0, "the program ends with exit code 0") and good
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
    parser.add_argument("--talk-to", nargs="+")
    args = parser.parse_args()
    if args.talk_to:
        sys.exit(0 if talk_to(*args.talk_to) else 1)

    good = True
    with tempfile.TemporaryDirectory(prefix="zs-install-") as temporary:
        prefix = Path(temporary) / "prefix"
        run("cmake", "--build", args.build, "--target", "zstack_archive", "zstack_shared")
        run("cmake", "--install", args.build, "--prefix", prefix, "--component", "library")
        archives = list(prefix.rglob("libzstack.a"))
        good &= check(len(archives) == 1, "one libzstack.a is installed")
        good &= check((prefix / "include/zstack/zstack.hpp").is_file(), "the headers are installed")
        good &= check(all((prefix / "include" / name).is_file() for name in ("ff_api.h", "ff_epoll.h", "ff_config.h")),
                      "F-Stack's too")
        shared = next(prefix.rglob("libzstack.so"), None)
        good &= check(shared is not None and next(prefix.rglob("libfstack.so")).resolve() == shared.resolve(),
                      "libzstack.so, and libfstack.so which is the same")
        symbols = {line.split()[-1].split("@")[0] for line in run("nm", "-D", "--defined-only", shared).splitlines()}
        named = set(run(sys.executable, ROOT / "scripts/api_reference.py", "--names").split())
        calls = {s for s in symbols if not s.startswith("_Z")}
        good &= check(calls == named, f"every exported call is in docs/reference.md: {sorted(calls ^ named)}")
        world = WORLD + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"])
        can_run = os.path.exists("/dev/net/tun") and subprocess.run([*world, "true"], capture_output=True).returncode == 0

        def serve(name, program, *question):
            if not can_run:
                print(f"# {name}: not run, this machine allows no network namespace or TAP device")
                return os.environ.get("CI") != "true"
            folder = Path(temporary) / f"at-{Path(program).name}"
            folder.mkdir()
            done = subprocess.run([*world, sys.executable, __file__, "--talk-to", program, *question], cwd=folder)
            return check(done.returncode == 0, f"{name}: it serves")

        builds = {"pkg-config": (build_with_pkg_config, PROGRAM), "find_package": (build_with_cmake, prefix),
                  **{source.name: (build_with_pkg_config, source)
                     for source in (CO_ECHO, PROXY, CHAT, CLIENTS, *LIBRARIES)},
                  C_PROGRAM.name: (build_c, C_PROGRAM), C_ECHO.name: (build_c, C_ECHO),
                  WAITING_ECHO.name: (build_c, WAITING_ECHO), DNS.name: (build_c, DNS),
                  **{source.name: (build_fstack, source) for source in FSTACK}}
        programs = {name: Path(temporary) / f"program_{Path(name).stem}" for name in builds}
        # Linking is link-time optimisation of the whole library each time: as many at once as there are CPUs.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            done = {name: pool.submit(build, what, archives[0].parent, programs[name])
                    for name, (build, what) in builds.items()}
        for name in builds:
            done[name].result()
            good &= check(True, f"{name}: the program builds")
        for name in ("pkg-config", "find_package", C_ECHO.name, WAITING_ECHO.name, CO_ECHO.name):
            good &= serve(name, programs[name])
        for source, question in ((PROXY, "proxy"), (CHAT, "chat"), (DNS, "dns"), (TLS, "tls"), (BALANCER, "balancer"),
                                 (CLIENTS, "clients")):
            good &= serve(source.name, programs[source.name], question)
        for source, (_, question) in FSTACK.items():
            good &= serve(source.name, programs[source.name], question)
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
