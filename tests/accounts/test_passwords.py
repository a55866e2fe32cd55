"""/accounts/password/...: change, set, reset."""

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.accounts.helpers import PASSWORD, is_in, link, sign_in

pytestmark = pytest.mark.django_db
NEW = "quite another word"


def _reset(client: Client) -> str:
    """Follow the link of the last mail to the form; returns where the form is sent."""
    return str(client.get(link()).headers["Location"])


def test_the_link_in_the_mail_sets_a_new_password(client: Client, ada: User) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email})
    assert (mail.outbox[0].subject, mail.outbox[0].to) == ("Choose a new password for Inkling", [ada.email])
    done = client.post(_reset(client), {"password1": NEW, "password2": NEW})
    assert done.headers["Location"] == "/accounts/password/reset/key/done/"
    sign_in(client, ada.email, NEW)
    assert is_in(client)


def test_the_link_works_once(client: Client, ada: User) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email})
    used = link()
    client.post(_reset(client), {"password1": NEW, "password2": NEW})
    page = Client().get(used)
    assert b"This link does not work any more" in page.content


def test_a_weak_password_is_refused_there_too(client: Client, ada: User) -> None:
    client.post("/accounts/password/reset/", {"email": ada.email})
    client.post(_reset(client), {"password1": "short", "password2": "short"})
    ada.refresh_from_db()
    assert ada.check_password(PASSWORD)


def test_an_unknown_address_gets_the_same_answer_and_another_mail(client: Client, ada: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": ada.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert known.headers["Location"] == unknown.headers["Location"] == "/accounts/password/reset/done/"
    assert mail.outbox[1].subject == "There is no Inkling account with this address"


def test_a_new_password_signs_other_browsers_out(as_ada: Client, ada: User) -> None:
    other = Client()
    sign_in(other, ada.email)
    response = as_ada.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert response.headers["Location"] == "/accounts/"
    assert is_in(as_ada)
    assert not is_in(other)
    assert mail.outbox[-1].subject == "Your Inkling password is changed"


def test_a_change_asks_for_the_old_password(as_ada: Client, ada: User) -> None:
    response = as_ada.post("/accounts/password/change/", {"oldpassword": "no", "password1": NEW, "password2": NEW})
    assert b"This is not your current password" in response.content
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
