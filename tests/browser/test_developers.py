"""/developers/ and the API reference in a real browser, under the content security policy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recognizer.api.openapi.operations import OPERATIONS
from recognizer.api.openapi.webhooks import webhooks
from recognizer.models import Recognizer
from tests.browser.visitors import Visitor


@pytest.fixture
def reader(visit: Any, three: list[Recognizer]) -> Visitor:
    """A visitor on the page for developers."""
    visitor: Visitor = visit()
    visitor.go("/developers/")
    return visitor


def _shown(reader: Visitor, pane: str) -> Any:
    script = "pane => document.querySelector(`[data-${pane}]`).textContent.startsWith('{')"
    reader.page.wait_for_function(script, arg=pane)
    return json.loads(reader.page.inner_text(f"[data-{pane}]"))


def test_the_page_shows_the_request_and_its_response(reader: Visitor) -> None:
    assert len(_shown(reader, "request")["ink"]) == 2
    answer = _shown(reader, "response")
    assert (answer["recognizer"], answer["guesses"][0]["label"]) == ("digits", "7")
    assert len(answer["guesses"]) == 3
    assert reader.page.inner_text("[data-summary]").startswith("7, ")
    assert reader.complaints == []


def test_a_new_drawing_or_another_recognizer_gives_a_new_response(reader: Visitor) -> None:
    _shown(reader, "response")
    reader.page.click("[data-clear]")
    assert reader.page.inner_text("[data-request]") == ""
    box = reader.page.locator("[data-pad]").bounding_box()
    assert box
    reader.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    reader.page.mouse.down()
    reader.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 40, steps=8)
    reader.page.mouse.up()
    assert len(_shown(reader, "request")["ink"]) == 1
    assert _shown(reader, "response")["guesses"][0]["label"] == "1"
    reader.page.select_option("[data-recognizer]", "bangla-digits")
    reader.page.wait_for_function("() => document.querySelector('[data-response]').textContent.includes('bangla')")
    assert reader.complaints == []


def test_the_reference_lists_every_operation_under_the_policy(reader: Visitor) -> None:
    reader.go("/developers/reference/")
    reader.page.wait_for_selector("#swagger-ui .opblock-summary-path")
    assert reader.page.locator("#swagger-ui .opblock").count() == len(OPERATIONS) + len(webhooks())
    reader.page.click("#operations-Predictions-predict .opblock-summary-control")
    reader.page.wait_for_selector("#operations-Predictions-predict .responses-table")
    assert reader.complaints == []
