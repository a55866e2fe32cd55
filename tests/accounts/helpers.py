"""Small steps that several tests take."""

from __future__ import annotations

import re
import time
from typing import Any

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client

from accounts.models import User

PASSWORD = "a long enough word"


def sign_up(client: Client, email: str = "new@example.org", **more: Any) -> Any:
    """Send the sign-up form, with consent unless said otherwise."""
    data = {"email": email, "password1": PASSWORD, "password2": PASSWORD, "consent": "on", **more}
    return client.post("/accounts/signup/", {key: value for key, value in data.items() if value is not None})


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    """Send the sign-in form."""
    return client.post("/accounts/login/", {"login": email, "password": password, **more})


def force_login_by_password(client: Client, person: User) -> None:
    """Sign in without the form, as if the password had been given just now: no page asks for it again."""
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()


def error_codes(response: Any) -> set[str]:
    """The codes of all errors in the form that was sent back."""
    errors = response.context["form"].errors.as_data().values()
    return {str(error.code) for found in errors for error in found}


def is_in(client: Client) -> bool:
    """Whether somebody is signed in there."""
    return client.get("/accounts/").status_code == 200


def link(number: int = -1) -> str:
    """The path of the link in a mail, the last one unless said otherwise."""
    found = re.search(r"https?://[^/\s]+(/accounts/\S+)", str(mail.outbox[number].body))
    assert found, mail.outbox[number].body
    return found[1]


def totp_code(secret: str) -> str:
    """What an authenticator app shows now."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def activate_totp(client: Client) -> str:
    """Set up an authenticator app; returns its key."""
    page = client.get("/accounts/2fa/totp/activate/")
    secret = str(page.context["form"].secret)
    answer = client.post("/accounts/2fa/totp/activate/", {"code": totp_code(secret)})
    assert answer.status_code == 302, answer.context["form"].errors
    return secret
