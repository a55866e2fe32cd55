"""A key found just now is not looked up again for an answer, and is refused all the same once it is revoked."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import key_cache, keys
from accounts.models import ApiKey, User
from recognizer.models import Drawing
from recognizer.registry import serving
from tests.ink import SEVEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
BODY = {"recognizer": "digits", "ink": SEVEN}
LONG = 3600.0


@pytest.fixture(autouse=True)
def _held_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_cache, "MAX_AGE", LONG)
    monkeypatch.setattr(serving, "LOOK_EVERY", LONG)


@pytest.fixture
def app(alice: User) -> Client:
    """A program whose key is on the ring."""
    _key, secret = keys.create_key(person=alice, name="program", scopes=["predict", "feedback", "drawings"])
    client = Client(headers={"authorization": f"Bearer {secret}"})
    assert predict(client).status_code == 200
    return client


def predict(client: Client, **more: Any) -> Any:
    return client.post("/api/v1/predict", BODY | more, content_type="application/json")


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_an_answer_needs_no_query(app: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert predict(app).status_code == 200
        batch = {"recognizer": "digits", "items": [{"ink": SEVEN}]}
        assert app.post("/api/v1/predict/batch", batch, content_type="application/json").status_code == 200


def test_what_is_revoked_on_the_site_opens_nothing_from_the_next_request_on(app: Client, as_alice: Client) -> None:
    key = ApiKey.objects.get()
    as_alice.post(f"/accounts/keys/{key.pk}/revoke/")
    assert refusal(predict(app)) == (401, "key_revoked")


def test_a_closed_account_closes_its_keys(app: Client, alice: User) -> None:
    alice.is_active = False
    alice.save()
    assert refusal(predict(app)) == (401, "account_inactive")


def test_a_deleted_account_takes_its_keys_along(app: Client, alice: User) -> None:
    alice.delete()
    assert refusal(predict(app)) == (401, "key_unknown")


def test_a_rate_that_staff_gave_counts_at_once(app: Client) -> None:
    key = ApiKey.objects.get()
    key.rate = 1
    key.save()
    assert [predict(app).status_code for _time in range(2)] == [200, 429]


def test_what_another_process_changed_counts_once_a_key_was_held_long_enough(
    app: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ApiKey.objects.update(revoked=timezone.now())  # as another process would: nothing here is told
    assert predict(app).status_code == 200
    now = time.monotonic()
    monkeypatch.setattr(key_cache.time, "monotonic", lambda: now + LONG + 1)
    assert refusal(predict(app)) == (401, "key_revoked")


def test_only_answers_believe_the_ring(app: Client) -> None:
    ApiKey.objects.update(revoked=timezone.now())
    kept = app.post("/api/v1/drawings", BODY, content_type="application/json")
    assert refusal(kept) == (401, "key_revoked")


@pytest.mark.parametrize(
    ("more", "headers"), [({"keep": True}, {}), ({"personal": True}, {}), ({"keep": True}, {"idempotency-key": "mine"})]
)
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda: ApiKey.objects.update(revoked=timezone.now()), "key_revoked"),
        (lambda: User.objects.update(is_active=False), "account_inactive"),
        (lambda: ApiKey.objects.all()._raw_delete("default"), "key_unknown"),
    ],
)
def test_what_is_kept_or_told_of_a_person_does_not_believe_the_ring(
    app: Client, more: dict[str, bool], headers: dict[str, str], change: Callable[[], object], code: str
) -> None:
    change()  # by another process
    asked = app.post("/api/v1/predict", BODY | more, content_type="application/json", headers=headers)
    assert refusal(asked) == (401, code)
    assert not Drawing.objects.exists()


def test_what_was_written_once_is_not_told_again_to_a_key_that_was_revoked(app: Client) -> None:
    ask: dict[str, Any] = {
        "data": BODY | {"keep": True},
        "content_type": "application/json",
        "headers": {"idempotency-key": "mine"},
    }
    assert [app.post("/api/v1/predict", **ask).status_code for _time in range(2)] == [200, 200]
    ApiKey.objects.update(revoked=timezone.now())  # by another process
    assert refusal(app.post("/api/v1/predict", **ask)) == (401, "key_revoked")


def test_a_key_on_the_ring_still_expires(app: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    key = ApiKey.objects.get()
    key.expires = timezone.now() + timedelta(hours=1)
    key.save()
    assert predict(app).status_code == 200
    later = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr(timezone, "now", lambda: later)
    assert refusal(predict(app)) == (401, "key_expired")


def test_what_is_kept_is_kept_for_the_person_as_they_are_now(app: Client, alice: User) -> None:
    User.objects.update(consented_at=None)
    assert refusal(predict(app, keep=True)) == (403, "consent_required")
    User.objects.update(consented_at=timezone.now())
    assert predict(app, keep=True).status_code == 200
    assert Drawing.objects.get().author == alice


def test_a_wrong_secret_is_no_key_whatever_is_on_the_ring(app: Client) -> None:
    shown = app.defaults["HTTP_AUTHORIZATION"]
    other = Client(headers={"authorization": shown[:-1] + ("a" if shown[-1] != "a" else "b")})
    assert refusal(predict(other)) == (401, "key_unknown")


def test_the_ring_does_not_grow_for_ever(app: Client, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_cache, "_MAX_KEYS", 3)
    for number in range(7):
        _key, secret = keys.create_key(person=alice, name=str(number), scopes=["predict"])
        key_cache.get_key(secret, keys.find_key)
        assert 1 <= len(key_cache._cached) <= 3
