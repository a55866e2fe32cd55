"""A password reset ends what somebody else may have left: sessions, keys, webhooks, passkeys, pending addresses."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client

from accounts import keys, reset
from accounts.forms import PasskeySignInForm
from accounts.models import ApiKey, AuditEntry, User
from recognizer.models import Webhook
from tests.accounts.helpers import PASSWORD, is_in, link, sign_in

pytestmark = pytest.mark.django_db
NEW = "quite another word"
PASSKEY: dict[str, Any] = {"name": "Phone", "credential": {}}


@pytest.fixture
def left(ada: User) -> dict[str, Any]:
    """Two of each kind of access to ada's account."""
    made: dict[str, Any] = {"keys": [keys.create_key(person=ada, name=f"Key {n}", scopes=["predict"]) for n in "12"]}
    made["hooks"] = [Webhook.objects.create(person=ada, url=f"https://{n}.example.org/", events=[]) for n in "ab"]
    kind = Authenticator.Type.WEBAUTHN
    made["passkeys"] = [Authenticator.objects.create(user=ada, type=kind, data={**PASSKEY, "n": n}) for n in "12"]
    EmailAddress.objects.create(user=ada, email="evil@example.org", verified=False)
    return made


def open_form(ada: User) -> tuple[Client, str, Any]:
    """A browser with the form of the link in the mail, where it is sent, and the form."""
    browser = Client(enforce_csrf_checks=True, headers={"X-CSRFToken": "a" * 32})
    browser.cookies["csrftoken"] = "a" * 32
    browser.post("/accounts/password/reset/", {"email": ada.email})
    path = str(browser.get(link()).headers["Location"])
    return browser, path, browser.get(path)


def send(ada: User, **kept: Any) -> Client:
    browser, path, _page = open_form(ada)
    answer = browser.post(path, {"password1": NEW, "password2": NEW, **kept})
    assert answer.status_code == 302, answer.context["form"].errors
    return browser


def test_everything_that_is_not_kept_ends(ada: User, as_ada: Client, left: dict[str, Any]) -> None:
    send(ada)
    assert not is_in(as_ada)
    for key, secret in left["keys"]:
        with pytest.raises(keys.KeyRefusedError) as refused:
            keys.find_key(secret)
        assert refused.value.code == "key_revoked"
        assert AuditEntry.objects.filter(what="key.revoked", subject=keys.name_of(key)).exists()
    assert not Webhook.objects.filter(paused=None).exists()
    assert set(Webhook.objects.exclude(pause_reason="").values_list("person", flat=True)) == {ada.pk}
    assert list(EmailAddress.objects.values_list("email", flat=True)) == [ada.email]


def test_the_form_lists_what_there_is_and_the_person_keeps_what_they_recognise(
    ada: User, as_ada: Client, left: dict[str, Any]
) -> None:
    _browser, _path, page = open_form(ada)
    html = page.content.decode()
    for shown in (left["keys"][0][0].shown, "a.example.org", "Phone"):
        assert shown in html
    assert len(page.context["form"].sign_ins) == 1
    (first, secret), hook, passkey = left["keys"][0], left["hooks"][1], left["passkeys"][0]
    send(ada, keep_keys=first.pk, keep_webhooks=hook.pk, keep_passkeys=passkey.pk)
    assert keys.find_key(secret) == first
    assert ApiKey.objects.live().count() == 1
    assert Webhook.objects.get(paused=None) == hook
    asking = [each.data.get(reset.NEEDS_PASSWORD, False) for each in reset.passkeys(ada)]
    assert asking == [False, True], "second factors stay: a mailbox alone must not remove them"


def test_what_was_made_after_the_form_was_opened_ends_too(ada: User) -> None:
    browser, path, _page = open_form(ada)
    keys.create_key(person=ada, name="Late", scopes=["predict"])
    browser.post(path, {"password1": NEW, "password2": NEW})
    assert not ApiKey.objects.live().exists()


def test_nobody_keeps_what_is_not_theirs(ada: User, bob: User, left: dict[str, Any]) -> None:
    key, _secret = keys.create_key(person=bob, name="Bob", scopes=["predict"])
    browser, path, _page = open_form(ada)
    for odd in (key.pk, "x", "9" * 30):
        answer = browser.post(path, {"password1": NEW, "password2": NEW, "keep_keys": odd})
        assert answer.context["form"].has_error("keep_keys", "invalid_choice")
    send(ada)
    assert ApiKey.objects.live().get() == key


def test_a_weak_password_ends_nothing(ada: User, left: dict[str, Any]) -> None:
    browser, path, _page = open_form(ada)
    assert browser.post(path, {"password1": "short", "password2": "short"}).status_code == 200
    assert ApiKey.objects.live().count() == 2


def test_an_account_whose_address_was_never_confirmed_keeps_nothing(ada: User, left: dict[str, Any]) -> None:
    """Somebody else may have signed up with the address; the mail is the first that its owner hears of it."""
    EmailAddress.objects.filter(email=ada.email).update(verified=False)
    _browser, _path, page = open_form(ada)
    assert not page.context["form"].kept_fields
    send(ada, keep_keys=left["keys"][0][0].pk)
    assert not ApiKey.objects.live().exists()


def test_a_sign_in_that_waits_for_its_second_step_ends(ada: User) -> None:
    Authenticator.objects.create(user=ada, type=Authenticator.Type.TOTP, data={"secret": "x"})
    waiting = Client()
    assert sign_in(waiting, ada.email).headers["Location"].startswith("/accounts/2fa/")
    send(ada)
    assert waiting.get("/accounts/2fa/authenticate/").headers["Location"].startswith("/accounts/login/")


def test_a_pending_address_gets_no_reset_link(client: Client, ada: User, left: dict[str, Any]) -> None:
    answer = client.post("/accounts/password/reset/", {"email": "evil@example.org"})
    assert answer.status_code == 302
    assert "/password/reset/key/" not in str(mail.outbox[-1].body)


def test_the_link_that_confirms_a_pending_address_is_dead_after_a_reset(as_ada: Client, ada: User) -> None:
    as_ada.post("/accounts/email/", {"email": "evil@example.org", "action_add": ""})
    confirm = link()
    send(ada)
    Client().post(confirm)
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"
    assert not EmailAddress.objects.filter(email="evil@example.org").exists()


def test_a_passkey_that_was_not_kept_signs_nobody_in_without_the_password(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    passkey = Authenticator.objects.create(user=ada, type=Authenticator.Type.WEBAUTHN, data=dict(PASSKEY))
    monkeypatch.setattr("allauth.mfa.webauthn.forms.AuthenticateWebAuthnForm.clean_credential", lambda form: passkey)
    assert PasskeySignInForm({"credential": "[1]"}).is_valid()
    send(ada)
    passkey.refresh_from_db()
    assert PasskeySignInForm({"credential": "[1]"}).has_error("credential", "needs_password")


def test_an_account_that_nobody_used_does_not_keep_an_address_from_its_owner(
    as_ada: Client, ada: User, production: Any
) -> None:
    squatter = User.objects.create_user("new@example.org", PASSWORD)
    as_ada.post("/accounts/email/", {"email": "new@example.org", "action_add": ""})
    confirm = link()
    as_ada.post(confirm)
    ada.refresh_from_db()
    assert ada.email == "new@example.org"
    assert not User.objects.filter(pk=squatter.pk).exists()
