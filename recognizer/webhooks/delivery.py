"""Sends due deliveries, several at once, each attempt by one worker only.

A worker claims an attempt by a conditional update that also sets the next attempt to some minutes later. So an attempt
of a worker that dies is repeated, and a receiver may get an event twice; it can recognise it by its id. A receiver that
does not answer is not called for a while, so that it does not delay the others.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from django.db.models import F, Min, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from recognizer import enqueue
from recognizer.models import Delivery, Webhook
from recognizer.webhooks import notify_owner, signing
from recognizer.webhooks.allowed_addresses import RefusedAddressError
from recognizer.webhooks.transport import CheckedTransport

logger = logging.getLogger(__name__)
State = Delivery.State

DEADLINE = 10  # seconds for one attempt, from resolving the host to the beginning of the response
CLAIM_TIME = timedelta(minutes=5)  # far more than the deadline; after that the worker is dead
RETRY_DELAYS = [  # after the first attempt, the second, ...; the eighth is the last, about a day after the first
    *(timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30)),
    *(timedelta(hours=2), timedelta(hours=6), timedelta(hours=14)),
]
JITTER = 0.2  # of a delay, so that deliveries that failed together are not repeated together
PAUSES_AFTER_SILENCE = [timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10)]
FAILING_FOR = timedelta(days=3)  # then the webhook is paused
HOOKS_AT_ONCE, EACH_AT_ONCE = 16, 4
ANSWER_BYTES = 1024
RETENTION, CLEANUP_BATCH = timedelta(days=30), 5_000
GONE = 410  # the receiver wants no more events


@dataclass(frozen=True)
class AttemptResult:
    """The result of one attempt. Without a response `code` is None and `problem` says why."""

    took_ms: int
    code: int | None = None
    answer: str = ""
    problem: str = ""

    @property
    def is_success(self) -> bool:
        """Whether the receiver accepted it."""
        return self.code is not None and 200 <= self.code < 300


def send_due_deliveries() -> tuple[int, bool]:
    """Try some due deliveries. Returns how many, and whether there are more."""
    claimed = _claim()
    results = asyncio.run(_post_all(claimed)) if claimed else []
    for delivery, result in zip(claimed, results, strict=True):
        _save_result(delivery, result)
    return len(claimed), Delivery.objects.due(timezone.now()).exists()


def _claim() -> list[Delivery]:
    """The deliveries of each webhook that are due the longest, so that one with many does not delay the others."""
    now = timezone.now()
    due = Delivery.objects.due(now)
    first = due.values("webhook").annotate(first=Min("next_try")).order_by("first").values_list("webhook", flat=True)
    found = [
        delivery
        for hook in list(first[:HOOKS_AT_ONCE])
        for delivery in due.filter(webhook=hook).order_by("next_try", "pk").select_related("webhook")[:EACH_AT_ONCE]
    ]
    return [delivery for delivery in found if _claim_attempt(delivery, now)]


def _claim_attempt(delivery: Delivery, now: datetime) -> bool:
    """Returns whether this worker claimed the attempt, and not another one that saw it at the same time."""
    claimed = _attempt(delivery).update(attempts=F("attempts") + 1, next_try=now + CLAIM_TIME)
    delivery.attempts += claimed
    return bool(claimed)


def _attempt(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, state=State.WAITING, attempts=delivery.attempts)


async def _post_all(deliveries: Iterable[Delivery]) -> list[AttemptResult]:
    async with httpx.AsyncClient(transport=CheckedTransport(), trust_env=False, timeout=DEADLINE) as client:
        return await asyncio.gather(*(_post(client, delivery) for delivery in deliveries))


async def _post(client: httpx.AsyncClient, delivery: Delivery) -> AttemptResult:
    began = time.monotonic()
    try:
        async with asyncio.timeout(DEADLINE):
            code, answer = await _send(client, delivery)
            problem = _("The response was a redirect. Redirects are not followed.") if 300 <= code < 400 else ""
    except Exception as error:
        code, answer, problem = None, "", _describe(error)
    return AttemptResult(round(1000 * (time.monotonic() - began)), code, answer, problem)


async def _send(client: httpx.AsyncClient, delivery: Delivery) -> tuple[int, str]:
    """The status and the first ANSWER_BYTES of the response. The rest is not read, and nothing is decompressed."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Inkling-Webhooks/1",
        "Accept-Encoding": "identity",
        **signing.signed_headers(delivery, now=timezone.now()),
    }
    url, content = delivery.webhook.url, delivery.body.encode()
    async with client.stream("POST", url, content=content, headers=headers, follow_redirects=False) as response:
        answer = b""
        async for chunk in response.aiter_raw():
            answer += chunk[: ANSWER_BYTES - len(answer)]
            if len(answer) >= ANSWER_BYTES:
                break
        return response.status_code, answer.decode(errors="replace").replace("\0", "\ufffd")


def _describe(error: Exception) -> str:
    """The error as a sentence. Unexpected errors are logged."""
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return _("No response within %d seconds.") % DEADLINE
    if isinstance(error, RefusedAddressError):
        return str(error)[:300]
    if isinstance(error, httpx.TransportError):
        return (_("The connection failed: %s") % (str(error) or type(error).__name__))[:300]
    logger.error("a webhook delivery failed with an unexpected error", exc_info=error)
    return _("The delivery failed. The log of the worker says why.")


def _save_result(delivery: Delivery, result: AttemptResult) -> None:
    """Save the result and update the state of the webhook, unless another worker has claimed the delivery meanwhile."""
    now = timezone.now()
    fields: dict[str, Any] = {name: getattr(result, name) for name in ("code", "answer", "problem", "took_ms")}
    if result.is_success:
        fields |= {"state": State.DELIVERED, "finished": now}
    elif delivery.attempts > len(RETRY_DELAYS):
        fields |= {"state": State.FAILED, "finished": now}
    else:
        fields["next_try"] = now + RETRY_DELAYS[delivery.attempts - 1] * random.uniform(1, 1 + JITTER)  # noqa: S311 - not a secret
    if not _attempt(delivery).update(**fields):
        return
    if result.is_success:
        failing = Webhook.objects.filter(pk=delivery.webhook_id, failing_since__isnull=False)
        failing.update(failing_since=None, rests_until=None)
    else:
        _record_failure(delivery.webhook_id, result, now)


def _record_failure(hook: int, result: AttemptResult, now: datetime) -> None:
    """Record since when it fails. Wait after silence; pause the webhook if it fails for days or answers 410."""
    Webhook.objects.filter(pk=hook, failing_since__isnull=True).update(failing_since=now)
    found = Webhook.objects.filter(pk=hook, paused__isnull=True).first()
    if found is None or found.failing_since is None:
        return
    if result.code == GONE:
        _pause(found, _("The receiver answered 410 (gone)."), now)
    elif now - found.failing_since >= FAILING_FOR:
        last = result.problem or _("The last response was %d.") % result.code
        days = FAILING_FOR.days
        _pause(found, _("No delivery succeeded for %(days)d days. %(last)s") % {"days": days, "last": last}, now)
    elif result.code is None:
        failing = now - found.failing_since  # the longer, the longer is the pause
        pause = next((pause for pause in PAUSES_AFTER_SILENCE if failing < 4 * pause), PAUSES_AFTER_SILENCE[-1])
        Webhook.objects.filter(pk=hook).update(rests_until=now + pause)


def _pause(hook: Webhook, reason: str, now: datetime) -> None:
    if Webhook.objects.filter(pk=hook.pk, paused__isnull=True).update(paused=now, pause_reason=reason[:200]):
        logger.warning("webhook %s was paused: %s", hook.uuid, reason)
        notify_owner.mail_about_pause(hook, reason)


def run_due_jobs() -> int:
    """Enqueue due deliveries and delete old ones. Returns how many were deleted."""
    if Delivery.objects.due(timezone.now()).exists():
        enqueue.send_on_commit(enqueue.Task.SEND_WEBHOOKS)
    old = Delivery.objects.filter(created__lt=timezone.now() - RETENTION).order_by("created")
    ids = list(old.values_list("pk", flat=True)[:CLEANUP_BATCH])
    return Delivery.objects.filter(pk__in=ids).delete()[1].get("recognizer.Delivery", 0) if ids else 0
