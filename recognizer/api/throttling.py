"""Rate limits: one atomic counter in the shared cache for each person, key or address and minute.

DRF's own throttle reads a list, changes it and writes it back, so parallel requests get past it.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from django.conf import settings
from django.core.cache import cache
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import ApiKey

WINDOW = 60  # seconds
DAY = 24 * 3600  # seconds


class Count(NamedTuple):
    """The state of one limit: requests allowed in a window, requests left in this one, seconds until the next."""

    scope: str
    limit: int
    left: int
    reset: int
    window: int = WINDOW


class CountingView(Protocol):
    """A view that remembers the state of each limit for its response headers."""

    counts: list[Count]


class MinuteLimit(BaseThrottle):
    """At most so many requests a minute, counted by person, or by address if nobody is signed in.

    A key to which staff gave a higher rate is counted by that rate alone, see `KeyLimit`.
    """

    scope: str
    setting: str
    window = WINDOW
    replaced_by_key_rate = True
    counter = ""  # the key in the cache, once something was counted

    def allow_request(self, request: Request, view: CountingView, cost: int = 1) -> bool:  # type: ignore[override]
        """Count this request as `cost` requests; returns whether it is allowed."""
        limit = getattr(settings, self.setting)
        if self.replaced_by_key_rate and _key_rate(request) > limit:
            return True
        who = f"user:{request.user.pk}" if request.user.is_authenticated else f"address:{self._address(request)}"
        return self.count(view, who, limit, cost)

    def count(self, view: CountingView, who: str, limit: int, cost: int) -> bool:
        """Count for `who`; returns whether it is allowed. A batch that is refused is not counted."""
        now = time.time()
        self.left, self.limit = self.window - now % self.window, limit
        self.counter = f"limit:{self.scope}:{who}:{int(now // self.window)}"
        count = self._add(view, cost)
        if count > limit and cost > 1:
            self._add(view, -cost)
        return count <= limit

    def undo(self, view: CountingView, cost: int) -> None:
        """Take back what was counted, because another limit refused the request."""
        if self.counter:
            self._add(view, -cost)

    def wait(self) -> float:
        """Seconds until the next window."""
        return self.left

    def _add(self, view: CountingView, cost: int) -> int:
        count = _increment(self.counter, cost, 2 * self.window)
        left, reset = max(0, self.limit - count), math.ceil(self.left)
        view.counts.append(Count(self.scope, self.limit, left, reset, self.window))
        return count

    def _address(self, request: Request) -> str:
        """An IPv4 address, or the /64 network of an IPv6 one: a single home has 2^64 of those."""
        address = self.get_ident(request) or ""
        if ":" not in address:
            return address
        try:
            return str(ipaddress.ip_network(f"{address}/64", strict=False))
        except ValueError:
            return address


class PredictLimit(MinuteLimit):
    """For predictions that are not saved."""

    scope = "predict"
    setting = "PREDICT_RATE"


class DrawingLimit(MinuteLimit):
    """For everything that writes."""

    scope = "drawing"
    setting = "DRAWING_RATE"


class DailyLimit(MinuteLimit):
    """For drawings that are saved, on one day (UTC). A repetition that saves nothing is not counted."""

    scope = "day"
    setting = "DRAWINGS_PER_DAY"
    window = DAY
    replaced_by_key_rate = False


class PictureLimit(MinuteLimit):
    """For pictures. They cost a hundred times what ink costs, so a key's own rate does not replace it."""

    scope = "picture"
    setting = "PICTURE_RATE"
    replaced_by_key_rate = False


class KeyLimit(MinuteLimit):
    """For all requests with a key that has a rate of its own."""

    scope = "key"

    def allow_request(self, request: Request, view: CountingView, cost: int = 1) -> bool:  # type: ignore[override]
        """Count for the key, if it has a rate."""
        rate = _key_rate(request)
        return not rate or self.count(view, str(request.auth.pk), rate, cost)


def check_limit(limit: MinuteLimit, request: Request, view: CountingView, cost: int = 1) -> None:
    """Count a request against one more limit. Raises Throttled."""
    if cost and not limit.allow_request(request, view, cost):
        raise Throttled(limit.wait())


def check_batch(limit: MinuteLimit, request: Request, view: CountingView, *, count: int, pictures: int) -> None:
    """Count a batch as `count` requests, or not at all. Raises Throttled.

    When it arrived it was counted as one request, like every other; its pictures were not counted.
    """
    passed: list[tuple[MinuteLimit, int]] = []
    for each, cost in ((KeyLimit(), count - 1), (limit, count - 1), (PictureLimit(), pictures)):
        if cost and not each.allow_request(request, view, cost):
            for earlier, its_cost in passed:
                earlier.undo(view, its_cost)
            raise Throttled(each.wait())
        passed.append((each, cost))


def headers(counts: Iterable[Count]) -> dict[str, str]:
    """The state of the limits as headers: the one nearest to its end in three plain fields, all in the IETF draft's."""
    latest = {count.scope: count for count in counts}.values()
    if not latest:
        return {}
    nearest = min(latest, key=lambda count: count.left)
    return {
        "RateLimit-Limit": str(nearest.limit),
        "RateLimit-Remaining": str(nearest.left),
        "RateLimit-Reset": str(nearest.reset),
        "RateLimit-Policy": ", ".join(f'"{count.scope}";q={count.limit};w={count.window}' for count in latest),
        "RateLimit": ", ".join(f'"{count.scope}";r={count.left};t={count.reset}' for count in latest),
    }


def _key_rate(request: Request) -> int:
    """The key's own rate in requests a minute; 0 without one."""
    return (request.auth.rate or 0) if isinstance(request.auth, ApiKey) else 0


def _increment(counter: str, cost: int, timeout: int) -> int:
    """Add `cost` and return the sum. While Redis is away each process counts for itself (`config.cache`)."""
    if add_to_counter := getattr(cache, "add_to_counter", None):  # Redis only
        return int(add_to_counter(counter, cost, timeout))
    while True:
        try:
            return cache.incr(counter, cost)
        except ValueError:  # not there yet, or just expired
            if cache.add(counter, cost, timeout):
                return cost
