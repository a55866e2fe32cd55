"""/accounts/password/...: change, set, reset."""

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.accounts.helpers import PASSWORD, error_codes, is_in, link, sign_in

pytestmark = pytest.mark.django_db
NEW = "quite another word"


def _reset(client: Client) -> str:
    """Follow the link of the last mail to the form; returns where the form is sent."""
    return str(client.get(link()).headers["Location"])


def test_the_link_in_the_mail_sets_a_new_password(client: Client, ada: User) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email})
    assert mail.outbox[0].to == [ada.email]
    done = client.post(_reset(client), {"password1": NEW, "password2": NEW})
    assert done.headers["Location"] == "/accounts/password/reset/key/done/"
    sign_in(client, ada.email, NEW)
    assert is_in(client)


def test_the_link_works_once(client: Client, ada: User) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email})
    used = link()
    client.post(_reset(client), {"password1": NEW, "password2": NEW})
    page = Client().get(used)
    assert page.context["token_fail"]


def test_a_weak_password_is_refused_there_too(client: Client, ada: User) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email})
    client.post(_reset(client), {"password1": "short", "password2": "short"})
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_an_unknown_address_gets_the_same_answer_and_another_mail(client: Client, ada: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": ada.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert known.headers["Location"] == unknown.headers["Location"] == "/accounts/password/reset/done/"
    assert "/accounts/signup/" in mail.outbox[1].body
    assert "/password/reset/key/" not in mail.outbox[1].body


def test_a_new_password_signs_other_browsers_out(as_ada: Client, ada: User) -> None:
    other = Client()
    sign_in(other, ada.email)
    response = as_ada.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert response.headers["Location"] == "/accounts/"
    assert is_in(as_ada)
    assert not is_in(other)
    assert mail.outbox[-1].to == [ada.email]
    assert "/accounts/password/reset/\n" in mail.outbox[-1].body, "a notification with a way to react"


def test_a_change_asks_for_the_old_password(as_ada: Client, ada: User) -> None:
    response = as_ada.post("/accounts/password/change/", {"oldpassword": "no", "password1": NEW, "password2": NEW})
    assert error_codes(response) == {"enter_current_password"}
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_somebody_without_a_password_can_choose_one(client: Client, ada: User) -> None:
    ada.set_unusable_password()
    ada.save()
    client.force_login(ada)
    assert b"/accounts/password/set/" in client.get("/accounts/").content
    assert client.get("/accounts/password/set/").status_code == 200
    client.post("/accounts/password/set/", {"password1": NEW, "password2": NEW})
    ada.refresh_from_db()
    assert ada.check_password(NEW)
