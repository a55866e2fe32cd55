"""/accounts/signup/: an address, a password, consent, and a link to confirm the address."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.accounts.helpers import PASSWORD, is_in, link, sign_in, sign_up

pytestmark = pytest.mark.django_db


def test_it_makes_an_account_and_notes_when_the_person_consented(client: Client) -> None:
    before = timezone.now()
    assert sign_up(client).status_code == 302
    user = User.objects.get(email="new@example.org")
    assert user.has_consented
    assert user.consented_at is not None
    assert before <= user.consented_at <= timezone.now()
    assert is_in(client)


def test_it_tells_what_happens_to_drawings_before_it_asks(client: Client) -> None:
    response = client.get("/accounts/signup/")
    page = response.content.decode()
    assert "accounts/consent_text.html" in [template.name for template in response.templates]
    assert 'href="/privacy/"' in page
    assert page.index('id="consent_title"') < page.index('name="consent"')


def test_nobody_gets_an_account_without_consent(client: Client) -> None:
    response = sign_up(client, consent=None)
    assert response.status_code == 200
    assert response.context["form"].has_error("consent", "required")
    assert not User.objects.exists()


def test_both_passwords_have_to_be_the_same(client: Client) -> None:
    response = sign_up(client, password2="something else entirely")
    assert b"the same password each time" in response.content
    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["short", "123456789012345", "password123", "new@example.org"])
def test_a_weak_password_is_refused(client: Client, password: str) -> None:
    response = sign_up(client, password1=password, password2=password)
    assert response.status_code == 200
    assert not User.objects.exists()


def test_an_address_is_the_same_in_capitals(client: Client, production: Any) -> None:
    sign_up(client, "New@Example.ORG")
    sign_up(Client(), "new@example.org")
    assert [user.email for user in User.objects.all()] == ["new@example.org"]


def test_in_production_nobody_comes_in_before_the_address_is_confirmed(client: Client, production: Any) -> None:
    response = sign_up(client)
    assert response.headers["Location"] == "/accounts/confirm-email/"
    assert not is_in(client)
    assert sign_in(client, "new@example.org").headers["Location"] == "/accounts/confirm-email/"
    assert not is_in(client)


def test_the_link_in_the_mail_confirms_the_address_and_lets_the_browser_in(client: Client, production: Any) -> None:
    sign_up(client)
    assert mail.outbox[0].to == ["new@example.org"]
    page = client.get(link())
    assert page.status_code == 200
    assert not EmailAddress.objects.get().verified, "looking at the page must not confirm: mail scanners look too"
    client.post(link())
    assert EmailAddress.objects.get().verified
    assert is_in(client)


def test_the_link_opened_in_another_browser_confirms_but_signs_nobody_in(client: Client, production: Any) -> None:
    sign_up(client)
    other = Client()
    other.post(link())
    assert EmailAddress.objects.get().verified
    assert not is_in(other)
    sign_in(other, "new@example.org")
    assert is_in(other)


def test_a_link_that_was_not_made_here_is_turned_down_kindly(client: Client) -> None:
    page = client.get("/accounts/confirm-email/nonsense/")
    assert not page.context["confirmation"]


def test_in_production_a_known_address_looks_like_a_new_one(client: Client, production: Any, ada: User) -> None:
    known, new = sign_up(Client(), ada.email), sign_up(client)
    assert (known.status_code, known.headers["Location"]) == (new.status_code, new.headers["Location"])
    assert User.objects.filter(email=ada.email).count() == 1
    bodies = {message.to[0]: message.body for message in mail.outbox}
    assert "/accounts/password/reset/" in bodies[ada.email]
    assert "/accounts/confirm-email/" in bodies["new@example.org"]


def test_a_known_address_keeps_its_password(client: Client, production: Any, ada: User) -> None:
    sign_up(client, ada.email, password1="quite another word", password2="quite another word")
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_embedded_lets_people_in_at_once_and_says_where_the_mail_is(
    client: Client, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert client.get("/accounts/signup/").context["mail_on_console"]
    sign_up(client)
    assert client.get("/accounts/").context["mail_on_console"]
    assert "/accounts/confirm-email/" in capsys.readouterr().out


def test_with_a_mail_server_no_page_speaks_of_a_console(client: Client, production: Any) -> None:
    sign_up(client)
    for path in ("/accounts/signup/", "/accounts/confirm-email/", "/accounts/password/reset/done/"):
        assert b"console" not in client.get(path).content


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_it_never_leads_to_another_site(client: Client, target: str) -> None:
    assert sign_up(client, next=target).headers["Location"] == "/"


def test_it_leads_back_to_where_one_came_from(client: Client) -> None:
    assert sign_up(client, next="/accounts/consent/").headers["Location"] == "/accounts/consent/"


def test_the_password_is_not_asked_for_again_seconds_after_sign_up(client: Client) -> None:
    sign_up(client)
    assert client.get("/accounts/keys/new/").status_code == 200
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200


def test_nor_after_the_address_was_confirmed_in_the_same_browser(client: Client, production: Any) -> None:
    sign_up(client)
    client.post(link())
    assert client.get("/accounts/keys/new/").status_code == 200


def test_it_is_asked_for_again_minutes_later(client: Client) -> None:
    sign_up(client)
    session = client.session
    session["account_authentication_methods"][0]["at"] -= 301
    session.save()
    assert client.get("/accounts/delete/").headers["Location"].startswith("/accounts/reauthenticate/")
