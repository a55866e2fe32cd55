"""Passkeys, and the pages under the content security policy, in a real browser with a virtual authenticator."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.accounts.helpers import PASSWORD
from tests.accounts.test_pages import FOR_ADA, FOR_STRANGERS
from tests.programs import find_chromium

CTAP2 = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Visitor:
    """A page of a browser that remembers what the content security policy and scripts complained about."""

    def __init__(self, page: Any, site: str) -> None:
        self.page, self.site = page, site
        self.complaints: list[str] = []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def go(self, path: str) -> None:
        self.page.goto(self.site + path)

    def at(self, path: str) -> None:
        self.page.wait_for_url(f"{self.site}{path}*", timeout=10_000)

    def submit(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.fill(f"#id_{name}", value)
        self.page.click("main form .button.primary")

    def add_authenticator(self, **options: Any) -> None:
        cdp = self.page.context.new_cdp_session(self.page)
        cdp.send("WebAuthn.enable")
        cdp.send("WebAuthn.addVirtualAuthenticator", {"options": CTAP2 | options})


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all tests here. While it is open Django is told that an event loop in this thread is fine."""
    chromium = find_chromium()
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def visitor(browser: Any, transactional_db: None, live_server: LiveServer, settings: Any) -> Iterator[Visitor]:
    """Somebody on the running site; passkeys work over plain HTTP on localhost only."""
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    context = browser.new_context()
    yield Visitor(context.new_page(), live_server.url.replace("127.0.0.1", "localhost"))
    context.close()


def _sign_in(visitor: Visitor) -> None:
    visitor.go("/accounts/login/?next=/accounts/")
    visitor.submit(login="ada@example.org", password=PASSWORD)
    visitor.at("/accounts/")


def _add_passkey(visitor: Visitor, name: str = "My phone") -> None:
    visitor.go("/accounts/2fa/webauthn/add/")
    if "reauthenticate" in visitor.page.url:
        visitor.submit(password=PASSWORD)
    visitor.page.fill("#id_name", name)
    visitor.page.click("#mfa_webauthn_add")
    visitor.page.wait_for_selector(".messages .notice")


def _sign_out(visitor: Visitor) -> None:
    visitor.go("/accounts/logout/?next=/accounts/login/")
    visitor.submit()
    visitor.page.wait_for_selector(".messages .notice")


def test_a_passkey_lets_one_in_without_address_and_password(visitor: Visitor, ada: User) -> None:
    visitor.add_authenticator()
    _sign_in(visitor)
    _add_passkey(visitor)
    _sign_out(visitor)
    visitor.go("/accounts/login/?next=/accounts/2fa/webauthn/")
    visitor.page.click("#passkey_login")
    visitor.at("/accounts/2fa/webauthn/")
    assert "My phone" in visitor.page.inner_text("main")
    assert not [text for text in visitor.complaints if "Content Security Policy" in text]


def test_a_passkey_is_the_second_step_of_a_sign_in_and_shows_that_it_is_oneself(visitor: Visitor, ada: User) -> None:
    visitor.add_authenticator()
    _sign_in(visitor)
    _add_passkey(visitor)
    _sign_out(visitor)
    visitor.go("/accounts/login/?next=/accounts/")
    visitor.submit(login="ada@example.org", password=PASSWORD)
    visitor.at("/accounts/2fa/authenticate/")
    visitor.page.click("#mfa_webauthn_authenticate")
    visitor.at("/accounts/")
    visitor.go("/accounts/2fa/webauthn/reauthenticate/?next=/accounts/delete/")
    visitor.page.click("#mfa_webauthn_reauthenticate")
    visitor.at("/accounts/delete/")
    assert visitor.complaints == []


def test_a_passkey_can_be_renamed_and_removed(visitor: Visitor, ada: User) -> None:
    visitor.add_authenticator()
    _sign_in(visitor)
    _add_passkey(visitor)
    visitor.go("/accounts/2fa/webauthn/")
    visitor.page.click("a[href$='/edit/']")
    visitor.submit(name="Old phone")
    visitor.page.wait_for_selector("text=Old phone")
    visitor.page.click("a[href$='/remove/']")
    visitor.page.click("main .button.danger")
    visitor.page.wait_for_selector("main:not(:has(.setting))")
    assert not Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN).exists()
    assert visitor.complaints == []


def test_a_plain_security_key_needs_no_fingerprint(visitor: Visitor, ada: User) -> None:
    visitor.add_authenticator(hasResidentKey=False, hasUserVerification=False, isUserVerified=False, transport="usb")
    _sign_in(visitor)
    visitor.go("/accounts/2fa/webauthn/add/")
    visitor.submit(password=PASSWORD)
    visitor.page.uncheck("#id_passwordless")
    visitor.page.click("#mfa_webauthn_add")
    visitor.page.wait_for_selector(".messages .notice")
    visitor.go("/accounts/2fa/webauthn/")
    factor = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    assert factor.wrap().is_passwordless is False


def test_somebody_without_a_passkey_is_told(visitor: Visitor, ada: User) -> None:
    visitor.add_authenticator()
    visitor.go("/accounts/login/")
    assert not visitor.page.is_visible("#passkey_trouble")
    visitor.page.click("#passkey_login")
    visitor.page.wait_for_selector("#passkey_trouble", state="visible")


def test_no_page_offends_the_policy_or_scrolls_sideways_on_a_phone(visitor: Visitor, ada: User) -> None:
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    for path in FOR_STRANGERS.values():
        _look(visitor, path)
    _sign_in(visitor)
    visitor.go("/accounts/reauthenticate/?next=/accounts/")
    visitor.submit(password=PASSWORD)
    for path in FOR_ADA.values():
        _look(visitor, path)
    assert visitor.complaints == []


def _look(visitor: Visitor, path: str) -> None:
    visitor.go(path)
    assert visitor.page.url == visitor.site + path or "set-password" in visitor.page.url
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
