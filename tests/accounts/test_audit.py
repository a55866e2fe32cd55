"""The audit log: written once, and nameless about whoever has left."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts import audit, deletion
from accounts.facts import ImmutableError
from accounts.models import AuditEntry, User
from tests.accounts.helpers import PASSWORD

pytestmark = pytest.mark.django_db


def test_an_entry_says_who_did_what_to_what(ada: User) -> None:
    entry = audit.note(by=ada, what="key.made", subject="key 3", detail={"scopes": ["predict"]})
    entry.refresh_from_db()
    assert (entry.by, entry.what, entry.subject) == (ada, "key.made", "key 3")
    assert (entry.actor, entry.detail) == (f"person {ada.pk}", {"scopes": ["predict"]})


def test_what_the_site_did_by_itself_has_nobody_behind_it() -> None:
    entry = audit.note(by=None, what="version.rolled-back", subject="digits version 2")
    assert (entry.by, entry.actor) == (None, "")


def test_an_entry_can_be_neither_edited_nor_taken_out(ada: User) -> None:
    entry = audit.note(by=ada, what="key.made", subject="key 3")
    for attempt in (entry.save, entry.delete, AuditEntry.objects.all().delete):
        with pytest.raises(ImmutableError):
            attempt()
    with pytest.raises(ImmutableError):
        AuditEntry.objects.update(subject="key 4")
    assert AuditEntry.objects.get().subject == "key 3"


def test_what_undid_it_is_one_more_entry_and_there_is_only_one(ada: User) -> None:
    made = audit.note(by=ada, what="key.made", subject="key 3")
    assert audit.newest_entry(what="key.made", subject="key 3") == made
    undone = audit.note(by=ada, what="key.revoked", subject="key 3", undoes=made)
    assert made.undone_by == undone
    assert audit.newest_entry(what="key.made", subject="key 3") is None
    with pytest.raises(IntegrityError), transaction.atomic():
        audit.note(by=ada, what="key.revoked", subject="key 3", undoes=made)


@pytest.mark.parametrize("what", ["", "made", "Key.made", "key made", "key.made.twice"])
def test_what_happened_is_a_noun_and_a_verb(what: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        audit.note(by=None, what=what, subject="key 3")


def test_only_what_differs_is_a_change() -> None:
    assert audit.changes({"cap": 100, "goal": 500}, {"cap": 50, "goal": 500}) == {"cap": [100, 50]}


def test_of_who_has_left_a_number_stays(as_ada: Client, ada: User) -> None:
    name = audit.name_of(ada)
    made = audit.note(by=ada, what="key.made", subject="key 3")
    as_ada.post("/accounts/delete/")
    made.refresh_from_db()
    assert (made.by, made.actor) == (None, name)
    left = AuditEntry.objects.get(what="person.left")
    assert (left.by, left.actor, left.subject) == (None, name, name)


def test_staff_who_delete_somebody_are_noted(ada: User, bob: User) -> None:
    name = audit.name_of(ada)
    deletion.delete_person(person=ada, by=bob)
    entry = AuditEntry.objects.get()
    assert (entry.what, entry.by, entry.subject) == ("person.deleted", bob, name)


def test_the_admin_says_who_deleted_somebody(ada: User) -> None:
    root = User.objects.create_superuser("root@example.org", PASSWORD)
    client = Client()
    client.force_login(root)
    client.post(f"/admin/accounts/user/{ada.pk}/delete/", {"post": "yes"})
    entry = AuditEntry.objects.get(what="person.deleted")
    assert (entry.by, entry.subject) == (root, audit.name_of(ada))


def test_everybody_downloads_what_is_noted_about_them(as_ada: Client, ada: User, bob: User) -> None:
    audit.note(by=bob, what="person.changed", subject=audit.name_of(ada), detail={"is_staff": [False, True]})
    audit.note(by=ada, what="key.made", subject="key 3")
    audit.note(by=bob, what="key.made", subject="key 4")
    found = as_ada.get("/accounts/download/").getvalue().decode()
    assert '"person.changed"' in found
    assert '"key 3"' in found
    assert '"key 4"' not in found
    assert audit.name_of(bob) not in found
