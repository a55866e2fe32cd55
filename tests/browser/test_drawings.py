"""My drawings in a browser: correcting and deleting without a page load, and without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from recognizer.drawings import corrections, store
from recognizer.drawings.store import Content
from recognizer.models import Drawing, Recognizer
from tests.browser.visitors import Visitor
from tests.ink import ONE, SEVEN


@pytest.fixture
def two(digits: Recognizer, alice: User) -> list[Drawing]:
    """A seven and a one of alice's; the one is the newer."""
    return [
        store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(ink))[0] for ink in (SEVEN, ONE)
    ]


@pytest.fixture
def album(visit: Any, two: list[Drawing], as_alice: Client) -> Visitor:
    """alice looks at her drawings."""
    visitor: Visitor = visit(as_alice)
    visitor.go("/drawings/")
    visitor.page.wait_for_selector("[data-drawings][data-ready]")
    return visitor


def _said(drawing: Drawing) -> str | None:
    correction = corrections.current(drawing)
    return correction.label.slug if correction and correction.label else None


def test_a_drawing_is_corrected_later_by_a_tap(album: Visitor, two: list[Drawing]) -> None:
    card = album.page.locator(".drawing").first
    card.locator("summary").click()
    card.locator(".key[value='4']").click()
    album.page.wait_for_selector(".drawing[data-label='4'] >> nth=0")
    assert _said(two[1]) == "4"
    assert card.locator(".key[value='4']").get_attribute("aria-pressed") == "true"
    assert album.complaints == []


def test_a_number_key_says_what_the_chosen_drawing_is(album: Visitor, two: list[Drawing]) -> None:
    album.page.locator(".drawing").nth(1).focus()
    album.press_on_layout("৭", "Digit7")
    album.page.locator(".drawing").nth(1).and_(album.page.locator("[data-label='7']")).wait_for()
    assert (_said(two[0]), _said(two[1])) == ("7", None)


def test_what_was_said_can_be_taken_back(album: Visitor, two: list[Drawing]) -> None:
    card = album.page.locator(".drawing").first
    card.focus()
    album.press("1")
    album.page.wait_for_selector(".drawing[data-label='1']")
    card.locator("summary").click()
    card.locator("[data-remove-label]").click()
    album.page.wait_for_function("() => !document.querySelector('.drawing').dataset.label")
    assert _said(two[1]) is None


def test_a_drawing_is_deleted_after_a_question(album: Visitor, two: list[Drawing]) -> None:
    album.page.locator("[data-delete]").first.click()
    album.page.click("[data-no]")
    assert Drawing.objects.count() == 2
    album.page.locator("[data-delete]").first.click()
    album.page.click("[data-yes]")
    album.page.wait_for_selector("[data-status]:not(:empty)")
    assert album.page.locator(".drawing").count() == 1
    assert list(Drawing.objects.all()) == [two[0]]


def test_all_drawings_of_the_page_are_deleted_together(album: Visitor, two: list[Drawing]) -> None:
    assert not album.page.is_visible("#selected")
    album.page.click("[data-select-all] button")
    album.page.click("#selected .danger")
    album.page.click("main form .button.danger")
    album.page.wait_for_selector(".messages .notice")
    assert not Drawing.objects.exists()
    assert album.complaints == []


def test_a_failure_is_told(album: Visitor, two: list[Drawing]) -> None:
    Drawing.objects.all().delete()
    album.page.locator(".drawing").first.focus()
    album.press("1")
    album.page.wait_for_selector("[data-status]:not(:empty)")


def test_without_scripts_one_can_correct_and_delete(
    visit: Any, two: list[Drawing], as_alice: Client, alice: User
) -> None:
    visitor = visit(as_alice, java_script_enabled=False)
    visitor.go("/drawings/?state=unanswered")
    card = visitor.page.locator(".drawing").first
    card.locator("summary").click()
    card.locator(".key[value='1']").click()
    visitor.page.wait_for_url("**/drawings/?state=unanswered#d-*")
    assert _said(two[1]) == "1"
    visitor.page.locator("[data-delete]").first.click()
    visitor.page.click("main form .button.danger")
    visitor.page.wait_for_selector(".messages .notice")
    assert list(Drawing.objects.all()) == [two[1]]
