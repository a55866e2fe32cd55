"""The codes of a label are copied: in each format, by button and by key, with HTTPS and without."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from ml.bundles.bundle import Bundle
from recognizer.models import Recognizer
from recognizer.registry import install
from tests import small_bundles
from tests.accounts.helpers import force_login_by_password
from tests.browser.visitors import ONE, SEVEN, Visitor, until

COPY = "[data-do=copy]"
FORMAT = "[data-format]"
NEEDS = "[data-code=needs]"
COPIED = {"latex": "\\curvearrowright", "typst": "curved.arrow.right", "unicode": "↷", "html": "&#x21B7;"}

# As on a site without HTTPS. What is copied then is the selection.
NO_CLIPBOARD = """
Object.defineProperty(navigator, "clipboard", { value: undefined });
addEventListener("copy", () => { window.selected = document.activeElement.value; });
"""


@pytest.fixture
def reader(visit: Any, maths: Recognizer) -> Visitor:
    """Somebody who has drawn an arrow for its code."""
    visitor: Visitor = visit()
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return _drew_an_arrow(visitor)


def _drew_an_arrow(visitor: Visitor) -> Visitor:
    visitor.go("/draw/maths/")
    visitor.page.wait_for_selector("[data-draw][data-ready]")
    visitor.draw(SEVEN)
    visitor.sees("answer", "curvearrowright")
    return visitor


def _has_copied(visitor: Visitor, words: str) -> None:
    until(visitor.page, lambda: bool(visitor.page.evaluate("navigator.clipboard.readText()") == words))


def test_each_format_is_copied_and_the_last_one_is_remembered(reader: Visitor) -> None:
    assert reader.page.input_value(FORMAT) == "latex"
    for name, code in COPIED.items():
        reader.page.select_option(FORMAT, name)
        reader.page.click(COPY)
        _has_copied(reader, code)
    assert reader.page.input_value(FORMAT) == "html"
    _drew_an_arrow(reader)
    assert reader.page.input_value(FORMAT) == "html"
    reader.press("c")
    _has_copied(reader, COPIED["html"])


def test_the_key_copies_and_that_is_announced_with_the_package(reader: Visitor) -> None:
    reader.press("c")
    _has_copied(reader, COPIED["latex"])
    reader.hears("copied", code=COPIED["latex"])
    assert "\\usepackage{amssymb}" in reader.page.evaluate("announced.at(-1)")
    assert "\\usepackage{amssymb}" in reader.page.inner_text(NEEDS)
    assert str(reader.page.get_attribute(f"{COPY} use", "href")).endswith("#check")
    until(reader.page, lambda: str(reader.page.get_attribute(f"{COPY} use", "href")).endswith("#copy"))


def test_each_guess_is_copied_in_its_row(reader: Visitor) -> None:
    rows = reader.page.locator("[data-part=list] li")
    reader.page.locator("[data-part=list] li [data-copy-label]").last.click()
    code = rows.last.locator("[data-code-of]").inner_text()
    _has_copied(reader, code)
    reader.sees("answer", "curvearrowright")


def test_a_row_of_a_guess_has_one_line(reader: Visitor) -> None:
    """Also where some labels are letters of another script, as omega."""
    parts = reader.page.locator("[data-part=list] li").first.locator(".glyph, .code-of, .share")
    middles = [(box["y"] + box["height"] / 2) for box in (part.bounding_box() for part in parts.all()) if box]
    assert len(middles) == 3
    assert max(middles) - min(middles) < 4


def test_on_a_phone_the_answer_and_its_code_fit_below_the_sheet(visit: Any, maths: Recognizer) -> None:
    phone = _drew_an_arrow(visit(phone=True, viewport={"width": 360, "height": 740}))
    buttons = phone.page.locator(".answers .button:visible")
    confirm, other = (button.bounding_box() for button in buttons.all())
    assert confirm["y"] == other["y"]
    code = phone.page.locator(COPY).bounding_box()
    assert code["y"] + code["height"] <= 740
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_option_of_a_package_is_said_too(visit: Any, maths: Recognizer) -> None:
    label = maths.labels.get(slug="curvearrowright")
    first = {"code": "\\guillemotleft", "package": "fontenc", "mode": "text"}
    other = {"code": "\\shortrightarrow", "package": "stmaryrd", "mode": "math"}
    label.codes["latex"] = [first, other]
    label.save()
    visitor = _drew_an_arrow(visit())
    words = visitor.page.inner_text(NEEDS)
    assert "\\usepackage[T1]{fontenc}" in words
    assert "\\shortrightarrow (stmaryrd)" in words


def test_a_code_is_copied_without_https(visit: Any, maths: Recognizer) -> None:
    visitor = visit()
    visitor.page.add_init_script(NO_CLIPBOARD)
    _drew_an_arrow(visitor).press("c")
    until(visitor.page, lambda: bool(visitor.page.evaluate("window.selected") == COPIED["latex"]))
    visitor.hears("copied", code=COPIED["latex"])


def test_a_clean_shape_is_copied_without_https(visit: Any, digits: Recognizer, starter: Bundle) -> None:
    install.install(bundle=small_bundles.shapes(starter))
    visitor = visit()
    visitor.page.add_init_script(NO_CLIPBOARD)
    visitor.go("/draw/shapes/")
    visitor.draw(ONE)
    visitor.sees("answer", "line")
    visitor.page.click("[data-clean-shape] summary")
    visitor.page.click("[data-shape=copy]")
    until(visitor.page, lambda: str(visitor.page.evaluate("window.selected")).startswith("<svg"))
    assert visitor.page.inner_text("[data-shape=status]") == visitor.text("svgCopied")


def test_a_new_key_is_copied_without_https(visit: Any, alice: User) -> None:
    client = Client()
    force_login_by_password(client, alice)
    visitor = visit(client)
    visitor.page.add_init_script(NO_CLIPBOARD)
    visitor.go("/accounts/keys/new/")
    visitor.page.fill("[name=name]", "A program")
    visitor.page.check("[name=scopes] >> nth=0")
    visitor.page.click("main form .primary")
    visitor.page.click("[data-copy]")
    until(visitor.page, lambda: bool(visitor.page.evaluate("window.selected")))
    assert visitor.page.evaluate("window.selected") == visitor.page.inner_text("#secret")
