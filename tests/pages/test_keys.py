"""/accounts/keys/: keys of one's own, each shown once."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, AuditEntry, User
from recognizer.models import permissions
from tests.accounts.helpers import PASSWORD
from tests.pages.conftest import message_codes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("digits")]
SECRET = re.compile(r"ink_[A-Za-z0-9]{10}_[A-Za-z0-9]{44}")


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada@example.org", PASSWORD)


@pytest.fixture
def as_ada(ada: User) -> Client:
    """A browser in which ada has just shown that it is her."""
    client = Client()
    client.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def make(client: Client, **more: Any) -> Any:
    said = {"form": "f1", "name": "Shop", "scopes": ["predict"], "days": "365", "rate": "", "origins": ""}
    return client.post("/accounts/keys/new/", said | more)


def test_a_new_key_is_shown_once_and_works(as_ada: Client, ada: User) -> None:
    page = make(as_ada).content.decode()
    (secret, *_more) = SECRET.findall(page)
    app = Client(headers={"authorization": f"Bearer {secret}"})
    assert app.get("/api/v1/recognizers").status_code == 200
    key = ada.keys.get()
    assert (key.name, key.scopes, key.rate, key.origins, key.pins) == ("Shop", ["predict"], None, [], {})
    assert key.expires is not None
    assert timedelta(days=364) < key.expires - timezone.now() < timedelta(days=366)
    listed = as_ada.get("/accounts/keys/").content.decode()
    assert "Shop" in listed
    assert f"ink_{key.prefix}_" in listed
    assert not SECRET.search(listed)


def test_the_secret_is_in_no_session(as_ada: Client) -> None:
    secret = SECRET.findall(make(as_ada).content.decode())[0]
    assert all(secret not in str(session.get_decoded()) for session in Session.objects.all())


def test_loading_the_page_again_creates_and_shows_no_key(as_ada: Client, ada: User) -> None:
    make(as_ada)
    again = as_ada.post(
        "/accounts/keys/new/", {"form": "f1", "name": "Shop", "scopes": ["predict"], "days": "365"}, follow=True
    )
    assert message_codes(again) == ["already-created"]
    assert not SECRET.search(again.content.decode())
    assert ada.keys.count() == 1
    assert make(as_ada, form="f2").status_code == 200


def test_all_options_of_a_key_are_saved(as_ada: Client, ada: User) -> None:
    origins = "https://App.example.org/\n\nhttp://localhost:5173\nhttps://app.example.org:443"
    make(as_ada, scopes=["predict", "models:read"], days="0", rate="30", origins=origins, **{"pin-digits": "1"})
    key = ada.keys.get()
    assert key.scopes == ["models:read", "predict"]
    assert key.origins == ["http://localhost:5173", "https://app.example.org"]
    assert (key.rate, key.expires, key.pins) == (30, None, {"digits": 1})
    page = as_ada.get("/accounts/keys/").content.decode()
    assert all(text in page for text in ("30", "https://app.example.org", "digits: version 1", "data-no-expiry"))


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"name": ""}, "required"),
        ({"scopes": []}, "required"),
        ({"scopes": ["everything"]}, "invalid_choice"),
        ({"rate": "0"}, "min_value"),
        ({"rate": "1000000"}, "max_value"),
        ({"days": "7"}, "invalid_choice"),
        ({"origins": "app.example.org"}, "not-a-site"),
        ({"origins": "https://app.example.org/path"}, "not-a-site"),
        ({"origins": "https://user@app.example.org"}, "not-a-site"),
        ({"origins": "https://*.example.org"}, "not-a-site"),
        ({"origins": "https://[::"}, "not-a-site"),
        ({"origins": "https://a:99999"}, "not-a-site"),
        ({"origins": "http://app.example.org"}, "not-https"),
        ({"origins": "javascript://x"}, "not-https"),
        ({"origins": "null"}, "not-a-site"),
        ({"origins": "\n".join(f"https://{n}.example" for n in range(11))}, "too-many-sites"),
        ({"pin-digits": "9"}, "invalid_choice"),
    ],
)
def test_an_invalid_value_gives_an_error_at_its_field(as_ada: Client, ada: User, more: Any, code: str) -> None:
    answer = make(as_ada, **more)
    assert answer.status_code == 400
    found = answer.context["form"].errors
    assert {name: [error.code for error in errors] for name, errors in found.as_data().items()} == {
        next(iter(more)): [code]
    }
    assert next(iter(found.values())).as_text().removeprefix("* ") in unescape(answer.content.decode())
    assert not ada.keys.exists()


def test_creating_a_key_asks_for_the_password_first(client: Client, ada: User) -> None:
    client.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    session = client.session
    session.pop("account_authentication_methods", None)
    session.save()
    asked = make(client)
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not ada.keys.exists()


def test_visitors_have_to_sign_in(client: Client) -> None:
    for path in ("/accounts/keys/", "/accounts/keys/new/", "/accounts/keys/1/revoke/"):
        assert client.get(path).headers["Location"].startswith("/accounts/login/")


def test_a_key_is_revoked_after_a_confirmation(as_ada: Client, ada: User) -> None:
    key, secret = keys.create_key(person=ada, name="Shop", scopes=["predict"])
    path = f"/accounts/keys/{key.pk}/revoke/"
    assert "button danger" in as_ada.get(path).content.decode()
    assert ada.keys.get().is_live
    assert message_codes(as_ada.post(path, follow=True)) == ["revoked"]
    answer = Client(headers={"authorization": f"Bearer {secret}"}).get("/api/v1/recognizers")
    assert answer.json()["code"] == "key_revoked"
    assert path not in as_ada.get("/accounts/keys/").content.decode()


def test_the_key_of_somebody_else_is_not_found(as_ada: Client, bob: User) -> None:
    key, _secret = keys.create_key(person=bob, name="Bob's own", scopes=["predict"])
    path = f"/accounts/keys/{key.pk}/revoke/"
    assert [as_ada.get(path).status_code, as_ada.post(path).status_code] == [404, 404]
    assert bob.keys.get().is_live
    assert "Bob" not in as_ada.get("/accounts/keys/").content.decode()


def test_only_reviewers_can_choose_the_export_scope(as_ada: Client, ada: User) -> None:
    assert 'value="export"' not in as_ada.get("/accounts/keys/new/").content.decode()
    assert make(as_ada, scopes=["export"]).status_code == 400
    app, _dot, codename = permissions.REVIEW.partition(".")
    ada.user_permissions.add(Permission.objects.get(codename=codename, content_type__app_label=app))
    assert 'value="export"' in as_ada.get("/accounts/keys/new/").content.decode()
    assert make(as_ada, scopes=["export"]).status_code == 200


def test_the_number_of_keys_is_limited(as_ada: Client, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_KEYS", 1)
    make(as_ada)
    answer = make(as_ada, form="f2")
    assert answer.status_code == 400
    assert answer.context["problem"]


def test_the_account_page_links_to_the_keys(as_ada: Client) -> None:
    assert 'href="/accounts/keys/"' in as_ada.get("/accounts/").content.decode()


def test_the_number_of_keys_does_not_change_the_number_of_queries(
    as_ada: Client, ada: User, connection_queries: Any
) -> None:
    counts = []
    for more in (3, 27):
        for _ in range(more):
            keys.create_key(person=ada, name="Shop", scopes=["predict"])
        counts.append(connection_queries(lambda: as_ada.get("/accounts/keys/")))
    assert counts[0] == counts[1]


@pytest.fixture
def connection_queries() -> Any:
    from django.db import connection

    def count(what: Any) -> int:
        with CaptureQueriesContext(connection) as found:
            what()
        return len(found)

    return count


@pytest.fixture
def as_staff(bob: User) -> Client:
    User.objects.filter(pk=bob.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(bob)
    return client


def test_staff_revoke_a_key_after_a_confirmation(as_staff: Client, ada: User) -> None:
    key, _secret = keys.create_key(person=ada, name="Shop", scopes=["predict"])
    chosen = {"action": "revoke", "_selected_action": [key.pk]}
    asked = as_staff.post("/admin/accounts/apikey/", chosen)
    assert "Shop" in asked.content.decode()
    assert ApiKey.objects.get().is_live
    done = as_staff.post("/admin/accounts/apikey/", chosen | {"sure": "yes"}, follow=True)
    assert "1 key is revoked." in done.content.decode()
    assert not ApiKey.objects.get().is_live
    assert AuditEntry.objects.filter(what="key.revoked", by__email="bob@example.org").exists()


def test_staff_can_change_only_the_rate_of_a_key(as_staff: Client, ada: User) -> None:
    key, _secret = keys.create_key(person=ada, name="Shop", scopes=["predict"])
    page = as_staff.get(f"/admin/accounts/apikey/{key.pk}/change/").content.decode()
    assert key.hash not in page
    forms = {"uses-TOTAL_FORMS": "0", "uses-INITIAL_FORMS": "0"}
    sent = {"rate": "5000", "name": "Other", "scopes": "[]"}
    as_staff.post(f"/admin/accounts/apikey/{key.pk}/change/", forms | sent)
    key.refresh_from_db()
    assert (key.rate, key.name, key.scopes) == (5000, "Shop", ["predict"])
    assert AuditEntry.objects.get(what="key.rate-changed").detail == {"rate": [None, 5000]}
    assert as_staff.get("/admin/accounts/apikey/add/").status_code == 403
    assert as_staff.get(f"/admin/accounts/apikey/{key.pk}/delete/").status_code == 403
