"""The errors of this package. Codes are stable and meant for programs; details are texts for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx


class InklingError(Exception):
    """Base class of all errors of this package."""


class NoAnswerError(InklingError):
    """The site cannot be reached, or it is not an Inkling site. `request` is the last request."""

    def __init__(self, detail: str, request: httpx.Request | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.request = request


class ApiError(InklingError):
    """The site refused the request.

    `field`: the field to blame. `retry_after`: seconds, if the site says so. `request_id`: what the site's log calls
    the request, to report an error; empty if the answer has none.
    """

    def __init__(
        self,
        status: int,
        body: Mapping[str, Any],
        request: httpx.Request | None = None,
        retry_after: float | None = None,
        request_id: str = "",
    ) -> None:
        self.status = status
        self.code = str(body.get("code") or "")
        self.detail = str(body.get("detail") or "")
        self.field: str | None = body.get("field")
        self.request = request
        self.retry_after = retry_after
        self.request_id = str(body.get("request_id") or request_id)
        super().__init__(self.detail or self.code or f"HTTP {status}")


class BadRequestError(ApiError):
    """The request is invalid: 400, 405, 413, 415, 422."""


class UnauthorizedError(ApiError):
    """The key is missing or not valid: 401."""


class ForbiddenError(ApiError):
    """The key may not do this: 403."""


class NotFoundError(ApiError):
    """It does not exist, or it is not yours: 404."""


class ConflictError(ApiError):
    """It is not possible in the present state: 409."""


class ThrottledError(ApiError):
    """Too many requests, even after the retries: 429."""


class ServerError(ApiError):
    """The site cannot answer at the moment: 5xx."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    429: ThrottledError,
}


def of(
    status: int,
    body: Mapping[str, Any],
    request: httpx.Request | None = None,
    retry_after: float | None = None,
    request_id: str = "",
) -> ApiError:
    """The error for a status, with the JSON of the answer."""
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else BadRequestError)
    return kind(status, body, request, retry_after, request_id)


def of_response(response: httpx.Response) -> ApiError:
    """The error for an answer. If its body is not the API's JSON (but a proxy's, say) only its status counts."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    body = body if isinstance(body, dict) else {}
    request_id = response.headers.get("X-Request-Id", "")
    return of(response.status_code, body, response.request, retry_after(response), request_id)


def of_item(body: Mapping[str, Any]) -> ApiError:
    """The error of one item of a batch."""
    return of(500 if body.get("code") == "internal_error" else 400, body)


def retry_after(response: httpx.Response) -> float | None:
    """Seconds in `Retry-After`; None without that header, or if it is a date."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None
