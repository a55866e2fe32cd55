"""Requests are decoded as UTF-8 whatever their Content-Type says."""

import io
from typing import Any

import pytest
from django.test import RequestFactory

pytestmark = pytest.mark.django_db

FORM = b'--x\r\nContent-Disposition: form-data; name="recognizer"\r\n\r\nd%C3%A9\r\n--x--\r\n'


def answer(method: str, path: str, body: bytes, kind: str) -> int:
    """The status of a request to the WSGI application."""
    from config.wsgi import application

    environ = RequestFactory().generic(method, path, body).environ
    environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_TYPE": kind}
    statuses: list[Any] = []
    list(application(environ, lambda status, headers: statuses.append(status)))
    return int(statuses[0].split()[0])


@pytest.mark.parametrize("charset", ["hex", "zlib", "rot13", "undefined", "idna", "punycode", "utf-16", "nonsense"])
def test_a_charset_that_is_no_text_encoding_causes_no_500(charset: str) -> None:
    assert answer("GET", "/healthz?a=%41", b"", f"text/plain; charset={charset}") == 200
    form = f"multipart/form-data; boundary=x; charset={charset}"
    assert answer("POST", "/api/v1/predict", FORM, form) == 400
    assert answer("GET", "/healthz?a=%41", b"", f"text/plain; charset*=utf-8''{charset}") == 200


@pytest.mark.parametrize("parameter", ["a*=nonsense''%41", "a*=x'y'z'w", "boundary*=nonsense''x", "a*=hex''%41"])
def test_a_content_type_that_cannot_be_read_causes_no_500(parameter: str) -> None:
    for kind in ("application/json", "multipart/form-data", "image/png"):
        assert answer("POST", "/api/v1/predict", b"{}", f"{kind}; {parameter}") == 400
    assert answer("POST", "/accounts/login/", b"{}", f"multipart/form-data; {parameter}") == 403
