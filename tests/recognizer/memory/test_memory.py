"""A memory follows what its person says, within bounds, and never stands in the way of an answer or a correction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from accounts import people
from accounts.models import User, bump_revision
from ml.preprocessing.content import Content
from recognizer import memory as memories
from recognizer.drawings import corrections, predict, store
from recognizer.memory import personal_answer, remember
from recognizer.models import Correction, Drawing, Label, Memory, Recognizer, Remembered
from recognizer.registry import serving
from tests.api.test_predict import picture_of_seven
from tests.ink import ONE, SEVEN, ZERO
from tests.recognizer.drawings.test_refresh import promote_another

pytestmark = pytest.mark.django_db


def say(author: User, *labels: str, ink: Any = SEVEN) -> list[Drawing]:
    """Keep a drawing for each label, and say that it is one."""
    made = []
    for label in labels:
        drawing, _new = store.save_drawing(author=asking(author), recognizer="digits", content=Content.from_ink(ink))
        corrections.correct(drawing=drawing, label=label)
        made.append(drawing)
    return made


def asking(person: User) -> User:
    """The person as each request reads them anew."""
    return User.objects.get(pk=person.pk)


def answer(person: User, ink: Any = SEVEN) -> str:
    """The first guess as this person gets it."""
    given = predict.recognise(recognizer="digits", content=Content.from_ink(ink), person=asking(person))
    return (given.personal or given).guesses[0].label.slug


def held(person: User) -> list[str]:
    return [row.label.slug for row in memories.remembered_drawings(person)]


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    def set_to(kept: int, per_label: int) -> None:
        monkeypatch.setattr(remember, "MAX_DRAWINGS", kept)
        monkeypatch.setattr(remember, "MAX_DRAWINGS_PER_LABEL", per_label)

    return set_to


def test_the_newest_of_each_label_stay(digits: Recognizer, alice: User, bounds: Callable[[int, int], None]) -> None:
    bounds(100, 2)
    made = say(alice, "7", "1", "7", "7", "1")
    assert [row.drawing for row in memories.remembered_drawings(alice)] == [made[1], *made[2:]]


def test_the_newest_of_all_labels_stay(digits: Recognizer, alice: User, bounds: Callable[[int, int], None]) -> None:
    bounds(3, 2)
    made = say(alice, "0", "1", "2", "3", "4")
    assert [row.drawing for row in memories.remembered_drawings(alice)] == made[2:]


def test_what_is_called_something_else_counts_as_said_last(digits: Recognizer, alice: User) -> None:
    made = say(alice, "0", "1")
    corrections.correct(drawing=made[0], label="2")
    assert held(alice) == ["1", "2"]


def test_each_person_has_a_memory_of_their_own(digits: Recognizer, alice: User, bob: User) -> None:
    say(alice, "1")
    say(bob, "4")
    assert (held(alice), held(bob)) == (["1"], ["4"])
    assert (answer(alice), answer(bob)) == ("1", "4")


def test_a_picture_is_remembered_like_ink(digits: Recognizer, alice: User) -> None:
    content = Content.from_image(picture_of_seven())
    drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=content)
    corrections.correct(drawing=drawing, label="1")
    given = predict.recognise(recognizer="digits", content=content, person=asking(alice))
    assert given.personal
    assert (given.personal.guesses[0].label.slug, given.personal.because) == ("1", [drawing.uuid])


def test_one_drawing_can_be_forgotten(digits: Recognizer, alice: User) -> None:
    first, second = say(alice, "1", "4")
    assert memories.forget_drawing(drawing=second)
    assert not memories.forget_drawing(drawing=second)
    assert (held(alice), answer(alice)) == (["1"], "1")
    assert corrections.current(second).label.slug == "4"  # type: ignore[union-attr]
    corrections.correct(drawing=first, label="4")
    assert answer(alice) == "4"


def test_what_was_forgotten_is_remembered_again_when_it_is_said_again(digits: Recognizer, alice: User) -> None:
    first, second = say(alice, "4", "1")
    memories.forget_drawing(drawing=second)
    assert answer(alice) == "4"
    corrections.correct(drawing=second, label="1")
    assert (held(alice), answer(alice)) == (["4", "1"], "1")
    assert second.corrections.count() == 1
    memories.forget_all_drawings(person=alice, recognizer=digits)
    corrections.correct(drawing=first, label="4")
    assert (held(alice), answer(alice)) == (["4"], "4")


def test_saying_what_is_remembered_again_moves_nothing(digits: Recognizer, alice: User) -> None:
    first, second = say(alice, "4", "1")
    before = list(Memory.objects.values("person__revision", "remembered"))
    corrections.correct(drawing=first, label="4")
    assert list(Memory.objects.values("person__revision", "remembered")) == before
    corrections.take_back(drawing=second)
    before = list(Memory.objects.values("person__revision", "remembered"))
    corrections.take_back(drawing=second)
    assert list(Memory.objects.values("person__revision", "remembered")) == before


def test_what_was_said_without_consent_is_remembered_when_it_is_said_again_with_it(
    digits: Recognizer, alice: User
) -> None:
    (drawing,) = say(alice, "1")
    people.withdraw_consent(person=alice)
    corrections.correct(drawing=drawing, label="4")
    corrections.correct(drawing=drawing, label="4")
    assert held(alice) == []
    people.give_consent(person=alice)
    corrections.correct(drawing=drawing, label="4")
    assert (held(alice), answer(alice)) == (["4"], "4")


def test_all_can_be_forgotten_and_new_is_remembered(digits: Recognizer, alice: User, bob: User) -> None:
    say(alice, "1", "1")
    say(bob, "1")
    assert answer(alice) == "1"
    memories.forget_all_drawings(person=alice, recognizer=digits)
    assert (held(alice), answer(alice), held(bob)) == ([], "7", ["1"])
    say(alice, "4")
    assert (held(alice), answer(alice)) == (["4"], "4")


def test_forgetting_all_of_nothing_is_no_error(digits: Recognizer, alice: User) -> None:
    memories.forget_all_drawings(person=alice, recognizer=digits)
    assert held(alice) == []


def test_it_can_be_switched_off_and_follows_all_the_same(digits: Recognizer, alice: User) -> None:
    say(alice, "1")
    memories.set_enabled(person=alice, recognizer=digits, enabled=False)
    assert answer(alice) == "7"
    say(alice, "4", "4", "4")
    assert answer(alice) == "7"
    memories.set_enabled(person=alice, recognizer=digits, enabled=True)
    assert answer(alice) == "4"


def test_every_change_moves_the_revision_of_its_person_and_nothing_else_does(digits: Recognizer, alice: User) -> None:
    def revision() -> int:
        return asking(alice).revision

    (drawing,) = say(alice, "1")
    seen = [revision()]
    for change in (
        lambda: corrections.correct(drawing=drawing, label="4"),
        lambda: corrections.take_back(drawing=drawing),
        lambda: say(alice, "1"),
        lambda: memories.set_enabled(person=alice, recognizer=digits, enabled=False),
        lambda: memories.forget_all_drawings(person=alice, recognizer=digits),
    ):
        change()
        seen.append(revision())
    assert len(set(seen)) == 6
    memories.set_enabled(person=alice, recognizer=digits, enabled=False)
    store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(SEVEN))
    assert revision() == seen[-1]


def test_who_corrected_before_there_were_memories_is_not_forgotten(
    digits: Recognizer, alice: User, bounds: Callable[[int, int], None]
) -> None:
    made = say(alice, "1", "4", "4", "4", "7")
    corrections.take_back(drawing=made[4])
    Memory.objects.all().delete()
    bounds(100, 2)
    say(alice, "0", ink=ZERO)
    assert held(alice) == ["1", "4", "4", "0"]
    read = dict(Remembered.objects.values_list("label__slug", "version__number"))
    assert read == {"1": None, "4": None, "0": 1}
    memories.refresh_memory(memory_id=Memory.objects.get().pk)
    assert answer(alice) == "4"


def test_switching_before_anything_was_remembered_loses_nothing(digits: Recognizer, alice: User) -> None:
    say(alice, "1")
    Memory.objects.all().delete()
    memories.set_enabled(person=alice, recognizer=digits, enabled=False)
    memories.set_enabled(person=alice, recognizer=digits, enabled=True)
    assert held(alice) == ["1"]


def test_without_consent_nothing_is_added_and_what_was_unsaid_goes(digits: Recognizer, alice: User) -> None:
    first, second = say(alice, "1", "4")
    people.withdraw_consent(person=alice)
    corrections.take_back(drawing=first)
    corrections.correct(drawing=second, label="5")
    assert held(alice) == []
    Memory.objects.all().delete()
    corrections.correct(drawing=second, label="4")
    assert not Memory.objects.exists()


def test_a_correction_does_not_need_the_model(digits: Recognizer, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    drawing, _new = store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(SEVEN))

    def gone(_slug: str) -> None:
        raise serving.NoModelError("not now")

    with monkeypatch.context() as patched:
        patched.setattr(serving, "live_version", gone)
        corrections.correct(drawing=drawing, label="1")
    assert answer(alice) == "7"
    memories.refresh_memory(memory_id=Memory.objects.get().pk)
    assert answer(alice) == "1"


def test_ink_that_is_not_taken_any_more_can_be_corrected(digits: Recognizer, alice: User) -> None:
    (drawing,) = say(alice, "1")
    Drawing.objects.update(ink=[])
    corrections.correct(drawing=Drawing.objects.get(), label="4")
    assert corrections.current(drawing).label.slug == "4"  # type: ignore[union-attr]
    assert Remembered.objects.get().version is None


def test_a_database_that_is_away_takes_no_answer_away(
    digits: Recognizer, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(alice, "1")

    def away(*_: Any) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(personal_answer, "_load", away)
    assert answer(alice) == "7"


def test_a_process_holds_only_so_much_and_drops_what_was_used_longest_ago(
    digits: Recognizer, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    carol = User.objects.create_user("carol@example.org", consented_at=alice.consented_at)
    loaded: list[int] = []
    load = personal_answer._load

    def watched(person: User, *rest: Any) -> Any:
        loaded.append(person.pk)
        return load(person, *rest)

    monkeypatch.setattr(personal_answer, "_load", watched)
    monkeypatch.setattr(personal_answer, "HELD", 6)
    for person in (alice, bob, carol):
        say(person, "1", "1")
    memories.clear_cache()
    loaded.clear()
    for person in (alice, bob, alice, carol, alice, bob):
        assert answer(person) == "1"
    assert loaded == [alice.pk, bob.pk, carol.pk, bob.pk]


def test_a_label_that_the_version_does_not_know_is_left_out(digits: Recognizer, alice: User) -> None:
    say(alice, "1")
    eleven = Label.objects.create(recognizer=digits, slug="11", name="eleven", position=11)
    (drawing,) = say(alice, "4", ink=ONE)
    Remembered.objects.filter(drawing=drawing).update(label=eleven)
    bump_revision(alice.pk)
    assert (answer(alice), answer(alice, ONE)) == ("1", "1")


def test_what_another_version_made_of_it_is_not_used(digits: Recognizer, alice: User, starter: Any) -> None:
    say(alice, "1")
    promote_another(digits, starter)
    assert answer(alice) == "7"
    say(alice, "4")
    assert answer(alice) == "4"


def test_staff_who_delete_drawings_leave_nothing_remembered(
    digits: Recognizer, alice: User, admin_client: Client
) -> None:
    one, two, three = say(alice, "1", "1", "1")
    assert answer(alice) == "1"
    admin_client.post(f"/admin/recognizer/drawing/{one.pk}/delete/", {"post": "yes"})
    assert (len(held(alice)), answer(alice)) == (2, "1")
    data = {"action": "delete_selected", "_selected_action": [two.pk, three.pk], "post": "yes"}
    admin_client.post("/admin/recognizer/drawing/", data)
    assert (held(alice), answer(alice)) == ([], "7")


def test_staff_who_delete_a_correction_take_it_out_of_the_memory(
    digits: Recognizer, alice: User, admin_client: Client
) -> None:
    (drawing,) = say(alice, "1")
    corrections.correct(drawing=drawing, label="4")
    newest = Correction.objects.latest("pk")
    admin_client.post(f"/admin/recognizer/correction/{newest.pk}/delete/", {"post": "yes"})
    assert held(alice) == ["1"]
    oldest = Correction.objects.get()
    data = {"action": "delete_selected", "_selected_action": [oldest.pk], "post": "yes"}
    admin_client.post("/admin/recognizer/correction/", data)
    assert (held(alice), answer(alice)) == ([], "7")


def test_staff_who_delete_a_memory_empty_it(digits: Recognizer, alice: User, admin_client: Client) -> None:
    say(alice, "1")
    memory = Memory.objects.get()
    assert "alice@example.org" in admin_client.get("/admin/recognizer/memory/").content.decode()
    admin_client.post(f"/admin/recognizer/memory/{memory.pk}/delete/", {"post": "yes"})
    assert (held(alice), answer(alice)) == ([], "7")
    say(alice, "4")
    data = {"action": "delete_selected", "_selected_action": [memory.pk], "post": "yes"}
    admin_client.post("/admin/recognizer/memory/", data)
    assert answer(alice) == "7"
