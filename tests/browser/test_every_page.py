"""Every page of the recognizers: no complaint in the console, nothing that scrolls sideways, both themes."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts import keys
from accounts.models import User
from recognizer.drawings import store
from recognizer.drawings.store import Content
from recognizer.models import Event, Recognizer, Webhook
from recognizer.webhooks import events
from tests.browser.visitors import SEVEN, Visitor
from tests.ink import SCRIBBLE


def _complaints(visitor: Visitor) -> list[str]:
    """The pages about errors answer with an error, which the console notes."""
    return [text for text in visitor.complaints if "Failed to load resource" not in text]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_offends_the_policy_or_scrolls_sideways_on_a_phone(
    visit: Any, three: list[Recognizer], as_alice: Client, alice: User, scheme: str
) -> None:
    drawing, _ = store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(SCRIBBLE))
    hook = Webhook.objects.create(person=alice, url="https://hooks.example.org/" + "long" * 30, events=Event.values)
    events.create_test_delivery(hook)
    key, _secret = keys.create_key(
        person=alice, name="Shop" * 15, scopes=["predict"], origins=["https://" + "long" * 30]
    )
    phone = visit(as_alice, phone=True, viewport={"width": 320, "height": 640}, color_scheme=scheme)
    for path in (
        "/",
        "/privacy/",
        "/drawings/",
        "/memory/",
        f"/drawings/{drawing.uuid}/delete/",
        "/nothing/",
        "/drawings/?label=1",
        "/drawings/?recognizer=sketches",
        "/draw/sketches/",
        "/rounds/",
        "/memory/?recognizer=bangla-digits",
        "/models/",
        "/models/digits/",
        "/models/sketches/",
        "/developers/",
        "/report/?page=/models/",
        "/accounts/keys/",
        f"/accounts/keys/{key.pk}/revoke/",
        "/accounts/webhooks/",
        f"/accounts/webhooks/{hook.uuid}/",
        f"/accounts/webhooks/{hook.uuid}/delete/",
    ):
        phone.go(path)
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        small = "[...document.querySelectorAll('button, nav a, summary, .button')].filter(e => e.checkVisibility())"
        heights = phone.page.evaluate(f"{small}.map(e => [e.innerText, e.getBoundingClientRect().height])")
        assert [name for name, height in heights if height < 44] == [], path
    assert _complaints(phone) == []


def test_a_message_can_be_closed(visit: Any, digits: Recognizer, as_alice: Client, alice: User) -> None:
    drawing, _ = store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(SCRIBBLE))
    visitor = visit(as_alice)
    visitor.go(f"/drawings/{drawing.uuid}/delete/")
    visitor.page.click("main form button")
    visitor.page.click("[data-close-message]")
    assert visitor.page.locator(".messages .notice").count() == 0
    assert visitor.page.evaluate("document.activeElement.id") == "main"
    assert visitor.complaints == []


def test_drawing_and_answering_offend_no_policy(someone: Visitor) -> None:
    someone.draw(SEVEN)
    someone.sees("answer")
    someone.page.click("[data-raster-preview] summary")
    someone.click("help")
    someone.press("Escape", "7")
    someone.click("next")
    someone.sees("empty")
    assert someone.complaints == []


def test_the_theme_follows_the_system_until_one_chooses(visit: Any, digits: Recognizer) -> None:
    visitor = visit(color_scheme="dark")
    visitor.go("/")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    dark = visitor.page.evaluate(paper)
    visitor.page.click("[data-theme-switch]")
    light = visitor.page.evaluate(paper)
    assert light != dark
    visitor.go("/privacy/")
    assert visitor.page.evaluate(paper) == light
    visitor.page.click("[data-theme-switch]")
    assert visitor.page.evaluate(paper) == dark
    assert visitor.page.evaluate("localStorage.getItem('inkling.theme')") is None


def test_the_theme_is_there_before_the_first_paint(visit: Any, digits: Recognizer) -> None:
    visitor = visit(color_scheme="light")
    visitor.go("/")
    visitor.page.click("[data-theme-switch]")
    visitor.page.add_init_script(
        "new MutationObserver(() => { if (document.body) window.themeAtBody ??= "
        "document.documentElement.dataset.theme }).observe(document, {childList: true, subtree: true})"
    )
    visitor.page.reload()
    assert visitor.page.evaluate("window.themeAtBody") == "dark"


def test_nothing_moves_for_those_who_want_no_motion(visit: Any, digits: Recognizer) -> None:
    visitor = visit(reduced_motion="reduce")
    visitor.open_sheet()
    visitor.draw(SEVEN)
    visitor.sees("answer")
    assert visitor.page.evaluate("document.getAnimations().length") == 0


def test_ink_is_repainted_when_the_theme_changes(someone: Visitor) -> None:
    someone.draw(SEVEN)
    someone.page.click("[data-theme-switch]")
    light = """canvas => new Promise(done => requestAnimationFrame(() => {
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        done(pixels.some((value, i) => i % 4 === 0 && value > 200 && pixels[i + 3] === 255));
    }))"""
    assert someone.page.locator("[data-pad]").evaluate(light)


def test_the_skip_link_leads_past_the_header(someone: Visitor) -> None:
    someone.press("Tab")
    assert someone.page.evaluate("document.activeElement.getAttribute('href')") == "#main"
    someone.press("Enter")
    assert someone.page.evaluate("document.activeElement.id") == "main"
