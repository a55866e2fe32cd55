"""GET /api/v1/usage: how often one's keys called, by day."""

import time
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts import keys, usage
from accounts.models import ApiKey, KeyUse, User
from tests.api.test_keys import ALL, program
from tests.ink import SEVEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
URL = "/api/v1/usage"


def ask(app: Client, items: int = 1) -> None:
    body = {"recognizer": "digits", "items": [{"ink": SEVEN}] * items}
    assert app.post("/api/v1/predict/batch", body, content_type="application/json").status_code == 200


def test_calls_are_counted_by_key_and_day(alice: User, as_alice: Client) -> None:
    first, second = program(alice), program(alice)
    ask(first)
    ask(second, items=7)
    ask(second)
    today = timezone.now().date().isoformat()
    found = {each["key"]["prefix"]: each["calls"] for each in as_alice.get(URL).json()["results"]}
    prefixes = ApiKey.objects.order_by("pk").values_list("prefix", flat=True)
    assert found == dict(zip(prefixes, (1, 8), strict=True))
    assert {each["day"] for each in as_alice.get(URL).json()["results"]} == {today}


def test_a_key_is_told_of_itself_alone_and_nobody_of_anothers(alice: User, bob: User, as_bob: Client) -> None:
    one, other = program(alice), program(alice)
    ask(other)
    assert [each["calls"] for each in one.get(URL).json()["results"]] == [1]  # this very call
    assert as_bob.get(URL).json()["results"] == []
    assert program(bob).get(f"{URL}?key={ApiKey.objects.earliest('pk').prefix}").json()["results"] == []
    assert Client().get(URL).status_code == 401


def test_what_was_refused_does_not_count(alice: User) -> None:
    app = program(alice, "predict")
    assert app.get("/api/v1/drawings").status_code == 403
    usage.write_counts()
    assert not KeyUse.objects.exists()


def test_days_can_be_chosen(alice: User, as_alice: Client) -> None:
    key, _secret = keys.create_key(person=alice, name="old", scopes=ALL)
    for ago in (3, 2, 1):
        KeyUse.objects.create(key=key, day=date(2026, 5, 10) - timedelta(ago), calls=ago)
    days = as_alice.get(f"{URL}?since=2026-05-08&until=2026-05-09").json()["results"]
    assert [(each["day"], each["calls"]) for each in days] == [("2026-05-08", 2)]
    assert as_alice.get(f"{URL}?since=may").json()["field"] == "since"


def test_calls_of_a_key_that_is_gone_are_dropped(alice: User) -> None:
    app = program(alice)
    ask(app)
    ApiKey.objects.all().delete()
    usage.write_counts()
    assert not KeyUse.objects.exists()


def test_calls_wait_while_the_database_is_away(alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = program(alice), program(alice)
    ask(first, items=3)
    ask(second, items=5)
    add, came = usage._add, iter([True, False])

    def away(*args: Any) -> None:
        if not next(came):
            raise OperationalError("the database is away")
        add(*args)

    monkeypatch.setattr(usage, "_add", away)
    assert as_alice.get(URL).status_code == 503
    monkeypatch.setattr(usage, "_add", add)
    ask(second)
    assert {each["calls"] for each in as_alice.get(URL).json()["results"]} == {3, 6}


@pytest.mark.django_db(transaction=True)
def test_they_are_written_a_moment_later_by_themselves(alice: User, settings: object) -> None:
    settings.USAGE_SECONDS = 0.01  # type: ignore[attr-defined]
    ask(program(alice))
    for _ in range(1000):
        if KeyUse.objects.filter(calls=1).exists():
            return
        time.sleep(0.01)
    raise AssertionError("nothing was written")
