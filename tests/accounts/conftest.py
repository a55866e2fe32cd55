"""What the tests about people share: production's rule about mail, and plain static names."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User
from tests.accounts.helpers import PASSWORD


@pytest.fixture
def production(settings: Any) -> Any:
    """Production's settings as far as people are concerned: an address is confirmed before anybody comes in."""
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    return settings


@pytest.fixture
def ada(db: None) -> User:
    """Somebody with a confirmed address who came by sign-up."""
    user = User.objects.create_user("ada@example.org", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def as_ada(ada: User) -> Client:
    """A browser in which ada has just shown that it is her."""
    client = Client()
    client.post("/accounts/login/", {"login": ada.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client
