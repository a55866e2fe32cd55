"""/accounts/delete/: whoever leaves takes everything along."""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models
from django.test import Client

from accounts import deletion
from accounts.models import User
from recognizer.models import Promotion
from tests.accounts.helpers import PASSWORD, is_in, sign_in
from tests.accounts.world import furnish, log

pytestmark = pytest.mark.django_db


def _ways_to_a_person() -> list[tuple[type[models.Model], str]]:
    """Every table from which a row leads to a person, and how; found by asking the models."""
    found: list[tuple[type[models.Model], str]] = [(User, "pk")]
    asked: set[type[models.Model]] = {User}
    queue: list[tuple[type[models.Model], str]] = [(User, "")]
    while queue:
        target, path = queue.pop(0)
        for field in target._meta.get_fields(include_hidden=True):
            if not isinstance(field, models.ManyToOneRel) or field.related_model in (target, "self"):
                continue
            model: type[models.Model] = field.related_model
            way = f"{field.field.name}__{path}" if path else field.field.name
            found.append((model, way))
            if field.on_delete is models.CASCADE and model not in asked:
                asked.add(model)
                queue.append((model, way))
    return found


WAYS = _ways_to_a_person()


def _rows(user: User) -> dict[str, int]:
    """How many rows of each table lead to this person, by each way."""
    return {
        f"{model._meta.label} by {way}": model._default_manager.filter(**{way: user.pk}).count() for model, way in WAYS
    }


def _everything() -> str:
    """The whole database as text."""
    return "\n".join(str(row) for model in apps.get_models() for row in model._default_manager.values())


@pytest.fixture
def staff(as_ada: Client, ada: User, bob: User) -> User:
    """ada with a row in every table, and bob with the same, to see that his stay."""
    furnish(ada)
    furnish(bob)
    log(by=bob, about=ada)
    return ada


def test_the_models_are_all_found() -> None:
    found = {model._meta.label for model, _ in WAYS}
    assert {"recognizer.Drawing", "recognizer.Prediction", "recognizer.Correction", "recognizer.Promotion"} <= found
    assert {"account.EmailAddress", "mfa.Authenticator", "admin.LogEntry", "accounts.User_groups"} <= found


def test_nothing_in_any_table_leads_to_them_any_more(as_ada: Client, staff: User, bob: User) -> None:
    before, of_bob = _rows(staff), _rows(bob)
    missing = [label for label, count in before.items() if not count and "EmailConfirmation" not in label]
    assert not missing, f"Give tests.accounts.world.furnish a row of {missing}: this test proves nothing about them."
    pk = staff.pk
    as_ada.post("/accounts/delete/")
    assert not any(_rows(User(pk=pk)).values())
    noted = "admin.LogEntry by user"
    assert _rows(bob) == of_bob | {noted: of_bob[noted] - 1}, "only what bob did to ada goes as well"


def test_their_address_stands_nowhere_any_more(as_ada: Client, staff: User) -> None:
    assert staff.email in _everything()
    as_ada.post("/accounts/delete/")
    assert staff.email not in _everything()


def test_a_promotion_stays_without_a_name(as_ada: Client, staff: User) -> None:
    promotion = Promotion.objects.get(by=staff)
    as_ada.post("/accounts/delete/")
    promotion.refresh_from_db()
    assert promotion.by is None


def test_they_are_signed_out_everywhere_and_others_are_not(as_ada: Client, ada: User, as_bob: Client) -> None:
    phone = Client()
    sign_in(phone, ada.email)
    response = as_ada.post("/accounts/delete/", follow=True)
    assert {message.level_tag for message in response.context["messages"]} == {"success"}
    assert not is_in(as_ada)
    assert not is_in(phone)
    assert is_in(as_bob)
    assert {session.get_decoded().get("_auth_user_id") for session in Session.objects.all()} <= {
        as_bob.session["_auth_user_id"],
        None,
    }


def test_looking_at_the_page_deletes_nothing(as_ada: Client, ada: User) -> None:
    page = as_ada.get("/accounts/delete/").content.decode()
    assert '<button type="submit" class="button danger">' in page
    assert "/accounts/download/" in page
    assert User.objects.filter(pk=ada.pk).exists()


def test_it_takes_the_password_first(client: Client, ada: User) -> None:
    sign_in(client, ada.email)
    asked = client.post("/accounts/delete/")
    assert asked.headers["Location"] == "/accounts/reauthenticate/?next=%2Faccounts%2Fdelete%2F"
    client.post(asked.headers["Location"], {"password": "wrong"})
    assert User.objects.filter(pk=ada.pk).exists()
    client.post(asked.headers["Location"], {"password": PASSWORD})
    assert not User.objects.filter(pk=ada.pk).exists()


def test_another_site_cannot_send_the_form(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.post("/accounts/delete/").status_code == 403


def test_the_address_is_free_again(as_ada: Client, client: Client, production: Any) -> None:
    as_ada.post("/accounts/delete/")
    client.post(
        "/accounts/signup/",
        {"email": "ada@example.org", "password1": PASSWORD, "password2": PASSWORD, "consent": "on"},
    )
    assert User.objects.filter(email="ada@example.org").exists()


def test_the_last_superuser_is_told_why_not(as_ada: Client, ada: User) -> None:
    User.objects.update(is_superuser=True)
    response = as_ada.post("/accounts/delete/")
    assert response.status_code == 409
    assert 'role="alert"' in response.content.decode()
    assert User.objects.filter(pk=ada.pk).exists()
    assert is_in(as_ada)


def test_one_of_two_superusers_may_go(as_ada: Client, ada: User, bob: User) -> None:
    User.objects.update(is_superuser=True)
    as_ada.post("/accounts/delete/")
    assert not User.objects.filter(pk=ada.pk).exists()
    with pytest.raises(deletion.LastSuperuserError):
        deletion.delete_person(person=bob)


def test_a_superuser_who_is_closed_does_not_count(ada: User, bob: User) -> None:
    User.objects.update(is_superuser=True)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    with pytest.raises(deletion.LastSuperuserError):
        deletion.delete_person(person=ada)
