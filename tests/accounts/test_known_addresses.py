"""Nothing that a visitor can measure tells whether an address has an account: the same work, mail and answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.accounts.helpers import PASSWORD

pytestmark = pytest.mark.django_db


class CountingHasher(MD5PasswordHasher):
    """Counts how many passwords are hashed, which is nearly all the time that these requests take."""

    hashed = 0

    def encode(self, *args: Any, **kwargs: Any) -> str:
        """As MD5."""
        type(self).hashed += 1
        return super().encode(*args, **kwargs)


@pytest.fixture(autouse=True)
def _counted(settings: Any, ada: User, production: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    ada.set_password(PASSWORD)
    ada.save()


def work(path: str, email: str, **fields: str) -> tuple[int, int, int, str]:
    """Passwords hashed, mails sent, the status and where the answer leads."""
    client = Client(enforce_csrf_checks=True, headers={"X-CSRFToken": "a" * 32})
    client.cookies["csrftoken"] = "a" * 32
    CountingHasher.hashed, before = 0, len(mail.outbox)
    response = client.post(f"/accounts/{path}/", {"email": email, "login": email, **fields})
    sent = mail.outbox[before:]
    assert all(message.to == [email] for message in sent)
    return CountingHasher.hashed, len(sent), response.status_code, response.headers.get("Location", "")


NEW = {"password1": "quite another word", "password2": "quite another word", "consent": "on"}


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        ("signup", NEW, (1, 1, 302, "/accounts/confirm-email/")),
        ("login", {"password": "quite another word"}, (1, 0, 200, "")),
        ("password/reset", {}, (0, 1, 302, "/accounts/password/reset/done/")),
    ],
)
def test_a_known_address_takes_the_same_work_as_an_unknown_one(
    ada: User, path: str, fields: dict[str, str], expected: Any
) -> None:
    assert work(path, "nobody@example.org", **fields) == expected
    assert work(path, ada.email, **fields) == expected


@pytest.mark.parametrize("changes", [{"is_active": False}, {"password": "!unusable"}, {"password": ""}])
def test_an_account_that_cannot_sign_in_takes_the_same_work(ada: User, changes: dict[str, Any]) -> None:
    User.objects.filter(pk=ada.pk).update(**changes)
    assert work("login", ada.email, password=PASSWORD)[:2] == work("login", "nobody@example.org", password=PASSWORD)[:2]
    assert work("signup", ada.email, **NEW)[:3] == (1, 1, 302)
