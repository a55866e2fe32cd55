"""Every page about accounts: there, in the site's look, and without anything a content security policy forbids."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from tests.accounts.helpers import activate_totp, link, sign_in, sign_up

pytestmark = pytest.mark.django_db

FOR_STRANGERS = {
    "account_login": "/accounts/login/",
    "account_signup": "/accounts/signup/",
    "account_inactive": "/accounts/inactive/",
    "account_email_verification_sent": "/accounts/confirm-email/",
    "account_confirm_email": "/accounts/confirm-email/nonsense/",
    "account_reset_password": "/accounts/password/reset/",
    "account_reset_password_done": "/accounts/password/reset/done/",
    "account_reset_password_from_key": "/accounts/password/reset/key/1-nonsense/",
    "account_reset_password_from_key_done": "/accounts/password/reset/key/done/",
}
FOR_ADA = {
    "account": "/accounts/",
    "account_consent": "/accounts/consent/",
    "account_delete": "/accounts/delete/",
    "account_logout": "/accounts/logout/",
    "account_email": "/accounts/email/",
    "account_keys": "/accounts/keys/",
    "key-make": "/accounts/keys/new/",
    "webhooks": "/accounts/webhooks/",
    "account_change_password": "/accounts/password/change/",
    "account_reauthenticate": "/accounts/reauthenticate/",
    "mfa_index": "/accounts/2fa/",
    "mfa_activate_totp": "/accounts/2fa/totp/activate/",
    "mfa_list_webauthn": "/accounts/2fa/webauthn/",
    "mfa_add_webauthn": "/accounts/2fa/webauthn/add/",
}
WITH_AN_APP = {
    "mfa_index": "/accounts/2fa/",
    "mfa_deactivate_totp": "/accounts/2fa/totp/deactivate/",
    "mfa_view_recovery_codes": "/accounts/2fa/recovery-codes/",
    "mfa_generate_recovery_codes": "/accounts/2fa/recovery-codes/generate/",
    "mfa_reauthenticate": "/accounts/2fa/reauthenticate/",
}
ELSEWHERE = {
    "account_set_password": "test_passwords",
    "account_confirm_login_code": "cannot be reached: signing in by a code is off",
    "account_withdraw_consent": "a form's target",
    "account_download": "a file",
    "key-revoke": "test_keys",
    "webhook": "tests of webhooks",
    "webhook-pause": "a form's target",
    "webhook-renew": "a form's target",
    "webhook-test": "a form's target",
    "webhook-delete": "a form's target",
    "webhook-replay": "a form's target",
    "mfa_authenticate": "below",
    "mfa_download_recovery_codes": "a file",
    "mfa_login_webauthn": "a form's target",
    "mfa_edit_webauthn": "test_passkeys",
    "mfa_remove_webauthn": "test_passkeys",
    "mfa_reauthenticate_webauthn": "test_passkeys",
}


class Inline(HTMLParser):
    """Finds what `default-src 'self'` forbids: scripts, styles and handlers inside the page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in values and values.get("type") != "application/json"):
            self.found.append(tag)
        self.found += [name for name in values if name == "style" or name.startswith("on")]
        self.found += [v for v in values.values() if v and v.strip().lower().startswith("javascript:")]


def check(response: Any) -> None:
    """Status, the site's header, its style sheet, one heading, nothing inline, no page of allauth's own."""
    page = response.content.decode()
    assert response.status_code == 200
    for part in ('<header class="masthead">', "css/site.css", "css/account.css", "· Inkling</title>"):
        assert part in page
    assert page.count("<h1>") == 1
    assert "Menu:" not in page
    inline = Inline()
    inline.feed(page)
    assert not inline.found
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]


def _names(patterns: Any, prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _names(pattern.url_patterns, prefix + str(pattern.pattern))
        elif isinstance(pattern, URLPattern) and (prefix + str(pattern.pattern)).startswith("accounts/"):
            yield pattern.name or str(pattern.pattern)


def test_no_page_is_left_out_here() -> None:
    assert set(_names(get_resolver().url_patterns)) == {*FOR_STRANGERS, *FOR_ADA, *WITH_AN_APP, *ELSEWHERE}


@pytest.mark.parametrize("path", FOR_STRANGERS.values())
def test_a_page_for_strangers_is_in_the_sites_look(client: Client, path: str) -> None:
    check(client.get(path))


@pytest.mark.parametrize("path", FOR_ADA.values())
def test_a_page_about_oneself_is_in_the_sites_look(as_ada: Client, path: str) -> None:
    check(as_ada.get(path))


@pytest.mark.parametrize("path", WITH_AN_APP.values())
def test_a_page_about_the_second_step_is_in_the_sites_look(as_ada: Client, path: str) -> None:
    activate_totp(as_ada)
    check(as_ada.get(path))


def test_the_second_step_of_a_sign_in_is_in_the_sites_look(as_ada: Client, client: Client, ada: User) -> None:
    activate_totp(as_ada)
    sign_in(client, ada.email)
    check(client.get("/accounts/2fa/authenticate/"))


def test_the_links_of_mails_lead_to_pages_in_the_sites_look(client: Client, production: Any) -> None:
    sign_up(client)
    check(client.get(link()))
    client.post("/accounts/password/reset/", {"email": "new@example.org"})
    check(client.get(link(), follow=True))


def test_a_form_that_is_sent_back_is_in_the_sites_look(client: Client) -> None:
    check(client.post("/accounts/signup/", {"email": "nonsense", "password1": "short"}))
    check(client.post("/accounts/login/", {"login": "nobody@example.org", "password": "wrong"}))


def test_an_error_is_tied_to_its_field(client: Client) -> None:
    page = client.post("/accounts/signup/", {"email": "nonsense"}).content.decode()
    assert 'aria-invalid="true" aria-describedby="id_email_error"' in page
    assert 'id="id_email_error"' in page
    assert 'aria-describedby="id_password1_helptext' in page
    assert 'id="id_password1_helptext"' in page


def test_labels_stand_beside_their_fields_and_not_inside(client: Client) -> None:
    page = client.get("/accounts/login/").content.decode()
    assert '<label for="id_login">E-mail address</label>' in page
    assert "placeholder" not in page
