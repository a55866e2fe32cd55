"""A picture instead of ink."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np
import pytest

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
    someone.page.wait_for_selector("[data-picture]")
    someone.press("z")
    someone.page.wait_for_selector("[data-picture]", state="hidden")
    assert someone.inked > 0


def test_a_phone_can_photograph(someone: Visitor) -> None:
    assert someone.page.get_attribute("[data-picture-input] >> nth=1", "capture") == "environment"


def test_what_is_not_a_picture_is_refused_with_words(someone: Visitor) -> None:
    someone.page.set_input_files("[data-picture-input] >> nth=0", picture_file(b"words", "text/plain"))
    someone.page.wait_for_selector("[data-problem]:visible")
    assert someone.page.inner_text("[data-problem] span") == someone.text("notAPicture")
    choose(someone, b"\x89PNG\r\n\x1a\nwords")
    someone.page.wait_for_selector("[data-problem]:visible")
    someone.sees("empty")
    assert someone.page.get_attribute("[data-do=redo]", "aria-disabled") == "true"


def test_of_two_pictures_the_last_one_counts_also_if_it_is_read_first(someone: Visitor) -> None:
    script = """([slow, quick]) => {
        const paste = (data, more) => {
            const file = new File([Uint8Array.from(atob(data), c => c.charCodeAt(0))], "picture", {type: "image/png"});
            const clipboardData = {files: [Object.assign(file, more)]};
            dispatchEvent(Object.assign(new Event("paste"), {clipboardData}));
        };
        const read = new Promise(done => {
            const arrayBuffer = async () => {
                await new Promise(later => setTimeout(later, 600));
                setTimeout(done, 200);
                return new ArrayBuffer(9);
            };
            paste(slow, {slice: () => ({arrayBuffer})});
        });
        paste(quick, {});
        return read;
    }"""
    data = base64.b64encode(seven_on_paper()).decode()
    someone.page.evaluate(script, [data, data])
    assert not someone.page.is_visible("[data-reading]")
    assert not someone.page.is_visible("[data-problem]")
    someone.sees("answer", "7")


def test_a_heic_photo_is_refused_with_what_to_do(someone: Visitor) -> None:
    photo = b"\0\0\0\x24ftypheic\0\0\0\0mif1heic" + bytes(500)
    choose(someone, photo, "")
    someone.page.wait_for_selector("[data-problem]:visible")
    assert someone.page.inner_text("[data-problem] span") == someone.text("heic")
    assert someone.sent == []


def test_a_blank_picture_is_said_to_be_blank_and_gets_no_label(alice_draws: Visitor, alice: User) -> None:
    choose(alice_draws, cv2.imencode(".png", np.full((200, 200), 240, np.uint8))[1].tobytes())
    alice_draws.sees("blank")
    alice_draws.hears("blankPicture")
    alice_draws.press("7", "Enter")
    alice_draws.sees("blank")
    assert not alice_draws.page.is_visible("[data-keypad]")
    assert not Drawing.objects.by(alice).exists()


@pytest.mark.parametrize("kind", ["", "image/jpg", "application/octet-stream"])
def test_what_a_file_is_its_content_says(someone: Visitor, kind: str) -> None:
    choose(someone, cv2.imencode(".jpg", drawn_seven(400))[1].tobytes(), kind)
    someone.sees("answer", "7")


def test_what_the_model_sees_of_a_picture_is_shown_in_the_colours_of_the_page(someone: Visitor) -> None:
    choose(someone, seven_on_paper())
    someone.sees("answer", "7")
    someone.page.click("[data-raster-preview] summary")
    script = """() => {
        const canvas = document.querySelector("[data-raster-preview] canvas");
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        const dark = [...Array(data.length / 4).keys()].filter((i) => data[i * 4] < 80).length;
        return data[0] > 240 && dark > 10 && dark;
    }"""
    dark = someone.page.wait_for_function(script).json_value()
    assert 28 < dark < 200  # of 784 pixels, as a 7 has


def drawn_seven(width: int, *, line: int = 0) -> np.ndarray:
    """A black 7 on white, 3 wide and 2 high, with lines of `line` pixels."""
    picture = np.full((width * 2 // 3, width), 255, np.uint8)
    corners = (np.array([[0.35, 0.15], [0.65, 0.15], [0.45, 0.52]]) * width).astype(np.int32)
    cv2.polylines(picture, [corners], False, 0, line or width // 30)
    return picture


def choose(visitor: Visitor, data: bytes, kind: str = "image/png") -> None:
    visitor.page.set_input_files("[data-picture-input] >> nth=0", picture_file(data, kind))


def sent_size(visitor: Visitor) -> tuple[int, int]:
    """Width and height of the picture on the sheet, which is the one that was sent."""
    width, height = visitor.page.eval_on_selector(
        "[data-picture]", "image => [image.naturalWidth, image.naturalHeight]"
    )
    return width, height


@pytest.mark.parametrize(("kind", "width", "line"), [(".jpg", 6000, 3), (".png", 3456, 1)])
def test_a_picture_of_too_many_pixels_is_made_smaller_and_its_thin_lines_stay(
    someone: Visitor, kind: str, width: int, line: int
) -> None:
    picture = drawn_seven(width, line=line)
    if kind == ".png":  # a screenshot: opaque, but with a channel for transparency
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGRA)
    choose(someone, cv2.imencode(kind, picture)[1].tobytes(), "image/jpeg" if kind == ".jpg" else "image/png")
    someone.sees("answer", "7")
    most = 16_000_000 if kind == ".jpg" else 6_000_000
    wide, high = sent_size(someone)
    assert 0.98 * most < wide * high <= most


CHANGING_BROWSER = """() => {
    const toBlob = HTMLCanvasElement.prototype.toBlob;
    HTMLCanvasElement.prototype.toBlob = function (...rest) {
        const context = this.getContext("2d");
        for (let i = 0; i < this.width; i += 3) context.clearRect(i, (i * 7) % this.height, 5, 5);
        toBlob.apply(this, rest);
    };
}"""


def test_a_browser_that_changes_what_is_drawn_sends_the_file_as_it_is(someone: Visitor) -> None:
    someone.page.evaluate(CHANGING_BROWSER)
    photo = cv2.imencode(".bmp", cv2.cvtColor(drawn_seven(1500), cv2.COLOR_GRAY2BGR))[1].tobytes()
    assert 4_200_000 < len(photo) < 5_000_000  # the page would make it smaller; the server takes it
    choose(someone, photo, "image/bmp")
    someone.sees("answer", "7")
    assert sent_size(someone) == (1500, 1000)


def test_a_photograph_of_many_megabytes_is_made_smaller_before_it_is_sent(someone: Visitor) -> None:
    paper = np.full((1300, 1800, 3), 225, np.uint8)
    cv2.polylines(paper, [np.array([[500, 300], [1300, 300], [850, 1150]])], False, (40, 40, 40), 60)
    photo = cv2.imencode(".bmp", paper)[1].tobytes()
    assert len(photo) > 7_000_000
    someone.page.set_input_files("[data-picture-input] >> nth=0", picture_file(photo, "image/bmp"))
    someone.sees("answer", "7")
