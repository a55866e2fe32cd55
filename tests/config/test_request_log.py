"""Each request is one log line and counted; lines say who and what, and nothing that is personal or secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client, override_settings

from accounts import keys
from accounts.models import User
from config.request_log import AccessLogFilter, JsonFormatter
from recognizer.models import Recognizer
from recognizer.operations.error_count import found
from recognizer.request_ids import RequestIdFilter
from tests.ink import SEVEN

pytestmark = pytest.mark.django_db


class Lines(list[dict[str, Any]]):
    """The lines of the log, and their text."""

    text = ""


@pytest.fixture
def lines(settings: Any) -> Iterator[Lines]:
    """What the log of a site in production says."""
    settings.ACCESS_LOG = True
    handler, lines = logging.Handler(), Lines()
    handler.setFormatter(JsonFormatter())
    handler.addFilter(AccessLogFilter())
    handler.addFilter(RequestIdFilter())

    def emit(record: logging.LogRecord) -> None:
        line = handler.format(record)
        lines.text += line + "\n"
        lines.append(json.loads(line))

    handler.emit = emit  # type: ignore[method-assign]
    access = logging.getLogger("config.request_log")
    level = access.level
    access.setLevel(logging.INFO)
    logging.root.addHandler(handler)
    yield lines
    logging.root.removeHandler(handler)
    access.setLevel(level)


def test_a_page_is_one_line_with_its_route_and_the_person(lines: Lines, as_alice: Client, alice: User) -> None:
    response = as_alice.get("/drawings/?recognizer=digits&secret=1", REMOTE_ADDR="203.0.113.9")
    (line,) = lines
    assert set(line) == {
        "time",
        "level",
        "logger",
        "request_id",
        "message",
        "method",
        "route",
        "status",
        "ms",
        "person",
    }
    expected = {"route": "drawings", "method": "GET", "status": 200, "person": alice.pk, "level": "INFO"}
    assert {name: line[name] for name in expected} == expected
    assert line["request_id"] == response["X-Request-Id"]
    assert 0 < line["ms"] < 60_000
    for secret in ("203.0.113.9", "secret=", "alice@"):
        assert secret not in lines.text


def test_a_request_with_a_key_names_its_person(lines: Lines, client: Client, alice: User, digits: Recognizer) -> None:
    _key, secret = keys.create_key(person=alice, name="app", scopes=["predict"])
    body = {"recognizer": "digits", "ink": SEVEN}
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.post("/api/v1/predict", body, "application/json", headers=headers).status_code == 200
    (line,) = lines
    assert (line["route"], line["method"], line["person"]) == ("api:predict", "POST", alice.pk)
    assert str(SEVEN[0][0][:3])[1:-1] not in lines.text
    assert secret not in lines.text


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/nothing/secret", "unknown", 404),
        ("GET", "/static/nothing.js", "static", 404),
        ("GET", "/metrics", "metrics", 404),
        ("MADE-UP", "/healthz", "recognizer.pages.health.alive", 200),
        ("GET", "/accounts/password/reset/key/1-secret/", "account_reset_password_from_key", 200),
        ("GET", "/accounts/keys/", "account_keys", 302),
    ],
)
def test_a_refused_request_is_one_line_too_without_its_path(
    lines: Lines, client: Client, method: str, path: str, route: str, status: int
) -> None:
    client.generic(method, path)
    (line,) = lines
    assert (line["route"], line["status"]) == (route, status)
    assert "person" not in line
    assert line["method"] == ("other" if method == "MADE-UP" else method)
    assert "secret" not in lines.text


def test_an_error_has_its_traceback_and_the_route(lines: Lines) -> None:
    client = Client(raise_request_exception=False)
    with override_settings(ROOT_URLCONF="tests.config.broken_urls"):
        client.get("/broken?secret=1")
    error, request = lines
    assert error["level"] == "ERROR"
    assert "RuntimeError: broken" in error["exception"]
    assert error["request_id"] == request["request_id"]
    assert (request["status"], request["route"]) == (500, "tests.config.broken_urls.broken")
    assert "/broken" not in error["message"]
    assert "secret" not in lines.text


@pytest.mark.parametrize(
    ("headers", "body"),
    [({"HTTP_HOST": "elsewhere.example.org"}, {}), ({}, {str(number): "" for number in range(1_100)})],
    ids=["wrong host", "too many fields"],
)
def test_what_a_client_did_wrong_is_no_error_of_the_site(
    lines: Lines, client: Client, headers: dict[str, str], body: dict[str, str]
) -> None:
    errors = found.errors
    assert client.post("/accounts/login/", body, **headers).status_code == 400  # type: ignore[arg-type]
    reason, request = lines
    assert (reason["level"], request["status"]) == ("WARNING", 400)
    assert reason["logger"].startswith("django.security.")
    assert "exception" not in reason
    assert found.errors == errors


def test_mail_addresses_of_errors_are_left_out(lines: Lines) -> None:
    try:
        raise ValueError("Key (email)=(alice@example.org) already exists.")
    except ValueError:
        logging.getLogger("recognizer").exception("no mail to %s", "Bob <bob@mail.example.org>")
    assert "@" not in lines.text
    assert lines[0]["message"] == "no mail to Bob <(mail address)>"
