"""Rate limits that hold: one atomic counter per person or key and minute in the shared cache.

DRF's own throttle reads a list, changes it and writes it back, so parallel requests slip through.
"""

from __future__ import annotations

import ipaddress
import logging
import math
import time
from collections.abc import Iterable
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts.models import ApiKey

logger = logging.getLogger(__name__)

WINDOW = 60  # seconds


class Tally(NamedTuple):
    """How one limit stands: how many may pass in a window, how many more in this one, seconds until the next."""

    scope: str
    limit: int
    left: int
    reset: int


class MinuteLimit(BaseThrottle):
    """At most so many requests a minute, counted by person, or by address where nobody is signed in.

    A key that staff gave a higher rate than everybody's is counted by that rate alone, see `KeyLimit`.
    """

    scope: str
    setting: str
    lifted = True  # by a higher rate of the key
    key = ""  # of the counter, once there is one

    def allow_request(self, request: Request, view: APIView, cost: int = 1) -> bool:
        """Count this request, as so many where it asks for many things, and say whether it may pass."""
        most = getattr(settings, self.setting)
        if self.lifted and _rate(request) > most:
            return True
        who = f"user:{request.user.pk}" if request.user.is_authenticated else f"address:{self._address(request)}"
        return self.passes(view, who, most, cost)

    def passes(self, view: APIView, who: str, most: int, cost: int) -> bool:
        """Count it for them; what is refused as a whole takes nothing away from what comes after it."""
        now = time.time()
        self.left, self.most = WINDOW - now % WINDOW, most
        self.key = f"limit:{self.scope}:{who}:{int(now // WINDOW)}"
        count = self._add(view, cost)
        if count > most and cost > 1:
            self._add(view, -cost)
        return count <= most

    def give_back(self, view: APIView, cost: int) -> None:
        """What was counted, because another limit refused it."""
        if self.key:
            self._add(view, -cost)

    def _add(self, view: APIView, cost: int) -> int:
        count = _count(self.key, cost)
        tallies: list[Tally] = getattr(view, "tallies", [])
        tallies.append(Tally(self.scope, self.most, max(0, self.most - count), math.ceil(self.left)))
        return count

    def wait(self) -> float:
        """Seconds until the next window."""
        return self.left

    def _address(self, request: Request) -> str:
        """An address of the old kind, or the network of one of the new kind: each home has 2^64 of those."""
        address = self.get_ident(request) or ""
        if ":" not in address:
            return address
        try:
            return str(ipaddress.ip_network(f"{address}/64", strict=False))
        except ValueError:
            return address


class PredictLimit(MinuteLimit):
    """For answers that are not kept."""

    scope = "predict"
    setting = "PREDICT_RATE"


class DrawingLimit(MinuteLimit):
    """For everything that writes."""

    scope = "drawing"
    setting = "DRAWING_RATE"


class PictureLimit(MinuteLimit):
    """For pictures, which cost a hundred times what ink costs; so no rate of a key lifts it."""

    scope = "picture"
    setting = "PICTURE_RATE"
    lifted = False


class KeyLimit(MinuteLimit):
    """For all requests with a key that has a rate of its own."""

    scope = "key"

    def allow_request(self, request: Request, view: APIView, cost: int = 1) -> bool:
        """Count it for the key, if it has a rate."""
        rate = _rate(request)
        return not rate or self.passes(view, str(request.auth.pk), rate, cost)


def check(limit: MinuteLimit, request: Request, view: APIView, cost: int = 1) -> None:
    """Count a request against one more limit. Raises Throttled."""
    if cost and not limit.allow_request(request, view, cost):
        raise Throttled(limit.wait())


def check_batch(limit: MinuteLimit, request: Request, view: APIView, *, count: int, pictures: int = 0) -> None:
    """Count a request that asks for so many things as that many requests, or not at all. Raises Throttled.

    It was counted as one when it came, as every request is; its pictures were not.
    """
    passed: list[tuple[MinuteLimit, int]] = []
    for each, cost in ((KeyLimit(), count - 1), (limit, count - 1), (PictureLimit(), pictures)):
        if cost and not each.allow_request(request, view, cost):
            for before, its in passed:
                before.give_back(view, its)
            raise Throttled(each.wait())
        passed.append((each, cost))


def headers(tallies: Iterable[Tally]) -> dict[str, str]:
    """How the limits stand, for the answer: the nearest in three plain fields, all of them in the coming standard's."""
    found = {tally.scope: tally for tally in tallies}.values()
    if not found:
        return {}
    nearest = min(found, key=lambda tally: tally.left)
    return {
        "RateLimit-Limit": str(nearest.limit),
        "RateLimit-Remaining": str(nearest.left),
        "RateLimit-Reset": str(nearest.reset),
        "RateLimit-Policy": ", ".join(f'"{tally.scope}";q={tally.limit};w={WINDOW}' for tally in found),
        "RateLimit": ", ".join(f'"{tally.scope}";r={tally.left};t={tally.reset}' for tally in found),
    }


def _rate(request: Request) -> int:
    """What the key that is shown may do in a minute, where it has a rate of its own; else 0."""
    return (request.auth.rate or 0) if isinstance(request.auth, ApiKey) else 0


def _count(key: str, cost: int) -> int:
    """Add to a sum and return it. A cache that is away must not take the site down with it."""
    try:
        if add_to_counter := getattr(cache, "add_to_counter", None):  # Redis only, see config.cache
            return int(add_to_counter(key, cost, 2 * WINDOW))
        while True:
            try:
                return cache.incr(key, cost)
            except ValueError:  # not there yet, or just expired
                if cache.add(key, cost, 2 * WINDOW):
                    return cost
    except RedisError:
        logger.exception("the cache cannot be reached; requests are not counted")
        return 0
