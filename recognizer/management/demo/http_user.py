"""Somebody with a browser that has no JavaScript, on a running site."""

from __future__ import annotations

import json
import re
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

TIMEOUT = 20  # seconds for one answer


class RefusedError(RuntimeError):
    """The site answered with an error, or not at all; the text says to what, and with what."""


class HttpUser:
    """One browser: it keeps its cookies, and sends the CSRF token as the pages do."""

    def __init__(self, site: str) -> None:
        self.site = site.rstrip("/")
        # Secure cookies go over plain HTTP too: inside a container the site is asked past the proxy that speaks HTTPS.
        self.cookies = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
        self._opener = build_opener(HTTPCookieProcessor(self.cookies))

    def ask(self, path: str, body: bytes | None = None, kind: str = "", method: str | None = None) -> str:
        """The body of the answer. Raises RefusedError."""
        headers = {"Content-Type": kind} if kind else {}
        if body is not None:
            headers |= {"X-CSRFToken": self._token(), "Origin": self.site, "Referer": self.site + "/"}
        request = Request(self.site + path, body, headers, method=method)  # noqa: S310 - the site that was named
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                return str(response.read().decode())
        except HTTPError as error:
            said = error.read().decode(errors="replace")[:300]
            raise RefusedError(f"{request.get_method()} {path} was answered with {error.code}: {said}") from error
        except (URLError, OSError) as error:
            raise RefusedError(f"{self.site}{path} does not answer: {error}") from error

    def _token(self) -> str:
        return next((cookie.value or "" for cookie in self.cookies if cookie.name == "csrftoken"), "")

    def send(self, path: str, data: Any, method: str | None = None) -> Any:
        """JSON there and back."""
        return json.loads(self.ask(path, json.dumps(data).encode(), "application/json", method))

    def submit(self, path: str, **fields: str) -> str:
        """Fill in the form of a page; the page that follows."""
        return self.press(self.ask(path), path, **fields)

    def press(self, page: str, action: str, **fields: str) -> str:
        """Send a form of a page that was asked for; the page that follows."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if token is None:
            raise RefusedError(f"{self.site}{action} has no form.")
        body = urlencode(fields | {"csrfmiddlewaretoken": token[1]}).encode()
        return self.ask(action, body, "application/x-www-form-urlencoded")

    def sign_in(self, email: str, password: str) -> None:
        """Raises RefusedError when that does not work."""
        self.submit("/accounts/login/", login=email, password=password)
        if not any(cookie.name == "sessionid" for cookie in self.cookies):
            raise RefusedError(f"{email} cannot sign in on {self.site}. Is it the installation of this database?")

    def predict(self, recognizer: str, ink: Any) -> Any:
        """An answer that is not kept."""
        return self.send("/api/v1/predict", {"recognizer": recognizer, "ink": ink})

    def draw(self, recognizer: str, ink: Any, label: str) -> Any:
        """Keep a drawing and say what it is; the answer to the latter has `agrees`."""
        kept = self.send("/api/v1/drawings", {"recognizer": recognizer, "ink": ink})
        return self.send(f"/api/v1/drawings/{kept['id']}/correction", {"label": label}, "PUT")
