"""Rate limits that hold: one atomic counter per person and minute in the shared cache.

DRF's own throttle reads a list, changes it and writes it back, so parallel requests slip through.
"""

from __future__ import annotations

import logging
import time

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

logger = logging.getLogger(__name__)

WINDOW = 60  # seconds


class MinuteLimit(BaseThrottle):
    """At most so many requests a minute, counted by person, or by address where nobody is signed in."""

    scope: str
    setting: str

    def allow_request(self, request: Request, view: APIView, cost: int = 1) -> bool:
        """Count this request as `cost` and say whether it may pass."""
        now = time.time()
        self.left = WINDOW - now % WINDOW
        who = f"user:{request.user.pk}" if request.user.is_authenticated else f"address:{self.get_ident(request)}"
        return _count(f"limit:{self.scope}:{who}:{int(now // WINDOW)}", cost) <= getattr(settings, self.setting)

    def wait(self) -> float:
        """Seconds until the next window."""
        return self.left


class PredictLimit(MinuteLimit):
    """For answers that are not kept."""

    scope = "predict"
    setting = "PREDICT_RATE"


class DrawingLimit(MinuteLimit):
    """For everything that writes."""

    scope = "drawing"
    setting = "DRAWING_RATE"


class PictureLimit(MinuteLimit):
    """For pictures, which cost a hundred times what ink costs."""

    scope = "picture"
    setting = "PICTURE_RATE"


def check(limit: MinuteLimit, request: Request, view: APIView, cost: int = 1) -> None:
    """Count a request against one more limit, as `cost`. Raises Throttled."""
    if not limit.allow_request(request, view, cost):
        raise Throttled(limit.wait())


def _count(key: str, cost: int) -> int:
    """Add the cost and return the sum. A cache that is away must not take the site down with it."""
    try:
        while True:
            try:
                return cache.incr(key, cost)
            except ValueError:  # not there yet, or just expired
                if cache.add(key, cost, 2 * WINDOW):
                    return cost
    except RedisError:
        logger.exception("the cache cannot be reached; requests are not counted")
        return 0
