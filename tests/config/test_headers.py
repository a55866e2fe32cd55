"""Headers that keep other sites from embedding this one, and this one from using devices."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from recognizer.models import Recognizer

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/models/", "/nothing/", "/api/v1/recognizers", "/accounts/login/", "/healthz"])
def test_every_answer_may_be_embedded_by_this_site_only(digits: Recognizer, client: Client, address: str) -> None:
    headers = client.get(address).headers
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(headers["Permissions-Policy"].split(", "))


def test_https_is_asked_for_behind_the_proxy_and_health_checks_need_none(client: Client, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 3600
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    plain = client.get("/models/")
    assert (plain.status_code, plain.headers["Location"]) == (301, "https://testserver/models/")
    assert "Strict-Transport-Security" not in plain.headers
    assert client.get("/healthz").status_code == 200
    by_https = client.get("/models/", headers={"X-Forwarded-Proto": "https"})
    assert by_https.status_code == 200
    assert by_https.headers["Strict-Transport-Security"] == "max-age=3600"
