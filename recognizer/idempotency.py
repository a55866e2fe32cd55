"""Receipts: taken with a write, shown when the same write is sent again, gone after a day."""

from __future__ import annotations

import json
from datetime import timedelta

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from accounts.models import ApiKey, User
from recognizer.models import Drawing, Receipt

KEEP_FOR = timedelta(days=1)
WAIT_MS = 10_000  # milliseconds that one who sends the same again waits for the first
_WAITED_TOO_LONG = "55P03"  # of PostgreSQL: lock_not_available


class WriteInProgressError(RuntimeError):
    """Another request is writing the same, and takes long."""


class KeyReusedError(ValueError):
    """The name came with another request before."""


def find_or_create_receipt(*, person: User, key: ApiKey | None, name: str, asked: str) -> Receipt:
    """The receipt of this write, in the transaction that writes: a new one, without a status, or that of the first.

    Who comes while the first is still writing waits for it: the database keeps them, as both would add the same row.
    Raises StillWrittenError after PATIENCE, AnotherRequestError.
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
    if found is None:  # taken away between two looks
        raise WriteInProgressError
    if found.asked != asked:
        raise KeyReusedError
    return found


def _wait_at_most(patience: str) -> None:
    """SQLite lets one write at a time anyway, and waits as its settings say."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout TO {patience}")


def save_answer(receipt: Receipt, *, status: int, content: str, headers: dict[str, str]) -> None:
    """Note what the write was answered."""
    receipt.status, receipt.content, receipt.headers = status, content, headers
    receipt.save(update_fields=["status", "content", "headers"])


def redact_drawing(*, drawing: Drawing) -> None:
    """Leave nothing of a drawing that is deleted in what its author was answered; the name stays taken.

    So a message that comes late does not bring the drawing back.
    """
    mine = Receipt.objects.filter(person=drawing.author_id, content__contains=str(drawing.uuid))
    gone = {"code": "not_found", "detail": "This was written, and deleted since.", "field": None}
    mine.update(status=404, content=json.dumps(gone), headers={})


def delete_expired() -> int:
    """Take away those older than a day; returns how many."""
    return Receipt.objects.filter(created__lte=timezone.now() - KEEP_FOR).delete()[0]
