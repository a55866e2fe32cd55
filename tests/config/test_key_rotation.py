"""SECRET_KEY is replaced while people are signed in and links wait in their mail."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from recognizer.datasets.pseudonyms import ImportedAuthors, pseudonym_of_user
from recognizer.models import Delivery, Webhook
from recognizer.webhooks import signing
from recognizer.webhooks.signing import signed_headers
from tests.accounts.helpers import link

pytestmark = pytest.mark.django_db
NEW = "another key, which is long and random as well"


@pytest.fixture
def rotate(settings: Any) -> Any:
    """Replaces the key; `keep`: the old one is still valid."""

    def rotate(*, keep: bool) -> None:
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY] if keep else []
        settings.SECRET_KEY = NEW

    return rotate


@pytest.mark.parametrize("keep", [True, False])
def test_a_session_lasts_while_the_old_key_is_a_fallback(as_alice: Client, rotate: Any, keep: bool) -> None:
    assert as_alice.get("/drawings/").status_code == 200
    rotate(keep=keep)
    assert as_alice.get("/drawings/").status_code == (200 if keep else 302)


@pytest.mark.parametrize("keep", [True, False])
def test_a_link_for_a_new_password_works_while_the_old_key_is_a_fallback(
    client: Client, alice: User, rotate: Any, keep: bool
) -> None:
    client.post("/accounts/password/reset/", {"email": alice.email})
    address = link()
    rotate(keep=keep)
    page = client.get(address, follow=True)
    assert (b'name="password1"' in page.content) is keep


@pytest.mark.parametrize("keep", [True, False])
def test_deliveries_are_signed_with_the_secrets_of_both_keys(alice: User, rotate: Any, keep: bool) -> None:
    hook = Webhook.objects.create(person=alice, url="https://hooks.example.org/", events=[])
    event = Delivery.objects.create(webhook=hook, type="webhook.test", body="{}")
    old = signed_headers(event, now=event.created)["webhook-signature"]
    secret = signing.secret_of(hook)
    rotate(keep=keep)
    signatures = signed_headers(event, now=event.created)["webhook-signature"].split()
    assert signing.secret_of(hook) != secret
    assert (old in signatures) is keep
    assert len(signatures) == 1 + keep


@pytest.mark.parametrize("keep", [True, False])
def test_people_of_an_older_export_are_found_while_its_key_is_a_fallback(alice: User, rotate: Any, keep: bool) -> None:
    name = pseudonym_of_user(alice.pk)
    rotate(keep=keep)
    assert pseudonym_of_user(alice.pk) != name
    assert (ImportedAuthors().get_or_create(name) == alice.pk) is keep
    assert ImportedAuthors().get_or_create(pseudonym_of_user(alice.pk)) == alice.pk
