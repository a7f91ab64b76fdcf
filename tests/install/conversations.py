"""What the larger examples are asked, inside a world of their own. Each conversation starts its program and returns
whether all that it claims held."""

import contextlib
import signal
import socket
import ssl
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Barrier

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
from harness import STACK, can_connect, wait_for  # noqa: E402


def check(good, text):
    print(f"{'ok' if good else 'not ok'} - {text}", flush=True)
    return bool(good)


@contextlib.contextmanager
def started(program, *arguments, port=None):
    """A process that listens (on the stack, if a port is named), and must end in order."""
    process = subprocess.Popen([program, *map(str, arguments)], stdout=subprocess.DEVNULL)
    if port is not None and not wait_for(lambda: process.poll() is not None or can_connect(port), 20):
        process.kill()
    if port is not None and process.poll() is not None:
        sys.exit(f"not ok - {Path(program).name} starts")
    yield process
    process.send_signal(signal.SIGTERM)
    if not check(process.wait(15) == 0, f"{Path(program).name} ends with exit code 0 ({process.returncode})"):
        sys.exit(1)


def curl(*arguments):
    return subprocess.run(["curl", "-sS", "--max-time", "10", *arguments], capture_output=True)


def receive_all(connection):
    """Until the end, however it comes."""
    data = bytearray()
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(1 << 16):
            data += piece
    return bytes(data)


# ---- tls.cpp ----------------------------------------------------------------------------------


def client_hello():
    """The first bytes that a client says."""
    out = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="zstack").do_handshake()
    return out.read()


def tls_bears_strangers():
    hello = client_hello()
    random = Random(1)
    good = True
    for size in (1, 100, 20_000):
        with socket.create_connection((STACK, 443), timeout=10) as c:
            c.sendall(b"\x80" + random.randbytes(size - 1) if size > 1 else b"\x80")
            c.shutdown(socket.SHUT_WR)
            said = receive_all(c)
            good &= check(len(said) < 100, f"{size} bytes of garbage are hung up on ({len(said)} bytes of answer)")
    for part in (hello[:3], hello[:len(hello) // 2], hello):
        for linger in (False, True):  # FIN or RST
            with socket.create_connection((STACK, 443), timeout=10) as c:
                c.sendall(part)
                if linger:
                    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return good


def tls_page(context, page, meeting):
    """A connection that is there before any of the others asks."""
    with context.wrap_socket(socket.create_connection((STACK, 443), timeout=20), server_hostname=STACK) as c:
        meeting.wait(20)
        for _ in range(2):
            c.sendall(b"GET / HTTP/1.1\r\n\r\n")
            got = bytearray()
            while not got.endswith(page) and (piece := c.recv(1 << 16)):
                got += piece
            if not got.endswith(page) or not got.startswith(b"HTTP/1.1 200 OK\r\n"):
                return False
        return c.version() == "TLSv1.3"


def tls(program):
    page = Random(0).randbytes(1_000_000)
    Path("page").write_bytes(page)
    subprocess.run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem "
                   f"-out certificate.pem -subj /CN=zstack -addext subjectAltName=IP:{STACK}".split(),
                   check=True, capture_output=True)
    with started(program, "certificate.pem", "key.pem", "page", port=443) as process:
        silent = socket.create_connection((STACK, 443), timeout=20)
        silent.sendall(client_hello())
        asked = ["--cacert", "certificate.pem", f"https://{STACK}/"]
        got = curl("--tlsv1.3", *asked)
        good = check(got.stdout == page, f"curl gets a page of 1 MB over TLS 1.3 {got.stderr.decode()}")
        good &= check(curl("--tls-max", "1.2", *asked).returncode == 35, "TLS 1.2 is refused")
        got = curl("--tlsv1.3", "--cacert", "certificate.pem", "-d", "form", f"https://{STACK}/")
        good &= check(got.returncode in (52, 56), f"POST is hung up on (curl: {got.returncode})")
        good &= tls_bears_strangers()
        context = ssl.create_default_context(cafile="certificate.pem")
        meeting = Barrier(50)
        with ThreadPoolExecutor(50) as pool:
            pages = list(pool.map(lambda _: tls_page(context, page, meeting), range(50)))
        good &= check(all(pages), f"50 connections at once get it twice each ({sum(pages)})")
        good &= check(len(receive_all(silent)) > 500, "who stops in the handshake is answered and hung up on")
        good &= check(process.poll() is None, "the server is alive")
    return good
