"""Pages have a content security policy and messages; API responses have a policy that allows nothing."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

pytestmark = pytest.mark.django_db


def policy(answer: Any) -> str:
    return answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/developers/", "/healthz", "/nothing-here"])
def test_a_page_can_load_from_its_own_origin(client: Client, path: str) -> None:
    assert "default-src 'self'" in policy(client.get(path))


@pytest.mark.parametrize("path", ["/api/v1/recognizers", "/api/v1/drawings", "/api/v1/nothing-here", "/api/nothing"])
def test_an_api_response_can_load_nothing(client: Client, path: str) -> None:
    assert policy(client.get(path)) == "default-src 'none'; frame-ancestors 'none'"


def test_only_pages_have_messages(as_alice: Client) -> None:
    page, answer = as_alice.get("/"), as_alice.get("/api/v1/drawings")
    assert hasattr(page.wsgi_request, "_messages")
    assert not hasattr(answer.wsgi_request, "_messages")
    assert list(get_messages(answer.wsgi_request)) == []
