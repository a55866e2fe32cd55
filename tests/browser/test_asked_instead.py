"""The prompt reacts: a quiet line says that something else was drawn than was asked for."""

from __future__ import annotations

from typing import Any

from recognizer.models import Recognizer
from tests.browser.visitors import SCRIBBLE, SEVEN, Visitor

LINE = "[data-asked-instead]"


def _asks(visitor: Visitor, *, seven: bool) -> str:
    """Shuffle until the prompt asks for a 7, or for another digit. Which one."""
    while ((asked := visitor.page.inner_text("[data-prompt=label]")) == "7") != seven:
        visitor.press("s")
    return str(asked)


def test_a_clear_seven_where_another_digit_was_asked_for_is_noted_until_the_next_stroke(someone: Visitor) -> None:
    asked = _asks(someone, seven=False)
    someone.draw(SEVEN)
    someone.page.wait_for_selector(LINE, state="visible")
    words = someone.page.inner_text(LINE)
    assert asked in words
    assert "7" in words
    someone.hears("askedInstead", asked=asked)
    someone.draw(SCRIBBLE, lift=False)
    someone.page.wait_for_selector(LINE, state="hidden")


def test_what_was_asked_for_and_what_is_not_sure_are_not_noted(someone: Visitor) -> None:
    _asks(someone, seven=True)
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    assert someone.page.is_hidden(LINE)
    someone.press("x")
    someone.draw(SCRIBBLE)
    someone.sees("unsure")
    assert someone.page.is_hidden(LINE)


def test_the_line_goes_with_another_prompt_with_undo_and_with_a_label(someone: Visitor) -> None:
    for action in ("s", "z", "7"):
        _asks(someone, seven=False)
        someone.draw(SEVEN)
        someone.page.wait_for_selector(LINE, state="visible")
        someone.press(action)
        someone.page.wait_for_selector(LINE, state="hidden")
        someone.press("x")


def test_words_are_named_as_the_prompt_names_them(visit: Any, sketches: Recognizer) -> None:
    someone = visit()
    someone.go("/draw/sketches/")
    someone.page.wait_for_selector("[data-draw][data-ready]")
    while (asked := someone.page.inner_text("[data-prompt=label]")) == "an alarm clock":
        someone.press("s")
    someone.draw(SEVEN)
    someone.page.wait_for_selector(LINE, state="visible")
    words = someone.page.inner_text(LINE)
    assert asked in words
    assert "an alarm clock" in words
