"""A key opens the API for a program: what its scopes name, as long as it lives, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.settings import api_settings

from accounts import keys
from accounts.models import ApiKey, AuditEntry, User
from recognizer.models import Drawing
from tests.api.errors import said
from tests.ink import SEVEN

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
ALL = list(ApiKey.Scope.values)
BODY = {"recognizer": "digits", "ink": SEVEN}


def program(person: User, *scopes: str, **more: Any) -> Client:
    """A program with a new key of this person's; it bears no cookies."""
    _key, secret = keys.create_key(person=person, name="program", scopes=list(scopes) or ALL, **more)
    return Client(headers={"authorization": f"Bearer {secret}"}, enforce_csrf_checks=True)


def showing(secret: str) -> Client:
    return Client(headers={"authorization": f"Bearer {secret}"})


def keep(client: Client) -> Any:
    return client.post("/api/v1/drawings", BODY, content_type="application/json")


def test_a_program_keeps_and_finds_drawings_of_its_person(alice: User) -> None:
    app = program(alice, "drawings")
    made = keep(app)
    assert made.status_code == 201
    assert Drawing.objects.get().author == alice
    assert len(app.get("/api/v1/drawings").json()["results"]) == 1
    assert app.put(
        f"/api/v1/drawings/{made.json()['id']}/correction", {"label": "7"}, content_type="application/json"
    ).json()["agrees"]


def test_anothers_drawing_is_not_there(alice: User, as_bob: Client) -> None:
    theirs = keep(as_bob).json()["id"]
    app = program(alice)
    assert app.get("/api/v1/drawings").json()["results"] == []
    for path in ("", "/image", "/correction"):
        for method in ("get", "put", "delete"):
            answer = app.generic(method.upper(), f"/api/v1/drawings/{theirs}{path}", b"{}", "application/json")
            assert answer.status_code in (404, 405)
    assert Drawing.objects.count() == 1


def test_a_key_that_lacks_the_scope_is_told_which(alice: User) -> None:
    answer = keep(program(alice, "predict"))
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert "`drawings`" in answer.json()["detail"]
    assert answer["WWW-Authenticate"] == 'Bearer realm="inkling", error="insufficient_scope", scope="drawings"'
    assert not Drawing.objects.exists()


def test_what_needs_no_scope_is_open_to_any_key(alice: User) -> None:
    app = program(alice, "export")
    assert app.get("/api/v1/recognizers").status_code == 200
    assert app.post("/api/v1/predict", BODY, content_type="application/json").json()["code"] == "scope_missing"


def test_a_method_that_is_not_there_is_said_before_a_scope(alice: User) -> None:
    answer = program(alice, "export").patch("/api/v1/predict")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def refusal(client: Client, path: str = "/api/v1/recognizers") -> tuple[int, str]:
    answer = client.get(path)
    assert answer["WWW-Authenticate"].startswith('Bearer realm="inkling"')
    assert len(answer.json()["detail"]) > 30
    return answer.status_code, answer.json()["code"]


def test_without_a_key_it_says_how_to_come_in(client: Client) -> None:
    assert refusal(client, "/api/v1/drawings") == (401, "not_authenticated")


@pytest.mark.parametrize("secret", ["", "ink", "ink_a_b", "x" * 5000, "ink_" + "a" * 10 + "_" + "a" * 43, "ink_é_ü"])
def test_what_is_no_key_is_said_to_be_none(secret: str) -> None:
    assert refusal(showing(secret)) == (401, "key_malformed")


def test_a_key_that_is_not_there_and_one_with_another_secret_look_the_same(alice: User) -> None:
    key, _secret = keys.create_key(person=alice, name="mine", scopes=ALL)
    wrong, nowhere = (f"ink_{prefix}_{'a' * 44}" for prefix in (key.prefix, "b" * 10))
    one, other = (said(showing(shown).get("/api/v1/recognizers")) for shown in (wrong, nowhere))
    assert one == other
    assert refusal(showing(wrong)) == (401, "key_unknown")
    ApiKey.objects.update(revoked=timezone.now())
    assert refusal(showing(wrong)) == (401, "key_unknown"), "who has only its prefix learns nothing of it"


def test_a_revoked_key_opens_nothing_from_the_next_request_on(alice: User) -> None:
    app = program(alice)
    assert app.get("/api/v1/drawings").status_code == 200
    keys.revoke_key(key=alice.keys.get(), by=alice)
    assert refusal(app) == (401, "key_revoked")
    assert not keys.revoke_key(key=alice.keys.get(), by=alice), "once is enough"


def test_an_expired_key_opens_nothing(alice: User) -> None:
    app = program(alice, expires=timezone.now() + timedelta(minutes=1))
    assert app.get("/api/v1/drawings").status_code == 200
    ApiKey.objects.update(expires=timezone.now())
    assert refusal(app) == (401, "key_expired")


def test_the_key_of_a_closed_account_opens_nothing(alice: User) -> None:
    app = program(alice)
    User.objects.update(is_active=False)
    assert refusal(app) == (401, "account_inactive")


def test_a_key_is_no_sign_in(alice: User) -> None:
    assert program(alice).get("/accounts/").status_code == 302
    assert program(alice).get("/drawings/").status_code == 302


def test_the_key_counts_where_somebody_else_is_signed_in(alice: User, as_bob: Client) -> None:
    _key, secret = keys.create_key(person=alice, name="mine", scopes=ALL)
    made = as_bob.post(
        "/api/v1/drawings", BODY, content_type="application/json", headers={"authorization": f"bearer {secret}"}
    )
    assert made.status_code == 201
    assert Drawing.objects.get().author == alice


def test_another_scheme_is_not_looked_at(as_alice: Client) -> None:
    assert as_alice.get("/api/v1/drawings", headers={"authorization": "Basic YTpi"}).status_code == 200


def test_the_secret_is_kept_nowhere(alice: User) -> None:
    key, secret = keys.create_key(person=alice, name="mine", scopes=ALL)
    kept = " ".join(str(value) for value in ApiKey.objects.filter(pk=key.pk).values()[0].values())
    assert secret.rpartition("_")[2] not in kept
    assert secret.startswith(f"ink_{key.prefix}_")


def test_a_key_is_found_in_one_query(alice: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    app = program(alice)

    def load() -> int:
        return app.get("/api/v1/openapi.json", headers={"if-none-match": "*"}).status_code

    load()  # makes the document, and notes the first use
    with django_assert_num_queries(1):
        assert load() == 304


def test_its_last_use_is_noted_once_a_minute(alice: User) -> None:
    app = program(alice)
    app.get("/api/v1/recognizers")
    first = alice.keys.get()
    assert first.last_address == "127.0.0.1"
    app.get("/api/v1/recognizers")
    assert alice.keys.get().last_used == first.last_used
    a_minute_ago = timezone.now() - timedelta(seconds=61)
    ApiKey.objects.update(last_used=a_minute_ago)
    app.get("/api/v1/recognizers")
    assert ApiKey.objects.filter(last_used__gt=a_minute_ago).exists()


@pytest.mark.parametrize("shown", ["203.0.113.7:5678", "[2001:db8::1]:44", "unknown"])
def test_what_a_proxy_says_that_is_no_address_is_not_kept(
    alice: User, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    assert program(alice).get("/api/v1/drawings", headers={"x-forwarded-for": shown}).status_code == 200
    key = ApiKey.objects.get()
    assert (key.last_used is not None, key.last_address) == (True, None)


def test_who_looks_at_a_site_that_uses_a_key_is_not_noted(alice: User) -> None:
    keys_app = program(alice, origins=["https://app.example"])
    keys_app.get("/api/v1/recognizers")
    key = alice.keys.get()
    assert key.last_used
    assert key.last_address is None


def noted() -> list[str]:
    return list(_of_keys().values_list("what", flat=True))


def _of_keys() -> QuerySet[AuditEntry]:
    return AuditEntry.objects.filter(what__startswith="key.").order_by("pk")


def test_the_log_tells_of_a_key_but_not_of_each_request(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    now = timezone.now().replace(hour=12)
    monkeypatch.setattr("accounts.keys.timezone.now", lambda: now)
    app = program(alice)
    for address in ("127.0.0.1", "127.0.0.1", "10.0.0.7", "10.0.0.8"):
        app.get("/api/v1/recognizers", REMOTE_ADDR=address)
        ApiKey.objects.update(last_used=now - timedelta(seconds=61))
    keys.revoke_key(key=alice.keys.get(), by=alice)
    assert noted() == ["key.made", "key.used", "key.used-elsewhere", "key.revoked"]
    assert {entry.subject for entry in _of_keys()} == {f"key {alice.keys.get().pk}"}
    assert "10.0.0" not in str(list(AuditEntry.objects.values()))


def test_nobody_has_more_keys_than_they_can_look_after(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_KEYS", 2)
    first, _secret = keys.create_key(person=alice, name="1", scopes=ALL)
    keys.create_key(person=alice, name="2", scopes=ALL)
    with pytest.raises(keys.TooManyKeysError):
        keys.create_key(person=alice, name="3", scopes=ALL)
    keys.revoke_key(key=first, by=alice)
    keys.create_key(person=alice, name="3", scopes=ALL)
