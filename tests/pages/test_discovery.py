"""What search engines, other sites and finders of vulnerabilities ask for."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone
from PIL import Image, ImageChops, ImageStat

from config import env
from recognizer.models import Recognizer

ROOT = Path(__file__).resolve().parents[2]
SITE = "https://ink.example.org"
PUBLIC = ["/", "/draw/sketches/", "/models/", "/models/digits/", "/progress/", "/developers/", "/privacy/"]
PRIVATE = ["/accounts/login/", "/accounts/keys/", "/admin/", "/api/v1/drawings", "/drawings/", "/memory/", "/review/"]


@pytest.fixture(autouse=True)
def _address(settings: Any) -> None:
    settings.SITE_URL = SITE


def head(client: Client, path: str) -> dict[str, str]:
    """The texts and addresses in the head of a page, by their name."""
    page = client.get(path).content.decode()
    found = {
        name: unescape(value)
        for name, value in re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)"', page)
    }
    found |= {name: unescape(value) for name, value in re.findall(r'<link rel="(canonical)" href="([^"]*)"', page)}
    return found | {"title": unescape(re.findall(r"<title>(.*?)</title>", page, re.DOTALL)[0])}


@pytest.mark.usefixtures("three")
def test_pages_of_recognizers_have_titles_and_descriptions_of_their_own(client: Client) -> None:
    heads = [head(client, f"/draw/{slug}/") for slug in ("digits", "bangla-digits", "sketches")]
    for name in ("title", "description", "og:title", "og:description", "canonical"):
        assert len({each[name] for each in heads}) == 3, name
    assert "30" in heads[2]["description"]
    assert all(50 < len(each["description"]) < 200 for each in heads)


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_page_says_what_it_is_where_it_is_and_how_to_show_it(client: Client, path: str) -> None:
    found = head(client, f"{path}?unknown=1")
    assert found["canonical"] == found["og:url"] == f"{SITE}{path}?lang=en"
    assert found["description"]
    assert found["og:title"]
    assert found["og:image"].startswith(f"{SITE}/static/icons/share")
    assert head(client, f"{path}?lang=bn")["canonical"] == f"{SITE}{path}?lang=bn"
    assert f'hreflang="bn" href="{SITE}{path}?lang=bn"' in client.get(path).content.decode()


def test_an_error_page_has_no_address(client: Client, db: None) -> None:
    assert client.get("/nothing/").status_code == 404
    assert "description" in head(client, "/nothing/")


@pytest.mark.usefixtures("three")
def test_search_engines_may_read_what_the_site_map_lists(client: Client) -> None:
    robots = RobotFileParser()
    robots.parse(client.get("/robots.txt").content.decode().splitlines())
    assert not any(robots.can_fetch("any", path) for path in PRIVATE)
    [place] = robots.site_maps() or []
    assert place == f"{SITE}/sitemap.xml"
    tree = ElementTree.fromstring(client.get("/sitemap.xml").content)  # noqa: S314 - our own answer
    listed = [str(place.text) for place in tree.iterfind("{*}url/{*}loc")]
    assert {f"{SITE}{path}?lang={code}" for path in PUBLIC for code in ("en", "bn")} <= set(listed)
    assert len(listed) == len(set(listed))
    for address in listed:
        path = address.removeprefix(SITE)
        assert robots.can_fetch("any", path)
        assert client.get(path).status_code == 200, path
        assert head(client, path)["canonical"] == address


def test_the_contact_for_vulnerabilities_is_published_where_there_is_one(client: Client, settings: Any) -> None:
    settings.SECURITY_CONTACT = ""
    assert client.get("/.well-known/security.txt").status_code == 404
    settings.SECURITY_CONTACT = "mailto:security@example.org"
    answer = client.get("/.well-known/security.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.content.decode().splitlines())
    assert fields["Contact"] == "mailto:security@example.org"
    assert fields["Canonical"] == f"{SITE}/.well-known/security.txt"
    assert timedelta(days=30) < datetime.fromisoformat(fields["Expires"]) - timezone.now() < timedelta(days=365)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("", ""),
        ("security@example.org", "mailto:security@example.org"),
        ("mailto:security@example.org", "mailto:security@example.org"),
        ("https://example.org/report", "https://example.org/report"),
        ("tel:+15551234567", "tel:+15551234567"),
    ],
)
def test_a_contact_is_read_as_an_address(monkeypatch: pytest.MonkeyPatch, value: str, read: str) -> None:
    monkeypatch.setenv("SECURITY_CONTACT", value)
    assert env.contact("SECURITY_CONTACT") == read


@pytest.mark.parametrize("value", ["nobody", "http://example.org", "a b@example.org", "javascript:alert(1)"])
def test_another_contact_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SECURITY_CONTACT", value)
    with pytest.raises(ImproperlyConfigured, match="SECURITY_CONTACT"):
        env.contact("SECURITY_CONTACT")


def test_programs_that_do_not_read_the_page_find_the_icon(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status_code == 302
    assert answer["Location"].endswith(".png")
    assert "no-cache" in answer["Cache-Control"]  # the address changes with the release


def test_the_picture_beside_links_is_small_and_made_by_its_command(tmp_path: Path) -> None:
    committed = ROOT / "static" / "icons" / "share.png"
    assert committed.stat().st_size < 60_000
    command = [sys.executable, str(ROOT / "bin" / "draw_share_picture.py"), str(tmp_path / "made.png")]
    subprocess.run(command, check=True)
    with Image.open(committed) as ours, Image.open(tmp_path / "made.png") as made:
        assert ours.size == made.size == (1200, 630)
        difference = ImageChops.difference(ours.convert("RGB"), made.convert("RGB"))
    assert max(ImageStat.Stat(difference).mean) < 1  # fonts and filters differ a little between versions


def test_a_visitor_reads_what_this_is_and_why_to_sign_up(client: Client, as_alice: Client, digits: Recognizer) -> None:
    empty = re.compile(r'<p class="muted when-empty">(.*?)</p>', re.DOTALL)
    [for_guests] = empty.findall(client.get("/").content.decode())
    [for_people] = empty.findall(as_alice.get("/").content.decode())
    assert "/accounts/signup/" in for_guests
    assert "/accounts/signup/" not in for_people
