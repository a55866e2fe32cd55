"""However people, workers and promotions meet: what is remembered is what stands, and nobody is told of a conflict."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.test import Client

from accounts import deletion
from accounts.models import User
from ml.bundles.bundle import Bundle
from ml.preprocessing.content import Content
from recognizer import memory as memories
from recognizer.drawings import store
from recognizer.models import Correction, Memory, PersonalAnswer, PersonalAnswerReason, Recognizer, Remembered
from tests.ink import SEVEN
from tests.recognizer.drawings.test_concurrency import ask, at_once, browser
from tests.recognizer.drawings.test_refresh import promote_another
from tests.recognizer.memory.test_memory import answer, say

pytestmark = pytest.mark.django_db(transaction=True)
URL = "/api/v1/drawings"
BODY = {"recognizer": "digits", "ink": SEVEN}


def tabs(person: User, count: int) -> list[Client]:
    return [browser(person) for _ in range(count)]


def agree(digits: Recognizer) -> None:
    """What is remembered is what stands, read by the version that answers."""
    standing = Correction.objects.current().filter(label__isnull=False)
    assert dict(Remembered.objects.values_list("drawing", "label")) == dict(standing.values_list("drawing", "label"))


def test_many_corrections_at_once_are_remembered_as_they_stand(digits: Recognizer, alice: User) -> None:
    """The first ones ever: one of them begins the memory."""
    made = [store.save_drawing(author=alice, recognizer="digits", content=Content.from_ink(SEVEN))[0] for _ in range(3)]
    calls = [
        partial(ask, tab, "PUT", f"{URL}/{made[number % 3].uuid}/correction", {"label": str(number)})
        for number, tab in enumerate(tabs(alice, 6))
    ]
    assert set(at_once(*calls)) == {200}
    agree(digits)
    assert Memory.objects.count() == 1
    assert Remembered.objects.count() == 3


def test_deleting_forgetting_and_answering_at_once_break_nothing(digits: Recognizer, alice: User) -> None:
    made = say(alice, *"111111")
    one, two, three, four, five = tabs(alice, 5)
    calls: list[Callable[[], Any]] = [
        partial(ask, one, "DELETE", f"{URL}/{made[0].uuid}"),
        partial(ask, two, "PUT", f"{URL}/{made[0].uuid}/correction", {"label": "4"}),
        partial(ask, three, "POST", URL, BODY),
        partial(ask, four, "POST", URL, BODY),
        partial(ask, five, "DELETE", f"{URL}/{made[1].uuid}/correction"),
        partial(memories.forget_drawing, drawing=made[2]),
        partial(store.delete_drawing, drawing=made[3]),
    ]
    assert set(at_once(*calls)) <= {200, 201, 204, 404, True, None}
    assert set(Remembered.objects.values_list("drawing", flat=True)) == {made[4].pk, made[5].pk}
    assert PersonalAnswer.objects.filter(prediction__drawing__gt=made[-1].pk).count() == 2


def test_reading_again_and_correcting_at_once_lose_nothing(digits: Recognizer, alice: User, starter: Bundle) -> None:
    made = say(alice, *"11111111")
    memory = Memory.objects.get().pk
    for _ in range(2):
        promote_another(digits, starter)
        calls = [partial(memories.refresh_memory, memory_id=memory)] * 2
        calls += [
            partial(ask, tab, "PUT", f"{URL}/{each.uuid}/correction", {"label": "4"})
            for tab, each in zip(tabs(alice, 2), made, strict=False)
        ]
        at_once(*calls)
    agree(digits)
    memories.refresh_memory(memory_id=memory)
    assert set(Remembered.objects.values_list("version__number", flat=True)) == {3}
    assert answer(alice) == "1"


def test_leaving_while_answers_are_kept_and_read_again_leaves_nothing(
    digits: Recognizer, alice: User, starter: Bundle
) -> None:
    made = say(alice, *"1111")
    promote_another(digits, starter)
    one, two = tabs(alice, 2)
    at_once(
        partial(ask, one, "POST", URL, BODY),
        partial(ask, two, "PUT", f"{URL}/{made[0].uuid}/correction", {"label": "4"}),
        partial(memories.refresh_memory, memory_id=Memory.objects.get().pk),
        partial(deletion.delete_person, person=alice),
    )
    assert not User.objects.exists()
    assert not any(model.objects.exists() for model in (Memory, Remembered, PersonalAnswer, PersonalAnswerReason))
