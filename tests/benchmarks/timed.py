"""The settings of the site without rate limits; each response says in Server-Timing how long the server took."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE as _MIDDLEWARE

PREDICT_RATE = PICTURE_RATE = DRAWING_RATE = DRAWINGS_PER_DAY = 10**9
LOGGING = {"version": 1, "disable_existing_loggers": True}
MIDDLEWARE = ["tests.benchmarks.timed.server_timing", *_MIDDLEWARE]


def server_timing(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: wall time and processor time of the thread, in milliseconds."""

    def timed(request: HttpRequest) -> HttpResponse:
        wall, computed = time.perf_counter(), time.thread_time()
        response = answer(request)
        spent = (time.perf_counter() - wall, time.thread_time() - computed)
        response["Server-Timing"] = "wall;dur={:.2f}, cpu;dur={:.2f}".format(*(1_000 * each for each in spent))
        return response

    return timed
