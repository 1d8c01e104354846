"""Runs the web server and the worker as one service: starts, watches, restarts and stops them.

The parent never imports Django, so that it stays small and cannot be killed by what it watches.
"""

import argparse
import contextlib
import ctypes
import errno
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

GRACE = 15.0  # seconds from SIGTERM to SIGKILL; each child needs less
LONGEST_BACKOFF = 30.0  # seconds
STEADY = 30.0  # seconds after which a child's earlier failures are forgotten
FAILED_STARTS = 3  # give up when a child dies so often before the service was ever ready
THREADS = 8  # requests served at once by one web process
PR_SET_PDEATHSIG = 1
KNOWN_PASSWORDS = (
    "WARNING: other machines can reach this demo, and its passwords are known to everybody. "
    "Anyone may sign in and read what you load: no real data here."
)


def serve(argv: Sequence[str]) -> int:
    return _run("serve", argv, prepare=())


def demo(argv: Sequence[str]) -> int:
    return _run("demo", argv, prepare=("--demo",))


def _run(command: str, argv: Sequence[str], prepare: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog=f"orbita {command}")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (%(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="web processes (%(default)s)")
    options = parser.parse_args(argv)
    try:
        address = _free_address(options.host, options.port)
    except OSError as error:
        where = f"{options.host}:{options.port}"
        why = (
            "is taken; choose another --port" if error.errno == errno.EADDRINUSE else error.strerror
        )
        sys.stderr.write(f"orbita: {where} {why}\n")
        return 1
    url = _url(options.host, address[1])
    with _Signals() as signals:
        greeting = _prepare([*prepare, os.environ.get("ORBITA_URL") or url], signals)
        if isinstance(greeting, int):
            return greeting
        if not _known_outside(options.host):
            greeting.append(
                "Other machines are refused until ORBITA_URL or ORBITA_HOSTS names this one's address."
            )
        if command == "demo" and not _is_local(options.host):
            _say(KNOWN_PASSWORDS)
            greeting.append(KNOWN_PASSWORDS)
        children = [_web(address, options.workers), _worker()]
        return _Supervisor(children, address, signals).run([f"Orbita is ready: {url}", *greeting])


# ---- the address ----


def _free_address(host: str, port: int) -> tuple[str, int]:
    """The numeric address to listen on. Raises OSError when somebody already listens there.

    The server shares its port between its processes, so the kernel would let two servers share it
    too, each taking half of the requests: this asks without sharing.
    """
    family, kind, protocol, _, target = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind(target)
        name = trial.getsockname()
    return name[0], name[1]


def _reachable(host: str) -> str:
    """The address to call when the server listens on every one."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _url(host: str, port: int) -> str:
    host = _reachable(host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _known_outside(host: str) -> bool:
    """Whether requests from where it listens will be accepted, or come from here only."""
    return _is_named() or _is_loopback(host)


def _is_local(host: str) -> bool:
    """Whether nobody but this machine can get in, through a proxy neither.

    Whom the server refuses by the name in the request may still give another name.
    """
    return _is_loopback(host) and not _is_named()


def _is_named() -> bool:
    return any(os.environ.get(name) for name in ("ORBITA_URL", "ORBITA_HOSTS"))


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


# ---- the children ----


@dataclass
class Child:
    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    start_at: float = 0.0

    def start(self) -> None:
        self.started = time.monotonic()
        # A session of its own: Ctrl-C reaches only the parent, and a dead child's helpers
        # can be found by their group.
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,  # stdout is for the greeting, which scripts may read
            start_new_session=True,
            preexec_fn=_follow_parent,
        )

    def signal(self, number: int, *, group: bool = False) -> None:
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if group else os.kill)(self.process.pid, number)


def _follow_parent() -> None:
    """Asks the kernel for SIGTERM when the parent dies, even by SIGKILL: no orphan keeps the port."""
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
# glibc gives every thread its own heap, which is never given back.
_SMALL = {"MALLOC_ARENA_MAX": "2"}


def _web(address: tuple[str, int], workers: int) -> Child:
    options = {
        "interface": "wsgi",
        "host": address[0],
        "port": address[1],
        "workers": workers,
        "blocking-threads": THREADS,
        # A thread keeps its database connection: let idle ones live.
        "blocking-threads-idle-timeout": 600,
        "workers-kill-timeout": 10,
        "log-level": "error",
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "granian", *words, "--respawn-failed-workers"]
    return Child("web", [*command, "orbita.config.wsgi:application"], _SMALL)


def _worker() -> Child:
    return Child("worker", [sys.executable, "-m", "orbita", "worker"], _SMALL)


def _prepare(arguments: Sequence[str], signals: "_Signals") -> list[str] | int:
    """Migrates and loads what is needed in a process of its own; the lines for the user, or a status."""
    process = subprocess.Popen(
        [sys.executable, "-m", "orbita", "prepare", *arguments],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=_follow_parent,
    )
    with process:
        while process.poll() is None:
            if signals.wait(1.0):
                process.terminate()
        output = process.stdout.read() if process.stdout else ""
    if signals.stopping:
        return 0
    return output.splitlines() if process.returncode == 0 else process.returncode


# ---- the watch ----


class _Signals:
    """Turns SIGTERM, SIGINT and SIGCHLD into something that can be waited for with a time limit."""

    def __init__(self) -> None:
        self.stopping = False

    def __enter__(self) -> "_Signals":
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._before = {
            number: signal.signal(number, self._handle)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
        }
        self._descriptor = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *error: object) -> None:
        signal.set_wakeup_fd(self._descriptor)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._read.close()
        self._write.close()

    def _handle(self, number: int, frame: object) -> None:
        if number != signal.SIGCHLD:
            self.stopping = True

    def wait(self, seconds: float) -> bool:
        """Until a signal comes or the time is over. True when asked to stop."""
        select.select([self._read], [], [], max(seconds, 0))
        with contextlib.suppress(BlockingIOError):
            while self._read.recv(512):
                pass
        return self.stopping


class _Supervisor:
    def __init__(
        self, children: Sequence[Child], address: tuple[str, int], signals: _Signals
    ) -> None:
        self._children = children
        self._address = address
        self._signals = signals
        self._ready = False

    def run(self, greeting: Sequence[str]) -> int:
        """Until SIGTERM or SIGINT. 0 after a clean stop, 1 when the service cannot start."""
        try:
            while not self._signals.stopping:
                # The worker waits for the pages: loading both at once would make them late.
                for child in self._children if self._ready else self._children[:1]:
                    if not self._look_after(child):
                        return 1
                if not self._ready and _answers(self._address):
                    self._ready = True
                    sys.stdout.writelines(f"{line}\n" for line in greeting)
                    sys.stdout.flush()
                    continue
                self._signals.wait(self._pause())
            return 0
        finally:
            self._stop()

    def _look_after(self, child: Child) -> bool:
        """Reaps, restarts after a growing pause. False when the service has to give up."""
        now = time.monotonic()
        if child.process and child.process.poll() is not None:
            status = child.process.returncode
            child.signal(signal.SIGKILL, group=True)  # what it left behind still holds the port
            child.process = None
            child.failures = 1 if now - child.started > STEADY else child.failures + 1
            pause = min(0.25 * 2**child.failures, LONGEST_BACKOFF)
            child.start_at = now + pause
            _say(f"{child.name} ended ({_reason(status)}); starting it again in {pause:.1f} s")
            if not self._ready and child.failures >= FAILED_STARTS:
                _say(f"{child.name} does not start; giving up")
                return False
        if not child.process and now >= child.start_at:
            child.start()
        return True

    def _pause(self) -> float:
        if not self._ready:
            return 0.05
        waiting = [child.start_at for child in self._children if not child.process]
        return min([60.0, *(at - time.monotonic() for at in waiting)])

    def _stop(self) -> None:
        running = [(child, child.process) for child in self._children if child.process]
        for child, _ in running:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        for child, process in running:
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                _say(f"{child.name} did not stop in {GRACE:.0f} s and was killed")
            child.signal(signal.SIGKILL, group=True)
            process.wait()


def _answers(address: tuple[str, int]) -> bool:
    """Whether /healthz answers 200: the database too, not only the port."""
    try:
        with socket.create_connection(
            (_reachable(address[0]), address[1]), timeout=5
        ) as connection:
            connection.sendall(
                b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def _reason(status: int) -> str:
    return f"killed by signal {-status}" if status < 0 else f"status {status}"


def _say(words: str) -> None:
    sys.stderr.write(f"orbita: {words}\n")
    sys.stderr.flush()
