"""Bangla in a browser: the drawing page in each of its states, and every page on a small phone."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from accounts.models import User
from recognizer.models import Recognizer
from tests.bangla import untranslated
from tests.browser.visitors import SCRIBBLE, SEVEN, Visitor
from tests.every_page import FOR_GUESTS, FOR_PEOPLE, FOR_STAFF, signed_in
from tests.pages.test_bangla import KEY_NAME

PHONE = {"phone": True, "viewport": {"width": 320, "height": 568}}


def _faults(visitor: Visitor) -> list[str]:
    """Untranslated texts of the page as it is now, and whether it scrolls sideways."""
    page = visitor.page
    found = [f"{page.url}: {text}" for text in untranslated(page.content().replace(KEY_NAME, ""))]
    if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        found.append(f"{page.url} scrolls sideways")
    return found


def _walk(visitor: Visitor, pages: Collection[str], site: dict[str, Any]) -> list[str]:
    found = []
    for path in pages:
        visitor.go(path.format(**site))
        assert visitor.page.get_attribute("html", "lang") == "bn"
        if visitor.page.locator("#swagger-ui").count():  # it is English, and says so
            visitor.page.wait_for_selector("#swagger-ui .opblock-summary-path")
        found += _faults(visitor)
    return found


def test_people_draw_and_answer_in_bangla(visit: Any, three: list[Recognizer], alice: User) -> None:
    visitor = visit(signed_in(alice), **PHONE).in_language("bn")
    found = []
    for recognizer in three:
        visitor.go(f"/draw/{recognizer.slug}/")
        visitor.page.wait_for_selector("[data-draw][data-ready]")
        found += _faults(visitor)
        for ink, state in ((SCRIBBLE, "unsure"), (SEVEN, "answer")):
            visitor.press("x")
            visitor.draw(ink)
            visitor.sees(state)
            found += _faults(visitor)
        visitor.press("Enter")
        visitor.sees_outcome("saved")
        found += _faults(visitor)
    assert not found, "\n".join(found)


def test_shares_and_names_of_labels_are_in_bangla(visit: Any, sketches: Recognizer) -> None:
    visitor = visit().in_language("bn")
    visitor.go("/draw/sketches/")
    visitor.draw(SEVEN)
    visitor.sees("answer")
    rows = visitor.page.locator("[data-part=list]").inner_text()
    assert "অ্যালার্ম ঘড়ি" in rows
    assert not any(character.isascii() and character.isalnum() for character in rows)


def test_the_link_in_the_footer_changes_the_language_and_back(visit: Any, digits: Recognizer) -> None:
    visitor = visit()
    visitor.go("/models/?recognizer=digits")
    for code in ("bn", "en", "bn"):
        visitor.page.click(f".languages a[lang={code}]")
        visitor.page.wait_for_selector(f"html[lang={code}]")
        assert "recognizer=digits" in visitor.page.url
    visitor.go("/privacy/")
    assert visitor.page.get_attribute("html", "lang") == "bn"


@pytest.mark.slow
def test_no_page_has_english_texts_or_scrolls_sideways(
    visit: Any, site: dict[str, Any], alice: User, root: User
) -> None:
    found = _walk(visit(**PHONE).in_language("bn"), FOR_GUESTS.values(), site)
    found += _walk(visit(signed_in(alice), **PHONE).in_language("bn"), FOR_PEOPLE.values(), site)
    found += _walk(visit(signed_in(root), **PHONE).in_language("bn"), FOR_STAFF.values(), site)
    assert not found, "\n".join(found)
