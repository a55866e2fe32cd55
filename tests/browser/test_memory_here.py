"""The personal memory on the device: the same answers as on the server, and gone when its person signs out."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from django.test import Client

from accounts.models import User
from ml.embeddings.personal_memory import adjust_answer, build_memory, pack_answer
from recognizer.models import Prediction, Recognizer
from tests.browser.visitors import ONE, SEVEN, Visitor, said_by, until

OUTPUTS, WIDTH, DRAWINGS, QUESTIONS = 10, 24, 60, 80

VERSION_FILES = "caches.open('inkling-models').then((cache) => cache.keys()).then((all) => all.map(({ url }) => url))"
ADJUST = """async ([packed, labels, questions, outputs]) => {
    const { adjustAnswer, buildMemory, unpackFloats } = await import("/static/js/model/personal_memory.js");
    const drawings = packed.map((each, i) => {
        const row = unpackFloats(each);
        return { label: labels[i], embedding: row.slice(0, -outputs), probabilities: Array.from(row.slice(-outputs)) };
    });
    const memory = buildMemory(drawings);
    return questions.map(({ probabilities, embedding }) => adjustAnswer(memory, probabilities, embedding));
}"""


def _probabilities(chance: np.random.Generator, likely: int, sharpness: float) -> np.ndarray:
    scores = chance.normal(size=OUTPUTS)
    scores[likely] += sharpness
    shares = np.exp(scores)
    return (0.97 * shares / shares.sum()).astype(np.float32)


def _embedding(chance: np.random.Generator, centres: np.ndarray, label: int) -> np.ndarray:
    """Near the others of this label; a few are almost the same."""
    spread = 0.01 if chance.random() < 0.2 else 0.25
    return (centres[label] + spread * chance.normal(size=WIDTH)).astype(np.float32)


@pytest.mark.parametrize("wrong", [0.0, 0.1, 0.5])
def test_a_memory_here_adjusts_answers_as_the_server_does(someone: Any, wrong: float) -> None:
    """`wrong`: the share of drawings whose author contradicts the network."""
    chance = np.random.default_rng(int(wrong * 10))
    centres = chance.normal(size=(OUTPUTS, WIDTH))
    said, packed = [], []
    for _ in range(DRAWINGS):
        guess = int(chance.integers(4))
        label = int(chance.integers(4)) if chance.random() < wrong else guess
        embedding = _embedding(chance, centres, label)
        packed.append(pack_answer(embedding, _probabilities(chance, guess, chance.choice([2, 6]))))
        said.append(label)
    questions = [
        (_probabilities(chance, int(chance.integers(5)), 4), _embedding(chance, centres, int(chance.integers(5))))
        for _ in range(QUESTIONS)
    ]
    memory = build_memory(packed, said, OUTPUTS)
    expected = [adjust_answer(memory, *question) for question in questions]
    asked = [{"probabilities": one.tolist(), "embedding": other.tolist()} for one, other in questions]
    rows = [base64.b64encode(each).decode() for each in packed]
    found = someone.page.evaluate(ADJUST, [rows, said, asked, OUTPUTS])
    assert [each is not None for each in found] == [each.used for each in expected]
    used = [(here, there) for here, there in zip(found, expected, strict=True) if here]
    assert len(used) > QUESTIONS / 4
    for here, there in used:
        assert here["because"] == there.because.tolist()
        assert np.abs(np.array(here["probabilities"]) - there.probabilities).max() < 1e-4


def _is_copied(visitor: Visitor, drawings: int) -> None:
    """Wait until the device has a copy of a memory with so many drawings."""
    script = """() => new Promise((done) => { const opening = indexedDB.open("inkling");
        opening.onsuccess = () => {
            const asking = opening.result.transaction("memory").objectStore("memory").getAll();
            asking.onsuccess = () => done(asking.result.map(({ user, drawings }) => [user, drawings.length]));
            opening.result.close();
        }; })"""
    until(
        visitor.page, lambda: [count for _user, count in visitor.page.evaluate(script)] == [drawings] * bool(drawings)
    )


@pytest.fixture
def alice_says_one(visit: Any, digits: Recognizer, as_alice: Client, alice: User) -> Visitor:
    """alice has said of a 7 that it is a 1; her device has the model and the memory, and no connection."""
    visitor: Visitor = visit(as_alice, service_workers="allow")
    visitor.open_sheet()
    visitor.draw(SEVEN)
    visitor.sees("answer", "7")
    visitor.press("1")
    visitor.sees_outcome("saved")
    visitor.open_sheet()
    visitor.page.wait_for_function("() => navigator.serviceWorker.controller?.state === 'activated'")
    visitor.page.wait_for_selector("[data-draw][data-model-version]")
    _is_copied(visitor, 1)
    until(visitor.page, lambda: "/vectors" in str(visitor.page.evaluate(VERSION_FILES)))
    visitor.page.context.set_offline(True)
    return visitor


def test_without_a_connection_answers_are_adjusted_too(alice_says_one: Visitor) -> None:
    alice_says_one.open_sheet()
    alice_says_one.page.wait_for_selector("[data-draw][data-model-version]")
    alice_says_one.draw(SEVEN)
    alice_says_one.sees("answer", "1")
    alice_says_one.page.wait_for_selector("[data-memory-reasons][data-shown]")


@pytest.mark.slow
def test_what_is_said_without_a_connection_counts_at_once_and_is_saved_later(
    alice_says_one: Visitor, alice: User
) -> None:
    visitor = alice_says_one
    visitor.open_sheet()
    visitor.page.wait_for_selector("[data-draw][data-model-version]")
    for expected, said in (("1", "4"), ("4", "4")):
        visitor.draw(ONE)
        visitor.sees("answer", expected)
        visitor.press(said)
        visitor.sees_outcome("queued")
        visitor.press("Enter")
    visitor.page.context.set_offline(False)
    visitor.waits_until_all_is_delivered()
    assert said_by(alice) == ["1", "4", "4"]
    answers = Prediction.objects.filter(drawing__author=alice).order_by("drawing_id", "id")
    assert [answer.on_device for answer in answers][-2:] == [True, True]


def test_a_copy_is_gone_when_its_person_has_signed_out(alice_says_one: Visitor) -> None:
    alice_says_one.page.context.set_offline(False)
    alice_says_one.go("/accounts/logout/")
    alice_says_one.page.click("main button[type=submit]")
    alice_says_one.page.wait_for_selector("[data-draw][data-ready]")
    _is_copied(alice_says_one, 0)


def test_what_another_tab_learns_after_its_person_has_signed_out_is_not_stored(alice_says_one: Visitor) -> None:
    alice_says_one.page.context.set_offline(False)
    other = Visitor(alice_says_one.page.context.new_page(), alice_says_one.site)
    other.open_sheet()
    other.waits_for_the_model()
    other.draw(SEVEN)
    other.sees("answer", "1")
    alice_says_one.go("/accounts/logout/")
    alice_says_one.page.click("main button[type=submit]")
    alice_says_one.page.wait_for_selector("[data-draw][data-ready]")
    _is_copied(alice_says_one, 0)
    other.press("4")
    other.sees("thanks")
    other.page.wait_for_timeout(300)  # for a write that must not come
    _is_copied(alice_says_one, 0)
    other.press("Enter")
    other.draw(SEVEN)
    other.sees("answer", "7")  # her memory does not speak any more


def test_what_waited_renews_the_copy_when_it_is_saved(alice_says_one: Visitor, alice: User) -> None:
    visitor = alice_says_one
    visitor.draw_what_waits(ONE, "4")
    visitor.page.goto("about:blank")  # the drawing waits; the next page sends it
    copied: list[str] = []
    visitor.page.context.on(
        "response", lambda response: copied.append(response.url) if "/device" in response.url else None
    )
    visitor.page.route("**/memory/digits/device*", lambda route: route.abort(), times=1)  # of the page as it opens
    visitor.page.context.set_offline(False)
    visitor.open_sheet()
    visitor.waits_until_all_is_delivered()
    until(visitor.page, lambda: bool(copied))
    _is_copied(visitor, 2)
