"""`python -m config.server`: the web processes. Granian reads and sends, `config.asgi` answers.

    python -m config.server --bind 0.0.0.0:8000 --workers 2 --threads 4

The application is imported once, before the processes are forked, so that they share its memory. On Linux each process
has a listening socket of its own, and the kernel spreads connections over them. With one socket for all, the same
process gets most connections (17 of 20) while the others wait. The parent holds all sockets: when a process ends, the
one that replaces it accepts what has arrived meanwhile.
SIGTERM finishes the requests that have arrived. SIGHUP replaces the processes one by one, without new code.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketHolder
from granian.server.mp import MPServer, WorkerProcess

logger = logging.getLogger("config.server")

DRAIN_SECONDS = 1  # in which clients with open connections are told to close them
STOP_SECONDS = 20  # for requests to finish when a process stops
MAX_HEADERS = 64 * 1024  # bytes of a request's first line and headers
CONNECTIONS = 1_000  # of a process; more wait until they are accepted
TRIM_EVERY = 60  # seconds after which a process gives memory back
POLL = 0.1  # seconds, while a process stops
SHORT_LIFE = 1  # seconds; a process that ends sooner is replaced after a pause
LOGGING: dict[str, Any] = {"handlers": {}, "loggers": {"_granian": {}}}  # Granian's messages go where all others go
KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}  # finds clients that vanished


class WebServer(MPServer):
    """Granian with listening sockets that the parent holds, and with deadlines for clients that do not read."""

    def _init_shared_socket(self) -> None:
        self._ssp = self._sso = None
        spread = sys.platform == "linux" and self.workers > 1  # elsewhere all connections go to the newest
        try:
            if spread:
                self._listener().close()  # fails if another server has the port; with SO_REUSEPORT it would not
            self.descriptors = [self._listener(spread).detach() for _ in range(self.workers if spread else 1)]
        except OSError as error:
            raise SystemExit(f"{self.bind_addr}, port {self.bind_port}, cannot be used: {error.strerror}.") from error

    def _listener(self, shares_port: bool = False) -> socket.socket:
        """A listening socket. Raises OSError."""
        listener = socket.create_server(
            (self.bind_addr, self.bind_port),
            family=socket.AF_INET6 if ":" in self.bind_addr else socket.AF_INET,
            backlog=self.backlog,
            reuse_port=shares_port,
        )
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in {**KEEPALIVE, "TCP_USER_TIMEOUT": settings.READ_SECONDS * 1000}.items():
            if hasattr(socket, name):  # not on every system; accepted connections have what the listener has
                listener.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        return listener

    def _spawn_worker(self, idx: int, *args: Any, **options: Any) -> WorkerProcess:
        self.descriptor = self.descriptors[idx % len(self.descriptors)]  # the process starts before the next call
        self._shd = SocketHolder(self.descriptor, False, self.backlog)  # type: ignore[assignment, call-arg]
        return super()._spawn_worker(idx, *args, **options)

    def _drop_shared_socket(self) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)

    def _serve_loop(self, *args: Any) -> None:
        """Replace processes that have ended, and all of them at SIGHUP, until a signal stops the server.

        Granian's own loop gives up when a process ends twice in five seconds, and can miss one that ends, or a signal,
        while it looks at another one.
        """
        while not self.interrupt_signal:
            self._replace_ended(1, *args)
            if self.reload_signal:
                self.reload_signal = False
                for index in range(self.workers):  # one by one: the others take connections meanwhile
                    if not self.interrupt_signal:
                        self._replace(index, *args)

    def _replace_ended(self, seconds: float, *args: Any) -> None:
        """Wait so long, or until a process ends or a signal arrives, then replace the processes that have ended."""
        self.main_loop_interrupt.wait(seconds)
        self.main_loop_interrupt.clear()
        self.interrupt_children.clear()
        ended = [index for index, worker in enumerate(self.wrks) if not worker.is_alive()]
        if ended and not self.interrupt_signal:
            if any(time.monotonic() - self.wrks[index].birth < SHORT_LIFE for index in ended):
                time.sleep(SHORT_LIFE)
            self._respawn_workers(ended, *args)

    def _replace(self, index: int, *args: Any) -> None:
        """Start another process, then stop the one whose place it takes.

        Granian would look at no other process until that one has stopped. If one ended meanwhile, the connections
        that the kernel gives it would wait so long, too.
        """
        old = self.wrks[index]
        self._drain([old])
        self.wrks[index] = self._spawn_worker(index, *args)
        self.wrks[index].start()
        begun = time.monotonic()
        while old.is_alive() and not self.interrupt_signal:
            waited = time.monotonic() - begun - self.respawn_interval
            if waited > STOP_SECONDS:
                old.kill()
            elif waited > 0 and not old.interrupt_by_parent:
                old.terminate()
            self._replace_ended(POLL, *args)
        if old.is_alive():
            self.wrks.append(old)  # stops with the others

    def _stop_workers(self) -> None:
        logger.info("the server stops: it has got a signal")
        self._drain(self.wrks)
        time.sleep(DRAIN_SECONDS)
        super()._stop_workers()

    def _drain(self, workers: list[WorkerProcess]) -> None:
        """Have processes take no new connections, and close the others with their next response (`_take_no_more`).

        Granian would close them at once, and with them requests that are on their way.
        """
        for worker in workers:
            if worker.is_alive() and not worker.interrupt_by_parent:  # a second time, its requests would be lost
                os.kill(worker._id(), signal.SIGUSR1)


def main() -> None:
    """Start the processes; returns when they have stopped."""
    parser = argparse.ArgumentParser(prog="python -m config.server", description="Start the web processes.")
    help_bind = "address and port, by default 127.0.0.1:8000"
    parser.add_argument("--bind", type=_address, default=("127.0.0.1", 8000), help=help_bind)
    parser.add_argument("--workers", type=_positive, default=1, help="processes")
    parser.add_argument(
        "--threads", type=_positive, help="threads of a process that work; default: WEB_THREADS, else 4"
    )
    options = parser.parse_args()
    if options.threads:
        os.environ["WEB_THREADS"] = str(options.threads)
    host, port = options.bind
    application = _load()
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # also in a new process, which could not handle it yet
    server = WebServer(
        "config.asgi:application",
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        loop=Loops.asyncio,
        http=HTTPModes.http1,
        workers=options.workers,
        backlog=1024,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=settings.HEADER_SECONDS * 1000, max_buffer_size=MAX_HEADERS),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        log_level=LogLevels.error,
        log_dictconfig=LOGGING,
    )
    if os.environ.get("INKLING_ENV") == "embedded":
        server.on_startup(partial(_say, f"Inkling runs on http://localhost:{port}. Ctrl+C stops it.\n"))
    server.serve(target_loader=partial(_start, application, server), wrap_loader=False)


def _positive(text: str) -> int:
    """A whole number of at least 1. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _address(text: str) -> tuple[str, int]:
    """The IP address and the port that `--bind` names."""
    host, _colon, port = text.rpartition(":")
    try:
        if not 0 < int(port) < 2**16:
            raise ValueError("a port is between 1 and 65535")
        return str(socket.getaddrinfo(host.strip("[]"), None)[0][4][0]), int(port)
    except (ValueError, OSError) as error:
        advice = "Write an address and a port, such as 0.0.0.0:8000 or [::]:8000."
        raise argparse.ArgumentTypeError(f"{text!r} cannot be used: {error}. {advice}") from error


def _load() -> Any:
    """Import the application and exclude what is imported from garbage collection: that would copy shared memory."""
    from config.asgi import application

    gc.collect()
    gc.freeze()
    return application


def _start(application: Any, server: WebServer) -> Any:
    """The application, in a new process that ends when its parent is killed."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # until Granian's handler is there; the parent's would do nothing
    if server.interrupt_signal:  # the server stops already, or the parent's handler had this process's signal
        time.sleep(2 * DRAIN_SECONDS)
        sys.exit()
    for descriptor in set(server.descriptors) - {server.descriptor}:
        os.close(descriptor)  # those of the other processes
    os.setpgid(0, 0)  # Ctrl+C and signals for a group are for the parent, which then ends its processes
    signal.signal(signal.SIGUSR1, lambda _number, _frame: _take_no_more(application, server))
    threading.Thread(target=_end_with, args=[server.pid], daemon=True).start()
    start_trimming()
    return application


def _take_no_more(application: Any, server: WebServer) -> None:
    """Put a socket to which nobody connects in place of the listening one, which the parent has, too."""
    application.drain()
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        nobody.setblocking(False)
        os.dup2(nobody.fileno(), server.descriptor, inheritable=False)


def _end_with(parent: int | None) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def start_trimming() -> None:
    """Give free memory back to the system now and then. glibc keeps what lies between pieces that are in use: 8 and
    20 MB of two processes after 75 minutes.
    """
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # other systems have another malloc
        threading.Thread(target=_trim, args=[trim], daemon=True).start()


def _trim(trim: Callable[[int], int]) -> None:
    while True:
        time.sleep(TRIM_EVERY)
        trim(0)


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
