"""Rounds in a browser: asked, drawn, recognised, shown, saved; with the mouse, by keyboard, with a clock, offline."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

import ml
from accounts.models import User
from ml.evaluation.examples import read_examples, read_examples_file
from recognizer.models import Correction, Drawing, Recognizer
from recognizer.registry.example_sets import install_examples
from tests.browser.test_accessibility import _violations
from tests.browser.visitors import Visitor, until
from tests.programs import find_whole_chromium

SHIPPED = read_examples_file(Path(ml.__file__).parent / "models" / "digits")
INKS = {slug: example["ink"] for slug, example in read_examples(SHIPPED)["labels"].items()}


# How many files the device has of rounds, and of models.
STORED = """() => Promise.all(["inkling-rounds", "inkling-models"].map(
    async (name) => (await (await caches.open(name)).keys()).length))"""


class Player(Visitor):
    """Somebody who plays rounds of digits."""

    def opens(self, path: str = "/rounds/digits/") -> None:
        self.go(path)
        self.page.wait_for_selector("[data-rounds][data-ready]")
        self.page.wait_for_function("() => document.querySelector('[data-begin] [type=submit]').disabled === false")

    def begins(self, *, clock: bool = False) -> None:
        if clock:
            self.page.check("[name=pace][value=clock]", force=True)
        self.page.click("[data-begin] [type=submit]")
        self.page.wait_for_selector("[data-rounds][data-state=play]")
        self.is_asked(1)

    def is_asked(self, number: int) -> str:
        """Wait for the prompt of this number; the digit that it asks for."""
        self.page.wait_for_selector(f"[data-part=nth][data-number='{number}']")
        return str(self.page.inner_text("[data-prompt=label]"))

    def draws_digit(self, digit: str) -> None:
        for xs, ys in INKS[digit]:
            self.draw([((x + 40) / 280, (y + 40) / 280) for x, y in zip(xs, ys, strict=True)])

    def is_recognised(self, is_right: bool = True) -> None:
        if is_right:
            self.page.wait_for_selector("[data-rounds][data-right]")
        else:
            looks = self.text("looksLike")
            self.page.wait_for_function(
                "words => document.querySelector('[data-part=seen]').textContent.startsWith(words)", arg=looks
            )

    def ends(self) -> list[Any]:
        self.page.wait_for_selector("[data-rounds][data-state=result]")
        return list(self.page.locator("[data-part=drawn] > li").all())

    def plays(self, wrong: tuple[int, ...] = ()) -> None:
        """A round of five, of which those of these numbers are drawn wrongly."""
        for number in range(1, 6):
            asked = self.is_asked(number)
            other = "1" if asked != "1" else "8"
            self.draws_digit(other if number in wrong else asked)
            self.is_recognised(number not in wrong)
            self.press("Enter")


@pytest.fixture
def play(visit: Any, digits: Recognizer) -> Any:
    install_examples(recognizer=digits, content=SHIPPED)

    def come(client: Client | None = None, **options: Any) -> Player:
        visitor = visit(client, **options)
        visitor.__class__ = Player
        return visitor

    return come


def test_a_round_asks_looks_and_shows_what_was_recognised(play: Any) -> None:
    player = play()
    player.opens()
    player.page.wait_for_selector("[data-rounds][data-model-version]")
    player.begins()
    player.plays(wrong=(2,))
    cards = player.ends()
    assert len(cards) == 5
    assert [("right" in card.get_attribute("class")) for card in cards] == [True, False, True, True, True]
    asked = {card.locator("h2 b").inner_text() for card in cards}
    assert len(asked) == 5
    assert all(card.locator("[data-part=example] svg[data-replay]").count() == 1 for card in cards)
    assert player.page.evaluate("document.activeElement.dataset.part") == "score"
    player.hears("score", right="4", count="5")
    assert not Drawing.objects.exists()
    assert player.sent == []  # the model in the page looks, and nobody is signed in
    assert player.complaints == []


def test_the_usual_way_is_replayed(play: Any) -> None:
    player = play()
    player.opens()
    player.begins()
    for _ in range(5):
        player.press("k")
    [card, *_rest] = player.ends()
    path = card.locator("[data-part=example] svg.thumb path")
    until(player.page, lambda: path.get_attribute("data-whole") is not None)
    whole = path.get_attribute("data-whole")
    until(player.page, lambda: path.get_attribute("d") == whole)
    card.locator("button[data-replay]").click()
    until(player.page, lambda: path.get_attribute("d") != whole)
    until(player.page, lambda: path.get_attribute("d") == whole)


def test_what_somebody_drew_is_a_correction_of_a_round_that_they_can_take_back(
    play: Any, as_alice: Client, alice: User
) -> None:
    player = play(as_alice)
    player.opens()
    player.begins()
    asked = [player.is_asked(1)]
    player.draws_digit(asked[0])
    player.is_recognised()
    player.press("Enter")
    asked.append(player.is_asked(2))
    player.draws_digit("1" if asked[1] != "1" else "8")
    player.is_recognised(False)
    player.press("Enter")
    player.is_asked(3)
    player.click("end")
    cards = player.ends()
    until(player.page, lambda: Correction.objects.count() == 2)
    said = Correction.objects.order_by("drawing")
    assert {each.label.slug for each in said if each.label} == set(asked)
    assert {each.origin for each in said} == {"round"}
    assert {each.drawing.author for each in said} == {alice}
    assert all(each.drawing.predictions.get().on_device for each in said)
    until(player.page, lambda: cards[1].locator("[data-part=saving] button").is_visible())
    cards[1].locator("[data-part=saving] button").click()
    until(player.page, lambda: Correction.objects.current().filter(label=None).count() == 1)
    until(player.page, lambda: cards[1].locator("[data-part=saving] button").is_visible())
    cards[1].locator("[data-part=saving] button").click()  # it offers to save it again
    until(player.page, lambda: Correction.objects.current().filter(origin="round", label__isnull=False).count() == 2)
    assert Drawing.objects.count() == 2


def test_with_a_clock_a_recognised_drawing_leads_on_by_itself_and_time_ends_the_others(
    play: Any, as_alice: Client, alice: User
) -> None:
    player = play(as_alice)
    player.page.clock.install()
    player.opens()
    player.page.clock.resume()
    player.begins(clock=True)
    player.draws_digit(player.is_asked(1))
    asked = player.is_asked(2)
    player.draws_digit("1" if asked != "1" else "8")
    player.is_recognised(False)
    player.page.clock.fast_forward(21_000)
    player.is_asked(3)
    player.click("end")
    cards = player.ends()
    until(
        player.page, lambda: Correction.objects.count() == 1
    )  # what was not finished is saved only if its author wants it
    cards[1].locator("[data-part=saving] button").click()
    until(player.page, lambda: Correction.objects.filter(label__slug=asked, origin="round").count() == 1)


def test_it_is_played_by_keyboard_alone(play: Any) -> None:
    player = play()
    player.opens()
    player.press("Enter")
    player.is_asked(1)
    assert player.page.evaluate("document.activeElement.hasAttribute('data-pad')")
    player.press("Space", *["ArrowDown"] * 12, "Space")
    player.page.wait_for_function(
        "() => document.querySelector('[data-do=next]').getAttribute('aria-disabled') === 'false'"
    )
    player.press("z")
    player.page.wait_for_function(
        "() => document.querySelector('[data-do=next]').getAttribute('aria-disabled') === 'true'"
    )
    player.press("Enter")  # nothing is drawn
    assert player.is_asked(1)
    player.press("y", "Enter")
    player.is_asked(2)
    for number in range(2, 6):
        player.is_asked(number)
        player.press("k")
    player.ends()
    player.press("Enter")
    player.is_asked(1)


def test_a_picture_of_the_round_is_made_in_the_browser(play: Any) -> None:
    player = play()
    player.opens()
    player.begins()
    player.draws_digit(player.is_asked(1))
    player.is_recognised()
    player.press("Enter")
    player.is_asked(2)
    player.click("end")
    player.ends()
    with player.page.expect_download() as download:
        player.click("savePicture")
    picture = Image.open(BytesIO(Path(download.value.path()).read_bytes()))
    assert (picture.format, picture.size) == ("PNG", (1080, 1080))
    assert len(picture.convert("L").getcolors(256) or []) > 10


@pytest.mark.parametrize("size", [(360, 640), (390, 844), (1280, 800)])
def test_all_that_one_needs_while_drawing_fits_on_the_screen(play: Any, size: tuple[int, int]) -> None:
    player = play(viewport={"width": size[0], "height": size[1]})
    player.in_language("bn")
    player.opens()
    player.begins()
    box = player.page.locator("[data-do=next]").bounding_box()
    assert box["y"] + box["height"] <= size[1]
    assert player.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_it_is_played_without_a_connection(
    play: Any, as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", find_whole_chromium())
    player = play(as_alice, service_workers="allow")
    player.opens()
    player.page.evaluate("navigator.serviceWorker.ready")
    until(player.page, lambda: player.page.evaluate(STORED) == [2, 3], 30)
    player.page.context.set_offline(True)
    player.opens("/rounds/")
    player.begins()
    player.plays()
    cards = player.ends()
    assert all("right" in card.get_attribute("class") for card in cards)
    assert cards[0].locator("[data-part=example] svg.thumb").count() == 1
    player.page.context.set_offline(False)
    until(player.page, lambda: Correction.objects.filter(drawing__author=alice, origin="round").count() == 5, 40)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "bn"])
def test_axe_finds_nothing_in_any_state_of_a_round(play: Any, language: str) -> None:
    player = play(reduced_motion="reduce").in_language(language)
    player.opens()
    found = _violations(player)
    player.begins()
    player.draws_digit("8")
    player.page.wait_for_timeout(1000)
    found += _violations(player)
    player.press("Enter")
    player.is_asked(2)
    player.click("end")
    player.ends()
    assert found + _violations(player) == []
