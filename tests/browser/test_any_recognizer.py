"""The picker of recognizers, and "any": all are asked, and what one confirms is saved for the one that answered."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from ml.bundles.bundle import Bundle
from ml.evaluation.across import Numbers, Scale
from recognizer.models import Correction, Recognizer
from recognizer.registry import install
from tests import small_bundles
from tests.browser.visitors import SEVEN, Visitor, until

CHOSEN = "[data-recognizers] [aria-current]"
LIST = "[data-recognizer-list]"


@pytest.fixture(autouse=True)
def _scales(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recognizers have one network: Bangla digits answer, digits are nearly as sure, sketches are not."""
    scales = {"bangla-digits": Scale(1, 0, 1), "digits": Scale(1, 0, 0), "sketches": Scale(1, 0, -9)}
    monkeypatch.setattr("recognizer.drawings.any_recognizer.shipped_numbers", lambda: Numbers(scales))


def _asks_all(visitor: Visitor) -> None:
    visitor.page.click("[data-recognizer=any]")
    visitor.page.wait_for_selector(f"{CHOSEN}[data-recognizer=any]")


def test_any_asks_all_and_shows_look_alikes(visit: Any, three: list[Recognizer]) -> None:
    someone = visit()
    someone.open_sheet()
    _asks_all(someone)
    someone.hears("askingAll")
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    assert someone.page.inner_text("[data-part=glyph]") == "৭"
    assert someone.page.locator("[data-look-alikes] b").all_inner_texts() == ["7"]
    assert someone.page.get_attribute(CHOSEN, "data-recognizer") == "any"
    assert someone.complaints == []


def test_what_is_confirmed_belongs_to_the_recognizer_that_answered(
    visit: Any, three: list[Recognizer], as_alice: Client, alice: User
) -> None:
    visitor = visit(as_alice)
    visitor.open_sheet()
    _asks_all(visitor)
    visitor.draw(SEVEN)
    visitor.sees("answer", "7")
    visitor.press("Enter")
    visitor.sees_outcome("saved")
    [said] = Correction.objects.all()
    assert (said.drawing.recognizer.slug, said.label and said.label.slug) == ("bangla-digits", "7")


def test_a_look_alike_that_is_chosen_is_saved_for_its_own_recognizer(
    visit: Any, three: list[Recognizer], as_alice: Client, alice: User
) -> None:
    visitor = visit(as_alice)
    visitor.open_sheet()
    _asks_all(visitor)
    visitor.draw(SEVEN)
    visitor.sees("answer", "7")
    visitor.page.click("[data-look-alikes] button")
    visitor.sees_outcome("saved")
    until(visitor.page, lambda: Correction.objects.filter(label__recognizer__slug="digits").count() == 1)
    assert Correction.objects.count() == 1


def test_what_is_drawn_in_the_same_way_stands_beside_a_sure_answer(visit: Any, three: list[Recognizer]) -> None:
    labels = Recognizer.objects.get(slug="bangla-digits").labels
    labels.filter(slug="7").update(looks_like=["digits/7", "sketches/alarm-clock"])
    someone = visit()
    someone.open_sheet()
    _asks_all(someone)
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    assert someone.page.locator("[data-look-alikes] b").all_inner_texts() == ["7", "alarm clock"]
    someone.page.locator("[data-look-alikes] button").last.click()
    someone.sees("thanks")
    assert "alarm clock" in someone.page.inner_text("[data-part=thanks]")


def test_enter_confirms_while_the_labels_are_on_their_way(visit: Any, three: list[Recognizer]) -> None:
    someone = visit()
    someone.open_sheet()
    _asks_all(someone)
    someone.page.context.route("**/labels/bangla-digits/**", lambda route: route.abort())
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    someone.press("Enter")
    someone.sees("thanks")
    assert someone.page.inner_text("[data-part=glyph]") == "৭"


def test_it_is_remembered_and_left_again(visit: Any, three: list[Recognizer]) -> None:
    someone = visit()
    someone.open_sheet()
    _asks_all(someone)
    assert someone.page.url.endswith("/draw/any/")
    someone.open_sheet()
    assert someone.page.get_attribute(CHOSEN, "data-recognizer") == "any"
    someone.page.click("[data-recognizer=sketches]")
    someone.page.go_back()
    someone.page.wait_for_selector(f"{CHOSEN}[data-recognizer=any]")
    someone.go("/progress/")
    assert someone.page.inner_text(".filter [aria-current]") == "Digits"


def test_without_a_connection_it_says_so_and_one_of_them_answers_here(visit: Any, three: list[Recognizer]) -> None:
    someone = visit()
    someone.open_sheet()
    someone.waits_for_the_model()
    _asks_all(someone)
    someone.page.context.set_offline(True)
    someone.draw(SEVEN)
    words = someone.text("anyNeedsServer")
    until(someone.page, lambda: words in someone.page.inner_text("[data-problem]"))
    someone.page.click("[data-recognizer=digits]")
    someone.sees("answer", "7")
    assert someone.page.is_hidden("[data-problem]")


def test_among_six_a_list_takes_the_place_of_the_row_on_a_phone(
    visit: Any, three: list[Recognizer], starter: Bundle
) -> None:
    for number in range(3):
        labels = starter.manifest["labels"]
        bundle = small_bundles.with_labels(starter, f"set-{number}", labels, title=f"Set of signs {number}")
        install.install(bundle=bundle)
    visitor = visit(phone=True)
    visitor.open_sheet()
    assert visitor.page.is_hidden("[data-recognizers]")
    assert visitor.page.locator(f"{LIST} option").count() == 7
    visitor.page.select_option(LIST, "set-2")
    until(visitor.page, lambda: visitor.page.url.endswith("/draw/set-2/"))
    visitor.open_sheet()
    assert visitor.page.input_value(LIST) == "set-2"
    visitor.page.select_option(LIST, "any")
    until(visitor.page, lambda: visitor.page.url.endswith("/draw/any/"))
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    wide = visit()
    wide.open_sheet()
    assert wide.page.is_hidden(LIST)
    assert wide.page.is_visible("[data-recognizer=set-2]")
