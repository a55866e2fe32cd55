"""Pages and JSON are compressed; what `If-Match` can name, and what is compressed already, is not."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.helpers import activate_totp, force_login_by_password
from tests.ink import SEVEN

GZIP: Any = {"HTTP_ACCEPT_ENCODING": "gzip, br"}


def is_compressed(answer: Any) -> bool:
    return answer.headers.get("Content-Encoding") == "gzip"


@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("path", ["/", "/api/v1/openapi.json", "/api/v1/recognizers/digits/vectors"])
def test_pages_and_json_are_compressed_for_who_accepts_it(client: Client, path: str) -> None:
    plain, small = client.get(path), client.get(path, **GZIP)
    assert is_compressed(small)
    assert not is_compressed(plain)
    assert len(small.content) < len(plain.content) / 2
    assert "Accept-Encoding" in small["Vary"]
    assert "Accept-Encoding" in plain["Vary"]
    if path != "/":  # a page has another CSRF token each time
        assert gzip.decompress(small.content) == plain.content


@pytest.mark.usefixtures("digits")
def test_what_is_small_or_compressed_already_is_sent_as_it_is(as_alice: Client) -> None:
    assert not is_compressed(as_alice.get("/healthz", **GZIP))
    model = as_alice.get("/api/v1/recognizers/digits/model.tflite", **GZIP)
    assert model.status_code == 200
    assert not is_compressed(model)
    assert not model["ETag"].startswith("W/")


def test_a_drawing_keeps_the_etag_that_a_write_can_name(as_alice: Client, digits: Any) -> None:
    ink = [[[0.0 + step for step in range(200)], [float(step % 97) for step in range(200)]], *SEVEN]
    body = json.dumps({"recognizer": "digits", "ink": ink})
    path = f"/api/v1/drawings/{as_alice.post('/api/v1/drawings', body, 'application/json').json()['id']}"
    drawing = as_alice.get(path, **GZIP)
    assert len(drawing.content) > 1_400
    assert not drawing["ETag"].startswith("W/")
    assert as_alice.delete(path, HTTP_IF_MATCH=drawing["ETag"]).status_code == 204


@pytest.mark.usefixtures("digits")
def test_a_compressed_answer_is_not_sent_twice(client: Client) -> None:
    first = client.get("/api/v1/recognizers/digits/vectors", **GZIP)
    again = client.get("/api/v1/recognizers/digits/vectors", **GZIP, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (is_compressed(first), again.status_code, again.content) == (True, 304, b"")


@pytest.mark.usefixtures("digits")
def test_the_length_of_a_page_differs_from_answer_to_answer(as_alice: Client) -> None:
    """Against BREACH: whoever reads lengths learns nothing from one answer."""
    assert len({len(as_alice.get("/accounts/", **GZIP).content) for _ in range(8)}) > 1


def test_pages_with_secrets_are_not_compressed(client: Client, alice: User) -> None:
    """Against BREACH: each page has its query string in links, and recovery codes are shown as often as one asks."""
    force_login_by_password(client, alice)
    activate_totp(client)
    page = client.get("/accounts/2fa/recovery-codes/?guess=12345678", **GZIP)
    assert page.status_code == 200
    assert len(page.content) > 1_400
    assert b"guess=12345678" in page.content
    assert not is_compressed(page)
