"""Fill a site, back it up, destroy it, restore it: the same rows, answers and pages."""

from __future__ import annotations

import io
import os
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection

from accounts.models import AuditEntry, User
from recognizer.backups import create_backup
from recognizer.models import Drawing, Export, Label, Recognizer
from recognizer.registry import serving
from tests.accounts.world import furnish
from tests.csrf_client import CsrfClient
from tests.every_page import FOR_GUESTS, FOR_PEOPLE, FOR_STAFF, signed_in
from tests.ink import ONE, SEVEN
from tests.recognizer.backups.conftest import destroy, everything, indexes, next_ids, restore

pytestmark = pytest.mark.django_db(transaction=True)
Back = Callable[[], Path]
CHANGING = re.compile(
    r'name="csrfmiddlewaretoken" value="[^"]*"|nonce="[^"]*"|[0-9a-f]{32}|<h1 id="prompt">.*|(\d+|an?)\W[a-z]+ ago|now'
    r'|"prompts": \[[^]]*\]'  # in random order
)
# Exports are not in backups, and visits to a queue reserve drawings. The others show a new secret, or what was asked.
LEFT_OUT = {"exports", "audit", "review", "review-grid", "review of sketches", "review of Bangla digits"}
LEFT_OUT |= {"not found", "mfa_activate_totp", "mfa_add_webauthn", "running", "operations"}


def pages(person: User | None, addresses: dict[str, str], site: dict[str, Any]) -> dict[str, str]:
    """Each page as this person sees it."""
    client = signed_in(person) if person else CsrfClient()
    found = {}
    for name, address in addresses.items():
        if name not in LEFT_OUT:
            response = client.get(address.format(**site))
            found[name] = f"{response.status_code} {CHANGING.sub('', response.content.decode())}"
    return found


def test_the_same_rows_and_pages_are_there_again(site: dict[str, Any], alice: User, root: User, archive: Back) -> None:
    seen = [(None, FOR_GUESTS), (alice, FOR_PEOPLE), (root, FOR_STAFF)]
    before = [pages(person, addresses, site) for person, addresses in seen]
    assert sum(page.startswith("200 ") for page in before[1].values()) > 15
    path = archive()
    rows, ids, structure = everything("accounts_auditentry"), next_ids(), indexes()
    log = list(AuditEntry.objects.exclude(what__startswith="backup.").order_by("pk").values())
    destroy()
    assert not User.objects.exists()
    restore(path)
    serving.clear_cache()
    assert everything("accounts_auditentry") == rows
    assert list(AuditEntry.objects.exclude(what__startswith="backup.").order_by("pk").values()) == log
    assert {name: ids[name] for name in ids if name != "accounts_auditentry"}.items() <= next_ids().items()
    assert indexes() == structure
    for old, (person, addresses) in zip(before, seen, strict=True):
        for name, page in pages(person, addresses, site).items():
            assert (name, page.splitlines()) == (name, old[name].splitlines())


def test_the_same_answer_is_given_and_new_drawings_are_saved(site: dict[str, Any], alice: User, archive: Back) -> None:
    def ask(ink: Any) -> Any:
        body = {"recognizer": "digits", "ink": ink}
        return CsrfClient().post("/api/v1/predict", body, content_type="application/json").json()

    def answers() -> list[Any]:
        return [{name: value for name, value in ask(ink).items() if name != "request_id"} for ink in (SEVEN, ONE)]

    before = answers()
    path = archive()
    destroy()
    restore(path)
    serving.clear_cache()
    assert answers() == before
    saved = signed_in(alice).post(
        "/api/v1/drawings", {"recognizer": "digits", "ink": SEVEN}, content_type="application/json"
    )
    assert saved.status_code == 201


def test_a_row_of_every_table_and_every_odd_text_survive(root: User, bob: User, archive: Back) -> None:
    furnish(bob)
    odd = "tab\t, newline\n, return\r, backslash \\ \\n \\N, quote ' \", বাংলা, 🖋"
    Recognizer.objects.filter(slug="digits").update(name=odd)
    Label.objects.filter(recognizer__slug="digits").update(name="\\N")
    path = archive()
    rows = everything("accounts_auditentry")
    missing = [name for name, found in rows.items() if not found]
    destroy()
    assert "digits 1" in restore(path)  # the file of this version is no model
    assert everything("accounts_auditentry") == rows
    assert Recognizer.objects.get(slug="digits").name == odd
    assert set(Label.objects.values_list("name", flat=True)) == {"\\N"}
    assert len(missing) < len(rows) / 2


def test_nobody_is_signed_in_and_no_export_is_there(site: dict[str, Any], alice: User, archive: Back) -> None:
    signed_in(alice)
    assert Session.objects.exists()
    assert Export.objects.exists()
    path = archive()
    destroy()
    restore(path)
    assert not Session.objects.exists()
    assert not Export.objects.exists()


def test_ids_of_deleted_rows_are_not_used_again(site: dict[str, Any], bob: User, archive: Back) -> None:
    """The audit log names people by number, so a new person must not get the number of one who left."""
    newest = User.objects.create_user("newest@example.org").pk
    User.objects.filter(pk=newest).delete()
    path = archive()
    destroy()
    restore(path)
    assert User.objects.create_user("next@example.org").pk > newest


def test_only_its_owner_can_read_the_archive(site: dict[str, Any], archive: Back) -> None:
    assert archive().stat().st_mode & 0o077 == 0


def test_an_archive_goes_through_a_pipe(
    site: dict[str, Any], archive: Back, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    target = os.fdopen(writing, "wb")
    received: list[bytes] = []
    receiver = threading.Thread(target=lambda: received.append(os.fdopen(reading, "rb").read()))
    receiver.start()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", type("Output", (), {"buffer": target})())
        call_command("backup", "-", stderr=io.StringIO())
    target.close()
    receiver.join()
    path = tmp_path / "piped.zip"
    path.write_bytes(received[0])
    rows = everything("accounts_auditentry")
    destroy()
    restore(path)
    assert everything("accounts_auditentry") == rows


def test_people_go_on_drawing_while_a_backup_of_one_moment_is_written(
    digits: Recognizer, alice: User, log: Path, tmp_path: Path
) -> None:
    """After the first table somebody else saves a drawing: it waits for nothing, and the archive has nothing of it."""
    written: list[int] = []

    def save() -> None:
        body = {"recognizer": "digits", "ink": SEVEN}
        answer = signed_in(alice).post("/api/v1/drawings", body, content_type="application/json")
        written.append(answer.status_code)
        connection.close()

    def report(_line: str) -> None:
        if not written:
            visitor = threading.Thread(target=save)
            visitor.start()
            visitor.join(60)

    path = tmp_path / "inkling.zip"
    with path.open("wb") as target:
        manifest = create_backup(target, report=report)
    assert written == [201]
    rows = {table.name: table.rows for table in manifest.tables}
    assert (rows["recognizer_drawing"], rows["recognizer_prediction"]) == (0, 0)
    destroy()
    restore(path)
    assert (Drawing.objects.count(), User.objects.get()) == (0, alice)
