"""A label is found by typing: its name, its command, its character or its code point."""

from __future__ import annotations

from typing import Any

import pytest

from recognizer.models import Label, Recognizer
from tests.browser.visitors import SEVEN, Visitor
from tests.small_bundles import coded_label

SHOWN = "[data-keypad] .key:visible"
ARROW = "curvearrowright"


@pytest.fixture(params=[20, 100])
def reader(request: pytest.FixtureRequest, visit: Any, maths: Recognizer) -> Visitor:
    """Somebody on the sheet of a recognizer with so many labels: with a button for each, and without."""
    for at in range(10, request.param):
        label = coded_label((f"box{at}", chr(0x2500 + at), f"box number {at}", ""))
        Label.objects.create(recognizer=maths, position=at, **label)
    visitor: Visitor = visit()
    visitor.go("/draw/maths/")
    visitor.page.wait_for_selector("[data-draw][data-ready]")
    return visitor


@pytest.mark.parametrize("words", ["curved", "arrow sign", "\\curvearrowright", "curvea", "↷", "U+21B7"])
def test_a_label_is_found_by_name_code_and_character(reader: Visitor, words: str) -> None:
    reader.press("/")
    reader.page.keyboard.type(words)
    assert reader.page.locator(SHOWN).evaluate_all("keys => keys.map(key => key.dataset.label)") == [ARROW]
    reader.press("Enter")
    reader.sees("found")
    assert reader.page.inner_text("[data-code=text]") == "\\curvearrowright"


def test_the_best_match_comes_first_and_is_chosen_for_a_drawing(reader: Visitor) -> None:
    reader.draw(SEVEN)
    reader.sees("answer", ARROW)
    reader.press("/")
    reader.page.keyboard.type("box1")
    reader.page.keyboard.type("5")
    keys = reader.page.locator(SHOWN)
    assert keys.first.get_attribute("data-label") == "box15"
    assert reader.page.locator("[data-keypad] .key[data-best]").count() == 1
    reader.press("Enter")
    reader.page.wait_for_selector("[data-panel][data-state=thanks]")
    assert reader.page.inner_text("[data-code=text]") == "\\box15"


def test_the_search_is_on_the_screen_before_one_draws(reader: Visitor) -> None:
    box = reader.page.locator("[data-filter]").bounding_box()
    assert box
    assert box["y"] + box["height"] < 500
