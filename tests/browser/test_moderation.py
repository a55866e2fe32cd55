"""The moderation pages in a real browser."""

from __future__ import annotations

from typing import Any

from django.test import Client

from accounts import audit
from accounts.models import User
from recognizer.models import Recognizer
from recognizer.moderation import exclusions, reports
from recognizer.review import decisions
from tests.ink import ONE, SEVEN
from tests.pages.conftest import named

WORD = "long" * 40


def test_long_words_do_not_make_a_page_scroll_sideways(
    visit: Any, digits: Recognizer, admin_client: Client, admin_user: User, alice: User, bob: User
) -> None:
    said, other = named(alice, SEVEN, "7"), named(bob, ONE, "1")
    decisions.accept(correction=other, reviewer=admin_user)
    reports.create_report(page="/models/digits/", reason="offensive", words=WORD, drawing=said.drawing.uuid)
    aside = exclusions.exclude_author(author=alice.pk, by=admin_user, reason=WORD)
    audit.note(by=admin_user, what="policy.changed", subject=WORD, detail={"cap": [WORD, WORD]})
    phone = visit(admin_client, phone=True, viewport={"width": 320, "height": 640})
    for path in (
        "/audit/",
        "/audit/decisions/",
        "/review/set-aside/",
        f"/review/set-aside/{aside.pk}/",
        f"/review/set-aside/new/?correction={other.pk}",
        "/review/reports/",
        "/review/reports/?handled",
    ):
        phone.go(path)
        phone.page.evaluate("document.querySelectorAll('main details').forEach(each => (each.open = true))")
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        small = "[...document.querySelectorAll('button, nav a, summary, .button')].filter(e => e.checkVisibility())"
        heights = phone.page.evaluate(f"{small}.map(e => [e.innerText, e.getBoundingClientRect().height])")
        assert [name for name, height in heights if height < 44] == [], path
    assert phone.complaints == []


def test_a_reviewer_excludes_an_author_from_the_review_page(
    visit: Any, digits: Recognizer, admin_client: Client, alice: User
) -> None:
    named(alice, SEVEN, "7")
    desktop = visit(admin_client)
    desktop.go("/review/")
    desktop.page.click("a[href^='/review/set-aside/new/']")
    desktop.page.fill("[name=reason]", "It teaches nonsense.")
    desktop.page.click("main button.danger")
    desktop.page.wait_for_url("**/review/set-aside/*/")
    assert "It teaches nonsense." in desktop.page.inner_text("main")
    desktop.go("/review/")
    assert desktop.page.is_visible("[data-nothing]")
    assert desktop.complaints == []
