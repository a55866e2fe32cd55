"""The language of a request."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.encoding import escape_uri_path

from config.errors import is_api
from recognizer.pages.discovery import site_address
from recognizer.pages.numerals import in_page_numerals

GetResponse = Callable[[HttpRequest], HttpResponse]

QUERY = "lang"
_CODES = {code for code, _name in settings.LANGUAGES}


def choose_language(get_response: GetResponse) -> GetResponse:
    """The language of a page: the one in its address (`?lang=bn`), else in the cookie, else of the browser; or English.

    An address with a language also sets the cookie. The API and the admin are in English.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if is_api(request):
            return _answer_in(None, request, get_response)
        if request.path_info.startswith("/admin/"):
            return _answer_in("en", request, get_response)
        asked = request.GET.get(QUERY)
        code = asked if asked in _CODES else translation.get_language_from_request(request)
        response = _answer_in(code, request, get_response)
        if "immutable" in response.get("Cache-Control", ""):  # its address says in which language it is
            return response
        response.headers.setdefault("Content-Language", code)
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        if code == asked and request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) != code:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                code,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                secure=settings.LANGUAGE_COOKIE_SECURE,
                samesite="Lax",
            )
        return response

    return middleware


def _answer_in(code: str | None, request: HttpRequest, get_response: GetResponse) -> HttpResponse:
    """Without a code all texts are as in the source, and labels have their own names."""
    request.LANGUAGE_CODE = code or "en"
    with translation.override(code, deactivate=True):
        return get_response(request)


def languages_of(request: HttpRequest) -> list[dict[str, str]]:
    """Code, name, query string and address of the page in each language.

    A link needs the query string only: the device stores some pages and shows them at other addresses.
    """
    page = site_address(request) + escape_uri_path(request.path)
    found = []
    for code, name in settings.LANGUAGES:
        given = request.GET.copy()
        given[QUERY] = code
        query = f"?{urlencode(list(given.lists()), doseq=True)}"
        found.append({"code": code, "name": name, "query": query, "url": page + query})
    return found


def bangla_numerals(get_response: GetResponse) -> GetResponse:
    """Write the digits in the texts of Bangla pages as Bangla numerals: Django translates words and dates only."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if translation.get_language() == "bn" and is_page and not response.streaming:
            response.content = in_page_numerals(response.content.decode()).encode()
        return response

    return middleware
