"""How a network reads a drawing: the page that shows it, and the page that is exported with a model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ml.bundles.bundle import Bundle
from ml.bundles.export_browser import export_browser
from recognizer.models import Recognizer
from tests.browser.visitors import SEVEN, Visitor

# How many of these canvases have a pixel that is not pale.
INKED = """selector => [...document.querySelectorAll(selector)].filter((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.some((value, i) => i % 4 === 3 && value > 50);
}).length"""


def open_reading(visitor: Visitor) -> None:
    visitor.go("/models/digits/reading/")
    visitor.page.wait_for_selector("[data-reading][data-ready]")


def test_a_drawing_is_followed_through_every_layer(visit: Any, digits: Recognizer) -> None:
    visitor: Visitor = visit()
    open_reading(visitor)
    assert not visitor.page.is_visible("[data-inked]")
    visitor.draw(SEVEN)
    visitor.page.wait_for_selector("[data-scores] tr")
    page = visitor.page
    assert page.locator("[data-scores] th").first.inner_text() == "7"
    assert page.evaluate(INKED, "[data-raster]") == 1
    assert page.locator("[data-layers] .layer").count() == 8  # six convolutions, two poolings
    assert page.evaluate(INKED, "[data-layers] canvas") > 50
    assert page.evaluate("document.querySelector('[data-raster]').width") == 28
    page.click("[data-do=clear]")
    page.wait_for_selector("[data-inked]", state="hidden")
    assert [request.url for request in visitor.sent] == []
    assert visitor.complaints == []


def test_it_begins_with_what_is_on_the_sheet(someone: Visitor) -> None:
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    someone.page.click("[data-raster-preview] summary")
    someone.page.click("[data-raster-preview] [data-reading-link]")
    someone.page.wait_for_selector("[data-scores] tr")
    assert someone.page.locator("[data-scores] th").first.inner_text() == "7"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_args: Any) -> None:
        """Write nothing."""


@pytest.fixture
def exported(shipped: Bundle, tmp_path: Path) -> Iterator[str]:
    """The address of the exported page, on a server for static files."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(export_browser(shipped, tmp_path))))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_exported_page_answers_from_any_static_server(browser: Any, exported: str) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(exported)
    page.wait_for_selector("[data-ready]", state="attached")
    box = page.locator("#sheet").bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in SEVEN]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()
    page.wait_for_function("document.querySelector('#guesses span')?.textContent === '7'")
    page.click("#clear")
    page.wait_for_function("!document.querySelector('#guesses li')")
    assert complaints == []
    page.close()
