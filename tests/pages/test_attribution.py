"""/attribution/: whose data the shipped models learned from, and under which licences."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client
from django.utils.html import escape

from ml.bundles.glyphs import Glyph, write_glyphs
from ml.data.sources import SOURCES
from ml.recipes import RECIPES
from recognizer.pages.models import attribution

pytestmark = pytest.mark.django_db


def read(client: Client, path: str = "/attribution/") -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_every_data_set_of_the_shipped_recognizers_is_named_with_author_and_licence(client: Client) -> None:
    page = read(client)
    rows = dict(re.findall(r'<tr data-source="([^"]+)">(.*?)</tr>', page, re.DOTALL))

    assert set(rows) == {name for recipe in RECIPES.values() for name in recipe.sources}
    for name, row in rows.items():
        source = SOURCES[name]
        assert f'href="{source.page}"' in row, name
        assert source.licence in row, name
        assert f'href="{source.licence_page}"' in row or not source.licence_page
        assert escape(source.origin) in row, name
        assert row.count("<td") == 2


def test_each_licence_that_asks_for_attribution_has_the_address_of_its_text() -> None:
    for recipe in RECIPES.values():
        for name in recipe.sources:
            source = SOURCES[name]
            assert source.licence_page or source.licence.startswith("Public domain"), name


def test_a_data_set_names_the_recognizers_that_used_it(client: Client) -> None:
    page = read(client, "/attribution/?lang=bn")
    (row,) = re.findall(r'<tr data-source="quickdraw">(.*?)</tr>', page, re.DOTALL)

    assert "রেখাচিত্র" in row
    assert "অঙ্ক" in row


def test_fonts_of_shapes_are_named(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "glyphs.svg"
    file.write_bytes(write_glyphs({"0": Glyph(9, 9, "M0 0H9V9")}, "Font F, SIL OFL 1.1"))
    monkeypatch.setitem(RECIPES, "digits", replace(RECIPES["digits"], glyphs=file))
    attribution._fonts.cache_clear()

    page = read(client)

    attribution._fonts.cache_clear()
    assert "Font F, SIL OFL 1.1" in page


@pytest.mark.parametrize("path", ["/", "/models/", "/privacy/", "/developers/"])
def test_every_page_links_to_it(client: Client, path: str) -> None:
    page = client.get(path).content.decode()

    assert 'href="/attribution/"' in page[page.index("<footer") :]
