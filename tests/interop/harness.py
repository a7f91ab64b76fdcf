"""A small world for one scenario: zstack at one end of a cable, this machine's kernel at the other.

Each scenario file runs alone (`tests/interop/ping_test.py [--device tap|packet] [--keep-logs]`) and
under ctest. The world is a fresh network and PID namespace without a name: whatever the scenario
does, nothing outside is touched, and when its first process ends the kernel removes the rest.

    tap     zstack opens a TAP interface; the kernel's end is zs0, 10.99.0.1
    packet  a veth pair; zstack drives zs0 in a network namespace of its own, the kernel has zp0
"""

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STACK = "10.99.0.2"
KERNEL = "10.99.0.1"
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
INSIDE = "ZS_INTEROP_WORLD"


class GiveUp(Exception):
    """The scenario cannot go on; what is wrong has been printed."""


class Tally:
    def __init__(self):
        self.failed = 0

    def check(self, good, text):
        """One claim: prints it as held or broken; the scenario goes on either way."""
        print(f"{'ok' if good else 'not ok'} - {text}", flush=True)
        self.failed += not good
        return bool(good)

    def need(self, good, text):
        """A claim without which the rest makes no sense."""
        if not self.check(good, text):
            raise GiveUp(text)


def wait_for(condition, seconds=10.0):
    """Polls until condition() is true; its value, or its last value when time is over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.01)


def can_connect(port, address=STACK):
    try:
        socket.create_connection((address, port), timeout=0.5).close()
        return True
    except OSError:
        return False


class World(Tally):
    def __init__(self, device, zstack, folder):
        super().__init__()
        self.device = device
        self.zstack = zstack
        self.folder = Path(folder)
        self.interface = "zs0" if device == "tap" else "zp0"  # the kernel's end
        self._stack_side = []  # how to run a command where zstack lives
        self._children = []
        self._count = 0
        self.leftovers = []  # folders of helpers that do not clean up
        self.wire = None  # device options of zstack instead of the cable's own
        self.capture_lost = 0  # packets that the latest capture had no room for

    # --- the cable ---------------------------------------------------------------------------

    def set_up(self):
        run("ip", "link", "set", "lo", "up")
        # A quiet link: no router solicitations and no address detection of the kernel's IPv6.
        Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
        if self.device == "packet":
            holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
            self._children.append(holder)
            ours = os.readlink("/proc/self/ns/net")
            wait_for(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != ours)
            self._stack_side = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]
            run("ip", "link", "add", "zp0", "type", "veth", "peer", "name", "zs0")
            run("ip", "link", "set", "zs0", "netns", str(holder.pid))
            run("ip", "addr", "add", f"{KERNEL}/24", "dev", "zp0")
            run("ip", "link", "set", "zp0", "up")
            run(*self._stack_side, "ip", "link", "set", "zs0", "up")

    def on_stack_side(self, *command, **options):
        return run(*self._stack_side, *command, **options)

    def network_options(self):
        if self.wire:
            return [*self.wire, "--address", f"{STACK}/24"]
        if self.device == "tap":
            return ["--device", "tap:zs0", "--address", f"{STACK}/24", "--kernel-address", f"{KERNEL}/24"]
        return ["--device", "packet:zs0", "--address", f"{STACK}/24"]

    def spawn(self, name, *command):
        """A helper process beside zstack, with its output in NAME.log and a pipe as its standard input."""
        return self.spawn_beside_kernel(name, *self._stack_side, *command)

    def spawn_beside_kernel(self, name, *command):
        with (self.folder / f"{name}.log").open("w") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.PIPE)
        self._children.append(process)
        return process

    # --- zstack ------------------------------------------------------------------------------

    def start(self, subcommand, *options, port=80):
        """Starts `zstack <subcommand>` and waits until its port answers."""
        self._count += 1
        log = self.folder / f"zstack-{self._count}.log"
        with log.open("w") as out:
            process = subprocess.Popen([*self._stack_side, str(self.zstack), subcommand, *self.network_options(), *options],
                                       stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        process.log = log
        self._children.append(process)
        up = wait_for(lambda: process.poll() is not None or can_connect(port), 20)
        if process.poll() is not None or not up:
            print(f"# zstack {subcommand} did not come up; its log:\n" + log.read_text(errors="replace"))
            raise GiveUp("zstack did not start")
        return process

    def serve(self, *options, port=80):
        return self.start("serve", "--port", str(port), *options, port=port)

    def stop(self, process, seconds=15):
        """SIGTERM; the exit code, or None if it had to be killed."""
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    def check_alive(self, process):
        return self.check(process.poll() is None and can_connect(80), "zstack lives and answers")

    # --- the kernel's side -------------------------------------------------------------------

    @contextlib.contextmanager
    def capture(self):
        """What crosses the cable, as a pcap file whose unfinished checksums were filled in the way a
        NIC would."""
        self._count += 1
        file = self.folder / f"capture-{self._count}.pcap"
        process = subprocess.Popen([sys.executable, str(ROOT / "tests/interop/capture.py"), self.interface, str(file)],
                                   stdout=subprocess.PIPE, text=True)
        self._children.append(process)
        process.stdout.readline()  # "capturing"
        try:
            yield file
        finally:
            process.terminate()
            self.capture_lost = int(process.stdout.readline() or -1)
            process.wait()

    def tear_down(self):
        running = [child for child in self._children if child.poll() is None]
        for child in running:
            child.terminate()  # in order, so that nobody leaves files behind
        for child in running:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for folder in self.leftovers:
            shutil.rmtree(folder, ignore_errors=True)


def run(*command, timeout=60, check=True, **options):
    """A command with its output; an unexpected failure ends the scenario."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout, **options)
    if check and done.returncode != 0:
        print(f"# `{' '.join(map(str, command))}` failed ({done.returncode}):\n{done.stdout}{done.stderr}")
        raise GiveUp("a command failed")
    return done


def curl(*options, path="/", timeout=30):
    return run("curl", "-sS", "--max-time", timeout, *options, f"http://{STACK}{path}", check=False, timeout=timeout + 10)


def tshark(file, display_filter, *fields):
    """Rows (lists of field texts) of the packets that match."""
    wanted = [x for field in fields for x in ("-e", field)]
    done = run("tshark", "-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
               "-Y", display_filter, "-T", "fields", "-E", "separator=\t", *(wanted or ["-e", "frame.number"]), timeout=120)
    return [line.split("\t") for line in done.stdout.splitlines()]


def tcp_info(port, remote=STACK):
    """What the kernel thinks of its connections to the stack: the text of `ss -ti`."""
    return run("ss", "-tinH", "dst", f"{remote}:{port}").stdout


def receive_exactly(connection, count):
    data = bytearray()
    while len(data) < count:
        part = connection.recv(min(count - len(data), 1 << 20))
        if not part:
            break
        data += part
    return bytes(data)


# --- starting a scenario ----------------------------------------------------------------------


def find_zstack():
    for path in (os.environ.get("ZSTACK"), ROOT / "build/release/zstack", ROOT / "build/dev/zstack"):
        if path and os.access(path, os.X_OK):
            return Path(path).resolve()
    return None


def skip(why):
    print(f"# skipped: {why}")
    sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)


def run_inside(scenario, device, keep_logs):
    folder = tempfile.mkdtemp(prefix="zs-interop-")
    world = World(device, find_zstack(), folder)
    # As the first process of the PID namespace we hear a signal only if we ask for it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        world.set_up()
        scenario(world)
    except GiveUp as why:
        world.check(False, f"went through to the end ({why})")
    except subprocess.TimeoutExpired as why:
        world.check(False, f"`{' '.join(map(str, why.cmd))}` ended in time")
    finally:
        world.tear_down()
        logs = sorted(Path(folder).glob("*.log"))
        if world.failed:
            for log in logs:
                lines = log.read_text(errors="replace").splitlines()
                print(f"# the end of {log.name}:", *lines[-20:], sep="\n#   ")
        if keep_logs:
            print(f"# logs and captures are in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if world.failed else 0


def main(scenario, devices=("tap", "packet")):
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--device", choices=("tap", "packet"), help="only this one")
    parser.add_argument("--keep-logs", action="store_true")
    args = parser.parse_args()
    if os.environ.get(INSIDE):
        sys.exit(run_inside(scenario, args.device, args.keep_logs))
    if find_zstack() is None:
        skip("zstack is not built: `cmake --preset release && cmake --build --preset release`")
    if not os.path.exists("/dev/net/tun"):
        skip("/dev/net/tun is missing: `modprobe tun`, or start the container with --device /dev/net/tun")
    # If we are killed, the kernel kills unshare, and that the first process of the world and so all.
    enter = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        enter += ["--user", "--map-root-user"]
    if subprocess.run([*enter, "true"], capture_output=True).returncode != 0:
        skip("may not make a network namespace: run as root, or allow unprivileged user namespaces")
    failed = 0
    for device in [args.device] if args.device else devices:
        print(f"# {Path(sys.argv[0]).stem} over {device}", flush=True)
        keep = ["--keep-logs"] if args.keep_logs else []
        command = [*enter, sys.executable, sys.argv[0], "--device", device, *keep]
        failed += subprocess.run(command, env={**os.environ, INSIDE: "1"}).returncode != 0
    sys.exit(1 if failed else 0)
