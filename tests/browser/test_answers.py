"""What the model says, what a person says to that, and what becomes of the drawing."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from accounts.models import User
from recognizer.models import Correction, Drawing, Recognizer
from tests.browser.visitors import ONE, SCRIBBLE, SEVEN, Visitor, said_by

ONE_ON_THE_LEFT = [(0.25, 0.2), (0.25, 0.8)]
ONE_ON_THE_RIGHT = [(0.7, 0.2), (0.7, 0.8)]


def test_guesses_are_ranked_with_probabilities(someone: Visitor) -> None:
    someone.draw(SEVEN)
    someone.sees("answer")
    shares = someone.page.locator(".guess .share").all_inner_texts()
    assert "0%" not in shares
    numbers = [float(share.rstrip("%")) for share in shares]
    assert numbers == sorted(numbers, reverse=True)
    assert max(numbers) < 100
    assert someone.page.locator(".guess .glyph").first.inner_text() == "7"


def test_a_dot_is_not_forced_into_a_symbol(someone: Visitor) -> None:
    someone.page.mouse.click(*someone.places([(0.4, 0.4)])[0])
    someone.sees("unsure")
    someone.press("Enter")
    someone.sees("unsure")


def test_a_scribble_makes_it_not_sure_in_amber(someone: Visitor) -> None:
    someone.draw(SCRIBBLE)
    someone.sees("unsure")
    colour = "element => getComputedStyle(element).color"
    assert someone.page.locator("[data-part=verdict]").evaluate(colour) == "rgb(133, 86, 10)"


def test_not_sure_is_explained_and_the_best_guess_is_one_tap_away(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SCRIBBLE)
    alice_draws.sees("unsure")
    alice_draws.waits_until_all_is_asked()
    assert "57%" in alice_draws.page.locator("p:has([data-unsure-below])").inner_text()
    best = alice_draws.page.locator("[data-part=confirm]").get_attribute("data-label")
    alice_draws.page.click("[data-part=confirm]")
    alice_draws.sees_outcome("saved")
    assert said_by(alice) == [best]


def test_none_of_these_is_kept_and_can_be_changed(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer", "7")
    alice_draws.press("-")
    alice_draws.sees_outcome("saved")
    assert Correction.objects.get().none_of_these
    assert not alice_draws.page.is_visible("[data-outcome=saved] .for-label")
    alice_draws.page.click("[data-outcome=saved] a")
    alice_draws.page.wait_for_selector("[data-drawings][data-ready]")
    drawing = alice_draws.page.locator("[data-drawing]")
    assert drawing.get_attribute("data-label") == "none of these"
    drawing.press("7")
    alice_draws.page.wait_for_selector("[data-drawing][data-label='7']")
    assert said_by(alice) == ["7"]


def test_two_digits_on_one_sheet_are_noticed_but_not_refused(someone: Visitor) -> None:
    someone.draw(ONE_ON_THE_LEFT)
    someone.sees("answer", "1")
    assert not someone.page.is_visible("[data-several]")
    someone.draw(ONE_ON_THE_RIGHT)
    someone.page.wait_for_selector("[data-several]", state="visible")
    someone.press("1")
    someone.sees("thanks")


def test_a_stranger_is_told_that_nothing_is_stored(someone: Visitor) -> None:
    someone.draw(SEVEN)
    someone.sees("answer")
    someone.press("7")
    someone.sees("thanks")
    someone.sees_outcome("anonymous")
    assert someone.page.locator("[data-outcome=anonymous] a").get_attribute("href") == "/accounts/signup/"
    someone.press("Enter")
    someone.sees("empty")
    assert {request.url.rsplit("/", 1)[1] for request in someone.sent} <= {"predict"}  # if the model came late
    assert Drawing.objects.count() == 0


def test_a_seven_that_is_confirmed_is_found_in_my_drawings(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer", "7")
    alice_draws.press("Enter")
    alice_draws.sees_outcome("saved")
    assert said_by(alice) == ["7"]
    alice_draws.page.click("[data-outcome=saved] a")
    card = alice_draws.page.locator(".drawing")
    assert card.get_attribute("data-label") == "7"
    assert card.locator("[data-model-answer]").get_attribute("data-model-answer") == "7"
    assert alice_draws.complaints == []


def test_a_double_click_confirms_and_starts_no_new_drawing(someone: Visitor) -> None:
    """The button for the next drawing appears where the one to confirm was."""
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    confirm = someone.page.locator("[data-part=confirm]").bounding_box()
    someone.page.dblclick("[data-part=confirm]")
    someone.sees("thanks")
    assert len(someone.strokes) == 1
    assert someone.page.locator("[data-panel] [data-do=next]").bounding_box()["y"] == confirm["y"]
    someone.click("next")
    someone.sees("empty")


def test_one_tap_on_another_key_corrects(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer")
    alice_draws.page.click("[data-keypad] [data-label='1']")
    alice_draws.sees_outcome("saved")
    assert "one" in alice_draws.page.inner_text("[data-part=thanks]")
    alice_draws.page.click("[data-keypad] [data-label='2']")
    alice_draws.page.wait_for_selector("[data-part=thanks]:has-text('two')")
    alice_draws.sees_outcome("saved")
    assert said_by(alice) == ["2"]


def test_an_answer_can_be_taken_back(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    with alice_draws.page.expect_response(lambda response: response.request.method == "DELETE"):
        alice_draws.click("removeLabel")
    alice_draws.sees("answer", "7")
    assert Drawing.objects.by(alice).uncorrected().count() == 1


def test_the_pen_on_an_answered_sheet_begins_a_new_one(alice_draws: Visitor, alice: User) -> None:
    for _ in range(2):
        alice_draws.draw(SEVEN)
        alice_draws.sees("answer")
        alice_draws.press("7")
        alice_draws.sees_outcome("saved")
    assert Drawing.objects.by(alice).corrected().count() == 2


def test_a_cleared_drawing_is_not_stored(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.click("clear")
    alice_draws.draw(ONE)
    alice_draws.press("1")
    alice_draws.sees_outcome("saved")
    alice_draws.press("Enter")
    alice_draws.draw(SEVEN)
    alice_draws.click("clear")
    alice_draws.page.click('nav [href="/drawings/"]')
    alice_draws.page.wait_for_selector("[data-drawings]")
    assert [len(drawing.ink or []) for drawing in Drawing.objects.by(alice)] == [1]
    assert said_by(alice) == ["1"]


def test_clearing_deletes_what_was_saved_when_the_page_was_left(alice_draws: Visitor, alice: User) -> None:
    with alice_draws.page.expect_response("**/api/v1/drawings"):
        alice_draws.draw(SEVEN)
        alice_draws.page.reload()
    alice_draws.sees("answer")
    with alice_draws.page.expect_response(lambda response: response.request.method == "DELETE"):
        alice_draws.click("clear")
    assert Drawing.objects.count() == 0
    alice_draws.page.reload()
    alice_draws.sees("empty")
    alice_draws.click("undo")
    alice_draws.sees("answer", "7")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    assert said_by(alice) == ["7"]
    assert Drawing.objects.count() == 1


def test_a_clear_that_is_undone_keeps_nothing(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.click("clear")
    alice_draws.click("undo")
    alice_draws.draw([(0.4, 0.5), (0.7, 0.5)])
    alice_draws.sees("answer")
    assert Drawing.objects.by(alice).count() == 0
    alice_draws.page.reload()
    alice_draws.sees("answer")
    assert len(alice_draws.strokes) == 2
    alice_draws.press("z")
    assert len(alice_draws.strokes) == 1


def test_back_from_another_page_brings_the_drawing_back(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.page.click('nav [href="/drawings/"]')
    alice_draws.page.wait_for_selector("[data-drawings]")
    alice_draws.page.go_back()
    alice_draws.sees("answer", "7")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    assert said_by(alice) == ["7"]
    assert Drawing.objects.by(alice).count() == 1


def test_leaving_for_my_drawings_keeps_what_is_on_the_sheet(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.page.click('nav [href="/drawings/"]')
    alice_draws.page.wait_for_selector("[data-drawings]")
    assert alice_draws.page.get_attribute(".drawing", "data-label") == ""


def test_ink_that_goes_on_after_a_reload_takes_the_place_of_what_was_kept(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.page.reload()
    alice_draws.sees("answer")
    alice_draws.draw([(0.4, 0.5), (0.75, 0.5)])
    alice_draws.sees("answer")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    [drawing] = Drawing.objects.by(alice)
    assert len(drawing.ink or []) == 2


def test_anothers_unfinished_sheet_is_not_shown(
    visit: Any, digits: Recognizer, as_alice: Client, as_bob: Client
) -> None:
    visitor = visit(as_alice)
    visitor.open_sheet()
    visitor.draw(SEVEN)
    cookie = {"name": "sessionid", "value": as_bob.cookies["sessionid"].value, "url": visitor.site}
    visitor.page.context.add_cookies([cookie])
    visitor.open_sheet()
    visitor.sees("empty")


def test_what_a_stranger_drew_is_still_there_after_signing_in(someone: Visitor, as_alice: Client) -> None:
    someone.draw(SEVEN)
    cookie = {"name": "sessionid", "value": as_alice.cookies["sessionid"].value, "url": someone.site}
    someone.page.context.add_cookies([cookie])
    someone.open_sheet()
    someone.sees("answer", "7")


def test_without_consent_the_thank_you_says_that_nothing_was_kept(alice_draws: Visitor, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(consented_at=None)
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer")
    alice_draws.press("7")
    alice_draws.sees_outcome("consent")
    alice_draws.page.reload()
    alice_draws.sees("answer", "7")


def test_another_prompt_can_be_asked_for(someone: Visitor) -> None:
    before = someone.page.inner_text("#prompt")
    someone.press("s")
    assert someone.page.inner_text("#prompt") != before


def test_what_the_model_sees_is_shown_on_demand(someone: Visitor) -> None:
    someone.draw(SEVEN)
    someone.sees("answer")
    someone.page.click("[data-raster-preview] summary")
    dots = """() => document.querySelector("[data-raster-preview] canvas").getContext("2d")
        .getImageData(0, 0, 28, 28).data.filter((value, i) => i % 4 === 3 && value).length"""
    assert 40 < someone.page.wait_for_function(dots).json_value() < 300  # it is drawn after it has opened


def test_only_the_ink_is_sent(someone: Visitor) -> None:
    someone.has_no_model()
    someone.open_sheet()
    someone.draw(SEVEN)
    someone.sees("answer")
    body = json.loads(someone.sent[-1].post_data)
    assert body["recognizer"] == "digits"
    assert [len(stroke) for stroke in body["ink"]] == [3]
