"""What people do that a site has to answer for is in the audit log, wherever they do it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client

from accounts import audit
from accounts.models import AuditEntry, User
from ml.bundles.bundle import Bundle
from recognizer.datasets import export_job
from recognizer.models import Correction, Recognizer, TrainingRun
from recognizer.registry import promotions
from tests.accounts.world import furnish
from tests.pages.training_runs import learned

pytestmark = pytest.mark.django_db


def noted(what: str) -> AuditEntry:
    return AuditEntry.objects.get(what=what)


@pytest.fixture
def root(admin_user: User) -> User:
    return User.objects.get(pk=admin_user.pk)


def test_a_promotion_and_its_rollback_are_logged(
    admin_client: Client, root: User, digits: Recognizer, starter: Bundle
) -> None:
    learned(digits, starter, promoted=False)
    first = promotions.current_promotion(digits.pk)
    assert first
    sent = {"number": "2", "replaces": str(first.pk), "reason": "It is better."}
    admin_client.post("/progress/digits/promote/", sent)
    made = AuditEntry.objects.get(what="version.promoted", subject="digits version 2")
    assert (made.by, made.detail) == (root, {"reason": "It is better.", "before": 1})
    second = promotions.current_promotion(digits.pk)
    assert second
    admin_client.post("/progress/digits/roll-back/", {"replaces": str(second.pk), "reason": "It is not."})
    back = noted("version.rolled-back")
    assert (back.subject, back.undoes, back.by) == ("digits version 1", made, root)


def test_automatic_promotions_are_logged_without_a_person(digits: Recognizer) -> None:
    entry = noted("version.promoted")
    assert (entry.by, entry.actor, entry.subject) == (None, "", "digits version 1")


def test_starting_and_cancelling_a_run_is_logged(as_rita: Client, rita: User, digits: Recognizer) -> None:
    as_rita.post("/runs/", {"recognizer": "digits"})
    run = TrainingRun.objects.get()
    as_rita.post(f"/runs/{run.pk}/cancel/")
    started, cancelled = noted("run.started"), noted("run.cancelled")
    assert (started.subject, started.by, started.detail["recognizer"]) == (f"run {run.pk}", rita, "digits")
    assert (cancelled.undoes, cancelled.by) == (started, rita)
    as_rita.post(f"/runs/{run.pk}/cancel/")
    assert AuditEntry.objects.filter(what="run.cancelled").count() == 1, "it had ended: nothing was done"


def test_exports_and_downloads_are_logged(as_rita: Client, rita: User, said: list[Correction]) -> None:
    as_rita.post("/review/export/", {"format": "ndjson", "recognizer": "digits", "licence": "CC0"})
    export = rita.exports.get()
    export_job.run_export(export_id=export.pk)
    assert as_rita.get(f"/review/export/{export.pk}/").getvalue()
    made, downloaded = noted("export.made"), noted("export.downloaded")
    assert (made.subject, made.by) == (f"export {export.pk}", rita)
    assert made.detail == {"format": "ndjson", "licence": "CC0", "drawings": 2, "which": {"recognizer": "digits"}}
    assert (downloaded.subject, downloaded.by) == (made.subject, rita)


def test_exports_and_imports_by_commands_are_logged(said: list[Correction], tmp_path: Path) -> None:
    file = tmp_path / "drawings.ndjson"
    call_command("export_drawings", str(file), "--licence", "CC0", stdout=StringIO())
    assert noted("export.made").by is None
    said[0].drawing.delete()
    call_command("import_drawings", str(file), "--licence", "CC0", stdout=StringIO())
    detail = noted("import.made").detail
    assert (detail["source"], detail["licence"], detail["kept"], detail["there"]) == ("drawings.ndjson", "CC0", 1, 1)


def test_an_import_that_saves_nothing_is_not_logged(said: list[Correction], tmp_path: Path) -> None:
    file = tmp_path / "nothing.ndjson"
    file.write_text(json.dumps({"recognizer": "digits"}) + "\n")
    call_command("import_drawings", str(file), "--licence", "CC0", stdout=StringIO(), stderr=StringIO())
    assert not AuditEntry.objects.filter(what="import.made").exists()


def test_a_drawing_deleted_by_staff_is_logged(admin_client: Client, root: User, said: list[Correction]) -> None:
    uuid = said[0].drawing.uuid
    admin_client.post(f"/admin/recognizer/drawing/{said[0].drawing_id}/delete/", {"post": "yes"})
    entry = noted("drawing.deleted")
    assert (entry.by, entry.subject) == (root, f"drawing {uuid}")


def test_a_drawing_deleted_by_its_author_is_not_logged(as_alice: Client, said: list[Correction]) -> None:
    as_alice.post(f"/drawings/{said[0].drawing.uuid}/delete/")
    assert not AuditEntry.objects.filter(what="drawing.deleted").exists()


def _form(user: User, **more: Any) -> dict[str, Any]:
    return {"first_name": user.first_name, "is_active": "on", **more}


def test_changed_permissions_of_a_person_are_logged_with_the_old_ones(
    admin_client: Client, root: User, alice: User
) -> None:
    group = Group.objects.create(name="Reviewers")
    permission = Permission.objects.get(codename="review_drawings")
    form = _form(alice, is_staff="on", groups=[str(group.pk)], user_permissions=[str(permission.pk)])
    assert admin_client.post(f"/admin/accounts/user/{alice.pk}/change/", form).status_code == 302
    entry = noted("person.changed")
    assert (entry.by, entry.subject) == (root, audit.name_of(alice))
    assert entry.detail == {
        "is_staff": [False, True],
        "groups": [[], ["Reviewers"]],
        "permissions": [[], ["recognizer.review_drawings"]],
    }


def test_a_changed_name_is_not_logged(admin_client: Client, alice: User) -> None:
    admin_client.post(f"/admin/accounts/user/{alice.pk}/change/", _form(alice, first_name="Alice"))
    assert User.objects.get(pk=alice.pk).first_name == "Alice"
    assert not AuditEntry.objects.exists()


def test_changed_permissions_of_a_group_are_logged(admin_client: Client, root: User) -> None:
    permission = Permission.objects.get(codename="review_drawings")
    admin_client.post("/admin/auth/group/add/", {"name": "Reviewers", "permissions": [str(permission.pk)]})
    group = Group.objects.get()
    assert noted("group.changed").detail == {
        "name": [None, "Reviewers"],
        "permissions": [[], ["recognizer.review_drawings"]],
    }
    admin_client.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
    assert noted("group.deleted").detail == {"name": "Reviewers", "members": 0}
    assert not Group.objects.exists()


def test_a_removed_second_factor_is_logged(admin_client: Client, alice: User) -> None:
    furnish(alice)
    factor = alice.authenticator_set.get()  # type: ignore[attr-defined]
    admin_client.post(f"/admin/mfa/authenticator/{factor.pk}/delete/", {"post": "yes"})
    entry = noted("second-factor.removed")
    assert (entry.subject, entry.detail) == (audit.name_of(alice), {"type": "totp"})


def test_an_address_is_verified_after_a_confirmation(admin_client: Client, alice: User) -> None:
    address = EmailAddress.objects.create(user=alice, email=alice.email, verified=False, primary=True)
    sent = {"action": "make_verified", "_selected_action": [str(address.pk)]}
    assert 'name="confirmed"' in admin_client.post("/admin/account/emailaddress/", sent).content.decode()
    address.refresh_from_db()
    assert not address.verified
    admin_client.post("/admin/account/emailaddress/", {**sent, "confirmed": "yes"})
    address.refresh_from_db()
    assert address.verified
