"""/metrics for Prometheus: the requests of the web processes of this host, and figures of the site from its database.

Processes count in files of a folder that they share (`prometheus_client` in its multiprocess mode), so any of them can
answer for all. What the database knows is read when Prometheus asks. Nobody reads it without METRICS_TOKEN.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.crypto import constant_time_compare

if TYPE_CHECKING:
    from config.request_metrics import RequestMetrics

PATH = "/metrics"
FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the variable that prometheus_client reads when it is imported
_NAME = "inkling-metrics-"

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def metrics_page(get_response: GetResponse) -> GetResponse:
    """Answer /metrics to who has the token; without METRICS_TOKEN there is no such page.

    A middleware, and before all others that look at the request: Prometheus asks for addresses of hosts and pods, by
    HTTP, and wants an answer while Redis or the database are away.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if request.path_info != PATH or not settings.METRICS_TOKEN:
            return get_response(request)
        scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer" or not constant_time_compare(token.strip(), settings.METRICS_TOKEN):
            return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"}, content_type="text/plain")
        from config import request_metrics

        return HttpResponse(request_metrics.exposition(), content_type=request_metrics.CONTENT_TYPE)

    return middleware


def counters() -> RequestMetrics | None:
    """The counters of this process; None without METRICS_TOKEN, so that nothing is imported or counted."""
    if not settings.METRICS_TOKEN:
        return None
    from config.request_metrics import RequestMetrics

    return RequestMetrics()


def share_counts() -> None:
    """Name the folder in which the processes of this server count, before `prometheus_client` is imported.

    It is named after this process, which the web processes are forked from, and its start: a restarted server counts
    from zero. Folders of servers that have ended are removed. A server that imports the application in each process
    needs PROMETHEUS_MULTIPROC_DIR, an empty folder at its start.
    """
    if not settings.METRICS_TOKEN or FOLDER in os.environ:
        return
    folder = Path(tempfile.gettempdir()) / f"{_NAME}{os.getpid()}-{_start_of(os.getpid())}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user. Set {FOLDER} to a folder of this one.")
    for other in folder.parent.glob(f"{_NAME}*"):
        pid, _dash, start = other.name.removeprefix(_NAME).partition("-")
        if other != folder and pid.isdigit() and _start_of(int(pid)) != start:
            shutil.rmtree(other, ignore_errors=True)
    os.environ[FOLDER] = str(folder)


def _start_of(pid: int) -> str:
    """When a process started, in ticks since the start of the machine; "" if there is none, or no /proc."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
