"""A user of a running site over HTTP, without JavaScript."""

from __future__ import annotations

import json
import re
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

TIMEOUT = 20  # seconds for one response


class RefusedError(RuntimeError):
    """The site answered with an error, or not at all. The text has the request and the response."""


class HttpUser:
    """One user, with cookies and CSRF tokens as in a browser."""

    def __init__(self, site: str) -> None:
        self.site = site.rstrip("/")
        # Secure cookies are sent over plain HTTP too, because inside a container requests do not pass the HTTPS proxy.
        self.cookies = CookieJar(DefaultCookiePolicy(secure_protocols=("http", "https")))
        self._opener = build_opener(HTTPCookieProcessor(self.cookies))

    def ask(self, path: str, body: bytes | None = None, kind: str = "", method: str | None = None) -> str:
        """The body of the response. Raises RefusedError."""
        headers = {"Content-Type": kind} if kind else {}
        if body is not None:
            token = next((cookie.value or "" for cookie in self.cookies if cookie.name == "csrftoken"), "")
            headers |= {"X-CSRFToken": token, "Origin": self.site, "Referer": self.site + "/"}
        request = Request(self.site + path, body, headers, method=method)  # noqa: S310 - the address comes from the operator
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                return str(response.read().decode())
        except HTTPError as error:
            body_start = error.read().decode(errors="replace")[:300]
            raise RefusedError(f"{request.get_method()} {path} failed with {error.code}: {body_start}") from error
        except (URLError, OSError) as error:
            raise RefusedError(f"{self.site}{path} does not answer: {error}") from error

    def send(self, path: str, data: Any, method: str | None = None) -> Any:
        """Send JSON. Returns the JSON of the response."""
        return json.loads(self.ask(path, json.dumps(data).encode(), "application/json", method))

    def submit(self, path: str, **fields: str) -> str:
        """Load a page and send its form. Returns the next page."""
        return self.press(self.ask(path), path, **fields)

    def press(self, page: str, action: str, **fields: str) -> str:
        """Send a form of a loaded page. Returns the next page."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if token is None:
            raise RefusedError(f"{self.site}{action} has no form with a CSRF token.")
        body = urlencode(fields | {"csrfmiddlewaretoken": token[1]}).encode()
        return self.ask(action, body, "application/x-www-form-urlencoded")

    def sign_in(self, email: str, password: str) -> None:
        """Sign in. Raises RefusedError."""
        self.submit("/accounts/login/", login=email, password=password)
        if not any(cookie.name == "sessionid" for cookie in self.cookies):
            raise RefusedError(f"{email} cannot sign in on {self.site}. Does the site use this database?")

    def predict(self, recognizer: str, ink: Any, **options: Any) -> Any:
        """Predict without saving the drawing."""
        return self.send("/api/v1/predict", {"recognizer": recognizer, "ink": ink, **options})

    def draw(self, recognizer: str, ink: Any, label: str) -> Any:
        """Save a drawing and its correction. Returns the response to the correction, with `agrees`."""
        saved = self.send("/api/v1/drawings", {"recognizer": recognizer, "ink": ink})
        return self.send(f"/api/v1/drawings/{saved['id']}/correction", {"label": label}, "PUT")
