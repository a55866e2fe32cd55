"""A picture instead of ink."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np

from accounts.models import User
from recognizer.models import Drawing
from tests.browser.visitors import SEVEN, Visitor


def seven_on_paper() -> bytes:
    picture = np.full((300, 400), 225, np.uint8)
    cv2.polylines(picture, [np.array([[130, 70], [270, 70], [190, 240]])], False, 40, 14, cv2.LINE_AA)
    return cv2.imencode(".png", picture)[1].tobytes()


def picture_file(data: bytes, kind: str = "image/png") -> dict[str, Any]:
    return {"name": "picture", "mimeType": kind, "buffer": data}


def _hand_over(visitor: Visitor, how: str, data: bytes) -> None:
    """Drop or paste a file, as the browser would tell of it."""
    script = """([how, data]) => {
        const transfer = new DataTransfer();
        const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], "seven.png", {type: "image/png"}));
        const options = {bubbles: true, cancelable: true};
        document.body.dispatchEvent(how === "drop"
            ? new DragEvent("drop", {...options, dataTransfer: transfer})
            : new ClipboardEvent("paste", {...options, clipboardData: transfer}));
    }"""
    visitor.page.evaluate(script, [how, base64.b64encode(data).decode()])


def test_a_picture_can_be_chosen_and_is_kept(alice_draws: Visitor, alice: User) -> None:
    alice_draws.page.set_input_files("[data-picture-input] >> nth=0", picture_file(seven_on_paper()))
    alice_draws.sees("answer", "7")
    assert alice_draws.page.is_visible("[data-picture]")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    drawing = Drawing.objects.by(alice).get()
    assert drawing.ink is None
    alice_draws.go("/drawings/")
    assert (
        alice_draws.page.locator("img.thumb").evaluate("image => image.decode().then(() => image.naturalWidth)") == 400
    )
    assert alice_draws.complaints == []


def test_a_picture_can_be_dropped_or_pasted(someone: Visitor) -> None:
    for how in ("drop", "paste"):
        _hand_over(someone, how, seven_on_paper())
        someone.sees("answer", "7")
        someone.click("clear")
        someone.sees("empty")
        assert not someone.page.is_visible("[data-picture]")


def test_a_picture_takes_the_place_of_ink_and_undo_brings_it_back(someone: Visitor) -> None:
    someone.draw(SEVEN)
    _hand_over(someone, "paste", seven_on_paper())
    assert someone.page.is_visible("[data-picture]")
    someone.press("z")
    assert not someone.page.is_visible("[data-picture]")
    assert someone.inked > 0


def test_a_phone_can_photograph(someone: Visitor) -> None:
    assert someone.page.get_attribute("[data-picture-input] >> nth=1", "capture") == "environment"


def test_what_is_not_a_picture_is_refused_with_words(someone: Visitor) -> None:
    someone.page.set_input_files("[data-picture-input] >> nth=0", picture_file(b"words", "text/plain"))
    someone.page.wait_for_selector("[data-problem]:visible")
    assert someone.page.inner_text("[data-problem] span") == someone.text("notAPicture")
    someone.page.set_input_files("[data-picture-input] >> nth=0", picture_file(b"words"))
    someone.page.wait_for_selector("[data-problem]:visible")
    someone.sees("empty")


def test_a_blank_picture_is_nothing_to_read(someone: Visitor) -> None:
    blank = cv2.imencode(".png", np.full((200, 200), 240, np.uint8))[1].tobytes()
    someone.page.set_input_files("[data-picture-input] >> nth=0", picture_file(blank))
    someone.sees("unsure")
    assert someone.page.inner_text("[data-part=verdict]") == someone.text("nothing")


def test_a_photograph_of_many_megabytes_is_made_smaller_before_it_is_sent(someone: Visitor) -> None:
    paper = np.full((1300, 1800, 3), 225, np.uint8)
    cv2.polylines(paper, [np.array([[500, 300], [1300, 300], [850, 1150]])], False, (40, 40, 40), 60)
    photo = cv2.imencode(".bmp", paper)[1].tobytes()
    assert len(photo) > 7_000_000
    someone.page.set_input_files("[data-picture-input] >> nth=0", picture_file(photo, "image/bmp"))
    someone.sees("answer", "7")
