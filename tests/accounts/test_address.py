"""/accounts/email/: one address a person, changed by a link that goes to the new one."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.accounts.helpers import PASSWORD, activate_totp, link, sign_in

pytestmark = pytest.mark.django_db


def _change(client: Client, email: str) -> Any:
    return client.post("/accounts/email/", {"email": email, "action_add": ""}, follow=True)


def test_the_address_changes_once_the_new_one_is_confirmed(as_ada: Client, ada: User) -> None:
    page = _change(as_ada, "lovelace@example.org")
    assert b"lovelace@example.org" in page.content
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"
    as_ada.post(link())
    ada.refresh_from_db()
    assert ada.email == "lovelace@example.org"
    assert [(a.email, a.verified) for a in EmailAddress.objects.all()] == [("lovelace@example.org", True)]


def test_the_old_address_is_told(as_ada: Client) -> None:
    _change(as_ada, "lovelace@example.org")
    as_ada.post(link())
    assert mail.outbox[-1].to == ["ada@example.org"]
    assert "lovelace@example.org" in mail.outbox[-1].body


def test_a_change_can_be_given_up(as_ada: Client, ada: User) -> None:
    _change(as_ada, "lovelace@example.org")
    as_ada.post("/accounts/email/", {"email": "lovelace@example.org", "action_remove": ""})
    assert [a.email for a in EmailAddress.objects.all()] == ["ada@example.org"]


def test_the_link_can_be_sent_again(as_ada: Client) -> None:
    _change(as_ada, "lovelace@example.org")
    as_ada.post("/accounts/email/", {"email": "lovelace@example.org", "action_send": ""})
    assert [message.to for message in mail.outbox] == [["lovelace@example.org"]] * 2


def test_it_asks_who_it_is_before_it_changes_anything(client: Client, ada: User) -> None:
    sign_in(client, ada.email)
    response = client.post("/accounts/email/", {"email": "lovelace@example.org", "action_add": ""})
    assert response.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not mail.outbox
    client.post(response.headers["Location"], {"password": PASSWORD})
    assert [message.to for message in mail.outbox] == [["lovelace@example.org"]]


def test_an_address_of_somebody_else_cannot_be_taken(as_ada: Client, ada: User, bob: User) -> None:
    """Bob signed in but never confirmed his, and the mail reached ada: no address serves two accounts."""
    Client().force_login(bob)
    _change(as_ada, bob.email)
    page = as_ada.post(link(), follow=True)
    assert page.status_code == 200
    assert bob.email in page.content.decode()
    assert not EmailAddress.objects.filter(user=ada, email=bob.email, verified=True).exists()
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"


def test_it_works_with_a_second_factor_too(as_ada: Client, ada: User) -> None:
    activate_totp(as_ada)
    _change(as_ada, "lovelace@example.org")
    as_ada.post(link())
    ada.refresh_from_db()
    assert ada.email == "lovelace@example.org"
