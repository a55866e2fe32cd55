"""A person's memory in a browser: what one said counts in the next answer, and the page shows why."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from recognizer import memory
from recognizer.drawings import corrections
from recognizer.models import Drawing, Recognizer
from tests.browser.test_pictures import picture_file, seven_on_paper
from tests.browser.visitors import ONE, SEVEN, Visitor
from tests.ink import SEVEN as SEVEN_INK
from tests.ink import ZERO
from tests.pages.conftest import named

TOLD = "[data-memory-reasons][data-shown] p"  # the line is there before it has faded in
ANNOUNCED = "parts => parts.every(part => document.querySelector('[data-announcer]').textContent.includes(part))"


@pytest.fixture
def after_a_one_called_seven(alice_draws: Visitor) -> Visitor:
    """alice's seven is a mere line, and she has said so; a new sheet."""
    alice_draws.draw(ONE)
    alice_draws.sees("answer", "1")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    alice_draws.press("Enter")
    alice_draws.sees("empty")
    return alice_draws


def _numbers(path: str | None) -> list[float]:
    return [float(number) for number in re.findall(r"[\d.]+", path or "")]


def _words(visitor: Visitor) -> list[str]:
    return [part.strip() for part in visitor.page.inner_text("[data-memory-reasons] p").splitlines() if part.strip()]


def test_the_next_answer_goes_by_what_one_said_and_shows_why(after_a_one_called_seven: Visitor, alice: User) -> None:
    visitor = after_a_one_called_seven
    visitor.draw(ONE)
    visitor.sees("answer", "7")
    visitor.page.wait_for_selector(TOLD)
    why, alone = _words(visitor)
    assert why == visitor.text("youDrawLikeThis", name="7")
    assert alone.startswith(visitor.text("modelAnswer", modelAnswer="1, "))
    visitor.page.wait_for_function(ANNOUNCED, arg=[visitor.text("looksLikeSpoken", name="seven"), "one, "])
    visitor.page.wait_for_selector("[data-memory-reasons] .thumb path", state="attached")
    shown = visitor.page.get_attribute("[data-memory-reasons] .thumb path", "d")
    visitor.press("Enter")
    visitor.sees_outcome("saved")
    assert visitor.page.is_visible("[data-outcome=saved] [data-memory-on]")
    assert not visitor.page.is_visible("[data-memory-reasons]")
    visitor.go("/drawings/")
    drawn = visitor.page.locator(".drawing .thumb path").last.get_attribute("d")
    assert _numbers(drawn) == pytest.approx(_numbers(shown), abs=0.11)  # the server draws it alike
    first = visitor.page.locator(".drawing").first
    assert first.get_attribute("data-label") == "7"
    assert first.locator("[data-personal-answer]").get_attribute("data-personal-answer") == "7"
    assert first.locator("[data-model-answer]").get_attribute("data-model-answer") == "1"
    assert visitor.complaints == []


def test_an_answer_that_memory_agrees_with_names_no_other(after_a_one_called_seven: Visitor, alice: User) -> None:
    visitor = after_a_one_called_seven
    corrections.correct(drawing=Drawing.objects.by(alice)[0], label="1")
    visitor.draw(ONE)
    visitor.sees_who_answered("answeredByServer")  # the copy of the memory in the page does not know that label yet
    visitor.page.wait_for_selector(TOLD)
    assert _words(visitor) == [visitor.text("youDrawLikeThis", name="1")]
    visitor.hears("looksLikeSpoken", name="one")
    assert visitor.page.text_content("[data-announcer]").count("%") == 1, "only one answer is announced"


def test_nothing_moves_when_the_line_comes_and_it_waits_for_the_pen(after_a_one_called_seven: Visitor) -> None:
    visitor = after_a_one_called_seven
    visitor.draw(ONE, lift=False)
    visitor.sees("answer")
    visitor.sees_who_answered("answeredByServer")
    places = "[...document.querySelectorAll('[data-sheet], .ranked, .keypad')].map(e => e.getBoundingClientRect().y)"
    before = visitor.page.evaluate(places)
    visitor.waits_until_all_is_asked()
    assert visitor.page.query_selector(TOLD) is None
    visitor.page.mouse.up()
    visitor.page.wait_for_selector(TOLD)
    assert visitor.page.evaluate(places) == before


def test_each_drawing_is_fetched_once(after_a_one_called_seven: Visitor) -> None:
    visitor = after_a_one_called_seven
    for _ in range(3):
        visitor.draw(ONE)
        visitor.page.wait_for_selector(TOLD)
        visitor.click("clear")
        visitor.sees("empty")
    visitor.waits_until_all_is_asked()
    read = [request.url for request in visitor.sent if request.method == "GET"]
    assert len(read) == 1


def test_a_new_sheet_does_not_speak_of_the_last_one(after_a_one_called_seven: Visitor) -> None:
    visitor = after_a_one_called_seven
    visitor.draw(ONE)
    visitor.page.wait_for_selector(TOLD)
    visitor.click("clear")
    visitor.sees("empty")
    assert not visitor.page.is_visible("[data-memory-reasons]")
    visitor.draw([(0.2, 0.3), (0.2, 0.7), (0.4, 0.75), (0.6, 0.7), (0.6, 0.3), (0.4, 0.25), (0.2, 0.3)])
    visitor.waits_until_all_is_asked()
    assert visitor.page.query_selector(TOLD) is None


def test_a_picture_is_shown_as_one(alice_draws: Visitor) -> None:
    def place() -> None:
        alice_draws.page.set_input_files("[data-picture-input] >> nth=0", picture_file(seven_on_paper()))
        alice_draws.sees("answer")

    place()
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    alice_draws.press("Enter")
    place()
    alice_draws.page.wait_for_selector(TOLD)
    width = "image => image.decode().then(() => image.naturalWidth)"
    assert alice_draws.page.locator("[data-memory-reasons] img").evaluate(width) == 400
    assert alice_draws.complaints == []


def _becomes_doubtful(visitor: Visitor, because: list[Drawing]) -> None:
    """Memory speaks against what the model says, and nothing is sure any more."""

    def doubtful(route: Any) -> None:
        response = route.fetch()
        answer = response.json()
        model = {"guesses": answer["guesses"], "unsure": False}
        ids = [str(drawing.uuid) for drawing in because]
        personal = {"used": True, "changed": True, "because": ids, "model": model}
        route.fulfill(response=response, json=answer | {"unsure": True, "personal": personal})

    visitor.page.route("**/predict", doubtful)
    visitor.draw(SEVEN)
    visitor.sees("unsure")
    visitor.page.wait_for_selector(TOLD)


def test_memory_that_only_made_it_less_sure_says_that_it_did(alice_draws: Visitor) -> None:
    _becomes_doubtful(alice_draws, because=[])
    why, alone = _words(alice_draws)
    assert why == alice_draws.text("memoryChangedThis")
    assert alone.startswith(alice_draws.text("modelAnswer", modelAnswer="7, "))
    assert not alice_draws.page.is_visible("[data-memory-reasons] ul")


@pytest.mark.parametrize(("labels", "told"), [("1", "1"), ("11", "1"), ("41", "4 or 1")])
def test_drawings_that_speak_against_the_guess_are_shown_by_what_they_were_called(
    alice_draws: Visitor, alice: User, labels: str, told: str
) -> None:
    _becomes_doubtful(alice_draws, because=[named(alice, SEVEN_INK, label).drawing for label in labels])
    why, alone = _words(alice_draws)
    assert why == alice_draws.text("youLabelledSimilar", name=told)
    assert alone.startswith(alice_draws.text("modelAnswer", modelAnswer="7, "))
    assert alice_draws.page.locator("[data-memory-reasons] .thumb").count() == len(labels)
    alice_draws.page.wait_for_function(ANNOUNCED, arg=[alice_draws.text("unsure"), "seven, "])
    assert alice_draws.complaints == []


def test_a_drawing_that_is_gone_leaves_no_empty_frame(after_a_one_called_seven: Visitor) -> None:
    visitor = after_a_one_called_seven
    visitor.page.route("**/api/v1/drawings/*-*", lambda route: route.fulfill(status=404, json={"code": "not_found"}))
    visitor.draw(ONE)
    visitor.page.wait_for_selector(TOLD)
    visitor.page.wait_for_selector("[data-memory-reasons] li", state="hidden")
    assert _words(visitor)[0] == visitor.text("memoryChangedThis")


def test_a_stranger_gets_the_models_answer_and_no_line(someone: Visitor) -> None:
    someone.has_no_model()
    someone.open_sheet()
    someone.draw(SEVEN)
    someone.sees("answer")
    someone.waits_until_all_is_asked()
    assert someone.page.query_selector("[data-memory-reasons]") is None
    assert json.loads(someone.sent[-1].post_data).keys() == {"recognizer", "ink"}
    assert someone.complaints == []


def test_chosen_drawings_are_forgotten_by_keyboard(
    visit: Any, as_alice: Client, alice: User, digits: Recognizer
) -> None:
    for ink, label in ((ZERO, "0"), (ZERO, "0"), (ZERO, "6")):
        named(alice, ink, label)
    visitor = visit(as_alice, java_script_enabled=False)
    visitor.go("/memory/")
    bar = visitor.page.locator(".selection-bar")
    assert not bar.is_visible()
    visitor.page.locator("input[name=drawing]").last.focus()
    visitor.press("Space")
    bar.wait_for(state="visible")
    visitor.press("Tab", "Enter")
    visitor.page.wait_for_selector(".messages .notice")
    assert [each.label.slug for each in memory.remembered_drawings(alice)] == ["0", "0"]


def test_keeping_what_was_chosen_leaves_the_keyboard_where_it_was(
    visit: Any, as_alice: Client, alice: User, digits: Recognizer
) -> None:
    for label in ("0", "0", "6"):
        named(alice, ZERO, label)
    visitor = visit(as_alice)
    visitor.go("/memory/")
    boxes = visitor.page.locator("input[name=drawing]")
    boxes.nth(1).focus()
    visitor.press("Space")
    visitor.page.locator(".selection-bar").wait_for(state="visible")
    visitor.page.locator(".selection-bar [type=reset]").focus()
    visitor.press("Enter")
    visitor.page.locator(".selection-bar").wait_for(state="hidden")
    assert boxes.nth(1).evaluate("box => box === document.activeElement")
    assert visitor.complaints == []


def test_the_page_fits_a_small_phone(visit: Any, as_alice: Client, alice: User, digits: Recognizer) -> None:
    for number in range(14):
        named(alice, ZERO, "0" if number else "6")
    visitor = visit(as_alice, viewport={"width": 320, "height": 640}, color_scheme="dark")
    visitor.go("/memory/")
    visitor.page.locator(".label-group label").first.click()
    visitor.page.evaluate("document.querySelectorAll('details').forEach(each => (each.open = true))")
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    small = "[...document.querySelectorAll('button, nav a, summary, .button, .label-group label')]"
    heights = visitor.page.evaluate(
        f"{small}.filter(e => e.checkVisibility()).map(e => [e.innerText, e.getBoundingClientRect().height])"
    )
    assert [name for name, height in heights if height < 43.9] == []
    assert visitor.complaints == []
