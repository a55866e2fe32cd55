"""What the web processes count about requests, and the text that Prometheus reads. Imported if METRICS_TOKEN is set."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from itertools import count
from pathlib import Path

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from config.circuit import Circuit, circuits
from config.metrics import FOLDER
from config.request_log import method_of, route_of
from recognizer.operations.collector import SiteCollector

logger = logging.getLogger(__name__)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds

FILE_SIZE = 256 * 1024  # bytes of each file of a process; it has room for all labels
RETRY = 60  # seconds


class Place:
    """Which files this process counts in: the first ones that no running process has.

    A process that replaces an ended one goes on in its files, so there are never more than processes at once.
    """

    def __init__(self) -> None:
        self._process = self._number = 0

    def __call__(self) -> str:
        """What prometheus_client puts into the names of the files."""
        return str(self._number) if self._process == os.getpid() else "none"

    def take(self, folder: Path) -> None:
        """Take a place until this process ends. Raises OSError."""
        if self._process == os.getpid():
            return
        for number in count(1):
            file = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # stays open, and with it the lock
            except OSError as error:
                os.close(file)
                if not isinstance(error, BlockingIOError):
                    raise
            else:
                self._process, self._number = os.getpid(), number
                return


_place = Place()
if os.environ.get(FOLDER):
    values.ValueClass = values.MultiProcessValue(_place)
_counted = CollectorRegistry()
_REQUESTS = Counter("inkling_requests", "Answered requests.", ["route", "method", "status"], registry=_counted)
_SECONDS = Histogram("inkling_request_seconds", "Time to the answer.", ["route"], buckets=BUCKETS, registry=_counted)
_ERRORS = Counter("inkling_api_errors", "Errors of the API by their code.", ["code"], registry=_counted)
_FAILURES = Counter(
    "inkling_service_failures",
    "Commands that failed, or were not sent because the service is away.",
    ["service"],
    registry=_counted,
)
_OUTAGES = Counter("inkling_service_outages", "Times that a service was given up.", ["service"], registry=_counted)


class RequestMetrics:
    """The counters. Their labels are names of routes, methods, status codes and error codes, so they are few."""

    def __init__(self) -> None:
        self._known: dict[Circuit, tuple[int, int]] = {}
        self._process = 0  # the one whose files are there
        self._next_try = 0.0
        self._making = threading.Lock()

    def _can_count(self) -> bool:
        if self._process == os.getpid():
            return True
        with self._making:
            if self._process == os.getpid() or time.monotonic() < self._next_try:
                return self._process == os.getpid()
            try:
                _make_files()
            except OSError as error:
                self._next_try = time.monotonic() + RETRY
                text = "requests are not counted now, because the files of the metrics cannot be made: %s"
                logger.warning(text, error)
                return False
            self._process, self._next_try = os.getpid(), 0.0
            return True

    def count(self, request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
        """Count one answered request."""
        if not self._can_count():
            return
        route = route_of(request)
        _REQUESTS.labels(route, method_of(request), response.status_code).inc()
        _SECONDS.labels(route).observe(seconds)
        if code := getattr(response, "error_code", ""):
            _ERRORS.labels(code).inc()
        for circuit in circuits.values():
            if self._known.get(circuit, (0, 0)) != (circuit.failures, circuit.opened):
                self._count_trouble(circuit)

    def _count_trouble(self, circuit: Circuit) -> None:
        """What a service failed since the last request of this process."""
        failures, opened = self._known.get(circuit, (0, 0))
        self._known[circuit] = now = (circuit.failures, circuit.opened)
        service = circuit.name.partition(" ")[0].lower()
        _FAILURES.labels(service).inc(max(0, now[0] - failures))
        _OUTAGES.labels(service).inc(max(0, now[1] - opened))


def _make_files() -> None:
    """Reserve the room of this process's counters: to write to a mapped file on a full disk would end the process.

    Raises OSError.
    """
    if not os.environ.get(FOLDER):
        return
    folder = Path(os.environ[FOLDER])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # something may have tidied up
    _place.take(folder)
    if not hasattr(os, "posix_fallocate"):
        return
    for kind in ("counter", "histogram"):
        path = folder / f"{kind}_{_place()}.db"
        try:
            with path.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, FILE_SIZE)
        except OSError:
            path.unlink(missing_ok=True)
            raise


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(SiteCollector())
    return generate_latest(collected()) + generate_latest(registry)


def collected() -> CollectorRegistry:
    """What all processes of this server have counted."""
    if not os.environ.get(FOLDER):
        return _counted
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry
