"""Below a sure answer, the page says which labels of other recognizers have the same shape."""

from __future__ import annotations

from typing import Any

import pytest

from ml.bundles.bundle import Bundle
from recognizer.models import Recognizer
from recognizer.registry import install
from tests import small_bundles
from tests.browser.visitors import SEVEN

HINT = "[data-same-shape]"
LABELS = [{"slug": f"x{number}", "glyph": "", "name": f"letter {number}"} for number in range(10)]


@pytest.fixture
def letters(three: list[Recognizer], starter: Bundle) -> Recognizer:
    """Letters of which one is a seven."""
    labels = [
        {**LABELS[7], "looks_like": ["digits/7", "bangla-digits/7"]} if at == 7 else LABELS[at] for at in range(10)
    ]
    install.install(bundle=small_bundles.with_labels(starter, "letters", labels, title="Letters"))
    return Recognizer.objects.get(slug="letters")


@pytest.mark.usefixtures("letters")
def test_a_letter_says_that_it_is_a_digit_too_and_the_link_keeps_the_drawing(visit: Any) -> None:
    someone = visit()
    someone.go("/draw/letters/")
    someone.page.wait_for_selector("[data-draw][data-ready]")
    assert not someone.page.is_visible(HINT)
    someone.draw(SEVEN)
    someone.sees("answer", "x7")
    someone.page.wait_for_selector(f"{HINT} a")
    assert someone.page.locator(f"{HINT} a").count() == 2

    someone.page.locator(f"{HINT} a").first.click()

    someone.sees("answer", "7")
    assert someone.page.url.endswith("/draw/digits/")
    assert someone.page.locator(f"{HINT} a").count() == 2  # the letter, with the way back, and the Bangla digit
    assert someone.complaints == []
