"""Several recognizers on one sheet: switching, what stays, and the one that knows better."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from ml.preprocessing.content import Content
from recognizer.drawings import corrections, store
from recognizer.models import Correction, Drawing, Label, Recognizer
from tests.browser.test_review import SENT
from tests.browser.visitors import SEVEN, Visitor, said_by
from tests.ink import SEVEN as INK_OF_SEVEN

CURRENT = "[data-recognizers] [aria-current]"


@pytest.fixture
def someone(visit: Any, three: list[Recognizer]) -> Visitor:
    """A stranger in front of a blank sheet."""
    visitor: Visitor = visit()
    visitor.open_sheet()
    return visitor


@pytest.fixture
def alice_draws(visit: Any, three: list[Recognizer], as_alice: Client) -> Visitor:
    """alice, signed in, in front of a blank sheet."""
    visitor: Visitor = visit(as_alice)
    visitor.open_sheet()
    return visitor


def _switch(visitor: Visitor, name: str) -> None:
    visitor.page.click(f"[data-recognizers] >> text={name}")
    visitor.page.wait_for_selector(f"{CURRENT}:text-is('{name}')")
    visitor.page.wait_for_selector("#prompt [data-prompt=label]:not(:empty)")


def _prompt(visitor: Visitor) -> str:
    return visitor.page.inner_text("#prompt")


def test_switching_keeps_the_drawing_and_reads_it_anew(someone: Visitor) -> None:
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    _switch(someone, "Bangla digits")
    someone.sees("answer", "7")
    assert someone.page.inner_text("[data-part=glyph]") == "৭"
    assert len(someone.strokes) == 1
    assert someone.page.url.endswith("/draw/bangla-digits/")
    assert someone.page.locator("[data-part=list] li").first.inner_text().split()[:2] == ["৭", "seven"]
    assert someone.complaints == []


def test_back_returns_to_the_recognizer_before_with_the_drawing(someone: Visitor) -> None:
    someone.draw(SEVEN)
    someone.sees("answer", "7")
    _switch(someone, "Bangla digits")
    _switch(someone, "Sketches")
    for name in ("Bangla digits", "Digits"):
        someone.page.go_back()
        someone.page.wait_for_selector(f"{CURRENT}:text-is('{name}')")
        assert len(someone.strokes) == 1
    someone.page.go_forward()
    someone.page.wait_for_selector(f"{CURRENT}:text-is('Bangla digits')")
    assert someone.page.url.endswith("/draw/bangla-digits/")


def test_each_asks_in_its_own_way_for_its_own_labels(someone: Visitor) -> None:
    assert _prompt(someone).startswith("How do you write ")
    _switch(someone, "Sketches")
    assert _prompt(someone).startswith("Draw a")
    _switch(someone, "Bangla digits")
    asked = _prompt(someone).removeprefix("How do you write ").removesuffix("?")
    assert asked in "০১২৩৪৫৬৭৮৯"
    assert someone.page.get_attribute("#prompt [lang]", "lang") == "bn"


def test_the_next_visit_begins_where_the_last_one_ended(someone: Visitor) -> None:
    _switch(someone, "Sketches")
    someone.open_sheet()
    assert someone.page.inner_text(CURRENT) == "Sketches"
    someone.go("/progress/")
    assert someone.page.inner_text(".filter [aria-current]") == "Sketches"


def test_keys_go_through_the_recognizers(someone: Visitor) -> None:
    someone.press("r")
    assert someone.page.inner_text(CURRENT) == "Bangla digits"
    someone.hears("switched", name="Bangla digits")
    someone.press("r", "r")
    assert someone.page.inner_text(CURRENT) == "Digits"
    someone.press("Shift+R")
    assert someone.page.inner_text(CURRENT) == "Sketches"


def test_a_word_stands_large_and_a_number_key_says_the_guess_in_its_place(someone: Visitor) -> None:
    _switch(someone, "Sketches")
    someone.draw(SEVEN)
    someone.sees("answer")
    assert someone.page.inner_text("[data-part=verdict] .name") == "alarm clock"
    first = someone.page.locator("[data-part=list] li .glyph").first.inner_text()
    someone.press("1")
    someone.sees("thanks")
    assert first in someone.page.inner_text("[data-part=thanks]")


def test_one_of_many_labels_is_found_by_typing(someone: Visitor) -> None:
    _switch(someone, "Sketches")
    someone.draw(SEVEN)
    someone.sees("answer")
    someone.press("/")
    someone.page.keyboard.type("EA")
    shown = someone.page.locator("[data-keypad] .key:visible")
    assert shown.all_inner_texts() == ["ear"]
    someone.press("Escape")
    assert shown.count() == 30
    someone.press("/")
    someone.page.keyboard.type("clo")
    assert shown.all_inner_texts() == ["alarm clock"]
    someone.press("Enter")
    someone.page.wait_for_selector("[data-part=thanks]:text-is('Confirmed: alarm clock.')")
    assert someone.page.get_attribute(".key[data-label=alarm-clock]", "aria-pressed") == "true"
    assert shown.count() == 30


def test_typing_what_is_not_there_says_so(someone: Visitor) -> None:
    _switch(someone, "Sketches")
    someone.draw(SEVEN)
    someone.sees("answer")
    someone.press("/")
    someone.page.keyboard.type("zeppelin")
    someone.page.wait_for_selector("[data-none]", state="visible")
    someone.press("Enter")
    someone.sees("answer")


def test_my_drawings_take_a_word_from_a_list(
    visit: Any, three: list[Recognizer], as_alice: Client, alice: User
) -> None:
    store.save_drawing(author=alice, recognizer="sketches", content=Content.from_ink(INK_OF_SEVEN))
    visitor = visit(as_alice)
    visitor.go("/drawings/")
    visitor.page.wait_for_selector("[data-drawings][data-ready]")
    visitor.page.click(".drawing summary")
    visitor.page.select_option("select", "eye")
    visitor.page.click("[data-correct] select + button")
    visitor.page.wait_for_selector("[data-drawing][data-label=eye]")
    visitor.page.focus("[data-drawing]")
    visitor.press("7")
    visitor.page.click(".drawing summary")
    assert visitor.page.input_value("select") == "eye"
    visitor.page.click("[data-remove-label]")
    visitor.page.wait_for_selector("[data-drawing][data-label='']")
    assert said_by(alice) == []
    assert visitor.complaints == []


def test_a_reviewer_finds_a_word_by_typing(visit: Any, three: list[Recognizer], alice: User) -> None:
    drawing, _ = store.save_drawing(author=alice, recognizer="sketches", content=Content.from_ink(INK_OF_SEVEN))
    correction = corrections.correct(drawing=drawing, label="alarm-clock")
    root = Client()
    root.force_login(User.objects.create_superuser("root@example.org", "a rather long word"))
    visitor = visit(root)
    visitor.go("/review/")
    visitor.page.wait_for_selector("[data-review][data-ready]")
    visitor.press("/")
    visitor.page.keyboard.type("ey")
    visitor.press("Enter")
    visitor.page.wait_for_selector("[data-nothing]", state="visible")
    visitor.page.wait_for_function(SENT)
    assert correction.reviews.get().label.slug == "eye"  # type: ignore[union-attr]
    assert visitor.complaints == []


def test_what_is_said_belongs_to_the_recognizer_that_is_drawn_for(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer")
    _switch(alice_draws, "Bangla digits")
    alice_draws.sees("answer")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    kept = Drawing.objects.get(author=alice)
    assert kept.recognizer.slug == "bangla-digits"
    assert said_by(alice) == ["7"]


def test_what_was_answered_stays_with_its_recognizer(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    _switch(alice_draws, "Sketches")
    alice_draws.sees("empty")
    assert Drawing.objects.get(author=alice).recognizer.slug == "digits"


def test_what_was_kept_on_leaving_takes_the_place_of_nothing_twice(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer")
    alice_draws.page.click('nav [href="/drawings/"]')
    alice_draws.page.wait_for_selector("[data-drawings][data-ready]")
    alice_draws.waits_until_all_is_delivered()  # a link waits for the server for a moment only
    assert Drawing.objects.get(author=alice).recognizer.slug == "digits"
    alice_draws.go("/draw/bangla-digits/")
    alice_draws.sees("answer")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    alice_draws.waits_until_all_is_asked()
    assert Drawing.objects.get(author=alice).recognizer.slug == "bangla-digits"


def _kept(alice: User) -> list[tuple[str, str | None]]:
    """Recognizer and label of what alice has kept."""
    standing = {each.drawing_id: each.label for each in Correction.objects.current() if each.label}
    kept = Drawing.objects.filter(author=alice).order_by("pk").select_related("recognizer")
    return [(each.recognizer.slug, standing[each.pk].slug if each.pk in standing else None) for each in kept]


def test_a_clearing_that_is_undone_after_switching_leaves_one_drawing(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.sees("answer")
    alice_draws.press("x")
    _switch(alice_draws, "Bangla digits")
    alice_draws.press("z")
    alice_draws.sees("answer")
    alice_draws.press("7")
    alice_draws.sees_outcome("saved")
    alice_draws.waits_until_all_is_asked()
    assert _kept(alice) == [("bangla-digits", "7")]


def test_the_same_ink_looked_at_in_two_recognizers_is_one_drawing(alice_draws: Visitor, alice: User) -> None:
    alice_draws.draw(SEVEN)
    alice_draws.page.reload()
    alice_draws.sees("answer")
    _switch(alice_draws, "Bangla digits")
    alice_draws.sees("answer")
    alice_draws.go("/drawings/")
    alice_draws.waits_until_all_is_delivered()
    alice_draws.page.wait_for_selector("[data-drawings][data-ready]")
    assert _kept(alice) == [("bangla-digits", None)]
    assert alice_draws.page.locator(".drawing").count() == 1


def test_what_is_out_of_sight_cannot_be_taken_by_a_key(visit: Any, three: list[Recognizer], monkeypatch: Any) -> None:
    _somebody_always_knows_better(three[1].labels.get(slug="7"), monkeypatch)
    someone = visit()
    someone.has_no_model()
    someone.open_sheet()
    someone.draw(SEVEN)
    someone.page.wait_for_selector("[data-other-recognizer]", state="visible")
    someone.press("7")
    someone.sees("thanks")
    someone.page.wait_for_selector("[data-other-recognizer]", state="hidden")
    someone.press("e")
    someone.sees("thanks")
    assert someone.page.inner_text(CURRENT) == "Digits"
    someone.press("z")
    someone.page.wait_for_selector("[data-other-recognizer]", state="visible")
    someone.press("e")
    someone.sees("answer", "7")


def test_it_says_when_another_recognizer_is_far_surer(visit: Any, three: list[Recognizer], monkeypatch: Any) -> None:
    _somebody_always_knows_better(three[1].labels.get(slug="7"), monkeypatch)
    someone = visit()
    someone.has_no_model()
    someone.open_sheet()
    someone.draw(SEVEN)
    someone.page.wait_for_selector("[data-other-recognizer]", state="visible")
    offer = someone.text("otherRecognizer", name="৭", recognizer="Bangla digits")
    assert someone.page.inner_text("[data-other-recognizer] [data-words]") == offer
    someone.hears("otherRecognizer", name="৭", recognizer="Bangla digits")
    someone.press("e")
    someone.sees("answer", "7")
    assert len(someone.strokes) == 1
    assert someone.page.inner_text(CURRENT) == "Bangla digits"


def _somebody_always_knows_better(label: Label, monkeypatch: Any) -> None:
    from recognizer.drawings import other_recognizers
    from recognizer.drawings.predict import Guess

    found = other_recognizers.BetterRecognizer(label.recognizer, Guess(label, 0.99))
    monkeypatch.setattr(other_recognizers, "find_better_recognizer", lambda *, content, than: found)
