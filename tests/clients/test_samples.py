"""The samples that the page for developers shows do what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from django.utils.html import escape
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from recognizer.models import Correction, Recognizer
from recognizer.pages.developers import samples
from tests.accounts.helpers import force_login_by_password
from tests.clients.test_command import CLIENTS
from tests.ink import SEVEN
from tests.programs import find_program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("digits")]


def sample(name: str, site: str, key: str) -> str:
    """As somebody would write it who has a site and a key."""
    return dict(samples.CLIENTS)[name].replace(samples.HOME, site).replace(samples.KEY, key)


def run(*command: str, script: str | None = None, folder: Path) -> list[str]:
    """The lines that a program prints."""
    environment = {**os.environ, "PYTHONPATH": str(CLIENTS)}
    ran = subprocess.run(
        command, input=script, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


def test_the_sample_in_python_runs(live_server: LiveServer, key: str, tmp_path: Path) -> None:
    first, agrees = run(sys.executable, "-", script=sample("Python", live_server.url, key), folder=tmp_path)
    assert first.startswith("seven ")
    assert agrees == "True"
    assert Correction.objects.get().label.slug == "7"  # type: ignore[union-attr]


def test_the_sample_on_a_device_runs(live_server: LiveServer, key: str, tmp_path: Path) -> None:
    code = sample("Python on a device, without a network", live_server.url, key)
    (line,) = run(sys.executable, "-", script=code, folder=tmp_path)
    assert line.startswith("('7', ")


def test_the_sample_in_javascript_runs(live_server: LiveServer, key: str, tmp_path: Path) -> None:
    code = sample("JavaScript", live_server.url, key)
    first, agrees = run_in_node(code, tmp_path)
    assert first.startswith("seven ")
    assert agrees == "true"


def test_outside_of_a_page_javascript_may_ask_without_a_key(live_server: LiveServer, tmp_path: Path) -> None:
    code = f"""
        import {{ Client }} from "./api.mjs";
        const asked = {{ recognizer: "digits", ink: {json.dumps(SEVEN)} }};
        console.log((await new Client({{ url: "{live_server.url}", attempts: 1 }}).predict(asked)).guesses[0].label);
    """
    assert run_in_node(code, tmp_path) == ["7"]


def run_in_node(code: str, folder: Path) -> list[str]:
    """What a module that stands beside `api.mjs` prints."""
    shutil.copy(settings.BASE_DIR / "static" / "js" / "api.js", folder / "api.mjs")
    (folder / "sample.mjs").write_text(code)
    return run(find_program("node"), "sample.mjs", folder=folder)


def test_the_sample_at_the_prompt_runs(live_server: LiveServer, key: str, tmp_path: Path) -> None:
    comment, install, *lines = sample("Command line", live_server.url, key).splitlines()
    assert comment.startswith("#")
    assert install.startswith("pip install")
    script = "\n".join(lines).replace("python -m", f"{sys.executable} -m")
    assert run("sh", "-e", script=script, folder=tmp_path)[0].startswith("-: 7 ")


def test_the_samples_of_a_new_key_run_as_they_are_pasted(live_server: LiveServer, tmp_path: Path) -> None:
    person = User.objects.create_user("new@example.org", "a long enough word", consented_at=timezone.now())
    browser = Browser()
    force_login_by_password(browser, person)
    host = live_server.url.removeprefix("http://")
    form = {"form": "f1", "name": "Shop", "scopes": ["predict", "feedback"], "days": "365"}
    shown = dict(browser.post("/accounts/keys/new/", form, headers={"host": host}).context["samples"])
    assert '"label":"7"' in run("sh", "-e", script=shown["curl"], folder=tmp_path)[0].replace(" ", "")
    assert run(sys.executable, "-", script=shown["Python"], folder=tmp_path)[1] == "True"
    (tmp_path / "sample.mjs").write_text(shown["JavaScript"])
    assert run(find_program("node"), "sample.mjs", folder=tmp_path)[1] == "true"
    assert Correction.objects.filter(drawing__author=person).count() == 2


def test_every_sample_names_what_it_needs() -> None:
    for _name, code in (*samples.STARTING, *samples.CLIENTS, *samples.VERIFYING):
        assert re.match(r"(#|//) (Needs|pip install) ", code)


def test_the_page_shows_them_with_its_own_address(client: Browser, digits: Recognizer) -> None:
    page = client.get("/developers/").content.decode()
    for _name, code in samples.CLIENTS:
        assert escape(code.replace(samples.HOME, "http://testserver").strip()) in page
    assert json.dumps(samples.HOME) not in page
