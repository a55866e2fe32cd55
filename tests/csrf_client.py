"""Django's test client with CSRF protection, which it leaves out by default."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.middleware.csrf import CSRF_ALLOWED_CHARS, CSRF_SECRET_LENGTH
from django.test import Client
from django.utils.crypto import get_random_string

_SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}


class CsrfClient(Client):
    """A browser on a page of the site: each write is checked, and has the cookie and the header that the page sends.

    `enforce_csrf_checks=True` is a browser that sends no token by itself.
    """

    def __init__(self, enforce_csrf_checks: bool = False, *args: Any, **options: Any) -> None:
        super().__init__(True, *args, **options)
        self._sends_token = not enforce_csrf_checks and "HTTP_AUTHORIZATION" not in self.defaults

    def generic(self, method: str, *args: Any, **options: Any) -> Any:
        """As Django's, with the token. A page on HTTPS names itself in `Referer`, too."""
        if self._sends_token and method not in _SAFE:
            if settings.CSRF_COOKIE_NAME not in self.cookies:
                self.cookies[settings.CSRF_COOKIE_NAME] = get_random_string(CSRF_SECRET_LENGTH, CSRF_ALLOWED_CHARS)
            options.setdefault(settings.CSRF_HEADER_NAME, self.cookies[settings.CSRF_COOKIE_NAME].value)
            if options.get("secure"):
                options.setdefault("HTTP_REFERER", "https://testserver/")
        return super().generic(method, *args, **options)
