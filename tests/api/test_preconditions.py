"""`If-Match` and `If-None-Match` on writes are obeyed or refused, never ignored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import User
from recognizer.models import Correction, Drawing, Export
from tests.api.test_csrf import writes
from tests.api.test_drawings import keep
from tests.api.test_exports import app, ask
from tests.api.test_keys import program
from tests.ink import SEVEN
from tests.recognizer.datasets.conftest import as_rita, community, rita

__all__ = ["app", "as_rita", "community", "rita"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
OTHER = '"another"'


def correct(client: Client, path: str, label: str, **headers: str) -> Any:
    return client.put(path, {"label": label}, content_type="application/json", headers=headers)


def check(response: Any, status: int, code: str = "precondition_failed") -> None:
    assert (response.status_code, response.json()["code"]) == (status, code)


@pytest.fixture
def path(as_alice: Client) -> str:
    """The address of a drawing of alice."""
    return f"/api/v1/drawings/{keep(as_alice).json()['id']}"


def etag(client: Client, path: str) -> str:
    return client.get(path)["ETag"]


def test_a_correction_is_changed_only_as_it_was_seen(as_alice: Client, path: str) -> None:
    path += "/correction"
    check(correct(as_alice, path, "1", **{"if-match": "*"}), 412)
    assert correct(as_alice, path, "1", **{"if-none-match": "*"}).status_code == 200
    check(correct(as_alice, path, "7", **{"if-none-match": "*"}), 412)
    seen = etag(as_alice, path)
    assert correct(as_alice, path, "7", **{"if-match": f"{OTHER}, {seen}"}).status_code == 200
    check(correct(as_alice, path, "1", **{"if-match": seen}), 412)
    check(as_alice.delete(path, headers={"if-match": seen}), 412)
    assert [each.label.slug for each in Correction.objects.order_by("id") if each.label] == ["1", "7"]
    assert as_alice.delete(path, headers={"if-match": etag(as_alice, path)}).status_code == 204
    check(as_alice.delete(path, headers={"if-match": "*"}), 412)


def test_a_drawing_is_deleted_only_as_it_was_seen(as_alice: Client, path: str) -> None:
    seen = etag(as_alice, path)
    correct(as_alice, path + "/correction", "1")
    check(as_alice.delete(path, headers={"if-match": seen}), 412)
    check(as_alice.delete(path, headers={"if-none-match": f"W/{etag(as_alice, path)}"}), 412)
    assert Drawing.objects.exists()
    assert as_alice.delete(path, headers={"if-match": etag(as_alice, path)}).status_code == 204


def test_an_export_is_deleted_only_as_it_was_seen(app: Client, community: Any) -> None:
    path = f"/api/v1/exports/{ask(app).json()['id']}"
    check(app.delete(path, headers={"if-match": OTHER}), 412)
    assert app.delete(path, headers={"if-match": etag(app, path)}).status_code == 204
    assert not Export.objects.exists()


@pytest.mark.parametrize("bad", ["", "abc", "*x", 'W/"weak"'])
def test_what_names_no_version_matches_none(as_alice: Client, path: str, bad: str) -> None:
    check(as_alice.delete(path, headers={"if-match": bad}), 412)
    check(as_alice.get(path, headers={"if-match": bad}), 412)


def test_a_weak_etag_is_never_the_one_to_change(as_alice: Client, path: str) -> None:
    check(as_alice.delete(path, headers={"if-match": f"W/{etag(as_alice, path)}"}), 412)


@pytest.mark.parametrize(("method", "path"), writes())
def test_conditions_that_a_write_cannot_have_are_refused(as_alice: Client, method: str, path: str) -> None:
    conditions = {"if-unmodified-since": "Sat, 01 Jan 2000 00:00:00 GMT", "if-none-match": "no quotes"}
    if method == "POST":
        conditions |= {"if-match": "*", "if-none-match": "*"}
    reviewers = path.startswith("/api/v1/exports")
    for name, value in conditions.items():
        response = as_alice.generic(method, path, b"{}", "application/json", headers={name: value})
        assert response.status_code == (403 if reviewers else 400)
        assert reviewers or response.json()["code"] == "precondition_unsupported"


def test_also_who_is_not_signed_in_is_refused(client: Client) -> None:
    body = {"recognizer": "digits", "ink": SEVEN}
    response = client.post("/api/v1/predict", body, content_type="application/json", headers={"if-match": "*"})
    check(response, 400, "precondition_unsupported")


def test_a_repeated_write_is_answered_although_it_changed_what_it_named(as_alice: Client, path: str) -> None:
    path += "/correction"
    correct(as_alice, path, "1")
    headers = {"if-match": etag(as_alice, path), "idempotency-key": "a"}
    first, again = correct(as_alice, path, "7", **headers), correct(as_alice, path, "7", **headers)
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_saw_the_same_one_writes(digits: Any, alice: User) -> None:
    client = program(alice)
    path = f"/api/v1/drawings/{keep(client).json()['id']}/correction"
    correct(client, path, "0")
    seen = etag(client, path)

    def hurry(label: int) -> int:
        try:
            return correct(client, path, str(label), **{"if-match": seen}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(hurry, range(1, 7)))
    assert sorted(statuses) == [200, *[412] * 5]
    assert Correction.objects.count() == 2
