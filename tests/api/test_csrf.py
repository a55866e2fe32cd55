"""A write with a session needs the token of the page, whatever its body; a write with a key does not."""

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from recognizer.api import urls
from tests.api.test_predict import picture_of_seven
from tests.ink import SEVEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
BODY = {"recognizer": "digits", "ink": SEVEN}
PLACES = {"uuid": "0b0f2a5e-6f0a-4b7e-9c39-0d1f0a7b8c9d", "number": "1", "slug": "digits"}


def writes() -> list[tuple[str, str]]:
    """Every writing method of every address."""
    found = []
    for pattern in urls.urlpatterns[:-1]:
        path = str(pattern.pattern)
        for name, value in PLACES.items():
            path = path.replace(f"<{'int' if name == 'number' else name}:{name}>", value)
        methods: Any = pattern.callback.view_class().allowed_methods  # type: ignore[attr-defined]
        found += [(method, f"/api/v1/{path}") for method in methods if method in ("POST", "PUT", "PATCH", "DELETE")]
    return found


def test_the_tests_send_their_writes_as_a_browser_does() -> None:
    assert Client().handler.enforce_csrf_checks


@pytest.mark.parametrize(("method", "path"), writes())
def test_a_session_without_a_token_writes_nothing(alice: User, method: str, path: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    for headers in ({}, {"idempotency-key": "a"}):
        response = client.generic(method, path, json.dumps(BODY), "application/json", headers=headers)
        assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


@pytest.mark.parametrize("path", ["/api/v1/predict", "/api/v1/predict/batch", "/api/v1/drawings"])
@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "a"}])
def test_a_body_is_read_once_whatever_else_looks_at_the_request(as_alice: Client, path: str, headers: Any) -> None:
    body = {"recognizer": "digits", "items": [{"ink": SEVEN}]} if path.endswith("batch") else BODY
    response = as_alice.post(path, body, content_type="application/json", headers=headers)
    assert response.status_code in (200, 201)


@pytest.mark.parametrize("headers", [{}, {"idempotency-key": "a"}])
def test_a_picture_is_its_own_body(as_alice: Client, headers: Any) -> None:
    path = "/api/v1/drawings?recognizer=digits"
    response = as_alice.generic("POST", path, picture_of_seven(), "image/png", headers=headers)
    assert response.status_code == 201


def test_limits_come_before_a_form_is_read(as_alice: Client, settings: Any) -> None:
    settings.DRAWING_RATE = 0
    response: Any = as_alice.post("/api/v1/drawings", {"recognizer": "digits"})
    assert response.json()["code"] == "throttled"
    assert not response.wsgi_request._read_started
