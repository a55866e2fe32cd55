"""/accounts/delete/: whoever leaves takes everything along."""

import json
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection, models
from django.test import Client

from accounts import deletion
from accounts.models import User
from recognizer.models import Promotion, Report, Webhook
from tests.accounts.helpers import PASSWORD, is_in, sign_in, sign_up
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


def _dump() -> str:
    """Every row of every table, as the database gives it, with the data of sessions in plain text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - the names come from the database
            rows += [f"{table}: {row}" for row in cursor.fetchall()]
    rows += [f"session: {session.get_decoded()}" for session in Session.objects.all()]
    return "\n".join(rows).lower()


def test_a_dump_of_the_database_does_not_contain_their_addresses(
    as_ada: Client, staff: User, bob: User, production: Any
) -> None:
    other = EmailAddress.objects.create(user=bob, email=staff.email, verified=False)  # bob wanted to change to it
    EmailAddress.objects.create(user=staff, email="ada.new@example.org", verified=False)
    visitor, unfinished = Client(), Client()
    sign_up(visitor, staff.email.upper())  # somebody tries to sign up with it, which needs a confirmation
    sign_in(unfinished, staff.email)
    for model, text in ((EmailAddress, f"{staff.email} (Ada)"), (Webhook, f"of {staff.email.upper()}")):
        kind = ContentType.objects.get_for_model(model)
        added = json.dumps([{"changed": {"object": "ada.new@example.org", "name": "x"}}])
        LogEntry.objects.create(
            user=bob, content_type=kind, object_id="1", object_repr=text, action_flag=2, change_message=added
        )
    Report.objects.create(page="/", reason="wrong", words=f"Write to {staff.email}, or nada@example.org.", by=staff)
    assert _dump().count(staff.email) > 5
    as_ada.post("/accounts/delete/")
    dump = _dump()
    assert "ada.new@example.org" not in dump
    assert "nada@example.org" in dump, "a longer address is another one"
    assert staff.email not in dump.replace("nada@example.org", "")
    assert not EmailAddress.objects.filter(pk=other.pk).exists()
    assert LogEntry.objects.filter(user=bob).count() >= 2
    assert is_in(_signed_in(bob))


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


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
