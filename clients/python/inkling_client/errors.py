"""What can go wrong. Codes are stable and meant for programs; details are for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx


class InklingError(Exception):
    """Everything that this package raises about the site."""


class NoAnswerError(InklingError):
    """The site cannot be reached, or what answered is no Inkling. `request` is what was asked last."""

    def __init__(self, detail: str, request: httpx.Request | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.request = request


class ApiError(InklingError):
    """The site refused. `field` names what is to blame, `retry_after` is in seconds, where the site says so."""

    def __init__(
        self,
        status: int,
        body: Mapping[str, Any],
        request: httpx.Request | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.code = str(body.get("code") or "")
        self.detail = str(body.get("detail") or "")
        self.field: str | None = body.get("field")
        self.request = request
        self.retry_after = retry_after
        super().__init__(self.detail or self.code or f"HTTP {status}")


class BadRequestError(ApiError):
    """What was sent cannot be used: 400, 405, 413, 415, 422."""


class UnauthorizedError(ApiError):
    """No key, or one that opens nothing: 401."""


class ForbiddenError(ApiError):
    """The key may not do this: 403."""


class NotFoundError(ApiError):
    """There is no such thing, or it is not yours: 404."""


class ConflictError(ApiError):
    """It cannot be done as things are now: 409."""


class ThrottledError(ApiError):
    """Too many requests, also after the retries: 429."""


class ServerError(ApiError):
    """The site cannot answer now: 5xx."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    429: ThrottledError,
}


def of(
    status: int, body: Mapping[str, Any], request: httpx.Request | None = None, retry_after: float | None = None
) -> ApiError:
    """The error of a status, with what the site says of it."""
    kind = _BY_STATUS.get(status, ServerError if status >= 500 else BadRequestError)
    return kind(status, body, request, retry_after)


def of_response(response: httpx.Response) -> ApiError:
    """The error that an answer is; one without the API's shape (of a proxy, say) is told by its status."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    return of(response.status_code, body if isinstance(body, dict) else {}, response.request, retry_after(response))


def retry_after(response: httpx.Response) -> float | None:
    """Seconds that the site asks to wait; None where it does not say, or says a date."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None
