"""The sheet on a phone, upright and on its side: what a drawing needs is in view without scrolling."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from recognizer.models import Recognizer
from tests.browser.visitors import ONE, SEVEN, Visitor, said_by

SIZES = [(360, 640), (390, 664), (320, 568), (640, 360), (844, 390), (568, 320)]
NEEDED = {
    "empty": ["#prompt", "[data-pad]", "[data-tools]", "[data-do=undo]", "[data-do=clear]"],
    "answer": ["#prompt", "[data-pad]", "[data-part=verdict]", "[data-part=confirm]", ".answers [data-open-choices]"],
    "thanks": [
        "#prompt",
        "[data-pad]",
        "[data-part=thanks]",
        "[data-do=next]",
        ".answers [data-open-choices]",
        ".starts-next",
    ],
}
TARGET = 44
TARGETS = "main :is(button, summary, label.tool, input, .recognizers a), .nav :is(a, button)"
TOO_SMALL = f"""() => [...document.querySelectorAll("{TARGETS}")]
    .map(element => [element, element.getBoundingClientRect()])
    .filter(([element, {{width, height}}]) => width > 1 && (width < {TARGET} || height < {TARGET}))
    .map(([element]) => element.outerHTML.slice(0, 80))"""


def in_view(visitor: Visitor, *selectors: str) -> None:
    """Nothing of these is outside the window, and the page is not scrolled."""
    size = visitor.page.viewport_size
    assert visitor.page.evaluate("scrollY") == 0
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == size["width"], size
    for selector in selectors:
        box = visitor.page.locator(selector).first.bounding_box()
        assert box is not None, (selector, size)
        assert box["y"] >= 0, (selector, size, box)
        assert box["y"] + box["height"] <= size["height"], (selector, size, box)
        assert box["x"] >= 0, (selector, size, box)
        assert box["x"] + box["width"] <= size["width"], (selector, size, box)


def tap(visitor: Visitor, selector: str) -> None:
    """A click: beside the touches that draw, Chromium drops some of the tests' taps."""
    visitor.page.locator(selector).first.click()


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("slug", ["digits", "sketches"])
def test_a_drawing_and_its_label_need_no_scrolling(visit: Any, slug: str) -> None:
    phone = visit(phone=True)
    phone.go(f"/draw/{slug}/")
    phone.page.wait_for_selector("[data-draw][data-ready]")
    for width, height in SIZES:
        phone.page.set_viewport_size({"width": width, "height": height})
        in_view(phone, *NEEDED["empty"])
        assert phone.page.locator("[data-pad]").bounding_box()["width"] >= 250
        phone.draw_by_finger(SEVEN)
        phone.sees("answer")
        phone.waits_until_all_is_asked()
        in_view(phone, *NEEDED["answer"])
        tap(phone, ".answers [data-open-choices]")
        phone.page.wait_for_selector("[data-choosing]")
        keys = ["[data-keypad] .key:last-child", ".none-of-these"] if slug == "digits" else ["[data-filter]"]
        in_view(phone, "[data-close-choices]", "[data-keypad] .key", *keys)
        assert phone.page.evaluate(TOO_SMALL) == []
        tap(phone, "[data-close-choices]")
        tap(phone, "[data-part=confirm]")
        phone.sees("thanks")
        in_view(phone, *NEEDED["thanks"])
        assert phone.page.evaluate(TOO_SMALL) == []
        tap(phone, "[data-do=next]")
        phone.sees("empty")
    assert phone.complaints == []


def test_messages_push_no_button_out_of_a_small_window(visit: Any, three: list[Recognizer], as_alice: Client) -> None:
    """A message of the site and the line about the connection, both at once."""
    phone = visit(as_alice, phone=True, viewport={"width": 320, "height": 568})
    phone.has_no_model()
    as_alice.post("/accounts/consent/withdraw/")
    message = {"name": "messages", "value": as_alice.cookies["messages"].value, "url": phone.site}
    phone.page.context.add_cookies([message])
    phone.open_sheet()
    phone.page.wait_for_selector(".messages .notice")
    phone.page.context.set_offline(True)
    phone.draw_by_finger(SEVEN)
    phone.page.wait_for_selector("[data-connection]:visible")
    in_view(phone, "#prompt", "[data-pad]", ".answers [data-open-choices]")
    phone.page.context.set_offline(False)
    phone.sees("answer", "7")
    phone.page.context.set_offline(True)
    tap(phone, "[data-part=confirm]")
    phone.sees_outcome("queued")
    phone.page.wait_for_selector("[data-connection]:visible")
    in_view(phone, "[data-pad]", "[data-part=thanks]", "[data-do=next]")


def test_after_an_answer_the_next_stroke_starts_a_new_drawing(
    visit: Any, digits: Recognizer, as_alice: Client, alice: User
) -> None:
    phone = visit(as_alice, phone=True)
    phone.open_sheet()
    for _drawing in range(2):
        phone.draw_by_finger(SEVEN)
        phone.sees("answer", "7")
        tap(phone, "[data-part=confirm]")
        phone.sees("thanks")
    phone.draw_by_finger(ONE)
    phone.sees("answer", "1")
    assert len(phone.strokes) == 1
    assert phone.strokes[0][2][0] == 0
    phone.waits_until_all_is_asked()
    assert said_by(alice) == ["7", "7"]


def test_a_pinch_on_an_answered_sheet_changes_nothing(visit: Any, digits: Recognizer) -> None:
    phone = visit(phone=True)
    phone.open_sheet()
    phone.draw_by_finger(SEVEN)
    phone.sees("answer", "7")
    tap(phone, "[data-part=confirm]")
    phone.sees("thanks")
    before = phone.strokes
    phone.pinch()
    phone.sees("thanks")
    assert phone.strokes == before
    assert phone.page.get_attribute("[data-sheet]", "data-answered") == "7"


def test_a_stroke_on_an_answered_sheet_is_answered_while_it_is_drawn(visit: Any, digits: Recognizer) -> None:
    phone = visit(phone=True)
    phone.open_sheet()
    phone.draw_by_finger(ONE)
    phone.sees("answer", "1")
    tap(phone, "[data-part=confirm]")
    phone.sees("thanks")
    phone.touch("Start", SEVEN[0])
    phone.page.wait_for_timeout(200)
    for point in SEVEN[1:]:
        phone.touch("Move", point)
    phone.sees("answer", "7")
    phone.touch("End")
    assert len(phone.strokes) == 1


def test_another_label_is_chosen_in_a_panel_that_closes_by_itself(
    visit: Any, sketches: Recognizer, as_alice: Client, alice: User
) -> None:
    phone = visit(as_alice, phone=True, viewport={"width": 360, "height": 640})
    phone.go("/draw/sketches/")
    phone.page.wait_for_selector("[data-draw][data-ready]")
    phone.draw_by_finger(SEVEN)
    phone.sees("answer")
    opener = phone.page.locator(".answers [data-open-choices]")
    for close in (lambda: phone.press("Escape"), lambda: phone.page.mouse.click(140, 24)):
        opener.click()
        phone.page.wait_for_selector(".answers [data-open-choices][aria-expanded=true]")
        close()
        phone.page.wait_for_selector(".answers [data-open-choices][aria-expanded=false]")
        assert not phone.page.locator("[data-choices]").is_visible()
    opener.click()
    phone.page.locator("[data-filter]").fill("bicy")
    phone.page.locator("[data-filter]").press("Enter")
    phone.sees("thanks")
    assert not phone.page.locator("[data-choices]").is_visible()
    phone.waits_until_all_is_asked()
    assert said_by(alice) == ["bicycle"]


def test_the_menu_leads_back_to_the_sheet(visit: Any, digits: Recognizer) -> None:
    phone = visit(phone=True)
    phone.go("/progress/")
    tap(phone, "[popovertarget=more]")
    phone.page.locator("#more a[href='/']").click()
    phone.page.wait_for_selector("[data-draw][data-ready]")


def test_nothing_lies_behind_a_notch(visit: Any, digits: Recognizer) -> None:
    phone = visit(phone=True, viewport={"width": 390, "height": 700})
    insets = {"top": 47, "bottom": 34, "left": 0, "right": 0}
    phone.page.context.new_cdp_session(phone.page).send("Emulation.setSafeAreaInsetsOverride", {"insets": insets})
    phone.open_sheet()
    phone.draw_by_finger(SEVEN)
    phone.sees("answer", "7")
    assert phone.page.locator(".wordmark").bounding_box()["y"] >= 47
    confirm = phone.page.locator("[data-part=confirm]").bounding_box()
    assert confirm["y"] + confirm["height"] <= 700 - 34


def test_the_first_answer_says_what_to_do_with_it(visit: Any, digits: Recognizer) -> None:
    phone = visit(phone=True)
    phone.open_sheet()
    for first in (True, False):
        phone.draw_by_finger(SEVEN)
        phone.sees("answer", "7")
        assert phone.page.locator("[data-explanation]").is_visible() == first
        tap(phone, "[data-part=confirm]")
        phone.sees("thanks")
    phone.page.reload()
    phone.page.wait_for_selector("[data-draw][data-ready]")
    assert not phone.page.locator("[data-explanation]").is_visible()
