"""Sending: what is due goes out, several at once, each attempt by one worker only.

An attempt is taken by a conditional update that also moves the next try some minutes on: whatever becomes of the
worker, the tick finds it again. Receivers may therefore be told twice, and know it by the id of the event.
A receiver that gives no answer rests for a while, so that one that hangs does not keep the others waiting.
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

DEADLINE = 10  # seconds for one attempt, from looking up the name to the beginning of the answer
CLAIM_TIME = timedelta(minutes=5)  # far above the deadline: then its worker is gone
RETRY_DELAYS = [  # after the first attempt, the second, ...; the eighth is the last one, about a day after the first
    *(timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30)),
    *(timedelta(hours=2), timedelta(hours=6), timedelta(hours=14)),
]
JITTER = 0.2  # of a wait, so that what failed together does not come back together
REST = [timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10)]
FAILING_FOR = timedelta(days=3)  # then the webhook is paused
HOOKS_AT_ONCE, EACH_AT_ONCE = 16, 4
ANSWER_BYTES = 1024
RETENTION, CLEANUP_BATCH = timedelta(days=30), 5_000
GONE = 410  # the receiver wants no more


@dataclass(frozen=True)
class AttemptResult:
    """What came of one attempt. Without a `code` there was no answer, and `problem` says why."""

    took_ms: int
    code: int | None = None
    answer: str = ""
    problem: str = ""

    @property
    def is_good(self) -> bool:
        """The receiver has it."""
        return self.code is not None and 200 <= self.code < 300


def send_due_deliveries() -> tuple[int, bool]:
    """Try some of what is due; how many that were, and whether there is more."""
    taken = _take()
    outcomes = asyncio.run(_post_all(taken)) if taken else []
    for delivery, outcome in zip(taken, outcomes, strict=True):
        _note(delivery, outcome)
    return len(taken), Delivery.objects.due(timezone.now()).exists()


def _take() -> list[Delivery]:
    """The longest due of each webhook, so that none waits for another one's many."""
    now = timezone.now()
    due = Delivery.objects.due(now)
    first = due.values("webhook").annotate(first=Min("next_try")).order_by("first").values_list("webhook", flat=True)
    found = [
        delivery
        for hook in list(first[:HOOKS_AT_ONCE])
        for delivery in due.filter(webhook=hook).order_by("next_try", "pk").select_related("webhook")[:EACH_AT_ONCE]
    ]
    return [delivery for delivery in found if _is_taken(delivery, now)]


def _is_taken(delivery: Delivery, now: datetime) -> bool:
    """By this worker: another one that saw the same attempt finds that it is no longer the next one."""
    taken = _attempt(delivery).update(attempts=F("attempts") + 1, next_try=now + CLAIM_TIME)
    delivery.attempts += taken
    return bool(taken)


def _attempt(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, state=State.WAITING, attempts=delivery.attempts)


async def _post_all(deliveries: Iterable[Delivery]) -> list[AttemptResult]:
    async with httpx.AsyncClient(transport=CheckedTransport(), trust_env=False, timeout=DEADLINE) as client:
        return await asyncio.gather(*(_post(client, delivery) for delivery in deliveries))


async def _post(client: httpx.AsyncClient, delivery: Delivery) -> AttemptResult:
    began = time.monotonic()
    try:
        async with asyncio.timeout(DEADLINE):
            code, answer = await _ask(client, delivery)
            problem = _("It answered with a redirect; those are not followed.") if 300 <= code < 400 else ""
    except Exception as error:
        code, answer, problem = None, "", _problem(error)
    return AttemptResult(round(1000 * (time.monotonic() - began)), code, answer, problem)


async def _ask(client: httpx.AsyncClient, delivery: Delivery) -> tuple[int, str]:
    """The status and the beginning of the answer as it comes, not unpacked; the rest is not read."""
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


def _problem(error: Exception) -> str:
    """In words; what nobody expected is in the log as well."""
    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return _("No answer within %d seconds.") % DEADLINE
    if isinstance(error, RefusedAddressError):
        return str(error)[:300]
    if isinstance(error, httpx.TransportError):
        return (_("The connection failed: %s") % (str(error) or type(error).__name__))[:300]
    logger.error("a webhook could not be sent", exc_info=error)
    return _("It could not be sent; the log of the worker says why.")


def _note(delivery: Delivery, outcome: AttemptResult) -> None:
    """Write down how the attempt went, and what that says of the webhook; unless it was given out again meanwhile."""
    now = timezone.now()
    seen: dict[str, Any] = {name: getattr(outcome, name) for name in ("code", "answer", "problem", "took_ms")}
    if outcome.is_good:
        seen |= {"state": State.DELIVERED, "finished": now}
    elif delivery.attempts > len(RETRY_DELAYS):
        seen |= {"state": State.FAILED, "finished": now}
    else:
        seen["next_try"] = now + RETRY_DELAYS[delivery.attempts - 1] * random.uniform(1, 1 + JITTER)  # noqa: S311 - no secret
    if _attempt(delivery).update(**seen):
        (_thrive if outcome.is_good else _ail)(delivery.webhook_id, outcome, now)


def _thrive(hook: int, outcome: AttemptResult, now: datetime) -> None:
    ailing = Webhook.objects.filter(pk=hook, failing_since__isnull=False)
    ailing.update(failing_since=None, rests_until=None)


def _ail(hook: int, outcome: AttemptResult, now: datetime) -> None:
    """Remember since when, rest after silence, and pause what fails for days or wants no more."""
    Webhook.objects.filter(pk=hook, failing_since__isnull=True).update(failing_since=now)
    found = Webhook.objects.filter(pk=hook, paused__isnull=True).first()
    if found is None or found.failing_since is None:
        return
    if outcome.code == GONE:
        _pause(found, _("Its receiver answered 410: it wants no more."), now)
    elif now - found.failing_since >= FAILING_FOR:
        last = outcome.problem or _("the last answer was %d") % outcome.code
        days = FAILING_FOR.days
        _pause(found, _("Nothing arrived for %(days)d days: %(last)s") % {"days": days, "last": last}, now)
    elif outcome.code is None:
        Webhook.objects.filter(pk=hook).update(rests_until=now + _rest(now - found.failing_since))


def _rest(failing: timedelta) -> timedelta:
    """The longer it has been silent, the longer."""
    return next((rest for rest in REST if failing < 4 * rest), REST[-1])


def _pause(hook: Webhook, reason: str, now: datetime) -> None:
    if Webhook.objects.filter(pk=hook.pk, paused__isnull=True).update(paused=now, pause_reason=reason[:200]):
        logger.warning("webhook %s was paused: %s", hook.uuid, reason)
        notify_owner.mail_about_pause(hook, reason)


def run_due_jobs() -> int:
    """Send a message where something is due, and clean up what is old; how many were cleaned up."""
    if Delivery.objects.due(timezone.now()).exists():
        enqueue.send_on_commit(enqueue.Task.SEND_WEBHOOKS)
    old = Delivery.objects.filter(created__lt=timezone.now() - RETENTION).order_by("created")
    ids = list(old.values_list("pk", flat=True)[:CLEANUP_BATCH])
    return Delivery.objects.filter(pk__in=ids).delete()[1].get("recognizer.Delivery", 0) if ids else 0
