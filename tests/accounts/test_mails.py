"""The mails: text, our own words, whole links."""

import re
from typing import Any

import pytest
from django.core import mail
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from accounts.models import User
from tests.accounts.helpers import sign_up

pytestmark = pytest.mark.django_db

NOTES = [
    "account/email/email_changed",
    "account/email/email_confirm",
    "account/email/email_deleted",
    "account/email/password_changed",
    "account/email/password_reset",
    "account/email/password_set",
    "mfa/email/recovery_codes_generated",
    "mfa/email/totp_activated",
    "mfa/email/totp_deactivated",
    "mfa/email/webauthn_added",
    "mfa/email/webauthn_removed",
]


def test_a_mail_greets_says_why_it_came_and_who_wrote_it(client: Client, production: Any) -> None:
    sign_up(client)
    (message,) = mail.outbox
    assert "Inkling" in message.subject
    body = str(message.body)
    assert body.startswith("Hello,\n\n")
    assert re.search(r"\n\nhttp://testserver/accounts/confirm-email/\S+\n\n", body)
    assert body.endswith("-- \nInkling\nhttp://testserver/")
    assert message.from_email == "Inkling <inkling@localhost>"
    assert not getattr(message, "alternatives", None), "text only"


def test_the_link_has_the_scheme_of_the_site(client: Client, production: Any, ada: User) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email}, secure=True)
    assert "https://testserver/accounts/password/reset/key/" in str(mail.outbox[0].body)


def test_signs_in_an_address_are_not_written_as_html(client: Client, production: Any) -> None:
    client.post("/accounts/password/reset/", {"email": "o'hara&co@example.org"})
    assert "o'hara&co@example.org" in str(mail.outbox[0].body)


@pytest.mark.parametrize("name", NOTES)
def test_a_note_about_a_change_says_what_where_and_what_to_do(name: str) -> None:
    request = RequestFactory().get("/", secure=True)
    context = {
        "request": request,
        "current_site": type("Site", (), {"domain": "ink.example"}),
        "ip": "198.51.100.1",
        "user_agent": "A Browser & Sons",
        "timestamp": None,
        "from_email": "old@example.org",
        "to_email": "new@example.org",
        "deleted_email": "old@example.org",
    }
    subject = render_to_string(f"{name}_subject.txt", context).strip()
    body = render_to_string(f"{name}_message.txt", context).strip()
    assert "\n" not in subject
    assert body.startswith("Hello,\n\n")
    for part in ("Inkling", "from: 198.51.100.1", "browser: A Browser & Sons"):
        assert part in body
    assert "\nhttps://ink.example/accounts/password/reset/\n" in body
    assert "Thank you for using" not in body


def test_every_subject_names_the_site(client: Client, production: Any, ada: User) -> None:
    sign_up(client, ada.email)
    for email in (ada.email, "nobody@example.org"):
        client.post("/accounts/password/reset/", {"email": email})
    assert len(mail.outbox) == 3
    assert all("Inkling" in message.subject for message in mail.outbox)
