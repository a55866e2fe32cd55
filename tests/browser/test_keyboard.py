"""Drawing and answering without a pointer, and what a screen reader hears."""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.browser.visitors import SCRIBBLE, SEVEN, Visitor, said_by


def _draw_a_one(visitor: Visitor) -> None:
    visitor.press("d", *["Shift+ArrowUp"] * 5, " ", *["Shift+ArrowDown"] * 10, " ")


def test_one_can_draw_and_answer_by_keyboard_alone(alice_draws: Visitor, alice: User) -> None:
    alice_draws.press(*["Tab"] * 30)
    _draw_a_one(alice_draws)
    alice_draws.sees("answer", "1")
    alice_draws.press("Enter")
    alice_draws.sees_outcome("saved")
    assert said_by(alice) == ["1"]
    alice_draws.press("Enter")
    alice_draws.sees("empty")
    assert alice_draws.complaints == []


def test_two_arrows_at_once_draw_a_diagonal(someone: Visitor) -> None:
    someone.press("d", " ")
    someone.page.keyboard.down("ArrowRight")
    someone.page.keyboard.down("ArrowDown")
    someone.page.keyboard.up("ArrowDown")
    someone.page.keyboard.up("ArrowRight")
    someone.press(" ")
    [(xs, ys, _)] = someone.strokes
    assert (xs[-1], ys[-1]) == (xs[0] + 20, ys[0] + 10)


def test_enter_goes_on_after_a_key_was_tapped(someone: Visitor) -> None:
    someone.draw(SEVEN)
    someone.sees("answer")
    someone.page.click("[data-keypad] [data-label='3']")
    someone.press("Enter")
    someone.sees("empty")
    assert someone.page.evaluate("document.activeElement.matches('[data-pad]')")


def test_the_cursor_is_seen_and_stays_on_the_sheet(someone: Visitor) -> None:
    someone.press("d", *["Shift+ArrowLeft"] * 20)
    cursor = someone.page.locator("[data-cursor]")
    assert cursor.is_visible()
    assert cursor.evaluate("element => element.style.left") == "0%"
    someone.press("Tab")
    assert not cursor.is_visible()


def test_leaving_the_sheet_lifts_the_pen(someone: Visitor) -> None:
    someone.press("d", " ", "ArrowRight", "ArrowRight", "Tab")
    assert len(someone.strokes) == 1


def test_the_answer_is_heard(someone: Visitor) -> None:
    _draw_a_one(someone)
    someone.hears("looksLikeSpoken", name="one")
    someone.press("1")
    someone.hears("confirmed", name="one")
    someone.press("Enter")
    someone.hears("newDrawing")
    someone.draw(SCRIBBLE)
    someone.hears("unsure")
    someone.press("x")
    someone.hears("cleared")


def test_the_pen_and_its_place_are_heard(someone: Visitor) -> None:
    someone.press("d", "Shift+ArrowLeft")
    someone.hears("cursor", across="43%", down="50%")
    someone.press(" ")
    someone.hears("penDown")
    someone.press(" ")
    someone.hears("penUp")


def test_all_keys_are_shown_by_a_question_mark(someone: Visitor) -> None:
    someone.press("?")
    someone.page.wait_for_selector("[data-help][open]")
    assert someone.page.locator("[data-help] dl > div:visible").count() > 5
    someone.press("Escape")
    someone.page.wait_for_selector("[data-help]", state="hidden")


def test_single_keys_can_be_switched_off(someone: Visitor) -> None:
    someone.click("help")
    someone.page.uncheck("[data-single-keys]")
    someone.press("Escape")
    someone.page.reload()
    someone.page.wait_for_selector("[data-ready]")
    someone.draw(SEVEN)
    someone.sees("answer")
    someone.press("7", "x")
    someone.sees("answer")
    someone.press("Control+z")
    someone.sees("empty")


SEVENS = [
    ("৭", "Digit7"),
    ("७", "Digit7"),
    ("٧", "Numpad7"),
    ("７", "Digit7"),
    ("𝟕", "Digit7"),
    ("๗", "KeyP"),
    ("è", "Digit7"),  # a French keyboard has digits with Shift or Caps Lock only
    ("7", "KeyB"),
]


@pytest.mark.parametrize(("key", "code"), SEVENS)
def test_digits_of_every_script_set_a_label(someone: Visitor, key: str, code: str) -> None:
    someone.draw(SEVEN)
    someone.sees("answer")
    someone.press_on_layout(key, code)
    someone.sees("thanks")
    assert someone.page.locator("[data-sheet]").get_attribute("data-answered") == "7"


def test_letter_keys_work_on_keyboards_of_other_scripts_and_with_caps_lock(someone: Visitor) -> None:
    someone.draw(SEVEN)
    pressed = [("я", "Z", 0), ("н", "Y", 1), ("ჭ", "X", 0), ("Я", "Z", 1), ("X", "X", 0), ("لا", "Z", 1)]
    for key, place, strokes in pressed:
        someone.press_on_layout(key, f"Key{place}")
        assert len(someone.strokes) == strokes, key
    someone.press_on_layout("я", "KeyZ", ctrl=True)
    assert someone.strokes == []
    someone.press_on_layout("؟", "Slash", shift=True)
    someone.page.wait_for_selector("[data-help][open]")


def test_letter_keys_stay_where_a_latin_keyboard_has_them(someone: Visitor) -> None:
    someone.draw(SEVEN)
    someone.press_on_layout("y", "KeyZ")  # a German keyboard
    someone.press_on_layout("é", "KeyX")
    assert len(someone.strokes) == 1
    someone.press_on_layout("z", "KeyY")
    assert len(someone.strokes) == 0


def test_keys_leave_fields_and_browser_shortcuts_alone(someone: Visitor) -> None:
    someone.draw(SEVEN)
    someone.sees("answer")
    someone.press("Alt+7", "Control+x")
    someone.sees("answer")
    assert len(someone.strokes) == 1


def test_the_sheet_says_how_it_is_used(someone: Visitor) -> None:
    pad = someone.page.locator("[data-pad]")
    described = someone.page.locator(f"#{pad.get_attribute('aria-describedby')}")
    assert "Arrow keys move the pen" in described.text_content()
