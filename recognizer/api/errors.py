"""One shape for every error: {"code", "detail", "field"}. Codes are stable, details are for people."""

from __future__ import annotations

import logging
import math
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from django.utils.encoding import force_str
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from recognizer.api.error_codes import CODES
from recognizer.models import Drawing

logger = logging.getLogger(__name__)

_PATIENCE = 5  # seconds; in which a database that was away has often come back


class ApiError(exceptions.APIException):
    """An error with one of `codes.CODES`, which has its status, and, where one is to blame, the field.

    `wait`: seconds after which it may be worth another try.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        status_code: int | None = None,
        wait: float | None = None,
    ) -> None:
        super().__init__(detail, code)
        self.status_code = status_code or CODES[code].status
        self.code = code
        self.field = field
        self.wait = wait


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into the one shape; None lets a real fault become a 500 in the log."""
    known = _known(error)
    if known is None:
        return None
    response = Response(body_of(known), status=known.status_code)
    if header := getattr(known, "auth_header", None):
        response["WWW-Authenticate"] = header
    if wait := getattr(known, "wait", None) or (_PATIENCE if known.status_code == 503 else None):
        response["Retry-After"] = str(math.ceil(wait))
    return response


def _known(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404 | Drawing.DoesNotExist):
        return ApiError("not_found", _("There is nothing here, or it is not yours."))
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, RequestDataTooBig):
        return too_large()
    if isinstance(error, UnreadablePostError):
        return ApiError("unreadable", _("The request broke off, or came too slowly."))
    if isinstance(error, OperationalError | InterfaceError):
        logger.error("the database cannot be reached", exc_info=error)
        return ApiError("unavailable", _("The site cannot answer right now. Try again in a moment."))
    if isinstance(error, SuspiciousOperation):
        return exceptions.ParseError()
    return None


def body_of(error: exceptions.APIException) -> dict[str, str | None]:
    """The one shape."""
    if isinstance(error, exceptions.ValidationError):
        field, detail = _first(error.detail)
        code = detail.code if detail.code in CODES else "invalid"  # DRF has a word for each way to be invalid
        return {"code": code, "detail": force_str(detail), "field": field}
    return {
        "code": getattr(error, "code", None) or force_str(error.get_codes()),
        "detail": force_str(error.detail),
        "field": getattr(error, "field", None),
    }


def _first(detail: Any, field: str | None = None) -> tuple[str | None, exceptions.ErrorDetail]:
    """The first complaint of a serializer and the field it is about."""
    while not isinstance(detail, exceptions.ErrorDetail):
        if isinstance(detail, dict):
            name, detail = next(iter(detail.items()))
            field = None if name == "non_field_errors" else str(name)
        else:
            detail = next(item for item in detail if item)
    if detail.code == "required":
        return field, exceptions.ErrorDetail(_("`%(field)s` is missing.") % {"field": field}, "missing_field")
    return field, detail


def too_large() -> ApiError:
    """A body beyond what is read at all."""
    return ApiError(
        "too_large",
        _("The request is too large. Ink may have 256 KB, a picture 5 MB; send pictures as multipart/form-data."),
    )
