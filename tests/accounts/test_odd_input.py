"""Odd input on the account pages: an answer for people, never a 500."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.forms import SignUpForm
from accounts.models import User
from tests.accounts.helpers import PASSWORD

pytestmark = pytest.mark.django_db

ODD = [
    "foo",
    "account",
    "http://[",
    "//evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "%00",
    "\n",
]


@pytest.mark.parametrize("target", ODD)
def test_a_next_page_that_is_none_leads_to_the_account(as_ada: Client, target: str) -> None:
    response = as_ada.post("/accounts/consent/", {"next": target})
    assert (response.status_code, response["Location"]) == (302, "/accounts/")


@pytest.mark.parametrize("target", ["http://[", "https://evil.example/", "//evil.example"])
def test_a_next_page_elsewhere_is_not_followed_after_the_sign_in(client: Client, ada: User, target: str) -> None:
    assert client.get("/accounts/login/", {"next": target}).status_code == 200
    response = client.post("/accounts/login/", {"login": ada.email, "password": PASSWORD, "next": target})
    assert (response.status_code, response["Location"]) == (302, "/")


@pytest.mark.parametrize("page", ["login", "signup", "password/reset"])
def test_what_the_database_cannot_hold_is_refused(client: Client, page: str) -> None:
    odd = {
        "email": "a\0@example.org",
        "login": "a\0@example.org",
        "password": "\0",
        "password1": "\0",
        "password2": "\0",
    }
    assert client.post(f"/accounts/{page}/", odd).status_code == 400
    assert not User.objects.exists()


def test_a_second_click_on_sign_up_does_not_break(client: Client, production: Any, monkeypatch: Any) -> None:
    """Both forms are found right before either is saved."""
    fields = {"email": "twin@example.org", "password1": PASSWORD, "password2": PASSWORD, "consent": "on"}
    checked = SignUpForm.clean

    def clean_before_the_other_saves(form: SignUpForm) -> Any:
        data = checked(form)
        if not User.objects.exists():
            User.objects.create_user(fields["email"], PASSWORD)
        return data

    monkeypatch.setattr(SignUpForm, "clean", clean_before_the_other_saves)
    response = client.post("/accounts/signup/", fields)
    assert response.status_code == 302
    assert User.objects.count() == 1
    assert [message.to for message in mail.outbox] == [["twin@example.org"]]
