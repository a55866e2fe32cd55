"""/developers/: what a program needs to know, and samples that work as they stand there."""

import html
import os
import re
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client

from accounts import keys
from accounts.models import User
from recognizer.api.error_codes import CODES
from recognizer.models import Correction, Drawing
from tests.programs import find_program

pytestmark = pytest.mark.django_db
URL = "/developers/"


def samples(page: str) -> dict[str, str]:
    """The very text of the page, by language."""
    found = re.findall(r'data-sample="([^"]+)">(.*?)</pre>', page, re.S)
    return {name: html.unescape(code) for name, code in found}


@pytest.mark.usefixtures("digits")
def test_everybody_can_read_the_page(client: Client, as_alice: Client) -> None:
    for who in (client, as_alice):
        page = who.get(URL)
        assert page.status_code == 200
        assert "http://testserver/api/v1/predict" in page.content.decode()


@pytest.mark.usefixtures("db")
def test_the_page_works_without_recognizers(client: Client) -> None:
    assert client.get(URL).status_code == 200


def test_the_page_lists_every_error_code(client: Client) -> None:
    page = client.get(URL).content.decode()
    for code, known in CODES.items():
        assert f'<td translate="no">{known.status}</td><th scope="row"><code>{code}</code></th>' in page
        assert html.escape(str(known.cure)) in page.replace("<code>", "`").replace("</code>", "`")
    assert "<code>Retry-After</code>" in page


def test_the_page_shows_the_current_limits(client: Client, settings: Any) -> None:
    settings.PREDICT_RATE = 4711
    assert "<td>4711</td>" in client.get(URL).content.decode()


def test_the_pages_have_no_inline_scripts_or_styles(client: Client) -> None:
    for path in (URL, f"{URL}reference/"):
        page = client.get(path).content.decode()
        assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
        assert " style=" not in page
        assert "<style" not in page
        assert "'unsafe" not in client.get(path)["Content-Security-Policy"]


def test_the_pages_link_to_each_other_and_every_page_links_to_them(client: Client) -> None:
    assert 'href="/developers/reference/"' in client.get(URL).content.decode()
    assert 'data-document="/api/v1/openapi.json"' in client.get(f"{URL}reference/").content.decode()
    assert f'href="{URL}"' in client.get("/privacy/").content.decode()


RUN = {
    "curl": (["bash", "-c"], "curl"),
    "Python": ([sys.executable, "-c"], sys.executable),
    "JavaScript": (["node", "--input-type=module", "-e"], "node"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("digits")
@pytest.mark.parametrize("language", RUN)
def test_each_sample_works_as_shown(live_server: Any, alice: User, language: str) -> None:
    start, needed = RUN[language]
    find_program(needed)
    page = Client(headers={"host": live_server.url.removeprefix("http://")}).get(URL).content.decode()
    _key, secret = keys.create_key(person=alice, name="sample", scopes=["predict", "feedback"])
    code = samples(page)[language]
    assert live_server.url in code
    said = _run([*start, code.replace("ink_…", secret)])
    if language == "curl":
        assert '"label":"7"' in said
        return
    assert said.split()[0] == "seven"
    assert said.split()[-1].lower() == "true"
    assert Drawing.objects.get(author=alice).corrections.count() == 1
    assert Correction.objects.get().label.slug == "7"  # type: ignore[union-attr]


def _run(command: list[str]) -> str:
    quiet = {**os.environ, "NO_PROXY": "*", "no_proxy": "*"}
    ran = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
