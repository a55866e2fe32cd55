"""The installed site: it works without a connection, for whoever it belongs to, and never shows an older release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from accounts import acting
from accounts.models import User
from recognizer.models import Drawing, Recognizer
from recognizer.pages.offline import views
from tests.accounts.helpers import force_login_by_password
from tests.browser.test_pictures import seven_on_paper
from tests.browser.visitors import ONE, SEVEN, Visitor, said_by, until
from tests.programs import find_whole_chromium

STORED = """async () => { const found = {};
    for (const name of await caches.keys()) for (const { url } of await (await caches.open(name)).keys())
        found[new URL(url).pathname] = await (await caches.match(url)).text();
    return found; }"""


@pytest.fixture
def install(visit: Any, digits: Recognizer) -> Any:
    """Call it for a visitor whose browser has installed the site's service worker."""

    def install(client: Client | None = None, **options: Any) -> Visitor:
        visitor: Visitor = visit(client, service_workers="allow", **options)
        visitor.open_sheet()
        _wait_for_worker(visitor)
        return visitor

    return install


def _wait_for_worker(visitor: Visitor) -> None:
    visitor.page.wait_for_function("() => navigator.serviceWorker.controller?.state === 'activated'")


def _wait_for_labels(visitor: Visitor) -> None:
    """Until the device has stored the labels that the draw page offers."""
    until(visitor.page, lambda: any(path.startswith("/labels/") for path in visitor.page.evaluate(STORED)))


def _offline(visitor: Visitor, offline: bool = True) -> None:
    visitor.page.context.set_offline(offline)


def _account(visitor: Visitor) -> Any:
    return visitor.page.evaluate("JSON.parse(localStorage.getItem('inkling.account'))")


def _is_from_device(visitor: Visitor) -> bool:
    return bool(visitor.page.evaluate("JSON.parse(document.getElementById('config').textContent).neutral"))


def test_a_person_draws_and_labels_after_an_offline_reload_and_all_is_saved_later(
    install: Any, as_alice: Client, alice: User
) -> None:
    visitor = install(as_alice)
    _offline(visitor)
    visitor.open_sheet()
    assert _is_from_device(visitor)
    for strokes, label in ((SEVEN, "7"), (ONE, "1")):
        visitor.draw_what_waits(strokes, label)
        visitor.press("Enter")
    visitor.page.context.clear_cookies(name="csrftoken")
    _offline(visitor, False)
    visitor.waits_until_all_is_delivered()
    assert said_by(alice) == ["7", "1"]
    until(visitor.page, lambda: not _is_from_device(visitor))


def test_an_address_of_a_recognizer_opens_it_without_a_connection(
    three: list[Recognizer], install: Any, as_alice: Client
) -> None:
    visitor = install(as_alice)
    _offline(visitor)
    visitor.go("/draw/sketches/")
    visitor.page.wait_for_selector("[data-draw][data-ready]")
    selected = visitor.page.get_attribute("[data-recognizer][aria-current]", "data-recognizer")
    assert selected == "sketches"


def test_the_labels_of_a_recognizer_that_is_used_are_there_without_a_connection(
    install: Any, maths: Recognizer, three: list[Recognizer]
) -> None:
    visitor = install()
    visitor.go("/draw/maths/")
    visitor.page.wait_for_selector("[data-draw][data-ready]")
    until(visitor.page, lambda: any("/labels/maths/" in path for path in visitor.page.evaluate(STORED)))
    until(visitor.page, lambda: any(path.startswith("/glyphs/maths/") for path in visitor.page.evaluate(STORED)))
    _offline(visitor)
    visitor.go("/draw/maths/")
    assert _is_from_device(visitor)
    visitor.page.wait_for_selector("[data-keypad] [data-label=curvearrowright] use")
    visitor.page.click("[data-keypad] [data-label=curvearrowright]")
    visitor.sees("found")
    assert visitor.page.inner_text("[data-code=text]") == "\\curvearrowright"
    assert not any("/labels/sketches/" in path for path in visitor.page.evaluate(STORED))


def test_pages_have_their_styles_without_a_connection(install: Any) -> None:
    visitor = install()
    colour = "getComputedStyle(document.body).backgroundColor"
    with_connection = visitor.page.evaluate(colour)
    _offline(visitor)
    visitor.open_sheet()
    assert _is_from_device(visitor)
    assert visitor.page.evaluate(colour) == with_connection
    stored = visitor.page.evaluate(STORED)
    assert {"/static/css/tokens.css", "/static/css/base.css", "/static/css/components.css"} <= set(stored)


def test_a_guest_is_told_that_nothing_is_saved_without_a_connection_too(install: Any) -> None:
    visitor = install()
    _offline(visitor)
    visitor.open_sheet()
    visitor.draw(SEVEN)
    visitor.press("7")
    visitor.sees_outcome("anonymous")
    assert visitor.outbox == []
    assert not visitor.page.is_visible("[data-for=person]")


def test_another_page_says_that_there_is_no_connection_and_opens_when_there_is(install: Any) -> None:
    visitor = install()
    _offline(visitor)
    visitor.go("/models/digits/")
    visitor.page.wait_for_selector("[data-offline-page]")
    assert visitor.page.url.endswith("/models/digits/")
    _offline(visitor, False)
    visitor.page.wait_for_selector("[data-offline-page]", state="detached")


def test_the_device_stores_nothing_about_the_person(install: Any, as_alice: Client, alice: User) -> None:
    visitor = install(as_alice)
    visitor.draw(SEVEN)
    visitor.press("7")
    visitor.sees_outcome("saved")
    visitor.go("/drawings/")
    visitor.go("/accounts/")
    stored = visitor.page.evaluate(STORED)
    pages = {"/offline/", "/offline/sheet/", "/offline/rounds/"}
    assert pages <= set(stored)
    version_files = [path for path in stored if "/versions/" in path]
    others = set(stored) - pages - set(version_files)
    assert all(path.startswith(("/static/", "/rounds/", "/labels/", "/glyphs/")) for path in others)
    personal = [alice.email, acting.account_id(alice), str(Drawing.objects.get().uuid)]
    assert not [path for path, text in stored.items() if any(each in text for each in personal)]


def test_who_signs_out_leaves_the_device_to_nobody(install: Any, as_alice: Client) -> None:
    visitor = install(as_alice)
    assert _account(visitor)
    visitor.go("/accounts/logout/")
    visitor.page.click("main button[type=submit]")
    visitor.page.wait_for_selector("[data-draw][data-ready]")
    assert _account(visitor) is None
    _offline(visitor)
    visitor.open_sheet()
    visitor.draw(SEVEN)
    visitor.press("7")
    visitor.sees_outcome("anonymous")


@pytest.mark.slow
def test_the_next_person_never_gets_what_the_one_before_drew_without_a_connection(
    install: Any, as_alice: Client, as_bob: Client, alice: User, bob: User
) -> None:
    """alice's session ends without signing out; bob signs in and is offline before he opens the draw page."""
    visitor = install(as_alice)
    _wait_for_labels(visitor)
    _offline(visitor)
    visitor.draw_what_waits(SEVEN, "7")
    visitor.page.route("**/api/**", lambda route: route.abort())
    _offline(visitor, False)
    visitor.page.context.clear_cookies(name="sessionid")
    visitor.go("/accounts/login/")
    until(visitor.page, lambda: _account(visitor) is None)
    session = {"name": "sessionid", "value": as_bob.cookies["sessionid"].value, "url": visitor.site}
    visitor.page.context.add_cookies([session])
    _offline(visitor)
    visitor.page.unroute("**/api/**")  # a route makes the page ask past every cache
    visitor.open_sheet()
    visitor.draw(ONE)
    visitor.press("1")
    visitor.sees_outcome("anonymous")
    _offline(visitor, False)
    visitor.press("Enter")
    until(visitor.page, lambda: _account(visitor) == acting.account_id(bob))
    visitor.open_sheet()
    visitor.waits_until_all_is_asked()
    assert [item["label"] for item in visitor.outbox] == ["7"]
    assert Drawing.objects.count() == 0
    visitor.page.context.add_cookies([session | {"value": as_alice.cookies["sessionid"].value}])
    visitor.open_sheet()
    visitor.waits_until_all_is_delivered()
    assert (said_by(alice), said_by(bob)) == (["7"], [])


@pytest.mark.parametrize(("answer", "waiting", "saved"), [("send", 0, 1), ("keep", 1, 0), ("delete", 0, 0)])
def test_who_signs_out_while_drawings_wait_says_what_becomes_of_them(
    alice_draws: Visitor, as_alice: Client, alice: User, answer: str, waiting: int, saved: int
) -> None:
    alice_draws.page.route("**/api/v1/drawings", lambda route: route.abort())
    alice_draws.draw_what_waits(SEVEN, "7")
    alice_draws.go("/accounts/logout/")
    alice_draws.page.click("main button[type=submit]")
    alice_draws.page.click("[data-answer=send]")
    alice_draws.page.wait_for_selector("[data-failed]:visible")
    alice_draws.page.unroute("**/api/v1/drawings")
    alice_draws.page.click(f"[data-answer={answer}]")
    alice_draws.page.wait_for_selector("[data-draw][data-ready]")
    assert alice_draws.page.locator("a[href='/accounts/login/']").count()
    assert len(alice_draws.outbox) == waiting
    assert len(said_by(alice)) == saved


@pytest.mark.slow
def test_an_open_page_and_an_offline_page_of_an_older_release_are_replaced(
    install: Any, as_alice: Client, alice: User, monkeypatch: Any
) -> None:
    monkeypatch.setattr(views, "release", lambda: "one")
    visitor = install(as_alice)
    other = Visitor(visitor.page.context.new_page(), visitor.site)
    other.open_sheet()
    _offline(visitor)
    visitor.open_sheet()
    visitor.draw_what_waits(SEVEN, "7")
    monkeypatch.setattr(views, "release", lambda: "two")
    _offline(visitor, False)
    visitor.waits_until_all_is_delivered()
    visitor.press("Enter")  # the sheet is blank: the page of the server takes its place
    until(visitor.page, lambda: not _is_from_device(visitor))
    releases = {f"inkling-release-{number}" for number in ("one", "two")}
    until(visitor.page, lambda: releases <= set(visitor.page.evaluate("caches.keys()")))
    other.draw(ONE)  # still the page of the first release, with all its files
    other.press("1")
    other.sees_outcome("saved")
    _offline(other)
    other.open_sheet()
    assert _is_from_device(other)
    stored = """async () => { const cache = await caches.open("inkling-release-two");
        return (await cache.match("/offline/sheet/")).headers.get("Inkling-Release"); }"""
    assert other.page.evaluate(stored) == "two"
    assert said_by(alice) == ["7", "1"]


def _share(visitor: Visitor) -> None:
    """Send a picture as the system does: a form that nobody has seen a token for."""
    visitor.page.evaluate(
        """([bytes, action]) => { const form = document.createElement("form");
            Object.assign(form, { method: "post", action, enctype: "multipart/form-data" });
            const input = document.createElement("input");
            Object.assign(input, { type: "file", name: "picture" });
            const files = new DataTransfer();
            files.items.add(new File([Uint8Array.from(bytes)], "seven.png", { type: "image/png" }));
            input.files = files.files;
            form.append(input);
            document.body.append(form);
            form.submit(); }""",
        [list(seven_on_paper()), f"{visitor.site}/share/"],
    )


def test_a_shared_picture_is_on_the_sheet(install: Any, as_alice: Client) -> None:
    visitor = install(as_alice)
    _share(visitor)
    visitor.page.wait_for_selector("[data-picture]:visible")
    visitor.sees("answer", "7")
    assert visitor.page.url == f"{visitor.site}/"
    visitor.open_sheet()
    assert not visitor.page.is_visible("[data-picture]")


def test_a_shared_picture_is_saved_only_with_a_label(install: Any, as_alice: Client, alice: User) -> None:
    """Any site can send one, so nothing else may be enough: neither another page, nor another picture."""
    visitor = install(as_alice)
    _share(visitor)
    visitor.sees("answer", "7")
    visitor.page.click("a[href='/drawings/']")
    visitor.page.wait_for_selector("[data-drawings][data-ready]")
    assert visitor.outbox == []
    visitor.open_sheet()
    _share(visitor)
    visitor.sees("answer", "7")
    visitor.press("7")
    visitor.sees_outcome("saved")
    assert said_by(alice) == ["7"]
    assert Drawing.objects.count() == 1


def test_a_page_of_another_site_shares_no_picture(install: Any) -> None:
    visitor = install()
    page = visitor.page
    page.context.route("http://elsewhere.test/", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto("http://elsewhere.test/")
    _share(visitor)
    page.wait_for_url(f"{visitor.site}/share/")
    page.wait_for_load_state()
    assert not page.evaluate("caches.has('inkling-shared')")


def test_a_shared_picture_that_no_page_took_is_gone_when_its_person_signs_out(install: Any, as_alice: Client) -> None:
    visitor = install(as_alice)
    put = "async () => void (await caches.open('inkling-shared')).put('/shared-picture', new Response('picture'))"
    visitor.page.evaluate(put)
    visitor.go("/accounts/logout/")
    visitor.page.click("main button[type=submit]")
    visitor.page.wait_for_selector("[data-draw][data-ready]")
    until(visitor.page, lambda: not visitor.page.evaluate("caches.has('inkling-shared')"))


def test_what_the_device_stores_is_fetched_once_on_the_first_visit(visit: Any, digits: Recognizer) -> None:
    visitor = visit(service_workers="allow")
    fetched: list[str] = []
    visitor.page.context.on("request", lambda request: fetched.append(request.url.removeprefix(visitor.site)))
    visitor.open_sheet()
    _wait_for_worker(visitor)
    until(visitor.page, lambda: "/vectors" in str(visitor.page.evaluate(STORED)))  # what is kept after the installation
    assert fetched.count("/offline/sheet/") == fetched.count("/offline/") == 1


def test_what_waits_for_an_account_is_deleted_with_the_account(
    visit: Any, digits: Recognizer, client: Client, alice: User
) -> None:
    force_login_by_password(client, alice)
    visitor = visit(client)
    visitor.open_sheet()
    visitor.page.route("**/api/v1/drawings", lambda route: route.abort())
    visitor.draw_what_waits(SEVEN, "7")
    visitor.go("/accounts/delete/")
    visitor.page.click("[data-delete-account] .danger")
    visitor.page.wait_for_selector("[data-draw][data-ready]")
    until(visitor.page, lambda: visitor.outbox == [])
    assert not User.objects.filter(pk=alice.pk).exists()
    marked = "localStorage.getItem('inkling.account-deleted')"
    until(visitor.page, lambda: visitor.page.evaluate(marked) is None)


def test_a_page_that_comes_back_with_the_back_button_is_not_that_of_the_person_before(
    alice_draws: Visitor, as_alice: Client
) -> None:
    page = alice_draws.page
    page.evaluate("() => void (window.isTheSame = true)")
    page.evaluate("localStorage.setItem('inkling.account', 'null')")  # signed out in another tab
    # Chromium keeps no page that a test watches: this is what the page is told when it comes back.
    with page.expect_navigation():
        page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    page.wait_for_selector("[data-draw][data-ready]")
    assert not page.evaluate("Boolean(window.isTheSame)")
    page.evaluate("() => void (window.isTheSame = true)")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer", "7")
    assert page.evaluate("window.isTheSame")


@pytest.fixture
def profile(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """A browser with a profile of its own: private windows cannot install anything."""
    options: dict[str, Any] = {
        "executable_path": find_whole_chromium(),
        "args": ["--no-sandbox", "--disable-dev-shm-usage"],
    }
    with browser.browser_type.launch_persistent_context(tmp_path, **options) as context:
        yield context


def test_chromium_finds_nothing_that_keeps_the_site_from_being_installed(
    transactional_db: None, profile: Any, digits: Recognizer, live_server: LiveServer, answering: Any
) -> None:
    visitor = Visitor(profile.new_page(), live_server.url)
    visitor.open_sheet()
    _wait_for_worker(visitor)
    chromium = profile.new_cdp_session(visitor.page)
    assert chromium.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
    assert chromium.send("Page.getAppManifest")["errors"] == []
    assert visitor.complaints == []
    answering.wait()
