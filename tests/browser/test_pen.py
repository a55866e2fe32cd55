"""The pen on the sheet: mouse, finger and pen, and nothing that was drawn is lost."""

from __future__ import annotations

from typing import Any

import pytest

from recognizer.models import Recognizer
from tests.browser.visitors import ONE, SCRIBBLE, SEVEN, Visitor


def test_a_seven_is_read_while_the_mouse_is_still_down(someone: Visitor) -> None:
    someone.draw(SEVEN, lift=False)
    someone.sees("answer", "7")
    assert someone.strokes == []
    someone.page.mouse.up()
    assert len(someone.strokes) == 1
    assert someone.complaints == []


def test_strokes_are_kept_in_units_of_the_sheet_with_times(someone: Visitor) -> None:
    someone.draw(SEVEN)
    [(xs, ys, ts)] = someone.strokes
    assert len(xs) == len(ys) == len(ts) > 10
    assert xs[0] == pytest.approx(0.28 * 560, abs=2)
    assert ys[-1] == pytest.approx(0.82 * 560, abs=2)
    assert all(round(x, 2) == x for x in xs)
    assert ts[0] == 0
    assert ts == sorted(ts)


def test_a_finger_draws_and_the_page_does_not_scroll(visit: Any, digits: Recognizer) -> None:
    phone = visit(phone=True, viewport={"width": 390, "height": 500})
    phone.open_sheet()
    phone.draw_by_finger(SEVEN)
    phone.sees("answer", "7")
    assert phone.page.evaluate("document.documentElement.scrollHeight > innerHeight")
    assert phone.page.evaluate("scrollY") == 0


def draw_slowly(visitor: Visitor, *points: tuple[float, float]) -> None:
    """With a finger that stays on the glass."""
    visitor.touch("Start", points[0])
    visitor.page.wait_for_timeout(200)
    for point in points[1:]:
        visitor.touch("Move", point)


def test_the_first_finger_wins_and_the_page_does_not_zoom_while_it_draws(visit: Any, digits: Recognizer) -> None:
    phone = visit(phone=True)
    phone.open_sheet()
    draw_slowly(phone, (0.2, 0.2), (0.2, 0.3))
    phone.touch("Start", (0.2, 0.3), (0.8, 0.8))
    phone.touch("Move", (0.2, 0.5), (0.8, 0.3))
    phone.touch("Move", (0.2, 0.6), (0.8, 0.2))
    phone.touch("End")
    [(xs, ys, _)] = phone.strokes
    assert max(xs) < 0.3 * 560
    assert max(ys) == pytest.approx(0.6 * 560, abs=3)
    assert phone.page.evaluate("visualViewport.scale") == 1


def test_a_pinch_zooms_and_draws_nothing(visit: Any, digits: Recognizer) -> None:
    phone = visit(phone=True)
    phone.open_sheet()
    phone.pinch()
    assert phone.strokes == []
    phone.sees("empty")
    assert phone.page.get_attribute("[data-do=undo]", "aria-disabled") == "true"


def test_a_thumb_that_rests_beside_the_sheet_lets_another_finger_draw(visit: Any, digits: Recognizer) -> None:
    tablet = visit(phone=True)
    tablet.open_sheet()
    thumb = (0.6, 1.4)
    tablet.touch("Start", thumb)
    tablet.page.wait_for_timeout(400)
    tablet.touch("Start", thumb, (0.2, 0.2))
    for y in (0.3, 0.5, 0.7, 0.8):
        tablet.touch("Move", thumb, (0.2, y))
    tablet.touch("End")
    assert len(tablet.strokes) == 1
    assert tablet.page.evaluate("visualViewport.scale") == 1


def test_a_long_stroke_that_a_gesture_cancels_is_undone_and_redo_brings_it_back(visit: Any, digits: Recognizer) -> None:
    phone = visit(phone=True)
    phone.open_sheet()
    draw_slowly(phone, (0.2, 0.2), (0.2, 0.6))
    phone.touch("Start", (0.2, 0.6), (0.8, 0.8))
    phone.touch("Cancel")
    assert phone.strokes == []
    phone.click("redo")
    assert len(phone.strokes) == 1


def test_a_pen_beats_the_palm_that_landed_before_it(visit: Any, digits: Recognizer) -> None:
    tablet = visit(phone=True)
    tablet.open_sheet()
    tablet.touch("Start", (0.9, 0.9))
    tablet.touch("Move", (0.85, 0.9))
    tablet.pen("Pressed", (0.2, 0.2))
    tablet.pen("Moved", (0.2, 0.6))
    tablet.touch("Move", (0.8, 0.9))
    tablet.pen("Released", (0.2, 0.6))
    tablet.touch("End")
    [(xs, *_)] = tablet.strokes
    assert max(xs) < 0.3 * 560


def test_a_palm_beside_the_pen_draws_nothing(visit: Any, digits: Recognizer) -> None:
    tablet = visit(phone=True)
    tablet.open_sheet()
    tablet.pen("Pressed", (0.2, 0.2))
    tablet.touch("Start", (0.9, 0.9))
    tablet.touch("End")
    tablet.pen("Moved", (0.2, 0.6))
    tablet.pen("Released", (0.2, 0.6))
    tablet.touch("Start", (0.9, 0.9))
    tablet.touch("End")
    assert len(tablet.strokes) == 1


def test_a_cancelled_pointer_keeps_its_stroke(visit: Any, digits: Recognizer) -> None:
    phone = visit(phone=True)
    phone.open_sheet()
    phone.touch("Start", (0.2, 0.2))
    phone.touch("Move", (0.5, 0.2))
    phone.touch("Cancel")
    [(xs, *_)] = phone.strokes
    assert max(xs) == pytest.approx(0.5 * 560, abs=3)
    phone.draw_by_finger(ONE)
    assert len(phone.strokes) == 2


def test_a_palm_that_the_system_cancels_leaves_no_stroke(visit: Any, digits: Recognizer) -> None:
    tablet = visit(phone=True)
    tablet.open_sheet()
    tablet.touch("Start", (0.9, 0.9))
    tablet.touch("Move", (0.6, 0.9))
    tablet.touch("Cancel")
    tablet.pen("Pressed", (0.2, 0.2))
    tablet.pen("Moved", (0.2, 0.6))
    tablet.pen("Released", (0.2, 0.6))
    [(xs, *_)] = tablet.strokes
    assert max(xs) < 0.3 * 560
    tablet.page.wait_for_timeout(600)  # the pen is gone
    tablet.touch("Start", (0.9, 0.9), radius=50)
    tablet.touch("Move", (0.6, 0.9), radius=50)
    tablet.touch("Cancel")
    assert len(tablet.strokes) == 1


def test_a_release_outside_the_sheet_ends_the_stroke_at_its_edge(someone: Visitor) -> None:
    someone.draw([(0.5, 0.5), (0.9, 0.5), (1.4, 0.5)])
    someone.page.mouse.move(*someone.places([(0.3, 0.3)])[0])
    [(xs, *_)] = someone.strokes
    assert max(xs) == 560
    assert not someone.page.evaluate("document.querySelector('[data-pad]').hasPointerCapture(1)")


def test_the_pen_does_not_stick_when_the_release_was_never_told(someone: Visitor) -> None:
    someone.draw([(0.2, 0.2), (0.5, 0.2)], lift=False)
    lost = """canvas => canvas.dispatchEvent(new PointerEvent("pointermove", {pointerId: 1, pointerType: "mouse",
        buttons: 0, bubbles: true, clientX: 5, clientY: 5}))"""
    someone.page.locator("[data-pad]").evaluate(lost)
    assert len(someone.strokes) == 1


def test_only_the_primary_button_draws(someone: Visitor) -> None:
    someone.page.mouse.move(*someone.places([(0.5, 0.5)])[0])
    someone.page.mouse.down(button="right")
    someone.page.mouse.move(*someone.places([(0.7, 0.7)])[0])
    someone.page.mouse.up(button="right")
    assert someone.strokes == []


def test_undo_redo_and_a_clear_that_can_be_undone(someone: Visitor) -> None:
    someone.draw(ONE)
    someone.draw([(0.3, 0.3), (0.7, 0.3)])
    someone.click("undo")
    assert len(someone.strokes) == 1
    someone.click("redo")
    assert len(someone.strokes) == 2
    someone.click("clear")
    assert someone.inked == 0
    someone.sees("empty")
    someone.click("undo")
    assert len(someone.strokes) == 2
    assert someone.inked > 0
    someone.press("x")
    someone.press("Control+z", "z", "y", "Shift+Z", "Control+Shift+z", "Control+z")
    assert len(someone.strokes) == 2


def test_a_new_stroke_ends_what_could_be_redone(someone: Visitor) -> None:
    someone.draw(ONE)
    someone.click("undo")
    someone.draw(SEVEN)
    assert someone.page.get_attribute("[data-do=redo]", "aria-disabled") == "true"


@pytest.mark.parametrize("ratio", [1, 1.5, 3])
def test_ink_is_crisp_at_any_pixel_ratio_and_after_a_resize(visit: Any, digits: Recognizer, ratio: float) -> None:
    visitor = visit(device_scale_factor=ratio)
    visitor.open_sheet()
    visitor.draw(SEVEN)
    before, strokes = visitor.inked, visitor.strokes
    _is_crisp(visitor, ratio)
    visitor.page.set_viewport_size({"width": 500, "height": 700})
    _is_crisp(visitor, ratio)
    assert visitor.strokes == strokes
    assert 0 < visitor.inked < before


def _is_crisp(visitor: Visitor, ratio: float) -> None:
    script = """ratio => {
        const canvas = document.querySelector("[data-pad]");
        return Math.abs(canvas.width - canvas.clientWidth * ratio) <= 1;
    }"""
    visitor.page.wait_for_function(script, arg=ratio)


def test_pen_width_and_colour_are_remembered_and_never_sent(someone: Visitor) -> None:
    someone.page.click("[data-pen-menu] summary")
    someone.page.check("[data-pen-menu] [value=green]")
    someone.press("Escape", "]", "]")
    someone.page.reload()
    someone.page.wait_for_selector("[data-ready]")
    assert someone.page.get_attribute("[data-pad]", "data-pen") == "green"
    assert someone.page.input_value("[data-pen-menu] [type=range]") == "24"
    someone.draw(SEVEN)
    someone.sees("answer")
    assert all(set(request.post_data_json) == {"recognizer", "ink"} for request in someone.sent)


def test_the_unfinished_sheet_survives_a_reload(someone: Visitor) -> None:
    someone.draw(SEVEN)
    strokes = someone.strokes
    someone.page.reload()
    someone.sees("answer", "7")
    assert someone.strokes == strokes


def test_strokes_after_a_reload_begin_after_those_before_it(someone: Visitor) -> None:
    someone.page.evaluate(
        "sessionStorage.setItem('inkling.sheet', JSON.stringify({user: null, strokes:"
        "[[[168, 392], [112, 280], [0, 3579]], [[308, 308], [168, 504], [5422, 7508]]]}))"
    )
    someone.page.reload()
    someone.page.wait_for_selector("[data-ready]")
    someone.draw(ONE)
    someone.page.reload()
    someone.page.wait_for_selector("[data-ready]")
    someone.press("d", " ", "ArrowDown", " ")
    _, (_, _, second), (_, _, third), (_, _, fourth) = someone.strokes
    assert second == [5422, 7508]
    assert 7508 < third[0] < 7600
    assert third[-1] < fourth[0] < third[-1] + 100
    assert (third, fourth) == (sorted(third), sorted(fourth))


def test_strokes_after_an_undone_clear_begin_after_those_before_it(someone: Visitor) -> None:
    someone.draw(ONE, lift=False)
    someone.page.wait_for_timeout(1000)
    someone.page.mouse.move(*someone.places([(0.5, 0.9)])[0])
    someone.page.mouse.up()
    someone.press("x")
    someone.draw(SEVEN)
    someone.press("z", "z")
    someone.draw(SEVEN)
    (_, _, first), (_, _, second) = someone.strokes
    assert first[-1] >= 1000
    assert second[0] > first[-1]


def test_a_stroke_that_reaches_the_limit_of_points_stays_and_says_so(someone: Visitor) -> None:
    someone.page.evaluate(
        "sessionStorage.setItem('inkling.sheet', JSON.stringify({user: null, strokes:"
        "[[2, 3, 1e9].map((step) => Array.from({length: 7990}, (_, i) => (step < 9 ? 100 + (i * step) % 300 : i)))]}))"
    )
    someone.page.reload()
    someone.page.wait_for_selector("[data-ready]")
    someone.draw(SCRIBBLE)
    someone.page.wait_for_selector("[data-problem]:visible")
    assert someone.page.inner_text("[data-problem] span") == someone.text("tooManyPoints")
    assert [len(stroke[0]) for stroke in someone.strokes] == [7990, 10]


def test_a_scribble_without_end_fills_the_sheet_and_says_so(someone: Visitor) -> None:
    someone.page.evaluate(
        "sessionStorage.setItem('inkling.sheet', JSON.stringify({user: null, strokes:"
        "Array.from({length: 256}, (_, i) => [[i, i + 9], [9, 99], [i, i]])}))"
    )
    someone.page.reload()
    someone.sees("unsure")
    someone.draw(SCRIBBLE)
    someone.page.wait_for_selector("[data-problem]:visible")
    assert someone.page.inner_text("[data-problem] span") == someone.text("tooManyPoints")
    assert len(someone.strokes) == 256
