"""The page answers with a copy of the model, follows promotions, and says which version answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accounts.models import User
from ml.bundles.bundle import Bundle, load_bundle
from ml.bundles.predictor import Predictor
from recognizer.models import Drawing, Prediction, Recognizer
from recognizer.registry import promotions
from tests.browser.test_pictures import picture_file, seven_on_paper
from tests.browser.visitors import ONE, SEVEN, Visitor, said_by, until
from tests.renderers import answer_in_node, page_modules, run_in_node

ROOT = Path(__file__).parents[2]
SHIPPED = ("digits", "bangla-digits", "sketches", "letters")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_network_of_the_page_answers_as_the_server_does(name: str, tmp_path: Path) -> None:
    """30 drawings of each base test; `tests.benchmarks.page_model` does it with 1,000."""
    bundle = load_bundle(ROOT / "ml" / "models" / name)
    with np.load(ROOT / "ml" / "models" / name / "base_test.npz", allow_pickle=False) as test:
        rasters = test["rasters"][:: len(test["rasters"]) // 30]
    answers, _times = answer_in_node(bundle.tflite, rasters, tmp_path)
    expected = Predictor(bundle.tflite, len(bundle.slugs)).predict(rasters).probabilities
    assert (answers.argmax(axis=1) == expected.argmax(axis=1)).all()
    assert np.abs(answers - expected).max() < 0.01


def test_a_stranger_is_answered_without_the_server(someone: Visitor) -> None:
    someone.waits_for_the_model()
    someone.page.context.set_offline(True)
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    someone.sees_who_answered("answeredHere")
    someone.press("7")
    someone.sees("thanks")
    assert someone.sent == []


def test_for_people_who_are_signed_in_the_server_is_asked_once_after_a_pause(alice_draws: Visitor) -> None:
    alice_draws.waits_for_the_model()
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer", "7")
    alice_draws.waits_until_all_is_asked()
    assert [request.url.rsplit("/", 1)[1] for request in alice_draws.sent] == ["predict"]


def test_a_late_answer_about_less_ink_does_not_replace_the_page_s_own(alice_draws: Visitor) -> None:
    alice_draws.waits_for_the_model()
    held: list[Any] = []
    alice_draws.page.route("**/predict", lambda route: held.append(route))
    alice_draws.draw(SEVEN)
    until(alice_draws.page, lambda: len(held) == 1)
    alice_draws.draw(ONE)
    alice_draws.page.wait_for_timeout(700)  # the next question waits for the answer to the first
    held[0].continue_()
    until(alice_draws.page, lambda: len(held) == 2)
    alice_draws.sees_who_answered("answeredHere")
    held[1].continue_()
    alice_draws.sees_who_answered("answeredByServer")


def test_what_the_page_answered_is_saved_with_its_version_and_marked(alice_draws: Visitor, alice: User) -> None:
    alice_draws.waits_for_the_model()
    alice_draws.page.route("**/predict", lambda route: route.abort())
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer", "7")
    alice_draws.press("Enter")
    alice_draws.sees_outcome("saved")
    assert said_by(alice) == ["7"]
    prediction = Prediction.objects.get()
    assert (prediction.on_device, prediction.model_version.number, prediction.label.slug) == (True, 1, "7")


def test_an_answer_of_the_server_is_saved_without_the_mark(alice_draws: Visitor) -> None:
    alice_draws.waits_for_the_model()
    with alice_draws.page.expect_response("**/predict"):
        alice_draws.draw(SEVEN)
    alice_draws.sees_who_answered("answeredByServer")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    assert not Prediction.objects.get().on_device


def test_the_server_never_changes_a_label_that_was_confirmed(alice_draws: Visitor, alice: User) -> None:
    alice_draws.waits_for_the_model()
    held: list[Any] = []
    alice_draws.page.route("**/predict", lambda route: held.append(route))
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer", "7")
    until(alice_draws.page, lambda: bool(held))
    alice_draws.press("Enter")
    alice_draws.sees_outcome("saved")
    told = held[0].fetch().json()
    told["guesses"] = told["guesses"][::-1]
    with alice_draws.page.expect_response("**/predict"):
        held[0].fulfill(json=told)
    alice_draws.waits_until_all_is_asked()
    alice_draws.sees("thanks")
    assert alice_draws.page.get_attribute("[data-sheet]", "data-answered") == "7"
    assert said_by(alice) == ["7"]


def _promote(digits: Recognizer, bundle: Bundle) -> None:
    version = promotions.register(recognizer=digits, bundle=bundle)
    promotions.promote(version=version, replaces=promotions.current_promotion(digits.pk), reason="Test.")


def test_a_promotion_reaches_an_open_page_and_so_does_a_rollback(
    someone: Visitor, digits: Recognizer, starter: Bundle
) -> None:
    someone.waits_for_the_model()
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    _promote(digits, starter)
    someone.page.wait_for_selector("[data-model-version='2']", state="attached")
    someone.sees_who_answered("answeredHere", 2)
    someone.page.context.route("**/versions/1/**", lambda route: route.abort())  # it is still there
    promotions.roll_back(recognizer=digits, reason="Test.")
    someone.page.wait_for_selector("[data-model-version='1']", state="attached")
    someone.sees_who_answered("answeredHere", 1)
    assert someone.sent == []


@pytest.mark.parametrize("damage", ["file", "answers"])
def test_a_damaged_version_is_refused_and_said(
    someone: Visitor, digits: Recognizer, starter: Bundle, damage: str
) -> None:
    someone.waits_for_the_model()

    def spoil(route: Any) -> None:
        body = bytearray(route.fetch().body())
        body[len(body) // 2] ^= 1
        route.fulfill(body=bytes(body))

    def answer_differently(route: Any) -> None:
        told = route.fetch().json()
        told["vectors"][0]["probabilities"][0] += 0.1
        route.fulfill(json=told)

    path, change = {"file": ("model.tflite", spoil), "answers": ("vectors", answer_differently)}[damage]
    someone.page.context.route(f"**/versions/2/{path}", change)
    _promote(digits, starter)
    someone.page.wait_for_selector("[data-problem]:visible")
    assert someone.text("versionRefused", version="2") in someone.page.inner_text("[data-problem]")
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    someone.sees_who_answered("answeredHere", 1)


def test_a_file_that_is_damaged_only_once_is_read_again(someone: Visitor, digits: Recognizer, starter: Bundle) -> None:
    someone.waits_for_the_model()
    someone.page.context.route("**/versions/2/model.tflite", lambda route: route.fulfill(body=b"cut off"), times=1)
    _promote(digits, starter)
    someone.page.wait_for_selector("[data-model-version='2']", state="attached")
    assert not someone.page.is_visible("[data-problem]")


def test_a_file_whose_parts_do_not_fit_is_a_model_that_is_not_known(tmp_path: Path) -> None:
    """Nothing else may be thrown: the page would take it for a broken connection and ask again and again."""
    page_modules(tmp_path)
    (tmp_path / "model.tflite").write_bytes(load_bundle(ROOT / "ml" / "models" / "digits").tflite)
    script = """
        import { readFileSync } from "node:fs";
        import { Network } from "./js/model/network.js";
        const whole = Uint8Array.from(readFileSync("model.tflite"));
        let seed = 1, refused = 0;
        const chance = (below) => (seed = (seed * 48271) % 2147483647) % below;
        for (let i = 0; i < 300; i += 1) {
          const file = whole.slice(0, i % 3 ? whole.length : chance(whole.length));
          const view = new DataView(file.buffer);
          for (let n = 0; n < 20; n += 1) {
            const at = chance(2) ? chance(file.length) : Math.max(0, file.length - 1 - chance(6000));
            view.setUint8(at, chance(256));
          }
          try {
            new Network(file.buffer);
          } catch (error) {
            if (error.name !== "UnknownModelError") throw error;
            refused += 1;
          }
        }
        process.stdout.write(String(refused));
    """
    assert int(run_in_node(script, tmp_path)) > 100


def test_a_model_with_an_unknown_operation_stays_on_the_server(visit: Any, digits: Recognizer) -> None:
    visitor = visit()

    def know_nothing(route: Any) -> None:
        script = route.fetch().text().replace("const OPERATIONS = {", "const OPERATIONS = {}, UNUSED = {")
        route.fulfill(body=script, content_type="text/javascript")

    visitor.page.context.route("**/js/model/tflite.js", know_nothing)
    visitor.open_sheet()
    visitor.draw(SEVEN)
    visitor.sees("answer", "7")
    visitor.page.wait_for_timeout(500)
    assert visitor.page.locator("[data-model-version]").count() == 0
    assert visitor.sent


def test_a_version_that_the_server_does_not_know_any_more_loses_no_drawing(alice_draws: Visitor, alice: User) -> None:
    alice_draws.waits_for_the_model()
    sent: list[Any] = []

    def change(route: Any) -> None:
        body = route.request.post_data_json
        sent.append(body.get("on_device"))
        route.continue_(post_data=json.dumps({**body, "on_device": 99} if body.get("on_device") else body))

    alice_draws.page.route("**/predict", lambda route: route.abort())
    alice_draws.page.route("**/api/v1/drawings", change)
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer", "7")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    assert sent == [1, None]
    assert not Drawing.objects.by(alice).get().predictions.get().on_device


def test_a_page_without_https_checks_the_file_too(tmp_path: Path) -> None:
    """`crypto.subtle` is missing there."""
    page_modules(tmp_path)
    script = """
        import { createHash } from "node:crypto";
        import { computeSha256 } from "./js/model/sha256.js";
        for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 366248]) {
          const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
          const expected = createHash("sha256").update(bytes).digest("hex");
          if (computeSha256(bytes.buffer) !== expected) throw new Error(`${length} bytes`);
        }
    """
    run_in_node(script, tmp_path)


@pytest.mark.parametrize("name", ["model", "vectors"])
@pytest.mark.parametrize("body", ["{", "{}", '{"sha256": 7}'])
def test_what_is_about_a_version_is_read_again_if_a_copy_of_it_is_damaged(
    someone: Visitor, digits: Recognizer, starter: Bundle, name: str, body: str
) -> None:
    """As after an upgrade, when a cache still has the answer of the release before."""
    someone.waits_for_the_model()
    someone.page.context.route(f"**/versions/2/{name}", lambda route: route.fulfill(body=body), times=1)
    _promote(digits, starter)
    someone.page.wait_for_selector("[data-model-version='2']", state="attached")
    assert not someone.page.is_visible("[data-problem]")


def test_a_drawing_that_a_picture_replaces_is_saved_with_the_version_that_answered(
    alice_draws: Visitor, alice: User
) -> None:
    alice_draws.waits_for_the_model()
    alice_draws.page.route("**/predict", lambda route: route.abort())  # the answer on display is the page's
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer", "7")
    with alice_draws.page.expect_response("**/api/v1/drawings"):
        alice_draws.page.set_input_files("[data-picture-input] >> nth=0", picture_file(seven_on_paper()))
    prediction = Drawing.objects.by(alice).get().predictions.get()
    assert (prediction.on_device, prediction.model_version.number) == (True, 1)


@pytest.mark.slow
def test_a_worker_that_died_without_a_word_is_replaced(someone: Visitor) -> None:
    """As on phones that are short of memory. Nothing tells the page of it."""
    someone.page.add_init_script(
        """const send = Worker.prototype.postMessage, workers = [];
        Worker.prototype.postMessage = function (message) {
            if (!workers.includes(this)) workers.push(this);
            if (!(window.hasDied && this === workers[0])) send.call(this, message);
        };"""
    )
    someone.open_sheet()
    someone.waits_for_the_model()
    someone.page.evaluate("() => void (window.hasDied = true)")
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    someone.sees_who_answered("answeredHere")  # by the next worker: nothing reaches the first
