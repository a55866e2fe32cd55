"""What is damaged in a browser's storage stops nothing: neither the page, nor what waits beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accounts.models import User
from recognizer.models import Drawing
from tests.browser.test_pictures import picture_file, seven_on_paper
from tests.browser.visitors import ONE, SEVEN, Visitor, said_by, until

PUT = """([store, records]) => new Promise((done, failed) => {
    const opening = indexedDB.open("inkling");
    opening.onsuccess = () => {
        const writing = opening.result.transaction(store, "readwrite");
        for (const record of records) writing.objectStore(store).put(record);
        writing.oncomplete = () => done(opening.result.close());
        writing.onabort = () => failed(writing.error);
    };
})"""
DRAFTS: dict[str, Any] = {
    "no object": 7,
    "no strokes": {"user": None, "history": {"states": [[], [0]], "at": 1}},
    "strokes that are none": {"user": None, "history": {"strokes": [5, None], "states": [[], [0]], "at": 1}},
    "a stroke without an axis": {"user": None, "history": {"strokes": [[[1, 2]]], "states": [[], [0]], "at": 1}},
    "axes that do not fit": {"user": None, "history": {"strokes": [[[1, 2], [1]]], "states": [[], [0]], "at": 1}},
    "a place that does not exist": {
        "user": None,
        "history": {"strokes": [[[1, 2], [1, 2], [0, 9]]], "states": [[], [3]], "at": 1},
    },
}


@pytest.mark.parametrize("draft", DRAFTS.values(), ids=DRAFTS)
def test_a_damaged_draft_leaves_a_blank_sheet_that_works(someone: Visitor, draft: Any) -> None:
    someone.page.add_init_script(f"sessionStorage.setItem('inkling.sheet', {json.dumps(json.dumps(draft))})")
    someone.open_sheet()
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    assert someone.complaints == []


def test_damaged_records_do_not_hold_back_those_beside_them(alice_draws: Visitor, alice: User) -> None:
    page = alice_draws.page
    page.context.set_offline(True)
    alice_draws.draw_what_waits(SEVEN, "7")
    [whole] = alice_draws.outbox
    user = whole["user"]
    damaged = [
        {"user": user, "id": "a", "order": 1},
        {"user": user, "id": "b", "order": 2, "content": "cut o", "label": "7"},
        {"user": user, "id": "c", "content": {"image": {}}, "label": None},
        {"user": user, "id": "d", "order": 3, "content": {"recognizer": "digits", "ink": None}},
    ]
    page.evaluate(PUT, ["outbox", damaged])
    written: list[Any] = [None, 5, {}, {"user": {}}, {**whole, "id": _other(whole["id"])}]
    page.evaluate("text => localStorage.setItem('inkling.outbox', text)", json.dumps(written))
    page.context.set_offline(False)
    alice_draws.open_sheet()
    alice_draws.waits_until_all_is_delivered()
    assert said_by(alice) == ["7", "7"]
    assert Drawing.objects.count() == 2


def test_a_picture_that_the_browser_has_lost_does_not_hold_back_the_next_drawing(
    alice_draws: Visitor, alice: User
) -> None:
    page = alice_draws.page
    page.context.set_offline(True)
    page.set_input_files("[data-picture-input] >> nth=0", picture_file(seven_on_paper()))
    alice_draws.sees("away")
    alice_draws.press("7")
    alice_draws.sees_outcome("queued")
    alice_draws.press("Enter")
    alice_draws.draw_what_waits(ONE, "1")
    page.evaluate(
        "() => { Blob.prototype.arrayBuffer = () => Promise.reject(new DOMException('', 'NotReadableError')); }"
    )
    page.context.set_offline(False)
    alice_draws.waits_until_all_is_delivered()
    assert said_by(alice) == ["1"]
    assert page.is_visible("[data-problem]")


def test_a_damaged_copy_of_the_memory_is_replaced(alice_draws: Visitor) -> None:
    page = alice_draws.page
    account = page.evaluate("JSON.parse(localStorage.getItem('inkling.account'))")
    alice_draws.go("/attribution/")  # a copy still on its way to the sheet would replace the damaged one
    record = {"user": account, "recognizer": "digits", "on": True, "drawings": [{"id": 1}], "revision": 3}
    page.evaluate(PUT, ["memory", [record]])
    with page.expect_response("**/memory/digits/device*") as copied:
        alice_draws.open_sheet()
    assert copied.value.status == 200
    assert "have=" not in copied.value.url
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer", "7")
    assert alice_draws.complaints == []


def test_what_is_written_down_is_sent_where_the_database_is_full(alice_draws: Visitor, alice: User) -> None:
    """The page that was closed wrote it into localStorage; the next one can read the database, but not write it."""
    page = alice_draws.page
    page.context.set_offline(True)
    alice_draws.draw_what_waits(SEVEN, "7")
    [item] = alice_draws.outbox
    page.goto("about:blank")
    page.context.set_offline(False)
    page.add_init_script(
        """const whole = IDBObjectStore.prototype.put;
        IDBObjectStore.prototype.put = function put() { throw new DOMException("full", "QuotaExceededError"); };"""
        f"localStorage.setItem('inkling.outbox', {json.dumps(json.dumps([item | {'id': _other(item['id'])}]))});"
    )
    alice_draws.open_sheet()
    until(page, lambda: page.evaluate("localStorage.getItem('inkling.outbox')") is None)
    alice_draws.waits_until_all_is_delivered()
    assert said_by(alice) == ["7", "7"]


def _other(identifier: str) -> str:
    return identifier[:-1] + ("0" if identifier[-1] != "0" else "1")
