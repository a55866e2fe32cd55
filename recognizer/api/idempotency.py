"""Writes that may be sent again: with an `Idempotency-Key` they are done once, and answered each time alike."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey
from recognizer import idempotency
from recognizer.api.errors import ApiError
from recognizer.api.requests import person_of
from recognizer.models import Receipt

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
WRITING = ("POST", "PUT", "PATCH", "DELETE")
_NAME = re.compile(r"[!-~]{1,255}")
_AGAIN = 2  # seconds

Handler = Callable[..., HttpResponse]


def asked(request: Request) -> bool:
    """Whether a person's write is to be done once. Without the header nothing is looked up."""
    return "HTTP_IDEMPOTENCY_KEY" in request.META and request.method in WRITING and request.user.is_authenticated


def once(
    handler: Handler, writes: Callable[[Request], bool], request: Request, *args: Any, **kwargs: Any
) -> HttpResponse:
    """Do it and keep its answer in one transaction, or answer as the first time. Raises ApiError.

    What turns out to write nothing (`writes`) is only done: of a mere question nothing is kept, also no answer.

    What is refused has written nothing, and may be sent again by the same name; so may what failed.
    """
    name = request.headers[HEADER]
    if not _NAME.fullmatch(name):
        text = _("`Idempotency-Key` must be 1 to 255 visible ASCII signs, best a UUID.")
        raise ApiError("idempotency_invalid", text)
    digest = _digest(request)  # first: what was parsed cannot be read again
    if not writes(request):
        return handler(request, *args, **kwargs)
    key = request.auth if isinstance(request.auth, ApiKey) else None
    mine: dict[str, Any] = {"person": person_of(request), "key": key, "name": name, "asked": digest}
    try:
        with transaction.atomic():
            receipt = idempotency.find_or_create_receipt(**mine)
            if receipt.status:
                return _replay(receipt)
            return _kept(receipt, handler(request, *args, **kwargs))
    except idempotency.WriteInProgressError as error:
        text = _("The same request is still being worked on. Send it again in a moment.")
        raise ApiError("idempotency_in_progress", text, wait=_AGAIN) from error
    except idempotency.KeyReusedError as error:
        text = _("This `Idempotency-Key` came with another request before. Use a new one for each new request.")
        raise ApiError("idempotency_mismatch", text) from error


def _kept(receipt: Receipt, response: HttpResponse) -> HttpResponse:
    if response.status_code >= 400:
        transaction.set_rollback(True)
        return response
    headers = {name: value for name, value in response.items() if name != "Content-Type"}
    idempotency.save_answer(receipt, status=response.status_code, content=_content(response), headers=headers)
    return response


def _content(response: HttpResponse) -> str:
    """What will be sent; every write of the API is answered in JSON, or by nothing."""
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
    """A hash of what is asked: method, address and body."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if (request.content_type or "").startswith("multipart/"):
        _add_form(digest, request)
    else:
        digest.update(request._request.body)
    return digest.hexdigest()


def _add_form(digest: Any, request: Request) -> None:
    """A form by what is in it: whoever sends it again may draw another line between its parts."""
    form: Any = request.data
    for name in sorted(form):
        for value in form.getlist(name):
            content = value.read() if isinstance(value, UploadedFile) else str(value).encode("utf-8", "replace")
            if isinstance(value, UploadedFile):
                value.seek(0)
            digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "replace") + content)
