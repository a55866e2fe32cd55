"""When another version answers, what is remembered is read again in the background; until then it is not used."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache

from accounts import deletion, people
from accounts.models import User
from config.celery import app
from ml.bundles.bundle import Bundle
from ml.preprocessing.content import Content
from recognizer import memory as memories
from recognizer import tasks
from recognizer.drawings import corrections, store
from recognizer.memory import personal_answer, refresh
from recognizer.models import Drawing, Memory, Recognizer, Remembered
from recognizer.registry import serving
from tests.ink import SEVEN
from tests.recognizer.drawings.test_refresh import promote_another
from tests.recognizer.memory.test_memory import answer, held, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[Any]]]:
    """What is sent to the workers."""
    messages: list[tuple[str, list[Any]]] = []
    monkeypatch.setattr(app, "send_task", lambda name, args, **_: messages.append((name, list(args))))
    return messages


def versions() -> list[int | None]:
    """Who read what is remembered, the oldest first."""
    return list(Remembered.objects.order_by("pk").values_list("version__number", flat=True))


def memory_of(person: User) -> int:
    return Memory.objects.values_list("pk", flat=True).get(person=person)


def quietly_wait() -> None:
    """Until the messages of this process are sent."""
    for thread in threading.enumerate():
        if thread.daemon and thread.name.startswith("memory-"):
            thread.join()


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Do something once between reading drawings again and writing what was read."""
    write = refresh._write
    actions: list[Callable[[], Any]] = []

    def watched(*args: Any) -> bool:
        if actions:
            actions.pop()()
        return write(*args)

    monkeypatch.setattr(refresh, "_write", watched)
    return actions.append


def test_another_version_reads_what_is_remembered(digits: Recognizer, alice: User, starter: Bundle) -> None:
    say(alice, "1", "1", "1")
    promote_another(digits, starter)
    assert answer(alice) == "7"
    assert memories.refresh_memory(memory_id=memory_of(alice)) == 3
    assert (versions(), answer(alice)) == ([2, 2, 2], "1")
    assert memories.refresh_memory(memory_id=memory_of(alice)) == 0


def test_it_reads_a_few_at_a_time_the_newest_first(
    digits: Recognizer, alice: User, starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh, "AT_ONCE", 2)
    say(alice, "1", "1", "1", "1", "1")
    promote_another(digits, starter)
    turns: list[list[int | None]] = []
    write = refresh._write

    def watched(*args: Any) -> bool:
        written = write(*args)
        turns.append(versions())
        return written

    monkeypatch.setattr(refresh, "_write", watched)
    memories.refresh_memory(memory_id=memory_of(alice))
    assert turns == [[1, 1, 1, 2, 2], [1, 2, 2, 2, 2], [2] * 5]


def test_a_version_that_came_meanwhile_is_not_mixed_with_it(
    digits: Recognizer, alice: User, starter: Bundle, meanwhile: Callable[[Callable[[], Any]], None]
) -> None:
    say(alice, "1", "1")
    promote_another(digits, starter)
    meanwhile(lambda: promote_another(digits, starter))
    assert memories.refresh_memory(memory_id=memory_of(alice)) == 0
    assert versions() == [1, 1]
    assert memories.refresh_memory(memory_id=memory_of(alice)) == 2
    assert versions() == [3, 3]


def test_what_its_person_does_meanwhile_stands(
    digits: Recognizer, alice: User, starter: Bundle, meanwhile: Callable[[Callable[[], Any]], None]
) -> None:
    made = say(alice, "1", "1", "1", "1")
    promote_another(digits, starter)

    def act() -> None:
        store.delete_drawing(drawing=made[0])
        corrections.take_back(drawing=made[1])
        corrections.correct(drawing=made[2], label="4")

    meanwhile(act)
    memories.refresh_memory(memory_id=memory_of(alice))
    assert (held(alice), versions()) == (["1", "4"], [2, 2])


def test_a_memory_that_rests_is_not_read(
    digits: Recognizer, alice: User, starter: Bundle, meanwhile: Callable[[Callable[[], Any]], None]
) -> None:
    say(alice, "1")
    promote_another(digits, starter)
    memory = memory_of(alice)
    meanwhile(lambda: people.withdraw_consent(person=alice))
    assert [memories.refresh_memory(memory_id=memory), memories.refresh_memory(memory_id=memory)] == [0, 0]
    people.give_consent(person=alice)
    memories.set_enabled(person=alice, recognizer=digits, enabled=False)
    assert memories.refresh_memory(memory_id=memory) == 0
    assert memories.refresh_memories() == (0, False)
    memories.set_enabled(person=alice, recognizer=digits, enabled=True)
    assert memories.refresh_memories() == (1, False)


def test_who_left_meanwhile_is_gone(digits: Recognizer, alice: User, starter: Bundle) -> None:
    say(alice, "1")
    promote_another(digits, starter)
    memory = memory_of(alice)
    deletion.delete_person(person=alice)
    assert memories.refresh_memory(memory_id=memory) == 0
    assert not Memory.objects.exists()
    assert not Remembered.objects.exists()


def test_what_cannot_be_read_any_more_is_not_remembered(digits: Recognizer, alice: User, starter: Bundle) -> None:
    made = say(alice, "1", "4")
    Drawing.objects.filter(pk=made[1].pk).update(ink=[])
    promote_another(digits, starter)
    memories.refresh_memory(memory_id=memory_of(alice))
    assert (held(alice), versions()) == (["1"], [2])


def test_a_version_that_does_not_load_here_is_not_caught_up_with(
    digits: Recognizer, alice: User, starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(alice, "1")
    assert answer(alice) == "1"
    with monkeypatch.context() as patched:
        patched.setattr(serving, "clear_cache", lambda: None)  # the one before goes on answering
        promote_another(digits, starter)
    digits.versions.filter(number=2).update(tflite=b"damaged")
    assert memories.refresh_memories() == (0, False)
    assert memories.refresh_memory(memory_id=memory_of(alice)) == 0
    assert (versions(), answer(alice)) == ([1], "1")


def test_nothing_is_done_where_no_version_answers(digits: Recognizer, alice: User) -> None:
    Recognizer.objects.create(slug="empty", name="Empty")
    say(alice, "1")
    Remembered.objects.update(version=None, packed=None)
    digits.promotions.all().delete()
    serving.clear_cache()
    assert memories.refresh_memory(memory_id=memory_of(alice)) == 0
    assert memories.refresh_memories() == (0, False)


def test_who_drew_last_comes_first(
    digits: Recognizer, alice: User, bob: User, starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person in (alice, bob, alice):
        say(person, "1")
    promote_another(digits, starter)
    monkeypatch.setattr(refresh, "MOMENT", 0)
    assert memories.refresh_memories() == (2, True)
    assert dict(Remembered.objects.values_list("memory__person", "version__number")) == {alice.pk: 2, bob.pk: 1}
    assert [memories.refresh_memories(), memories.refresh_memories()] == [(1, True), (0, False)]


def test_the_tick_begins_the_memories_of_those_who_corrected_before_there_were_any(
    digits: Recognizer, alice: User, bob: User
) -> None:
    say(alice, "1", "4")
    say(bob, "1")
    Memory.objects.all().delete()
    people.withdraw_consent(person=bob)
    silent = User.objects.create_user("carol@example.org", consented_at=alice.consented_at)
    store.save_drawing(author=silent, recognizer="digits", content=Content.from_ink(SEVEN))
    tasks.tick()
    assert (held(alice), held(bob), versions()) == (["1", "4"], [], [1, 1])
    assert Memory.objects.count() == 1
    memories.forget_all_drawings(person=alice, recognizer=digits)
    tasks.tick()
    assert held(alice) == []


def test_a_promotion_sends_for_it_once_it_is_committed(
    digits: Recognizer, alice: User, starter: Bundle, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        promote_another(digits, starter)
    assert sent == []
    say(alice, "1")
    with django_capture_on_commit_callbacks(execute=True):
        promote_another(digits, starter)
        assert sent == []
    assert sent == [("recognizer.tasks.remember_all_again", [])]


def test_the_task_goes_on_until_nobody_is_behind(
    digits: Recognizer,
    alice: User,
    bob: User,
    starter: Bundle,
    sent: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr(refresh, "MOMENT", 0)
    say(alice, "1")
    say(bob, "1")
    promote_another(digits, starter)
    for again in (1, 2, 2):
        with django_capture_on_commit_callbacks(execute=True):
            tasks.remember_all_again()
        assert sent == [("recognizer.tasks.remember_all_again", [])] * again
    assert versions() == [2, 2]


def test_a_first_correction_sends_for_what_was_said_before(
    digits: Recognizer, alice: User, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    say(alice, "1", "1")
    Memory.objects.all().delete()
    with django_capture_on_commit_callbacks(execute=True):
        say(alice, "4")
    assert sent == [("recognizer.tasks.remember_again", [memory_of(alice)])]
    tasks.remember_again(*sent[0][1])
    assert versions() == [1, 1, 1]


def test_an_answer_that_finds_it_behind_sends_for_it_once(
    digits: Recognizer, alice: User, starter: Bundle, sent: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    say(alice, "1")
    promote_another(digits, starter)
    assert answer(alice) == "7"
    quietly_wait()
    assert sent == []  # the promotion has sent for it
    monkeypatch.setattr(personal_answer, "ASK_AFTER", 0)
    memories.clear_cache()
    for _ in range(3):
        assert answer(alice) == "7"
        quietly_wait()
    memories.clear_cache()  # as another process, which knows nothing of the first one's message
    answer(alice)
    quietly_wait()
    assert sent == [("recognizer.tasks.remember_again", [memory_of(alice)])]
    cache.delete(f"memory:behind:{memory_of(alice)}")  # as after some seconds
    memories.clear_cache()
    answer(alice)
    quietly_wait()
    assert len(sent) == 2


@pytest.mark.parametrize("what", ["broker", "cache"])
def test_a_broker_or_a_cache_that_is_away_takes_no_answer_away(
    digits: Recognizer, alice: User, starter: Bundle, sent: list[Any], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise ConnectionError("nobody listens")

    broken = (app, "send_task", away) if what == "broker" else (personal_answer, "cache", SimpleNamespace(add=away))
    monkeypatch.setattr(*broken)
    monkeypatch.setattr(personal_answer, "ASK_AFTER", 0)
    say(alice, "1")
    promote_another(digits, starter)
    assert answer(alice) == "7"
    quietly_wait()
    assert sent == []
    tasks.tick()
    assert answer(alice) == "1"


def test_sending_does_not_keep_the_answer_waiting(
    digits: Recognizer, alice: User, starter: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_send = threading.Event()
    monkeypatch.setattr(app, "send_task", lambda *_, **__: may_send.wait(20))
    monkeypatch.setattr(personal_answer, "ASK_AFTER", 0)
    say(alice, "1")
    promote_another(digits, starter)
    began = time.monotonic()
    assert answer(alice) == "7"
    assert time.monotonic() - began < 10
    may_send.set()
    quietly_wait()
