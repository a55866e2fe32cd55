"""The review pages in a real browser: the next drawing is there at once, and no decision is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from recognizer.models import Claim, Correction, Recognizer, Review
from recognizer.review import decisions as reviews
from tests.browser.visitors import Visitor, until
from tests.ink import ONE, SCRIBBLE, SEVEN, ZERO
from tests.pages.conftest import named
from tests.people import rita_who_may
from tests.recognizer.training import community

REVIEW = "/review/"
SENT = "() => !Object.keys(sessionStorage).some((key) => key.startsWith('inkling.review'))"
STILL = "whole => document.querySelector('[data-replay] path').getAttribute('d') === whole"
WATCH = """() => {
    const path = document.querySelector("[data-replay] path");
    window.shown = [];
    new MutationObserver(() => window.shown.push(path.getAttribute("d"))).observe(path, { attributes: true });
}"""
HELD = """() => {
    for (const repeat of [false, true, true]) {
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "a", repeat, bubbles: true }));
    }
}"""


@pytest.fixture
def as_rita(db: None) -> Client:
    """A browser of a reviewer."""
    client = Client()
    client.force_login(rita_who_may(is_staff=True))
    return client


@pytest.fixture
def said(digits: Recognizer, alice: User) -> list[Correction]:
    """In the order of the queue: a scribble, a one that alice called a seven, a seven."""
    return [named(alice, SCRIBBLE, "0"), named(alice, ONE, "7"), named(alice, SEVEN, "7")]


@pytest.fixture
def enter(visit: Any, as_rita: Client) -> Callable[..., Visitor]:
    """Call it with a query string and options of the browser: it opens the review page as the reviewer."""

    def come(query: str = "", **options: Any) -> Visitor:
        visitor: Visitor = visit(as_rita, **options)
        _open(visitor, query)
        return visitor

    return come


def _open(visitor: Visitor, query: str = "") -> None:
    visitor.go(REVIEW + query)
    visitor.page.wait_for_selector("[data-review][data-ready]")


def _sees(visitor: Visitor, correction: Correction | None) -> None:
    """Wait until this drawing is shown, or none is."""
    if correction is None:
        visitor.page.wait_for_selector("[data-nothing]", state="visible")
    else:
        visitor.page.wait_for_selector(f"[data-card='{correction.pk}']")
        visitor.page.wait_for_timeout(130)  # a key that comes sooner counts as a bounce


def _waiting(visitor: Visitor) -> int:
    """How many drawings wait, as the page says."""
    return int(visitor.page.locator("[data-waiting]").inner_text().split()[0])


def _all_sent(visitor: Visitor) -> list[tuple[str, str | None, str]]:
    """Wait until the server has everything; what it has."""
    visitor.page.wait_for_function(SENT)
    return list(Review.objects.order_by("pk").values_list("decision", "label__slug", "reason"))


def test_a_whole_queue_is_reviewed_by_keyboard_on_one_page(
    enter: Callable[..., Visitor], said: list[Correction]
) -> None:
    visitor = enter()
    visitor.page.evaluate("window.samePage = true")
    for left, correction, key in zip((3, 2, 1), said, ("s", "1", "Enter"), strict=True):
        _sees(visitor, correction)
        assert _waiting(visitor) == left
        visitor.press(key)
    _sees(visitor, None)
    assert _waiting(visitor) == 0
    assert _all_sent(visitor) == [("rejected", None, "scribble"), ("relabelled", "1", ""), ("accepted", "7", "")]
    visitor.press("z")
    _sees(visitor, said[2])
    assert _waiting(visitor) == 1
    assert _all_sent(visitor)[-1] == ("undone", None, "")
    visitor.press("k")
    visitor.page.wait_for_selector("[data-skipped]", state="visible")
    assert visitor.page.evaluate("window.samePage")
    assert visitor.complaints == []


def test_the_next_drawing_does_not_wait_for_the_server(enter: Callable[..., Visitor], said: list[Correction]) -> None:
    visitor = enter()
    held: list[Any] = []
    visitor.page.wait_for_function("() => performance.getEntriesByName(location.origin + '/review/next/').length")
    visitor.page.route(f"**{REVIEW}{said[0].pk}/", lambda route: held.append(route))
    visitor.press("s")
    _sees(visitor, said[1])
    visitor.press("a")
    _sees(visitor, said[2])
    assert "2" in visitor.page.inner_text("[data-sending]")
    assert not Review.objects.exists()
    until(visitor.page, lambda: bool(held))
    held[0].continue_()
    assert [decision for decision, _, _ in _all_sent(visitor)] == ["rejected", "accepted"]
    assert visitor.page.inner_text("[data-sending]") == ""


def test_decisions_of_one_reviewer_are_not_saved_for_another(
    visit: Any, said: list[Correction], as_rita: Client, as_alice: Client
) -> None:
    visitor: Visitor = visit(as_rita)
    held: list[Callable[[], None]] = []

    def hold(route: Any) -> None:
        answer = route.fetch()
        held.append(lambda: route.fulfill(response=answer))

    visitor.page.route(f"**{REVIEW}next/", hold, times=1)
    with visitor.page.expect_request(f"**{REVIEW}next/"):
        _open(visitor)
    until(visitor.page, lambda: bool(held))
    _sign_in(visitor, as_alice)
    visitor.press("s")
    visitor.page.wait_for_selector("[data-trouble]:visible")
    held[0]()
    _sees(visitor, said[1])
    assert visitor.page.inner_text("[data-trouble] [data-words]") == visitor.text("otherAccount")
    assert not Review.objects.exists()
    _sign_in(visitor, as_rita)
    visitor.page.click("[data-trouble] [data-retry]")
    assert _all_sent(visitor) == [("rejected", None, "scribble")]


def _sign_in(visitor: Visitor, client: Client) -> None:
    """As in another tab of the same browser."""
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": visitor.site}
    visitor.page.context.add_cookies([cookie])


def test_without_a_connection_nothing_is_lost(enter: Callable[..., Visitor], said: list[Correction]) -> None:
    visitor = enter()
    visitor.page.wait_for_function("() => performance.getEntriesByName(location.origin + '/review/next/').length")
    visitor.page.route(f"**{REVIEW}*/", lambda route: route.abort())
    visitor.press("s")
    _sees(visitor, said[1])
    visitor.press("1")
    visitor.page.wait_for_selector("[data-trouble]", state="visible")
    assert not Review.objects.exists()
    visitor.page.unroute(f"**{REVIEW}*/")
    visitor.page.click("[data-retry]")
    assert [decision for decision, _, _ in _all_sent(visitor)] == ["rejected", "relabelled"]
    assert visitor.page.is_hidden("[data-trouble]")


def test_the_next_drawing_comes_by_itself_when_the_server_is_back(
    visit: Any, as_rita: Client, said: list[Correction]
) -> None:
    visitor: Visitor = visit(as_rita)
    visitor.page.route("**/review/next/", lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}))
    _open(visitor)
    _sees(visitor, said[0])
    visitor.press("s")
    visitor.page.wait_for_selector("[data-trouble]", state="visible")
    visitor.page.unroute("**/review/next/")
    _sees(visitor, said[1])
    assert visitor.page.is_hidden("[data-trouble]")


def test_unsent_decisions_are_sent_after_a_reload(enter: Callable[..., Visitor], said: list[Correction]) -> None:
    visitor = enter()
    visitor.page.route(f"**{REVIEW}{said[0].pk}/", lambda route: route.abort())
    visitor.press("s")
    visitor.page.wait_for_selector("[data-trouble]", state="visible")
    visitor.page.unroute(f"**{REVIEW}{said[0].pk}/")
    visitor.page.on("dialog", lambda dialog: dialog.accept())  # "some decisions are not sent yet"
    _open(visitor)
    assert _all_sent(visitor) == [("rejected", None, "scribble")]
    _sees(visitor, said[1])


def test_a_refused_decision_is_listed(enter: Callable[..., Visitor], said: list[Correction], alice: User) -> None:
    visitor = enter()
    Claim.objects.all().delete()
    reviews.accept(correction=said[0], reviewer=community.reviewer("rosa"))
    visitor.press("s")
    visitor.page.wait_for_selector("[data-failures] > li")
    assert _all_sent(visitor) == [("accepted", "0", "")]
    assert visitor.page.locator("[data-list] > li").count() == 0
    _sees(visitor, said[1])
    visitor.page.click("[data-failures] button")
    assert visitor.page.locator("[data-failures] > li").count() == 0


def test_any_of_the_last_decisions_can_be_undone(enter: Callable[..., Visitor], said: list[Correction]) -> None:
    visitor = enter()
    for correction, key in zip(said, ("s", "1", "a"), strict=True):
        _sees(visitor, correction)
        visitor.press(key)
    _sees(visitor, None)
    _all_sent(visitor)
    items = visitor.page.locator("[data-list] > li [data-summary]")
    assert items.all_inner_texts() == ["approved as 7", "changed from 7 to 1", "rejected: scribble"]
    visitor.page.locator("[data-list] > li button").nth(2).click()
    _sees(visitor, said[0])
    assert _all_sent(visitor)[-1] == ("undone", None, "")
    visitor.press("z")
    _sees(visitor, said[2])
    visitor.press("0")
    _sees(visitor, said[0])  # it was put back, and has its turn again
    assert [decision for decision, _, _ in _all_sent(visitor)][3:] == ["undone", "undone", "relabelled"]
    _open(visitor)
    assert visitor.page.locator("[data-list] > li").count() == 2


def test_a_held_key_decides_about_one_drawing(enter: Callable[..., Visitor], said: list[Correction]) -> None:
    visitor = enter()
    visitor.page.evaluate(HELD)
    _sees(visitor, said[1])
    assert len(_all_sent(visitor)) == 1


def test_keyboard_shortcuts_can_be_switched_off(enter: Callable[..., Visitor], said: list[Correction]) -> None:
    visitor = enter()
    visitor.page.uncheck("[data-shortcuts]")
    visitor.press("a", "s", "7")
    visitor.page.wait_for_timeout(200)
    assert _all_sent(visitor) == []
    _open(visitor)
    assert not visitor.page.is_checked("[data-shortcuts]")


def test_the_keys_work_on_keyboards_of_other_scripts(enter: Callable[..., Visitor], said: list[Correction]) -> None:
    visitor = enter()
    for correction, (key, code) in zip(said, [("ы", "KeyS"), ("১", "Digit1"), ("Ф", "KeyA")], strict=True):
        _sees(visitor, correction)
        visitor.press_on_layout(key, code)
    _sees(visitor, None)
    assert _all_sent(visitor) == [("rejected", None, "scribble"), ("relabelled", "1", ""), ("accepted", "7", "")]


def test_the_drawing_is_replayed_once(enter: Callable[..., Visitor], said: list[Correction]) -> None:
    visitor = enter()
    whole = visitor.page.locator("[data-replay] path").get_attribute("data-whole")
    visitor.page.wait_for_function(
        "d => document.querySelector('[data-replay] path').getAttribute('d') === d", arg=whole
    )
    visitor.page.evaluate(WATCH)
    visitor.press("p")
    visitor.page.wait_for_function("whole => window.shown.length > 1 && window.shown.at(-1) === whole", arg=whole)
    assert set(visitor.page.evaluate("window.shown")) > {whole}


def test_nothing_is_replayed_with_reduced_motion(enter: Callable[..., Visitor], said: list[Correction]) -> None:
    visitor = enter(reduced_motion="reduce")
    assert visitor.page.locator("[data-replay] path").get_attribute("data-whole") is None
    assert visitor.page.is_hidden("[data-again]")


def test_a_screen_reader_announces_the_decision_and_the_next_drawing(
    enter: Callable[..., Visitor], said: list[Correction]
) -> None:
    visitor = enter()
    visitor.press("s")
    name = visitor.page.get_attribute("[data-card]", "data-name")
    assert "7" in name
    assert "1" in name
    script = "name => document.querySelector('[data-announcer]').textContent.includes(name)"
    visitor.page.wait_for_function(script, arg=name)
    assert visitor.page.evaluate("document.activeElement.name") == "accept"


def test_the_page_works_without_scripts(visit: Any, as_rita: Client, said: list[Correction]) -> None:
    visitor = visit(as_rita, java_script_enabled=False)
    visitor.go(REVIEW)
    visitor.page.click("button[name=reject][value=scribble]")
    visitor.page.press("button[name=accept]", "Enter")
    visitor.page.click("button[name=label][value='7']")
    visitor.page.locator("[data-list] button").first.click()
    decisions = list(Review.objects.order_by("pk").values_list("decision", flat=True))
    assert decisions == ["rejected", "accepted", "accepted", "undone"]


def test_on_a_phone_the_buttons_are_in_reach_of_the_thumb(
    enter: Callable[..., Visitor], said: list[Correction]
) -> None:
    phone = enter(phone=True)
    phone.page.tap("button[name=accept]")
    _sees(phone, said[1])
    for button in ("button[name=skip]", "button[name=accept]", "[data-list] > li:first-child button"):
        box = phone.page.locator(button).bounding_box()
        assert 640 < box["y"] < box["y"] + box["height"] < 844, button
    assert phone.page.evaluate("scrollY") == 0


def test_a_decided_drawing_can_be_opened_and_undone(enter: Callable[..., Visitor], said: list[Correction]) -> None:
    reviews.accept(correction=said[2], reviewer=community.reviewer("rosa"))
    visitor = enter(f"?correction={said[2].pk}")
    assert visitor.page.is_visible("form.decided button[name=opinion], form.decided button[name=review]")
    visitor.press("t")
    visitor.page.wait_for_selector(f"[data-card='{said[2].pk}']:not(.decided)")
    assert _all_sent(visitor)[-1] == ("undone", None, "")
    visitor.page.wait_for_timeout(130)
    visitor.press("1")
    _sees(visitor, said[0])
    assert _all_sent(visitor)[-1] == ("relabelled", "1", "")


def test_leaving_the_page_releases_its_drawings(enter: Callable[..., Visitor], said: list[Correction]) -> None:
    visitor = enter()
    visitor.page.wait_for_function("() => performance.getEntriesByName(location.origin + '/review/next/').length")
    assert Claim.objects.count() == 3
    visitor.go("/privacy/")
    until(visitor.page, lambda: not Claim.objects.exists())  # it is sent past what the browser tells of


# --- Many at once ---


@pytest.fixture
def sevens(digits: Recognizer, alice: User) -> list[Correction]:
    """Three of a kind and an odd one, in the order of the queue."""
    return [named(alice, ZERO, "7"), named(alice, SEVEN, "7"), named(alice, SEVEN, "7"), named(alice, SEVEN, "7")]


def test_the_wrong_ones_are_selected_by_keys_and_the_others_approved(
    enter: Callable[..., Visitor], sevens: list[Correction]
) -> None:
    visitor = enter()
    visitor.go(f"{REVIEW}grid/?recognizer=digits&said=7")
    visitor.page.wait_for_selector("[data-grid][data-ready]")
    assert "4" in visitor.page.inner_text("[data-go]")
    assert visitor.page.is_hidden("[data-outcome]")
    visitor.press("ArrowRight", "ArrowRight", "Space", "ArrowLeft", "Space", "ArrowRight", "Space")
    assert "3" in visitor.page.inner_text("[data-go]")
    visitor.press("a")
    _sees(visitor, sevens[0])
    assert sorted(Review.objects.values_list("correction", flat=True)) == [each.pk for each in sevens[1:]]
    assert visitor.complaints == []


def test_a_whole_round_is_undone_by_one_key(enter: Callable[..., Visitor], sevens: list[Correction]) -> None:
    visitor = enter()
    visitor.go(f"{REVIEW}grid/")
    visitor.page.wait_for_selector("[data-grid][data-ready]")
    with visitor.page.expect_navigation():
        visitor.press("a")
    visitor.page.wait_for_selector("[data-grid][data-ready]")
    assert Review.objects.filter(decision="accepted").count() == 4
    with visitor.page.expect_navigation():
        visitor.press("z")
    assert Review.objects.filter(decision="undone").count() == 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_pages_follow_the_policy_and_do_not_scroll_sideways(
    visit: Any, as_rita: Client, said: list[Correction], scheme: str
) -> None:
    reviews.accept(correction=said[2], reviewer=User.objects.get(email="rita@example.org"))
    phone = visit(as_rita, phone=True, viewport={"width": 320, "height": 640}, color_scheme=scheme)
    for path in (
        REVIEW,
        f"{REVIEW}?correction={said[2].pk}",
        f"{REVIEW}grid/",
        f"{REVIEW}grid/?recognizer=digits&said=3",
    ):
        phone.go(path)
        phone.page.wait_for_selector("[data-ready]")
        for summary in phone.page.locator("main summary").all():
            summary.click()
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        small = (
            "[...document.querySelectorAll('button, nav a, summary, .button, select')].filter(e => e.checkVisibility())"
        )
        heights = phone.page.evaluate(f"{small}.map(e => [e.innerText, e.getBoundingClientRect().height])")
        assert [name for name, height in heights if height < 44] == [], path
    assert phone.complaints == []
