"""NUL characters in cookies, paths and bodies of the API, and ids that are none: a refusal, never a 500.

`tests.pages.test_odd_values` walks all pages.
"""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from recognizer.models import Drawing, Recognizer
from tests.ink import SEVEN
from tests.pages.conftest import keep

pytestmark = pytest.mark.django_db


def test_a_cookie_with_a_nul_counts_as_not_sent(client: Client, digits: Recognizer) -> None:
    for path in ("/", "/drawings/", "/nothing/", "/api/v1/drawings", "/api/v1/recognizers"):
        without = client.get(path)
        for name in ("sessionid", "csrftoken", "recognizer", "messages"):
            response = Client(headers={"Cookie": f'{name}="a\\000b"'}).get(path)
            assert response.status_code == without.status_code, (path, name)
            assert response.headers.get("Location") == without.headers.get("Location")


def test_an_address_of_a_page_with_a_nul_is_refused(admin_client: Client) -> None:
    for path in ("/%00", "/models/%00/", "/admin/accounts/user/%00/change/", "/static/%00", "/?a=%00"):
        assert admin_client.get(path).status_code == 400, path


def test_an_action_on_ids_that_are_none_is_refused(admin_client: Client, alice: User, digits: Recognizer) -> None:
    made = keep(alice, SEVEN)
    for odd in ("x", "", "-1.5", "9" * 30, "\0", "\u0967x"):
        sent = {"action": "delete_selected", "_selected_action": [str(made.pk), odd], "post": "yes"}
        assert admin_client.post("/admin/recognizer/drawing/", sent).status_code == 400, odd
    assert Drawing.objects.filter(pk=made.pk).exists()


def test_a_filter_by_a_huge_number_is_refused(admin_client: Client) -> None:
    for model in ("accounts/user", "recognizer/drawing", "accounts/auditentry"):
        assert admin_client.get(f"/admin/{model}/?id__in={'9' * 30}").status_code in (302, 400, 200)
        assert admin_client.get(f"/admin/{model}/?id__exact={'9' * 30}").status_code in (302, 400, 200)


def test_a_huge_number_in_a_form_or_an_address_of_the_admin_is_refused(admin_client: Client, alice: User) -> None:
    huge = "9" * 30
    sent = {"name": "Helpers", "permissions": huge}
    assert admin_client.post("/admin/auth/group/add/", sent).status_code in (200, 400)
    for model in ("recognizer/queueentry", "recognizer/labelcheck", "accounts/user"):
        for page in ("change", "history"):
            assert admin_client.get(f"/admin/{model}/{huge}/{page}/").status_code < 500, (model, page)


BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "predict", {"recognizer": "{}", "ink": SEVEN}),
    ("POST", "predict", {"recognizer": "digits", "image": "{}"}),
    ("POST", "predict/batch", {"recognizer": "{}", "items": [{"ink": SEVEN}]}),
    ("POST", "drawings", {"recognizer": "{}", "ink": SEVEN}),
    ("POST", "drawings", {"recognizer": "digits", "ink": SEVEN, "id": "{}"}),
    ("POST", "drawings", {"recognizer": "digits", "ink": SEVEN, "{}": 1}),
    ("PUT", "drawings/ID/correction", {"label": "{}"}),
    ("POST", "predictions/ID/feedback", {"label": "{}"}),
    ("POST", "exports", {"format": "{}"}),
    ("POST", "exports", {"format": "csv", "recognizer": "{}"}),
    ("POST", "exports", {"format": "csv", "licence": "{}"}),
]


def test_the_api_refuses_odd_texts_anywhere_in_a_body(admin_user: User, digits: Recognizer, alice: User) -> None:
    User.objects.filter(pk=admin_user.pk).update(consented_at=alice.consented_at)
    made = keep(admin_user, SEVEN)
    client = Client(enforce_csrf_checks=True, headers={"X-CSRFToken": "a" * 32})
    client.force_login(admin_user)
    client.cookies["csrftoken"] = "a" * 32
    for (method, path, body), odd in product(BODIES, ["\0", "7\0", "\ud800", "9" * 30]):
        sent = {name.replace("{}", odd): odd if value == "{}" else value for name, value in body.items()}
        address = f"/api/v1/{path.replace('ID', str(made.uuid))}"
        response = client.generic(method, address, json_bytes(sent), "application/json")
        if odd.isdigit():  # as a licence, a number is right
            assert response.status_code < 500, (path, body, odd)
            continue
        assert 400 <= response.status_code < 500, (path, body, odd)
        assert response.json()["code"]


def test_the_api_refuses_odd_texts_in_addresses(admin_client: Client, digits: Recognizer) -> None:
    names = ["recognizer", "label", "since", "cursor", "limit", "status", "top_k", "as_of"]
    for name, odd in product(names, ["%00", "7%00", "%ED%A0%80", "9" * 30]):
        for path in (
            "drawings",
            "corrections",
            "exports",
            "usage",
            "recognizers/digits/versions",
            f"recognizers/{odd}",
        ):
            assert admin_client.get(f"/api/v1/{path}?{name}={odd}").status_code < 500, (path, name, odd)


def json_bytes(value: Any) -> bytes:
    """JSON in ASCII, so that half of a character is sent as its escape."""
    return json.dumps(value).encode()
