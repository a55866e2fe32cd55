"""Every response has an id, which is in its log lines, in API errors and on error pages."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client, override_settings

from accounts.models import User
from recognizer.request_ids import RequestIdFilter

pytestmark = pytest.mark.django_db
MADE = re.compile(r"[0-9a-f]{32}")
GIVEN = "Root=1-67891233-abcdef012345678912345678"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/healthz", 200),
        ("/readyz", 200),
        ("/static/nothing.js", 404),
        ("/accounts/login/", 200),
        ("/accounts/keys/", 302),
        ("/admin/", 302),
        ("/nothing", 404),
        ("/api/v1/recognizers", 200),
        ("/api/v1/usage", 401),
        ("/api/v1/openapi.json", 200),
        ("/api/nothing", 404),
    ],
)
@pytest.mark.usefixtures("digits")
def test_every_response_has_an_id_of_its_own(client: Client, path: str, status: int) -> None:
    responses = [client.get(path), client.get(path), client.head(path), client.options(path)]
    assert responses[0].status_code == status
    ids = [response["X-Request-Id"] for response in responses]
    assert all(MADE.fullmatch(each) for each in ids)
    assert len(set(ids)) == 4


def test_a_static_file_has_an_id(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "a.txt").write_text("a")
    response = Client().get("/static/a.txt")
    assert b"".join(response.streaming_content) == b"a"  # type: ignore[attr-defined]
    assert MADE.fullmatch(response["X-Request-Id"])


def test_an_id_comes_from_a_trusted_proxy_only(client: Client, settings: Any) -> None:
    headers = {"x-request-id": GIVEN}
    assert client.get("/healthz", headers=headers)["X-Request-Id"] != GIVEN
    settings.TRUSTED_PROXIES = 1
    assert client.get("/healthz", headers=headers)["X-Request-Id"] == GIVEN
    assert MADE.fullmatch(client.get("/healthz")["X-Request-Id"])


@pytest.mark.parametrize("given", ["", "a b", "a\nb", "é", "a,b", "<b>", '"', "x" * 129])
def test_an_id_of_another_form_is_replaced(client: Client, settings: Any, given: str) -> None:
    settings.TRUSTED_PROXIES = 1
    assert MADE.fullmatch(client.get("/healthz", HTTP_X_REQUEST_ID=given)["X-Request-Id"])


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/nothing", {}, 404),
        ("/healthz", {"HTTP_HOST": "evil.example"}, 400),
        ("/accounts/keys/new/", {"method": "POST"}, 403),
        ("/broken", {}, 500),
    ],
)
def test_an_error_page_shows_the_id(path: str, options: Any, status: int) -> None:
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    with override_settings(ROOT_URLCONF="tests.config.broken_urls"):
        response = client.generic(options.pop("method", "GET"), path, **options)
    assert response.status_code == status
    assert response["X-Request-Id"] in response.content.decode()


def test_the_lines_of_the_log_have_the_id_of_the_request(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    (handler,) = [each for each in logging.root.handlers if each.name == "console"]
    with caplog.at_level(logging.WARNING, "django.request"):
        response = client.get("/nothing")
    (record,) = [each for each in caplog.records if each.name == "django.request"]
    assert handler.filter(record)
    assert f"[{response['X-Request-Id']}]" in handler.format(record)
    handlers: Any = configured.LOGGING["handlers"]
    assert set(handlers) == {"console", "error_count"}, "another handler that writes needs the filter, too"


def test_a_stream_that_fails_at_once_is_an_error_and_later_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    client = Client(raise_request_exception=False)
    with override_settings(ROOT_URLCONF="tests.config.broken_urls"):
        at_once, later = client.get("/api/stream/0"), client.get("/api/stream/1")
        assert (at_once.status_code, at_once.json()["code"]) == (500, "internal_error")
        caplog.clear()
        with pytest.raises(RuntimeError, match="in the stream"):
            b"".join(later.streaming_content)  # type: ignore[attr-defined]
    assert later.status_code == 200
    assert [record.name for record in caplog.records] == ["config.middleware"]


def test_a_refused_page_is_one_line_of_the_log(alice: User, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.force_login(alice)
    handler = logging.Handler()
    handler.addFilter(RequestIdFilter())
    records: list[logging.LogRecord] = []
    handler.emit = records.append  # type: ignore[assignment, method-assign]
    logging.getLogger("django.request").addHandler(handler)
    try:
        assert client.get("/review/").status_code == 403
    finally:
        logging.getLogger("django.request").removeHandler(handler)
    assert [record.exc_info for record in records] == [None]
