"""Writes with an `Idempotency-Key` header: they run once, and a repeated request gets the first response again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey
from recognizer import idempotency
from recognizer.api.authentication import person_of
from recognizer.api.errors import ApiError
from recognizer.models import Receipt

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_NAME = re.compile(r"[!-~]{1,255}")

Handler = Callable[..., HttpResponse]


def run_once(
    handler: Handler, writes: Callable[[Request], bool], request: Request, *args: Any, **kwargs: Any
) -> HttpResponse:
    """Run the handler and save its response in one transaction, or return the response that was saved.

    A request that does not write (`writes`) simply runs. An error response is not saved: nothing was written, so the
    same key may be used again. Raises ApiError, and what `recognizer.idempotency.find_or_create_receipt` raises.
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
        receipt = idempotency.find_or_create_receipt(person=person, key=key, name=name, asked=digest)
        if receipt.status:
            return _replay(receipt)
        response = handler(request, *args, **kwargs)
        if response.status_code >= 400:
            transaction.set_rollback(True)
            return response
        headers = {name: value for name, value in response.items() if name != "Content-Type"}
        idempotency.save_answer(receipt, status=response.status_code, content=_content(response), headers=headers)
        return response


def _content(response: HttpResponse) -> str:
    """What will be sent: every write of the API answers with JSON or with nothing."""
    if isinstance(response, Response):
        return "" if response.data is None else JSONRenderer().render(response.data).decode()
    return response.content.decode()


def _replay(receipt: Receipt) -> HttpResponse:
    headers = {**receipt.headers, REPLAYED: "true"}
    response = HttpResponse(receipt.content, "application/json", receipt.status, headers=headers)
    if not receipt.content:
        del response["Content-Type"]
    return response


def _digest(request: Request) -> str:
    """A hash of the method, the address and the body."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if (request.content_type or "").startswith("multipart/"):
        _add_form(digest, request)
    else:
        digest.update(request._request.body)
    return digest.hexdigest()


def _add_form(digest: Any, request: Request) -> None:
    """Add the fields of a form: the boundary between them may differ when the client sends it again."""
    form: Any = request.data
    for name in sorted(form):
        for value in form.getlist(name):
            content = value.read() if isinstance(value, UploadedFile) else str(value).encode("utf-8", "replace")
            if isinstance(value, UploadedFile):
                value.seek(0)
            digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "replace") + content)
