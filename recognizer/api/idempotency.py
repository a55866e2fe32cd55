"""Writes with an `Idempotency-Key` header: they run once, and a repeated request gets the first response again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, OperationalError, connection, transaction
from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey, User
from recognizer.api.authentication import person_of
from recognizer.api.errors import ApiError
from recognizer.models import Receipt
from recognizer.request_ids import current_request_id

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
WAIT_MS = 2_000  # how long a repeated write waits for the first one
_NAME = re.compile(r"[!-~]{1,255}")
_WAITED_TOO_LONG = "55P03"  # PostgreSQL: lock_not_available

Handler = Callable[..., HttpResponse]


def run_once(
    handler: Handler, writes: Callable[[Request], bool], request: Request, *args: Any, **kwargs: Any
) -> HttpResponse:
    """Run the handler and save its response in one transaction, or return the response that was saved.

    A request that does not write (`writes`) simply runs. An error response is not saved: nothing was written, so the
    same key may be used again. Raises ApiError.
    """
    name = request.headers[HEADER]
    if not _NAME.fullmatch(name):
        raise ApiError("idempotency_invalid")
    digest = _digest(request)  # first: a body that was parsed cannot be read again
    if not writes(request):
        return handler(request, *args, **kwargs)
    key = request.auth if isinstance(request.auth, ApiKey) else None
    person = person_of(request)
    with transaction.atomic():
        receipt = _find_or_create_receipt(person, key, name, digest)
        if receipt.status:
            return _replayed(receipt)
        response = handler(request, *args, **kwargs)
        if response.status_code >= 400:
            transaction.set_rollback(True)
            return response
        receipt.status, receipt.content = response.status_code, _content(response)
        receipt.headers = {name: value for name, value in response.items() if name != "Content-Type"}
        receipt.save(update_fields=["status", "content", "headers"])
        return response


def _replayed(receipt: Receipt) -> HttpResponse:
    """The saved response. Only an error names its request: it says that what was written has been deleted since."""
    content = receipt.content
    if receipt.status >= 400:
        content = json.dumps({**json.loads(content), "request_id": current_request_id()})
    headers = {**receipt.headers, REPLAYED: "true"}
    response = HttpResponse(content, "application/json", receipt.status, headers=headers)
    if not content:
        del response["Content-Type"]
    return response


def _find_or_create_receipt(person: User, key: ApiKey | None, name: str, asked: str) -> Receipt:
    """A new receipt without a status, or the receipt of the first request with this name.

    A repeated request waits while the first one is writing, because both add the same row.
    """
    mine = Receipt.objects.of(person.pk, key).filter(name=name)
    mine.expired().delete()
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
        found = None
    if found is None:  # the first request has not ended yet, or its receipt was deleted between the two queries
        raise ApiError("idempotency_in_progress", wait=2)
    if found.asked != asked:
        raise ApiError("idempotency_mismatch")
    return found


def _wait_at_most(patience: str) -> None:
    """Set the lock timeout of PostgreSQL. SQLite allows one write at a time anyway, with a timeout of its own."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout TO {patience}")


def _content(response: HttpResponse) -> str:
    """What will be sent: every write of the API answers with JSON or with nothing."""
    if isinstance(response, Response):
        return "" if response.data is None else JSONRenderer().render(response.data).decode()
    return response.content.decode()


def _digest(request: Request) -> str:
    """A hash of the method, the address and the body.

    Of a form the fields count: the boundary between them may differ when the client sends it again.
    """
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if not (request.content_type or "").startswith("multipart/"):
        digest.update(request._request.body)
        return digest.hexdigest()
    form: Any = request.data
    for name in sorted(form):
        for value in form.getlist(name):
            content = value.read() if isinstance(value, UploadedFile) else str(value).encode("utf-8", "replace")
            if isinstance(value, UploadedFile):
                value.seek(0)
            digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "replace") + content)
    return digest.hexdigest()
