"""When the connection or the server is away: nothing is lost, and nothing is shouted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from recognizer.drawings import corrections
from recognizer.models import Drawing, Recognizer
from tests.browser.test_pictures import picture_file, seven_on_paper
from tests.browser.visitors import ONE, SEVEN, Visitor, said_by, until
from tests.programs import find_whole_chromium


def _waits(visitor: Visitor, **values: Any) -> None:
    """Wait until the only change that waits has these values."""
    until(visitor.page, lambda: [item | values for item in visitor.outbox[:1]] == visitor.outbox)


def _problem(visitor: Visitor) -> str:
    """The message below the drawing area about the drawing."""
    return str(visitor.page.locator("[data-problem]:visible span").inner_text())


def _says(visitor: Visitor, *keys: str) -> None:
    """Wait until the line about the connection says all of these."""
    script = """words => { const line = document.querySelector("[data-connection]");
        return !line.hidden && words.every((each) => line.textContent.includes(each)); }"""
    visitor.page.wait_for_function(script, arg=[visitor.text(key) for key in keys])


def _is_quiet(visitor: Visitor) -> None:
    visitor.page.wait_for_selector("[data-connection]", state="hidden")


@pytest.fixture
def someone(visit: Any, digits: Recognizer) -> Visitor:
    """A stranger whose browser cannot run the model, so that the server answers."""
    visitor: Visitor = visit()
    visitor.has_no_model()
    visitor.open_sheet()
    return visitor


def test_without_a_connection_one_can_label_and_the_answer_comes_by_itself(someone: Visitor) -> None:
    someone.page.context.set_offline(True)
    someone.draw(SEVEN)
    someone.sees("away")
    _says(someone, "offline", "goOn")
    assert len(someone.strokes) == 1
    someone.page.click("[data-keypad] [data-label='7']")
    someone.sees("thanks")
    someone.click("removeLabel")
    someone.page.context.set_offline(False)
    someone.sees("answer", "7")
    _is_quiet(someone)


@pytest.mark.parametrize(
    ("failing", "says"),
    [
        ({"status": 500, "body": "no"}, "serverError"),
        ({"status": 503, "body": "<h1>Unavailable</h1>", "headers": {"Retry-After": "1"}}, "serverError"),
        ({"status": 502, "body": "<h1>Bad gateway</h1>"}, "serverError"),
        (None, "unreachable"),
    ],
)
def test_a_server_that_is_away_is_asked_again_without_a_click(someone: Visitor, failing: Any, says: str) -> None:
    someone.page.route("**/predict", lambda route: route.fulfill(**failing) if failing else route.abort())
    someone.draw(SEVEN)
    someone.sees("away")
    _says(someone, says, "goOn")
    someone.page.unroute("**/predict")
    someone.sees("answer", "7")
    _is_quiet(someone)


def test_a_question_that_is_never_answered_is_asked_again(someone: Visitor) -> None:
    held: list[Any] = []
    someone.page.route("**/predict", lambda route: held.append(route), times=1)
    someone.draw(SEVEN)
    someone.sees("waiting")
    assert someone.page.is_visible("[data-keypad] [data-label='7']")
    _says(someone, "unreachable")
    someone.sees("answer", "7")
    _is_quiet(someone)


def test_a_drawing_that_cannot_be_sent_waits_and_goes_out_by_itself(alice_draws: Visitor, alice: User) -> None:
    alice_draws.page.context.set_offline(True)
    alice_draws.draw_what_waits(SEVEN, "7")
    alice_draws.press("Enter")
    alice_draws.sees("empty")
    _says(alice_draws, "offline", "waitsOne")
    alice_draws.draw_what_waits(ONE, "1")
    assert Drawing.objects.count() == 0
    alice_draws.page.context.set_offline(False)
    alice_draws.sees_outcome("saved")
    alice_draws.waits_until_all_is_delivered()
    assert said_by(alice) == ["7", "1"]
    _is_quiet(alice_draws)


def test_an_answer_that_was_lost_on_its_way_back_makes_no_double(alice_draws: Visitor, alice: User) -> None:
    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    alice_draws.page.route("**/api/v1/drawings", lose, times=1)
    alice_draws.draw_what_waits(SEVEN, "7")
    alice_draws.sees_outcome("saved")
    assert Drawing.objects.by(alice).corrected().count() == 1
    assert alice_draws.outbox == []


def test_what_waits_is_sent_when_its_author_comes_back_and_by_nobody_else(
    visit: Any, digits: Recognizer, as_alice: Client, as_bob: Client, alice: User
) -> None:
    visitor = visit(as_alice)
    visitor.open_sheet()
    visitor.page.route("**/api/v1/drawings", lambda route: route.abort())
    visitor.draw_what_waits(SEVEN, "7")
    visitor.page.unroute("**/api/v1/drawings")
    _become(visitor, as_bob)
    visitor.page.wait_for_timeout(300)
    assert len(visitor.outbox) == 1
    _become(visitor, as_alice)
    visitor.waits_until_all_is_delivered()
    assert Drawing.objects.by(alice).count() == Drawing.objects.count() == 1


def _become(visitor: Visitor, client: Client) -> None:
    _sign_in_elsewhere(visitor, client)
    visitor.open_sheet()


def _sign_in_elsewhere(visitor: Visitor, client: Client) -> None:
    """In another tab; the page does not learn of it."""
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": visitor.site}
    visitor.page.context.add_cookies([cookie])


def test_what_one_person_draws_never_reaches_the_account_of_another(
    alice_draws: Visitor, as_alice: Client, as_bob: Client, alice: User
) -> None:
    alice_draws.waits_for_the_model()
    _sign_in_elsewhere(alice_draws, as_bob)
    alice_draws.draw(SEVEN)
    _says(alice_draws, "otherAccount")
    alice_draws.draw(ONE)
    alice_draws.sees_who_answered("answeredHere")
    alice_draws.press("7")
    alice_draws.sees_outcome("otherAccount")
    assert Drawing.objects.count() == 0
    assert len(alice_draws.outbox) == 1
    _sign_in_elsewhere(alice_draws, as_alice)
    alice_draws.page.evaluate("dispatchEvent(new Event('focus'))")
    alice_draws.waits_until_all_is_delivered()
    assert said_by(alice) == ["7"]
    assert Drawing.objects.count() == 1
    _is_quiet(alice_draws)


def test_a_strangers_page_says_that_somebody_signed_in(someone: Visitor, as_alice: Client) -> None:
    _sign_in_elsewhere(someone, as_alice)
    someone.draw(SEVEN)
    _says(someone, "signedIn")
    someone.click("reload")
    someone.sees("answer", "7")


def test_somebody_who_was_signed_out_meanwhile_is_told(alice_draws: Visitor) -> None:
    alice_draws.page.context.clear_cookies(name="sessionid")
    alice_draws.draw(SEVEN)
    alice_draws.press("7")
    alice_draws.sees_outcome("signedOut")
    assert len(alice_draws.outbox) == 1


def test_an_answer_in_the_outbox_can_be_taken_back(alice_draws: Visitor, alice: User) -> None:
    alice_draws.page.context.set_offline(True)
    alice_draws.draw_what_waits(SEVEN, "7")
    alice_draws.click("removeLabel")
    _waits(alice_draws, label=None, takeBack=True)
    alice_draws.page.context.set_offline(False)
    alice_draws.waits_until_all_is_delivered()
    assert Drawing.objects.by(alice).uncorrected().count() == 1


def test_a_label_is_removed_that_was_on_its_way(alice_draws: Visitor, alice: User) -> None:
    held: list[Any] = []
    alice_draws.page.route("**/correction", lambda route: held.append(route), times=1)
    alice_draws.draw(SEVEN)
    with alice_draws.page.expect_request("**/correction"):
        alice_draws.press("7")
    alice_draws.click("removeLabel")
    until(alice_draws.page, lambda: bool(held))
    held[0].continue_()
    alice_draws.waits_until_all_is_delivered()
    assert Drawing.objects.by(alice).uncorrected().count() == 1


def test_a_later_drawing_is_sent_after_those_that_wait(alice_draws: Visitor, alice: User) -> None:
    busy = {"status": 503, "headers": {"Retry-After": "2"}}
    alice_draws.page.route("**/api/v1/drawings", lambda route: route.fulfill(**busy), times=1)
    alice_draws.draw_what_waits(SEVEN, "7")
    alice_draws.press("Enter")
    alice_draws.draw(ONE)
    alice_draws.press("1")
    alice_draws.sees_outcome("saved")
    alice_draws.waits_until_all_is_delivered()
    assert said_by(alice) == ["7", "1"]
    _is_quiet(alice_draws)


def test_a_drawing_that_the_server_fails_on_does_not_hold_up_the_others(alice_draws: Visitor, alice: User) -> None:
    def fail_on_sevens(route: Any) -> None:
        is_seven = len(route.request.post_data_json["ink"][0][0]) > 15
        route.fulfill(status=500, body="no") if is_seven else route.continue_()

    alice_draws.page.route("**/api/v1/drawings", fail_on_sevens)
    alice_draws.draw_what_waits(SEVEN, "7")
    alice_draws.press("Enter")
    alice_draws.draw(ONE)
    alice_draws.press("1")
    alice_draws.sees_outcome("saved")
    assert said_by(alice) == ["1"]
    alice_draws.page.unroute("**/api/v1/drawings")
    alice_draws.waits_until_all_is_delivered()
    assert said_by(alice) == ["1", "7"]


def test_a_drawing_that_waited_and_is_refused_is_not_said_to_be_saved(alice_draws: Visitor, alice: User) -> None:
    alice_draws.page.context.set_offline(True)
    alice_draws.draw_what_waits(SEVEN, "7")
    User.objects.filter(pk=alice.pk).update(consented_at=None)
    alice_draws.page.context.set_offline(False)
    alice_draws.sees_outcome("consent")
    assert alice_draws.outbox == []
    assert len(alice_draws.strokes) == 1


def test_my_drawings_names_a_drawing_that_waited_and_is_refused(alice_draws: Visitor, alice: User) -> None:
    alice_draws.page.route("**/api/v1/drawings", lambda route: route.abort())
    alice_draws.draw_what_waits(SEVEN, "7")
    alice_draws.page.unroute("**/api/v1/drawings")
    User.objects.filter(pk=alice.pk).update(consented_at=None)
    alice_draws.go("/drawings/")
    alice_draws.page.wait_for_selector("[data-status]:not(:empty)")
    before, after = alice_draws.text("notUploaded", detail="|").split("|")
    says = alice_draws.page.inner_text("[data-status]")
    assert says.startswith(before)
    assert says.endswith(after)
    assert len(says) > len(before + after)
    assert alice_draws.outbox == []


def test_what_another_tab_has_sent_is_no_longer_waited_for(alice_draws: Visitor) -> None:
    alice_draws.page.route("**/api/v1/drawings", lambda route: route.abort())
    alice_draws.draw(SEVEN)
    alice_draws.press("7")
    _says(alice_draws, "waitsOne")
    alice_draws.page.evaluate(
        """() => new Promise((done) => { indexedDB.open("inkling").onsuccess = ({ target }) => {
            const writing = target.result.transaction("outbox", "readwrite");
            writing.objectStore("outbox").clear();
            writing.oncomplete = done; }; })"""
    )
    _is_quiet(alice_draws)


def test_what_an_older_version_of_the_page_left_is_sent_too(alice_draws: Visitor, alice: User, bob: User) -> None:
    """It named the author by the number of the account."""
    content = {"recognizer": "digits", "ink": [[[20, 80, 45], [20, 20, 100]]]}
    items = [{"id": str(uuid4()), "user": str(each.pk), "content": content, "label": "7"} for each in (alice, bob)]
    alice_draws.page.evaluate("items => localStorage.setItem('inkling.outbox', JSON.stringify(items))", items)
    alice_draws.open_sheet()
    _waits(alice_draws, id=items[1]["id"], user=str(bob.pk), label="7")
    assert said_by(alice) == ["7"]
    assert alice_draws.page.evaluate("localStorage.getItem('inkling.outbox')") is None


def test_a_picture_waits_on_the_device(alice_draws: Visitor, alice: User) -> None:
    alice_draws.page.route("**/api/v1/pictures?*", lambda route: route.abort())
    alice_draws.page.set_input_files("[data-picture-input] >> nth=0", picture_file(seven_on_paper()))
    alice_draws.sees("answer")
    alice_draws.press("7")
    alice_draws.sees_outcome("queued")
    _says(alice_draws, "waitsOne")
    assert alice_draws.text("keepOpen") not in alice_draws.page.inner_text("[data-connection]")
    alice_draws.page.unroute("**/api/v1/pictures?*")
    alice_draws.open_sheet()
    alice_draws.waits_until_all_is_delivered()
    assert said_by(alice) == ["7"]


def _without_database(visitor: Visitor) -> Visitor:
    """On the sheet, in a browser without IndexedDB."""
    visitor.page.add_init_script("delete window.indexedDB; Object.defineProperty(window, 'indexedDB', {value: null})")
    visitor.open_sheet()
    return visitor


def test_what_the_device_cannot_store_waits_in_the_tab(
    visit: Any, digits: Recognizer, as_alice: Client, alice: User
) -> None:
    visitor = _without_database(visit(as_alice))
    visitor.page.wait_for_selector("[data-problem]:visible")
    assert _problem(visitor) == visitor.text("nothingStored")
    visitor.page.route("**/api/v1/drawings", lambda route: route.abort())
    visitor.draw_what_waits(SEVEN, "7")
    _says(visitor, "waitsOne", "keepOpen")
    visitor.press("Enter")
    visitor.page.unroute("**/api/v1/drawings")
    visitor.click("retry")
    _is_quiet(visitor)
    assert said_by(alice) == ["7"]


def test_what_only_the_smaller_storage_takes_is_sent_by_the_next_page(
    visit: Any, digits: Recognizer, as_alice: Client, alice: User
) -> None:
    visitor = _without_database(visit(as_alice))
    visitor.page.route("**/api/v1/drawings", lambda route: route.abort())
    visitor.draw_what_waits(SEVEN, "7")
    visitor.page.goto("about:blank")
    visitor.page.unroute("**/api/v1/drawings")
    visitor.open_sheet()
    until(visitor.page, lambda: said_by(alice) == ["7"])
    until(visitor.page, lambda: visitor.page.evaluate("localStorage.getItem('inkling.outbox')") is None)


def test_a_drawing_is_stored_while_the_page_closes(alice_draws: Visitor, alice: User) -> None:
    """Nothing reaches the server then; the next page sends it."""
    alice_draws.page.route("**/api/v1/drawings", lambda route: route.abort())
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer", "7")
    alice_draws.page.goto("about:blank")
    alice_draws.page.unroute("**/api/v1/drawings")
    alice_draws.go("/drawings/")
    alice_draws.page.wait_for_selector("[data-drawing]")
    assert Drawing.objects.by(alice).uncorrected().count() == 1


def test_two_tabs_send_what_waits_once_and_in_order(alice_draws: Visitor, alice: User) -> None:
    alice_draws.page.context.set_offline(True)
    alice_draws.draw_what_waits(SEVEN, "7")
    alice_draws.press("Enter")
    alice_draws.draw_what_waits(ONE, "1")
    waiting = [item["id"] for item in alice_draws.outbox]
    alice_draws.page.context.set_offline(False)
    sent: list[Any] = []
    alice_draws.page.context.on("request", lambda request: sent.append(request))
    other = Visitor(alice_draws.page.context.new_page(), alice_draws.site)
    other.open_sheet()
    alice_draws.waits_until_all_is_delivered()
    _is_quiet(alice_draws)
    alice_draws.waits_until_all_is_asked()
    assert [each.url.split("/")[-2] for each in sent if each.method == "PUT"] == waiting
    assert said_by(alice) == ["7", "1"]


def test_a_page_with_the_token_of_another_session_asks_for_a_reload(alice_draws: Visitor) -> None:
    alice_draws.page.context.clear_cookies(name="csrftoken")
    alice_draws.draw(SEVEN)
    _says(alice_draws, "outOfDate")
    alice_draws.click("reload")
    alice_draws.sees("answer", "7")


def test_a_limit_is_waited_out_quietly(someone: Visitor) -> None:
    headers = {"Retry-After": "1", "Content-Type": "application/json"}
    body = json.dumps({"code": "throttled", "detail": "Too fast.", "field": None})
    someone.page.route("**/predict", lambda route: route.fulfill(status=429, headers=headers, body=body), times=1)
    someone.draw(SEVEN)
    _says(someone, "tooManyRequests")
    someone.sees("answer", "7")
    _is_quiet(someone)


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
    options: dict[str, Any] = {
        "executable_path": find_whole_chromium(),
        "args": ["--no-sandbox", "--disable-dev-shm-usage"],
    }
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


def test_a_removal_is_not_overtaken_by_a_label_whose_request_had_no_answer(alice_draws: Visitor, alice: User) -> None:
    """The connection breaks after the server got the request; it carries it out when the removal is done already."""
    held: list[Any] = []

    def lose(route: Any) -> None:
        held.append(route.request)
        route.abort()

    alice_draws.page.route("**/correction", lose, times=1)
    alice_draws.draw_what_waits(SEVEN, "7")
    label = f"**/api/v1/drawings/{alice_draws.outbox[0]['id']}/correction"
    with alice_draws.page.expect_response(label) as removed:
        alice_draws.click("removeLabel")
    assert removed.value.request.method == "DELETE"
    corrections.correct(drawing=Drawing.objects.by(alice).get(), label="7")  # it arrives now
    alice_draws.waits_until_all_is_delivered()
    assert said_by(alice) == []


def test_a_drawing_that_was_cleared_does_not_come_back_from_a_page_that_was_closing(
    alice_draws: Visitor, as_alice: Client, alice: User
) -> None:
    late: list[Any] = []

    def hold(route: Any) -> None:
        late.append(route.request.post_data_json)
        route.abort()

    alice_draws.page.route("**/api/v1/drawings", hold, times=1)
    alice_draws.draw(SEVEN)
    alice_draws.page.reload()
    alice_draws.sees("answer")
    until(alice_draws.page, lambda: bool(late))
    alice_draws.click("clear")
    alice_draws.waits_until_all_is_delivered()
    arrived = as_alice.post("/api/v1/drawings", late[0], content_type="application/json")
    assert arrived.json()["code"] == "drawing_deleted"
    assert not Drawing.objects.exists()


def remove_and_label(visitor: Visitor, key: str) -> None:
    """Remove the label and press a key, with nothing in between."""
    visitor.page.evaluate(
        """(key) => {
             document.querySelector("[data-do=removeLabel]").click();
             document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
           }""",
        key,
    )


def test_a_label_that_follows_a_removal_at_once_is_saved(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    remove_and_label(alice_draws, "1")
    alice_draws.sees_outcome("saved")
    alice_draws.waits_until_all_is_delivered()
    assert said_by(alice) == ["1"]


def test_a_drawing_that_was_deleted_in_my_drawings_does_not_come_back_from_the_sheet(
    alice_draws: Visitor, alice: User
) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    other = Visitor(alice_draws.page.context.new_page(), alice_draws.site)
    other.go("/drawings/")
    other.page.locator("[data-delete]").first.click()
    other.page.click("[data-yes]")
    other.page.wait_for_selector(".empty-state")
    alice_draws.press("1")
    alice_draws.sees_outcome("failed")
    assert not Drawing.objects.exists()
    assert alice_draws.outbox == []
    remove_and_label(alice_draws, "1")  # its author wants it back: it is another drawing
    alice_draws.sees_outcome("saved")
    assert said_by(alice) == ["1"]


def test_my_drawings_changes_nothing_before_what_waits_is_uploaded(alice_draws: Visitor, alice: User) -> None:
    held: list[Any] = []
    alice_draws.page.route("**/correction", lambda route: route.abort())
    alice_draws.draw_what_waits(SEVEN, "7")
    alice_draws.page.unroute("**/correction")
    alice_draws.page.route("**/correction", lambda route: held.append(route), times=1)
    alice_draws.go("/drawings/")
    alice_draws.page.wait_for_selector("[data-drawings][data-ready]")
    until(alice_draws.page, lambda: bool(held))
    alice_draws.page.locator(".drawing").first.focus()
    alice_draws.press("1")  # the newer label
    held[0].continue_()
    alice_draws.page.wait_for_selector("[data-drawing][data-label='1']")
    assert said_by(alice) == ["1"]
