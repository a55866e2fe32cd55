"""Upgrading from a database made before migration 0014, which renamed six models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts.models import User
from recognizer.models import AuthorExclusion, Correction, ImportedDrawing, ImportJob
from tests.accounts.world import furnish

BEFORE = "0013_find_things_among_a_million"
RENAMED = {
    "place": "queueentry",
    "setaside": "authorexclusion",
    "piece": "exportchunk",
    "origin": "importeddrawing",
    "import": "importjob",
    "reason": "personalanswerreason",
}
ACTIONS = ["add", "change", "delete", "view"]


def migrate(to: str | None = None) -> None:
    ContentType.objects.clear_cache()
    call_command("migrate", *(["recognizer", to] if to else []), verbosity=0)
    ContentType.objects.clear_cache()


@pytest.fixture
def any_version(transactional_db: None) -> Iterator[None]:
    """A database that the test may migrate to another version."""
    yield
    migrate()


def rows() -> dict[str, list[Any]]:
    """Everything in the tables of this app, but for the time when a label changed, which the migration sets anew."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            if table.startswith("recognizer_"):
                cursor.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608 - names of our own tables
                kept = [at for at, column in enumerate(cursor.description) if column[0] != "changed"]
                found[table] = [tuple(as_text(row[at]) for at in kept) for row in cursor.fetchall()]
        return found


def as_text(value: Any) -> str:
    """A value that can be compared: PostgreSQL gives bytes as a view of memory."""
    return str(bytes(value) if isinstance(value, memoryview) else value)


def permission(codename: str) -> Permission:
    return Permission.objects.get(content_type__app_label="recognizer", codename=codename)


def permissions_of(person: User) -> set[str]:
    mine = User.objects.get(pk=person.pk).get_all_permissions()
    return {codename for app, _, codename in (each.partition(".") for each in mine) if app == "recognizer"}


def test_going_back_and_upgrading_again_keeps_every_row_and_everybodys_permissions(
    any_version: None, alice: User, bob: User
) -> None:
    furnish(alice)
    alice.user_permissions.set([permission("change_importjob"), permission("review_drawings")])
    new = rows()
    assert all(new[f"recognizer_{name}"] for name in RENAMED)

    migrate(BEFORE)
    assert permissions_of(alice) == {"change_import", "review_drawings"}
    group = Group.objects.create(name="Before")
    group.permissions.add(*(permission(f"{action}_{name}") for name in RENAMED for action in ACTIONS))
    bob.groups.add(group)
    # A permission of the new name is there already, as in a database that ran both versions.
    content_type = ContentType.objects.create(app_label="recognizer", model="queueentry")
    both = Permission.objects.create(content_type=content_type, codename="view_queueentry", name="Can view queue entry")
    staff = User.objects.create_user("staff@example.org")
    staff.user_permissions.add(both)

    migrate()
    assert rows() == new
    assert permissions_of(alice) == {"change_importjob", "review_drawings"}
    assert permissions_of(bob) == {f"{action}_{name}" for name in RENAMED.values() for action in ACTIONS}
    assert permissions_of(staff) == {"view_queueentry"}
    assert permission("change_importjob").name == "Can change import"
    assert not Permission.objects.filter(codename="view_place").exists()


@pytest.mark.parametrize(
    ("old", "new", "model"),
    [
        ("place", "queueentry", Correction),  # a queue entry has the id of its correction
        ("setaside", "authorexclusion", AuthorExclusion),
        ("origin", "importeddrawing", ImportedDrawing),
        ("import", "importjob", ImportJob),
    ],
)
def test_old_admin_addresses_lead_to_the_new_ones(
    admin_client: Client, alice: User, old: str, new: str, model: Any
) -> None:
    furnish(alice)
    pk = model.objects.order_by("pk").values_list("pk", flat=True)[0]
    for path in ("", "?p=0", f"{pk}/change/", f"{pk}/history/"):
        answer = admin_client.get(f"/admin/recognizer/{old}/{path}")
        assert (answer.status_code, answer["Location"]) == (301, f"/admin/recognizer/{new}/{path}")
        assert admin_client.get(answer["Location"]).status_code == 200


def test_a_stranger_at_an_old_admin_address_signs_in_first(client: Client, db: None) -> None:
    answer = client.get("/admin/recognizer/place/")
    assert answer.status_code == 302
    assert "/login/" in answer["Location"]
