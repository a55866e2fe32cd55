"""When the connection or the server is away: nothing is lost, and nothing is shouted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.test import Client
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from recognizer.models import Drawing, Recognizer
from tests.browser.test_pictures import picture_file, seven_on_paper
from tests.browser.visitors import SEVEN, Visitor, said_by
from tests.programs import find_chromium


def _outbox(visitor: Visitor) -> list[Any]:
    return json.loads(visitor.page.evaluate("localStorage.getItem('inkling.outbox')") or "[]")


def _delivered(visitor: Visitor) -> None:
    visitor.page.wait_for_function("() => localStorage.getItem('inkling.outbox') === null")


def _problem(visitor: Visitor) -> str:
    """The message below the drawing area."""
    return str(visitor.page.locator("[data-problem]:visible span").inner_text())


def test_without_a_connection_the_ink_stays_and_can_be_tried_again(someone: Visitor) -> None:
    someone.page.context.set_offline(True)
    someone.draw(SEVEN)
    someone.page.wait_for_selector("[data-problem]:visible")
    assert someone.page.inner_text("[data-problem] span") == someone.text("offline")
    assert len(someone.strokes) == 1
    someone.page.context.set_offline(False)
    someone.sees("answer", "7")
    assert not someone.page.is_visible("[data-problem]")


def test_a_server_that_stumbles_can_be_asked_again(someone: Visitor) -> None:
    someone.page.route("**/predict", lambda route: route.fulfill(status=500, body="no"))
    someone.draw(SEVEN)
    someone.page.wait_for_selector("[data-problem]:visible")
    assert someone.page.inner_text("[data-problem] span") == someone.text("serverError")
    someone.waits_until_all_is_asked()
    someone.page.unroute("**/predict")
    someone.click("retry")
    someone.sees("answer", "7")
    assert not someone.page.is_visible("[data-problem]")


def test_a_drawing_that_cannot_be_sent_waits_and_goes_out_by_itself(alice_draws: Visitor, alice: User) -> None:
    alice_draws.page.context.set_offline(True)
    alice_draws.draw(SEVEN)
    alice_draws.press("7")
    alice_draws.sees_outcome("queued")
    alice_draws.press("Enter")
    assert alice_draws.page.is_visible("[data-outbox-one]")
    assert not alice_draws.page.is_visible("[data-outbox-many]")
    assert Drawing.objects.count() == 0
    alice_draws.page.context.set_offline(False)
    _delivered(alice_draws)
    assert said_by(alice) == ["7"]
    assert not alice_draws.page.is_visible("[data-outbox]")


def test_an_answer_that_was_lost_on_its_way_back_makes_no_double(alice_draws: Visitor, alice: User) -> None:
    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    alice_draws.page.route("**/api/v1/drawings", lose, times=1)
    alice_draws.draw(SEVEN)
    alice_draws.press("7")
    alice_draws.sees_outcome("queued")
    alice_draws.sees_outcome("saved")
    assert Drawing.objects.by(alice).corrected().count() == 1
    assert _outbox(alice_draws) == []


def test_what_waits_is_sent_when_its_author_comes_back_and_by_nobody_else(
    visit: Any, digits: Recognizer, as_alice: Client, as_bob: Client, alice: User
) -> None:
    visitor = visit(as_alice)
    visitor.open_sheet()
    visitor.page.route("**/api/v1/drawings", lambda route: route.abort())
    visitor.draw(SEVEN)
    visitor.press("7")
    visitor.sees_outcome("queued")
    visitor.page.unroute("**/api/v1/drawings")
    _become(visitor, as_bob)
    visitor.page.wait_for_timeout(300)
    assert len(_outbox(visitor)) == 1
    _become(visitor, as_alice)
    _delivered(visitor)
    assert Drawing.objects.by(alice).count() == Drawing.objects.count() == 1


def _become(visitor: Visitor, client: Client) -> None:
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": visitor.site}
    visitor.page.context.add_cookies([cookie])
    visitor.open_sheet()


def test_somebody_who_was_signed_out_meanwhile_is_told(alice_draws: Visitor) -> None:
    alice_draws.page.context.clear_cookies(name="sessionid")
    alice_draws.draw(SEVEN)
    alice_draws.press("7")
    alice_draws.sees_outcome("signedOut")
    assert len(_outbox(alice_draws)) == 1


def test_an_answer_in_the_outbox_can_be_taken_back(alice_draws: Visitor, alice: User) -> None:
    alice_draws.page.context.set_offline(True)
    alice_draws.draw(SEVEN)
    alice_draws.press("7")
    alice_draws.sees_outcome("queued")
    alice_draws.click("removeLabel")
    alice_draws.page.wait_for_function("() => JSON.parse(localStorage.getItem('inkling.outbox'))[0].label === null")
    alice_draws.page.context.set_offline(False)
    _delivered(alice_draws)
    assert Drawing.objects.by(alice).uncorrected().count() == 1


def test_a_picture_that_cannot_be_kept_says_so_and_can_be_answered_again(alice_draws: Visitor, alice: User) -> None:
    alice_draws.page.route("**/api/v1/drawings", lambda route: route.abort(), times=1)
    alice_draws.page.set_input_files("[data-picture-input] >> nth=0", picture_file(seven_on_paper()))
    alice_draws.sees("answer")
    alice_draws.press("7")
    alice_draws.sees_outcome("failed")
    alice_draws.click("removeLabel")
    alice_draws.sees("answer")
    assert not alice_draws.page.is_visible("[data-problem]")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    assert said_by(alice) == ["7"]


def test_a_page_with_the_token_of_another_session_asks_for_a_reload(alice_draws: Visitor) -> None:
    alice_draws.page.context.clear_cookies(name="csrftoken")
    alice_draws.draw(SEVEN)
    alice_draws.page.wait_for_selector("[data-problem]:visible")
    assert alice_draws.page.inner_text("[data-problem] span") == alice_draws.text("outOfDate")
    alice_draws.page.reload()
    alice_draws.sees("answer", "7")


def test_a_limit_is_waited_out_quietly(someone: Visitor) -> None:
    headers = {"Retry-After": "1", "Content-Type": "application/json"}
    body = json.dumps({"code": "throttled", "detail": "Too fast.", "field": None})
    someone.page.route("**/predict", lambda route: route.fulfill(status=429, headers=headers, body=body), times=1)
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    assert not someone.page.is_visible("[data-problem]")


def test_the_outbox_has_room_for_so_many_only(alice_draws: Visitor) -> None:
    alice_draws.page.evaluate("""localStorage.setItem("inkling.outbox", JSON.stringify(Array.from({length: 50},
        (_, i) => ({id: `x${i}`, user: "somebody else", content: {}, label: null}))))""")
    alice_draws.draw(SEVEN)
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    assert len(_outbox(alice_draws)) == 50


def test_forbidden_storage_does_not_keep_anybody_from_drawing(visit: Any, digits: Recognizer) -> None:
    visitor = visit()
    visitor.page.add_init_script(
        "Object.defineProperty(Storage.prototype, 'getItem', {get() { throw new Error('no') }});"
        "Object.defineProperty(Storage.prototype, 'setItem', {get() { throw new Error('no') }})"
    )
    visitor.open_sheet()
    assert _problem(visitor) == visitor.text("nothingStored")
    visitor.draw(SEVEN)
    visitor.sees("answer", "7")
    assert not visitor.page.is_visible("[data-problem]")
    assert visitor.complaints == []


def test_blocked_site_data_does_not_keep_anybody_from_drawing(
    browser: Any, transactional_db: None, live_server: LiveServer, answering: Any, digits: Recognizer, tmp_path: Path
) -> None:
    """With Chromium's own setting even the name `localStorage` throws."""
    settings = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(settings))
    options: dict[str, Any] = {"executable_path": find_chromium(), "args": ["--no-sandbox", "--disable-dev-shm-usage"]}
    with browser.browser_type.launch_persistent_context(tmp_path, **options) as context:
        visitor = Visitor(context.new_page(), live_server.url)
        visitor.open_sheet()
        blocked = "() => { try { return !localStorage; } catch { return true; } }"
        assert visitor.page.evaluate(blocked)
        assert _problem(visitor) == visitor.text("nothingStored")
        visitor.draw(SEVEN)
        visitor.sees("answer", "7")
        assert not visitor.page.is_visible("[data-problem]")
        visitor.press("7")
        visitor.sees_outcome("anonymous")
        visitor.press("Enter", "]", "?")
        visitor.page.uncheck("[data-single-keys]")
        assert visitor.complaints == []
    answering.wait()
