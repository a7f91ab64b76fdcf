"""What the larger examples are asked, inside a world of their own. Each conversation starts its program and returns
whether all that it claims held."""

import contextlib
import os
import re
import resource
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from threading import Barrier, Thread

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))
from harness import STACK, can_connect, receive_exactly, wait_for  # noqa: E402


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
            with contextlib.suppress(OSError):  # it may have gone before we have said all
                c.sendall(b"\x80" + random.randbytes(size - 1))
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


# ---- l7_balancer.cpp --------------------------------------------------------------------------


class Upstream(BaseHTTPRequestHandler):
    """An HTTP server on the kernel that says which one it is, and of which connection."""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self, body, chunked=False):
        framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % len(body)
        if chunked:
            pieces = [body[at:at + 7000] for at in range(0, len(body), 7000)] + [b""]
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
        self.wfile.write(b"HTTP/1.1 200 OK\r\n%s\r\n\r\n%s" % (framing, b"" if self.command == "HEAD" else body))

    def do_GET(self):
        if self.path == "/drop":
            self.close_connection = True
        elif self.path == "/to-the-end":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + BODY)
            self.close_connection = True
        elif self.path == "/half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            self.close_connection = True
        elif self.path == "/big":
            self.answer(BODY, chunked=True)
        else:
            if self.path == "/slow":
                time.sleep(0.5)
            self.answer(b"%d %d\n" % (self.server.server_port, self.client_address[1]))

    do_HEAD = do_GET

    def do_POST(self):
        if "Content-Length" in self.headers:
            return self.answer(self.rfile.read(int(self.headers["Content-Length"])))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return self.answer(body)

    def log_message(self, *_):
        pass


class Upstreams(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, port):
        super().__init__(("0.0.0.0", port), Upstream)
        self.connections = []
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def process_request(self, request, client_address):
        self.connections.append(request)
        super().process_request(request, client_address)

    def handle_error(self, *_):
        """Who asked may have gone."""

    def stop(self):
        self.shutdown()
        self.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


BODY = Random(3).randbytes(1_000_000)
URL = f"http://{STACK}"


def balancer_passes_bodies():
    Path("body").write_bytes(BODY)
    good = check(curl(f"{URL}/big").stdout == BODY, "a chunked body of 1 MB comes through")
    good &= check(curl(f"{URL}/to-the-end").stdout == BODY, "and one that ends with its connection")
    good &= check(curl("--data-binary", "@body", f"{URL}/").stdout == BODY, "a body of 1 MB goes there and back")
    got = curl("-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue", "--data-binary", "@body", f"{URL}/")
    good &= check(got.stdout == BODY, f"in chunks, after 100 Continue ({len(got.stdout)})")
    got = curl("-I", f"{URL}/", f"{URL}/")
    good &= check(got.returncode == 0 and got.stdout.count(b"Content-Length: 1") == 2, "the answer to HEAD has no body")
    return good


def balancer_bears_strangers():
    good = True
    for asked in (b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                  b"GET / HTTP/1.1\r\nX: " + b"x" * 200_000, b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"):
        with socket.create_connection((STACK, 80), timeout=10) as c:
            with contextlib.suppress(ConnectionError):
                c.sendall(asked)
            said = receive_all(c)
            # Who is still talking when the other one closes may hear a reset instead.
            is_refused = said.startswith(b"HTTP/1.1 400 ") or (len(asked) > 1000 and said == b"")
            good &= check(is_refused, f"{asked[:40]} is a bad request")
    for asked in (b"", b"GET ", b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000):
        for linger in (False, True):  # FIN or RST
            with socket.create_connection((STACK, 80), timeout=10) as c:
                c.sendall(asked)
                if linger:
                    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with socket.create_connection((STACK, 80), timeout=10) as c:
        c.sendall(b"GET /1 HTTP/1.1\r\n\r\n" * 3 + b"GET /2 HTTP/1.0\r\n\r\n")
        good &= check(receive_all(c).count(b"200 OK") == 4, "requests may come several at once")
    return good


def balancer_chooses(servers):
    with ThreadPoolExecutor(4) as pool:
        seen = {answer.stdout.split()[0] for answer in pool.map(lambda _: curl(f"{URL}/slow"), range(4))}
    good = check(seen == {b"8081", b"8082"}, f"four requests at once go to both servers {seen}")
    answers = [curl(f"{URL}/c/{n}").stdout.split()[0] for n in range(3)]
    good &= check(answers == [b"8083"] * 3, f"/c goes to its own {answers}")
    got = curl("-w", "%{num_connects}\\n", *[f"{URL}/"] * 5).stdout.split()
    good &= check(got[2::3] == [b"1", b"0", b"0", b"0", b"0"], f"the client's connection lives on {got[2::3]}")
    good &= check(len(set(got[1::3])) == 1, f"so does the server's {set(got[1::3])}")
    servers[2].stop()
    good &= check(curl(f"{URL}/c/1").stdout.split()[:1] in ([b"8081"], [b"8082"]), "a server that is down: the next one")
    status = ["-o", "/dev/null", "-w", "%{http_code}"]
    good &= check(curl(*status, f"{URL}/drop").stdout == b"502", "who hangs up without an answer: 502")
    good &= check(curl(f"{URL}/half").returncode == 18, "half an answer is not a whole one")
    return good


def balancer(program):
    servers = [Upstreams(port) for port in (8081, 8082, 8083)]
    run = ["10.99.0.1:8081", "10.99.0.1:8082", "/c=10.99.0.1:8083", "/dead=10.99.0.1:8099"]
    with started(program, *run, port=80) as process:
        good = check(curl(f"{URL}/dead").stdout.startswith(b"808"), "nobody listens at one: the next one is asked")
        good = good and balancer_passes_bodies() and balancer_bears_strangers() and balancer_chooses(servers)
        wrk = subprocess.run(["wrk", "-t1", "-c50", "-d2", f"{URL}/"], capture_output=True, text=True).stdout
        good &= check("Requests/sec" in wrk and "Non-2xx" not in wrk and "Socket errors" not in wrk,
                      "wrk: " + " ".join(wrk.split("\n")[-4].split() + wrk.split("\n")[-3].split()))
        for server in servers[:2]:
            server.stop()
        got = curl("-o", "/dev/null", "-w", "%{http_code}", f"{URL}/")
        good &= check(got.stdout == b"502", f"all are down: 502 {got.stdout}")
        good &= check(process.poll() is None, "the balancer is alive")
    return good


# ---- many_clients.cpp -------------------------------------------------------------------------


def echo_for_many():
    """An echo server on the kernel, in a process of its own that counts its connections at the end."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (20_000, 20_000))
    listener = socket.create_server(("0.0.0.0", 9000), backlog=4096)
    if os.fork() != 0:
        return
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    clients = {}
    while True:  # until this world ends
        for fd, _ in poll.poll():
            if fd == listener.fileno():
                client, _ = listener.accept()
                clients[client.fileno()] = client
                poll.register(client, select.EPOLLIN)
                continue
            data = b""
            with contextlib.suppress(OSError):
                data = clients[fd].recv(4096)
                clients[fd].send(data)
            if not data:
                clients.pop(fd).close()


def clients(program):
    echo_for_many()
    run = [program, "10.99.0.1", "9000", "5000", "4000", "3"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=60)
    counts = [int(n) for n in re.findall(r"\b\d+\b", done.stdout)]
    good = check(done.returncode == 0 and len(counts) == 6, f"it counts: {done.stdout.strip()}{done.stderr if not counts else ''}")
    if not good:
        return False
    opened, _, sent, answered, p50, p99 = counts
    good &= check(opened == 5000, f"5000 connections are open at once ({opened})")
    good &= check(sent == answered and sent > 10_000, f"every request is answered ({answered} of {sent})")
    good &= check(0 < p50 <= p99 < 5_000_000, f"and in how long ({p50} us, {p99} us)")
    done = subprocess.run([program, "10.99.0.1", "9001", "10", "100", "0.2"], capture_output=True, text=True, timeout=60)
    return check("0 of 10 connections, 0 requests" in done.stdout and done.returncode == 0, "nobody listens: it says so") and good


# ---- ff_shapes.c ------------------------------------------------------------------------------


def datagram(question):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.2)
        with contextlib.suppress(OSError):  # until there is somebody
            s.sendto(question, (STACK, 7))
            return s.recv(2048)
    return b""


def echoes(port):
    """Five connections at once, three words each."""
    people = [socket.create_connection((STACK, port), timeout=10) for _ in range(5)]
    good = True
    for word in (b"one", b"two" * 300, b"three"):
        for person in people:
            person.sendall(word)
        good &= all(receive_exactly(person, len(word)) == word for person in people)
    for person in people:
        person.shutdown(socket.SHUT_WR)
        good &= person.recv(1) == b""
        person.close()
    return good


def shapes(program, *arguments):
    echo_for_many()
    with started(program, *arguments) as process:
        good = check(wait_for(lambda: datagram(b"client") == b"done", 20), "the client has heard its words")
        good &= check(datagram(b"x" * 1400) == b"x" * 1400, "UDP echo by kqueue")
        for port, how in ((8001, "ff_select()"), (8002, "ff_poll()"), (8003, "ff_kevent_do_each() and ff_dup()")):
            good &= check(echoes(port) and echoes(port), f"echo by {how}")
        good &= check(process.poll() is None, "the program is alive")
    return good
