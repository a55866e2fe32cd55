"""The mails: text, our own words, whole links."""

import re
from threading import Event, Semaphore, Thread
from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from allauth.core.context import request_context
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils.translation import override

from accounts.models import User
from tests.accounts.helpers import PASSWORD, sign_up
from tests.bangla import latin_words
from tests.csrf_client import CsrfClient
from tests.smoke import free_port

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


@pytest.mark.parametrize("email", ["new@example.org", "ada@example.org"])
@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/password/reset/"])
def test_a_mail_server_that_does_not_answer_is_reported_and_ends_no_request(
    client: Client, production: Any, ada: User, path: str, email: str
) -> None:
    production.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    production.EMAIL_HOST, production.EMAIL_PORT = "127.0.0.1", free_port()
    form = {"email": email, "password1": PASSWORD, "password2": PASSWORD, "consent": "on"}
    response = client.post(path, form, follow=True)
    assert response.status_code == 200
    assert [message.extra_tags for message in response.context["messages"]] == ["mail-not-sent"]
    assert User.objects.filter(email=email).exists() == (email == ada.email or "signup" in path)


class HangingBackend(BaseEmailBackend):
    """Sends nothing until it is told to."""

    go_on = Event()
    waiting = Semaphore(0)

    def send_messages(self, email_messages: Any) -> int:
        self.waiting.release()
        self.go_on.wait(30)
        return 0


def test_a_mail_server_that_hangs_leaves_threads_for_other_requests(
    client: Client, production: Any, ada: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = f"{__name__}.HangingBackend"
    HangingBackend.go_on.clear()

    def send() -> None:
        with request_context(RequestFactory().get("/")):
            get_adapter().send_mail("account/email/password_changed", ada.email, {"user": ada})

    threads = [Thread(target=send) for _ in range(settings.WEB_THREADS // 2)]
    for thread in threads:
        thread.start()
        assert HangingBackend.waiting.acquire(timeout=20)
    try:
        response = client.post("/accounts/password/reset/", {"email": ada.email}, follow=True)
        assert not HangingBackend.waiting.acquire(blocking=False), "it did not wait for the mail server"
    finally:
        HangingBackend.go_on.set()
        for thread in threads:
            thread.join()
    assert response.status_code == 200
    assert [message.extra_tags for message in response.context["messages"]] == ["mail-not-sent"]


def test_the_link_has_the_scheme_of_the_site(client: Client, production: Any, ada: User) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email}, secure=True)
    assert "https://testserver/accounts/password/reset/key/" in str(mail.outbox[0].body)


def test_links_have_the_address_of_the_settings_whatever_host_a_request_names(
    client: Client, production: Any, ada: User
) -> None:
    production.ALLOWED_HOSTS, production.SITE_URL = ["*"], "https://ink.example:8443"
    client.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    change = {"oldpassword": PASSWORD, "password1": "quite another word", "password2": "quite another word"}
    evil: Any = {"headers": {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}}
    client.post("/accounts/password/change/", change, **evil)
    for email in ("new@example.org", ada.email):
        sign_up(Client(**evil), email)
        Client(**evil).post("/accounts/password/reset/", {"email": email})
    Client(**evil).post("/accounts/password/reset/", {"email": "nobody@example.org"})
    texts = [str(message.body) for message in mail.outbox]
    assert len(texts) == 6
    links = re.findall(r"https?://\S+", "\n".join(texts))
    assert len(links) == 12
    assert all(link.startswith("https://ink.example:8443/") for link in links)


def test_signs_in_an_address_are_not_written_as_html(client: Client, production: Any) -> None:
    client.post("/accounts/password/reset/", {"email": "o'hara&co@example.org"})
    assert "o'hara&co@example.org" in str(mail.outbox[0].body)


_CHANGE = {
    "site_url": "https://ink.example",
    "ip": "198.51.100.1",
    "user_agent": "A Browser & Sons",
    "timestamp": None,
    "from_email": "old@example.org",
    "to_email": "new@example.org",
    "deleted_email": "old@example.org",
}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_about_a_change_says_what_where_and_what_to_do(name: str) -> None:
    request = RequestFactory().get("/", secure=True)
    context = {"request": request, **_CHANGE}
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


@pytest.mark.parametrize("name", NOTES)
def test_a_note_about_a_change_is_in_the_language_of_the_page(name: str) -> None:
    context = {"request": RequestFactory().get("/", secure=True), **_CHANGE}
    with override("bn"):
        texts = [render_to_string(f"{name}_{part}.txt", context) for part in ("subject", "message")]
    assert latin_words(" ".join(texts).replace("A Browser & Sons", "")) == []


def test_mails_that_people_ask_for_are_in_the_language_of_the_page(production: Any, ada: User) -> None:
    client = CsrfClient(headers={"Accept-Language": "bn"})
    sign_up(client)
    for email in (ada.email, "nobody@example.org"):
        client.post("/accounts/password/reset/", {"email": email})
    assert len(mail.outbox) == 3
    assert [latin_words(f"{message.subject} {message.body}") for message in mail.outbox] == [[], [], []]
