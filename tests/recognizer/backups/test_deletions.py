"""What people deleted after a backup stays deleted when it is restored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import AuditEntry, User
from recognizer.models import Correction, Drawing, Recognizer, Webhook
from tests.every_page import signed_in
from tests.ink import ONE, SEVEN
from tests.recognizer.backups.conftest import destroy, restore

pytestmark = pytest.mark.django_db(transaction=True)
Back = Callable[[], Path]
URL = "/api/v1/drawings"


def save(client: Client, ink: Any) -> str:
    """Save and correct a drawing; its id."""
    body = {"recognizer": "digits", "ink": ink}
    uuid = client.post(URL, body, content_type="application/json").json()["id"]
    client.put(f"{URL}/{uuid}/correction", {"label": "7"}, content_type="application/json")
    return str(uuid)


@pytest.fixture
def two(as_alice: Client, digits: Recognizer) -> list[str]:
    """Two drawings of alice."""
    return [save(as_alice, SEVEN), save(as_alice, ONE)]


def test_a_drawing_that_was_deleted_after_the_backup_does_not_come_back(
    as_alice: Client, alice: User, two: list[str], archive: Back
) -> None:
    path = archive()
    assert as_alice.delete(f"{URL}/{two[0]}").status_code == 204
    destroy()
    assert "1 deletions" in restore(path)
    again = signed_in(alice)
    assert again.get(f"{URL}/{two[0]}").status_code == 404
    assert again.get(f"{URL}/{two[1]}").json()["correction"]["label"] == "7"
    assert Correction.objects.count() == 1


def test_an_account_that_was_deleted_after_the_backup_does_not_come_back(
    alice: User, bob: User, two: list[str], archive: Back, log: Path
) -> None:
    path = archive()
    signed_in(alice).post("/accounts/delete/")
    hook = Webhook.objects.create(person=bob, url="https://hooks.example.org/", events=[])
    written = log.read_text()
    destroy()
    restore(path)
    assert list(User.objects.all()) == [bob]
    assert not Drawing.objects.exists()
    assert not Webhook.objects.filter(pk=hook.pk).exists()
    assert log.read_text() == written  # restoring deletes nothing that the log does not have already


def test_the_only_superuser_of_the_backup_is_deleted_too(root: User, digits: Recognizer, archive: Back) -> None:
    path = archive()
    User.objects.create_superuser("next@example.org", "a long enough word")
    signed_in(root).post("/accounts/delete/")
    destroy()
    restore(path)
    assert not User.objects.exists()


def test_a_webhook_that_was_deleted_after_the_backup_does_not_come_back(alice: User, archive: Back) -> None:
    hook = Webhook.objects.create(person=alice, url="https://hooks.example.org/", events=[])
    path = archive()
    signed_in(alice).post(f"/accounts/webhooks/{hook.uuid}/delete/")
    destroy()
    restore(path)
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("fault", ["lost", "of another site", "not set", "damaged"])
def test_without_its_log_nothing_is_restored_unless_it_is_asked_for(
    as_alice: Client, two: list[str], archive: Back, log: Path, settings: Any, fault: str
) -> None:
    as_alice.delete(f"{URL}/{two[1]}")
    path = archive()
    as_alice.delete(f"{URL}/{two[0]}")
    destroy()
    faults: dict[str, Callable[[], object]] = {
        "lost": log.unlink,
        "of another site": lambda: log.write_text("0b3f8f7e-6f0b-4a53-9a53-0c2b7f9c1c11\n"),
        "not set": lambda: setattr(settings, "DELETION_LOG", ""),
        "damaged": lambda: log.write_text(f"{two[1]}\n{two[0][:9]}\n"),
    }
    faults[fault]()
    with pytest.raises(CommandError, match="--without-deletion-log"):
        restore(path)
    assert not User.objects.exists()
    restore(path, "--without-deletion-log")
    assert [str(each.uuid) for each in Drawing.objects.all()] == [two[0]]
    assert AuditEntry.objects.filter(what="backup.restored").count() == 1


def test_a_site_where_nobody_deleted_anything_has_an_empty_log(alice: User, archive: Back, log: Path) -> None:
    path = archive()
    assert log.read_bytes() == b""
    destroy()
    restore(path)
    assert User.objects.get() == alice


def test_after_a_recovery_by_other_means_the_deletions_are_repeated_by_a_command(
    alice: User, two: list[str], log: Path
) -> None:
    log.write_text(f"{two[0]}\n{uuid4()}\n")
    call_command("repeat_deletions")
    assert [str(each.uuid) for each in Drawing.objects.all()] == [two[1]]
    call_command("repeat_deletions")
    log.unlink()
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("repeat_deletions")
    assert User.objects.get() == alice
