"""Turns exceptions into error responses: {"code", "detail", "field", "request_id"}.

Codes are stable, details may change.
"""

from __future__ import annotations

import logging
import math
from typing import Any

from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.encoding import force_str
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from recognizer.api.error_codes import CODES
from recognizer.datasets.export_job import OpenExportError
from recognizer.datasets.filters import FilterError
from recognizer.drawings.store import ConsentRequiredError, DrawingDeletedError, IdTakenError
from recognizer.models import Drawing
from recognizer.registry.pinned import UnavailableVersionError, UnknownVersionError
from recognizer.registry.serving import NoModelError, UnknownRecognizerError
from recognizer.registry.switch import RecognizerOffError
from recognizer.request_ids import current_request_id

logger = logging.getLogger(__name__)

RETRY_AFTER = 5  # seconds; a database that restarts, or an export that is written, is often ready by then

EXCEPTION_CODES: dict[type[Exception], tuple[str, str | None]] = {
    Drawing.DoesNotExist: ("not_found", None),
    Http404: ("not_found", None),
    RequestDataTooBig: ("too_large", None),
    DisallowedHost: ("invalid_host", None),
    UnreadablePostError: ("unreadable", None),
    OperationalError: ("unavailable", None),
    InterfaceError: ("unavailable", None),
    UnknownRecognizerError: ("unknown_recognizer", "recognizer"),
    NoModelError: ("no_model", "recognizer"),
    RecognizerOffError: ("recognizer_off", "recognizer"),
    UnknownVersionError: ("unknown_version", "as_of"),
    ConsentRequiredError: ("consent_required", None),
    IdTakenError: ("id_taken", "id"),
    DrawingDeletedError: ("drawing_deleted", "id"),
}
"""The code of each exception, and the field to blame."""


class ApiError(exceptions.APIException):
    """An error with one of `error_codes.CODES`, which gives its status and, without `detail`, its text.

    `field`: the field of the request to blame. `wait`: seconds after which the client may try again.
    """

    def __init__(
        self, code: str, detail: str | None = None, *, field: str | None = None, wait: float | None = None
    ) -> None:
        super().__init__(detail or f"{CODES[code].meaning} {CODES[code].cure}", code)
        self.status_code = CODES[code].status
        self.code = code
        self.field = field
        self.wait = wait


def handle_exception(error: Exception, _context: dict[str, Any]) -> Response | None:
    """The response to an exception that a view raised; None for an unexpected one, which becomes a 500 in the log."""
    known = _api_exception(error)
    if known is None:
        return None
    body = error_body(known)
    response = Response(body, status=known.status_code)
    vars(response)["error_code"] = body["code"]  # for the metrics
    if header := getattr(known, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(known, "wait", None) or (RETRY_AFTER if known.status_code == 503 else None):
        response["Retry-After"] = str(math.ceil(wait))
    return response


def error_response(error: BaseException | None) -> JsonResponse:
    """The response to any exception that was raised outside of a view; `internal_error` for an unexpected one."""
    response = handle_exception(error, {}) if isinstance(error, Exception) else None
    response = response or handle_exception(ApiError("internal_error"), {})
    assert response is not None  # noqa: S101 - an ApiError is always known
    headers = {name: value for name, value in response.items() if name != "Content-Type"}
    answer = JsonResponse(response.data, status=response.status_code, headers=headers)
    vars(answer)["error_code"] = response.data["code"]
    return answer


def error_body(error: exceptions.APIException) -> dict[str, str | None]:
    """The JSON of an error."""
    return {**_explained(error), "request_id": current_request_id()}


def _explained(error: exceptions.APIException) -> dict[str, str | None]:
    if isinstance(error, exceptions.ValidationError):
        field, detail = _first(error.detail)
        code = detail.code if detail.code in CODES else "invalid"  # DRF has a code for each kind of invalid value
        return {"code": code, "detail": force_str(detail), "field": field}
    return {
        "code": getattr(error, "code", None) or force_str(error.get_codes()),
        "detail": force_str(error.detail),
        "field": getattr(error, "field", None),
    }


def _api_exception(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("the database cannot be used: %s", error)
    for kind, (code, field) in EXCEPTION_CODES.items():
        if isinstance(error, kind):
            return ApiError(code, field=field)
    if isinstance(error, UnavailableVersionError):
        text = _("This version cannot be used: %s. Choose another one, or leave `as_of` out to use the live version.")
        return ApiError("version_unavailable", text % error, field="as_of")
    if isinstance(error, OpenExportError):
        return ApiError("export_open", wait=RETRY_AFTER)
    if isinstance(error, FilterError):
        return ApiError("invalid", str(error), field=error.field)
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, SuspiciousOperation | BadRequest | MultiPartParserError):
        return exceptions.ParseError()
    return None


def _first(detail: Any, field: str | None = None) -> tuple[str | None, exceptions.ErrorDetail]:
    """The first error of a serializer, and its field."""
    while not isinstance(detail, exceptions.ErrorDetail):
        if isinstance(detail, dict):
            name, detail = next(iter(detail.items()))
            field = None if name == "non_field_errors" else str(name)
        else:
            detail = next(item for item in detail if item)
    if detail.code == "required":
        return field, exceptions.ErrorDetail(_("`%(field)s` is missing.") % {"field": field}, "missing_field")
    return field, detail
