"""The log of deletions: one id a line, and no confirmed deletion without its line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from accounts import deletion_log
from accounts.models import User
from recognizer.models import Drawing, Recognizer, Webhook
from tests.accounts.helpers import force_login_by_password
from tests.csrf_client import CsrfClient
from tests.ink import SEVEN

URL = "/api/v1/drawings"


@pytest.fixture
def log(tmp_path: Path, settings: Any) -> Path:
    settings.DELETION_LOG = str(tmp_path / "deletions.log")
    return tmp_path / "deletions.log"


@pytest.fixture
def drawing(as_alice: Client, digits: Recognizer) -> str:
    body = {"recognizer": "digits", "ink": SEVEN}
    return str(as_alice.post(URL, body, content_type="application/json").json()["id"])


@pytest.mark.django_db
def test_a_deleted_drawing_is_a_line_with_its_id_and_nothing_else(log: Path, as_alice: Client, drawing: str) -> None:
    assert as_alice.delete(f"{URL}/{drawing}").status_code == 204
    assert log.read_text() == f"{drawing}\n"
    assert log.stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_many_drawings_and_then_the_account_are_lines(log: Path, as_alice: Client, alice: User, drawing: str) -> None:
    other = as_alice.post(URL, {"recognizer": "digits", "ink": SEVEN}, content_type="application/json").json()["id"]
    as_alice.post("/drawings/delete/", {"drawing": [drawing, other]})
    assert deletion_log.read() == {UUID(drawing), UUID(other)}
    hook = Webhook.objects.create(person=alice, url="https://hooks.example.org/", events=[])
    as_alice.post(f"/accounts/webhooks/{hook.uuid}/delete/")
    as_alice.post("/accounts/delete/")
    lines = log.read_text().split()
    assert lines[2:] == [str(hook.uuid)]  # deleting an account asks for the password first
    with_password = CsrfClient()
    force_login_by_password(with_password, alice)
    with_password.post("/accounts/delete/")
    assert not User.objects.filter(pk=alice.pk).exists()
    assert log.read_text().split()[3:] == [str(alice.uuid)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", ["the folder is gone", "the disk is full"])
def test_nothing_is_deleted_while_the_log_cannot_be_written(
    log: Path, as_alice: Client, drawing: str, settings: Any, fault: str
) -> None:
    settings.DELETION_LOG = "/dev/full" if fault == "the disk is full" else str(log.parent / "gone" / "log")
    response = as_alice.delete(f"{URL}/{drawing}")
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert response.headers["Retry-After"]
    assert Drawing.objects.filter(uuid=drawing).exists()
    settings.DELETION_LOG = str(log)
    assert as_alice.delete(f"{URL}/{drawing}").status_code == 204
    assert deletion_log.read() == {UUID(drawing)}


@pytest.mark.django_db(transaction=True)
def test_nor_is_an_account_and_the_page_says_so(log: Path, alice: User, settings: Any) -> None:
    settings.DELETION_LOG = "/dev/full"
    browser = CsrfClient(raise_request_exception=False)
    force_login_by_password(browser, alice)
    response = browser.post("/accounts/delete/")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert User.objects.filter(pk=alice.pk).exists()
    settings.DELETION_LOG = str(log)
    browser.post("/accounts/delete/")
    assert not User.objects.exists()
    assert deletion_log.read() == {alice.uuid}


def test_a_write_that_fails_in_the_middle_leaves_no_half_line(
    log: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = uuid4()
    deletion_log.append([first])
    write = os.write
    calls: list[int] = []

    def fill_up(file: int, data: bytes) -> int:
        calls.append(len(data))
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write(file, data[:20])

    monkeypatch.setattr(os, "write", fill_up)
    with pytest.raises(deletion_log.DeletionLogError):
        deletion_log.append([uuid4()])
    assert log.read_text() == f"{first}\n"


def test_processes_append_at_once_without_mixing_their_lines(log: Path) -> None:
    program = (
        "import os, uuid; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings'\n"
        "from accounts import deletion_log\n"
        "for n in range(200): deletion_log.append(uuid.uuid4() for _ in range(3))"
    )
    environment = os.environ | {"DELETION_LOG": str(log), "PYTHONPATH": "."}
    running = [subprocess.Popen([sys.executable, "-c", program], env=environment) for _ in range(4)]
    assert [each.wait(120) for each in running] == [0] * 4
    assert len(log.read_text().splitlines()) == len(deletion_log.read()) == 4 * 200 * 3


def test_a_line_is_added_to_a_file_without_a_last_newline(log: Path) -> None:
    first, second = uuid4(), uuid4()
    log.write_text(str(first))
    deletion_log.append([second])
    assert deletion_log.read() == {first, second}
    assert deletion_log.last_id() == second


def test_a_damaged_line_is_named_by_its_number(log: Path) -> None:
    log.write_text(f"{uuid4()}\n{str(uuid4())[:11]}\n{uuid4()}\n")
    with pytest.raises(deletion_log.UnreadableLogError, match="Line 2"):
        deletion_log.read()


@pytest.mark.django_db
def test_without_the_setting_nothing_is_written(settings: Any, as_alice: Client, drawing: str) -> None:
    settings.DELETION_LOG = ""
    assert as_alice.delete(f"{URL}/{drawing}").status_code == 204
    with pytest.raises(deletion_log.UnreadableLogError, match="DELETION_LOG"):
        deletion_log.read()
