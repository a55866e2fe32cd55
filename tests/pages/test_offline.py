"""What the server has for an installed site: the service worker, neutral pages, the manifest, shared pictures."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts import acting
from accounts.models import User
from recognizer.models import Drawing, Recognizer
from recognizer.pages.offline import release

NEUTRAL = ["/offline/", "/offline/sheet/"]


def _worker(client: Client) -> dict[str, Any]:
    response = client.get("/sw.js")
    assert response.headers["Content-Type"] == "text/javascript"
    assert response.headers["Cache-Control"] == "no-cache"
    found = re.match(r"self\.INKLING = (\{.*\});\nimportScripts\(\"(/static/\S+)\"\);\n$", response.content.decode())
    assert found
    return {**json.loads(found[1]), "script": found[2]}


def test_the_service_worker_is_for_the_whole_site_and_names_its_release(client: Client, digits: Recognizer) -> None:
    config = _worker(client)
    assert config["script"] == "/static/js/offline/service_worker.js"
    assert config["sheet"] == "/offline/sheet/"
    assert config["sheets"] == ["/", "/draw/"]
    for path in NEUTRAL:
        assert client.get(path).headers["Inkling-Release"] == config["release"]


def test_a_release_is_another_one_when_a_page_or_a_script_changes(settings: Any, tmp_path: Any, client: Client) -> None:
    (tmp_path / "js").mkdir()
    settings.STATICFILES_DIRS = [tmp_path]
    settings.DEBUG = True  # without it the files are read once
    releases = [release.release()]
    for text in ("one", "two"):
        (tmp_path / "js" / "page.js").write_text(text)
        releases.append(release.release())
    assert len(set(releases)) == 3
    assert release.release() == releases[-1]


@pytest.mark.parametrize("path", NEUTRAL)
def test_a_page_for_the_device_is_the_same_for_everybody(
    client: Client, as_alice: Client, alice: User, digits: Recognizer, path: str
) -> None:
    pages = [each.get(path) for each in (client, as_alice)]
    assert [page.status_code for page in pages] == [200, 200]
    # but for the request's id, and the label that the draw page proposes
    first, second = (re.sub(r'<span data-prompt="label">.*?</h1>', "", page.content.decode()) for page in pages)
    assert first == second
    assert acting.account_id(alice) not in second
    assert "csrfmiddlewaretoken" not in second
    assert "csrftoken" not in pages[1].cookies or path == "/offline/sheet/"


def test_a_page_for_the_device_leaves_messages_to_the_next_page(as_alice: Client, digits: Recognizer) -> None:
    as_alice.post("/accounts/consent/withdraw/")
    for path in NEUTRAL:
        assert 'class="messages"' not in as_alice.get(path).content.decode()
    assert 'class="messages"' in as_alice.get("/").content.decode()


def test_a_page_that_was_offline_learns_who_is_signed_in_and_gets_a_token(
    client: Client, as_alice: Client, alice: User
) -> None:
    for visitor, account in ((client, "guest"), (as_alice, acting.account_id(alice))):
        response = visitor.get("/offline/session")
        assert response.json() == {"account": account}
        assert "no-store" in response.headers["Cache-Control"]
        assert "csrftoken" in response.cookies


def test_the_manifest_names_what_systems_ask_for(client: Client, three: list[Recognizer]) -> None:
    page = client.get("/").content.decode()
    (address,) = re.findall(r'<link rel="manifest" href="([^"]+)">', page)
    response = client.get(address)
    assert response.headers["Content-Type"] == "application/manifest+json"
    manifest = response.json()
    assert (manifest["id"], manifest["display"], manifest["scope"]) == ("/", "standalone", "/")
    assert {icon.get("purpose", "any") for icon in manifest["icons"]} == {"any", "maskable"}
    assert [each["form_factor"] for each in manifest["screenshots"]] == ["wide", "narrow"]
    assert [each["url"] for each in manifest["shortcuts"]] == [f"/draw/{each.slug}/" for each in three]
    assert client.get(manifest["start_url"]).status_code == 200


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("path", ["/inkling.webmanifest", "/sw.js"])
def test_what_names_files_of_a_release_is_never_used_without_asking_again(client: Client, path: str) -> None:
    first = client.get(path)
    assert "no-cache" in first["Cache-Control"]
    again = client.get(path, headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_every_picture_of_the_manifest_has_the_size_that_it_names(client: Client, db: None) -> None:
    manifest = client.get("/inkling.webmanifest").json()
    for each in manifest["icons"] + manifest["screenshots"]:
        if each["sizes"] == "any":
            continue
        with Image.open(each["src"].removeprefix("/")) as picture:
            assert "x".join(map(str, picture.size)) == each["sizes"]
            if each.get("purpose") == "maskable":
                assert picture.convert("RGBA").getchannel("A").getextrema() == (
                    255,
                    255,
                )  # systems cut it to a shape of theirs


def test_a_shared_picture_that_reaches_the_server_is_not_stored(as_alice: Client, digits: Recognizer) -> None:
    """The system sends it without a token; without a service worker it gets here."""
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = as_alice.cookies
    picture = SimpleUploadedFile("seven.png", b"\x89PNG", "image/png")
    response = strict.post("/share/", {"picture": picture})
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    assert Drawing.objects.count() == 0
    assert strict.get("/share/").headers["Location"] == "/"
