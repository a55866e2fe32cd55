"""Receipts of writes: a repeated write gets the first answer again. They are deleted after a day."""

from __future__ import annotations

import json
from datetime import timedelta

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from accounts.models import ApiKey, User
from recognizer.models import Drawing, Receipt

KEEP_FOR = timedelta(days=1)
WAIT_MS = 10_000  # how long a repeated write waits for the first one
_WAITED_TOO_LONG = "55P03"  # PostgreSQL: lock_not_available


class WriteInProgressError(RuntimeError):
    """The first request with this name has not ended yet."""


class KeyReusedError(ValueError):
    """The name was used for a different request before."""


def find_or_create_receipt(*, person: User, key: ApiKey | None, name: str, asked: str) -> Receipt:
    """A new receipt without a status, or the receipt of the first request with this name.

    Must run in the transaction of the write. A repeated request waits while the first one is writing, because both add
    the same row. Raises WriteInProgressError after WAIT_MS, and KeyReusedError.
    """
    mine = Receipt.objects.of(person.pk, key).filter(name=name)
    mine.filter(created__lte=timezone.now() - KEEP_FOR).delete()
    try:
        with transaction.atomic():
            _wait_at_most(str(WAIT_MS))
            receipt = Receipt.objects.create(person=person, key=key, name=name, asked=asked)
            _wait_at_most("DEFAULT")
            return receipt
    except IntegrityError:
        found = mine.first()
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", None) != _WAITED_TOO_LONG:
            raise
        raise WriteInProgressError from error
    if found is None:  # deleted between the two queries
        raise WriteInProgressError
    if found.asked != asked:
        raise KeyReusedError
    return found


def _wait_at_most(patience: str) -> None:
    """Set the lock timeout of PostgreSQL. SQLite allows one write at a time anyway, with a timeout of its own."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout TO {patience}")


def save_answer(receipt: Receipt, *, status: int, content: str, headers: dict[str, str]) -> None:
    """Save the answer to the write."""
    receipt.status, receipt.content, receipt.headers = status, content, headers
    receipt.save(update_fields=["status", "content", "headers"])


def redact_drawing(*, drawing: Drawing) -> None:
    """Remove a deleted drawing from saved answers. Their names stay used: a late repetition does not save it again."""
    mine = Receipt.objects.filter(person=drawing.author_id, content__contains=str(drawing.uuid))
    gone = {"code": "not_found", "detail": "This was saved and has been deleted since.", "field": None}
    mine.update(status=404, content=json.dumps(gone), headers={})


def delete_expired() -> int:
    """Delete receipts older than a day; returns how many."""
    return Receipt.objects.filter(created__lte=timezone.now() - KEEP_FOR).delete()[0]
