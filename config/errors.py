"""Responses to errors outside of views, in Django itself or in middleware: JSON in the API, pages elsewhere."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults

from recognizer.api.errors import RETRY_AFTER, error_response
from recognizer.request_ids import current_request_id


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400; a larger body than Django reads is 413 in the API."""
    return error_response(exception) if is_api(request) else _page_without_request(400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return error_response(exception) if is_api(request) else defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return error_response(exception) if is_api(request) else defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 for an unexpected exception, which Django writes to the log; 503 if the database cannot be used."""
    error = sys.exc_info()[1]
    if is_api(request):
        return error_response(error)
    if not isinstance(error, OperationalError | InterfaceError):
        return _page_without_request(500)
    response = _page_without_request(503)
    response["Retry-After"] = str(RETRY_AFTER)
    return response


def _page_without_request(status: int) -> HttpResponse:
    """As Django does: what is wrong with the request, or with the site, could stop a context processor, too."""
    page = render_to_string(f"{status}.html", {"request_id": current_request_id()})
    return HttpResponse(page, status=status)


def is_api(request: HttpRequest) -> bool:
    """Whether the request is for an address of the API."""
    return request.path_info.startswith("/api/")
