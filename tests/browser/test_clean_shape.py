"""The clean shape beside the answer: shown on request, by keyboard and on a phone, copied and downloaded as SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from ml.bundles.bundle import Bundle
from recognizer.models import Recognizer
from recognizer.registry import install
from tests import small_bundles
from tests.browser.visitors import ONE, SEVEN, Visitor, until

PANEL = "[data-clean-shape]"


@pytest.fixture
def shapes(digits: Recognizer, starter: Bundle) -> None:
    install.install(bundle=small_bundles.shapes(starter))


def _open(visitor: Visitor, path: str = "/draw/shapes/") -> Visitor:
    visitor.go(path)
    visitor.page.wait_for_selector("[data-draw][data-ready]")
    return visitor


def _shape(visitor: Visitor) -> str:
    """The path of the clean shape on display."""
    visitor.page.wait_for_selector(f"{PANEL} svg path", state="attached")  # an upright line has no width
    return str(visitor.page.get_attribute(f"{PANEL} svg path", "d"))


@pytest.mark.usefixtures("shapes")
def test_the_clean_shape_follows_the_drawing_and_is_downloaded(visit: Any, tmp_path: Path) -> None:
    someone = _open(visit())
    assert not someone.page.is_visible(PANEL)
    someone.draw(ONE)
    someone.sees("answer", "line")
    someone.page.click(f"{PANEL} summary")
    first = _shape(someone)
    assert first.count(",") == 2, "a line has two ends"
    with someone.page.expect_download() as download:
        someone.page.click(f"{PANEL} [data-shape=download]")
    assert download.value.suggested_filename == "line.svg"
    download.value.save_as(tmp_path / "line.svg")
    svg = ElementTree.parse(tmp_path / "line.svg").getroot()  # noqa: S314 - the page made it
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(svg.attrib["viewBox"].split()) == 4
    assert svg[0].attrib["d"] == first
    someone.press("x")
    someone.sees("empty")
    assert not someone.page.is_visible(PANEL)
    someone.draw(SEVEN)
    someone.sees("answer", "arrow")
    until(someone.page, lambda: _shape(someone) != first)


@pytest.mark.usefixtures("shapes")
def test_it_is_copied_by_keyboard_and_that_is_announced(visit: Any) -> None:
    someone = _open(visit())
    someone.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    someone.draw(ONE)
    someone.sees("answer", "line")
    someone.page.focus(f"{PANEL} summary")
    someone.page.keyboard.press("Enter")
    path = _shape(someone)
    someone.page.keyboard.press("Tab")
    someone.page.keyboard.press("Enter")
    until(someone.page, lambda: bool(someone.page.inner_text(f"{PANEL} [data-shape=status]")))
    copied = someone.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("<svg")
    assert path in copied
    words = someone.page.inner_text(f"{PANEL} [data-shape=status]")
    assert words in someone.page.evaluate("window.announced")


@pytest.mark.usefixtures("shapes")
def test_without_the_server_it_says_so_and_opening_it_again_tries_again(visit: Any) -> None:
    someone = _open(visit())
    someone.draw(ONE)
    someone.sees("answer", "line")
    someone.waits_until_all_is_asked()
    someone.page.context.set_offline(True)
    someone.page.click(f"{PANEL} summary")
    until(someone.page, lambda: bool(someone.page.inner_text(f"{PANEL} [data-shape=status]")))
    assert someone.page.is_disabled(f"{PANEL} [data-shape=download]")
    someone.page.context.set_offline(False)
    for _ in range(2):
        someone.page.click(f"{PANEL} summary")
    assert _shape(someone)
    someone.complaints.clear()  # the browser itself reports the request that failed


@pytest.mark.usefixtures("shapes")
def test_other_recognizers_have_no_clean_shape(visit: Any) -> None:
    someone = _open(visit(), "/draw/digits/")
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    assert not someone.page.is_visible(PANEL)


@pytest.mark.usefixtures("shapes")
@pytest.mark.parametrize("width", [320, 360])
def test_it_fits_a_phone_in_both_languages(visit: Any, width: int) -> None:
    for code in ("en", "bn"):
        someone = visit().in_language(code)
        someone.page.set_viewport_size({"width": width, "height": 640})
        _open(someone)
        someone.draw(ONE)
        someone.page.wait_for_selector("[data-panel][data-state=answer]")
        someone.page.click(f"{PANEL} summary")
        assert _shape(someone)
        assert someone.page.evaluate("document.documentElement.scrollWidth") <= width
